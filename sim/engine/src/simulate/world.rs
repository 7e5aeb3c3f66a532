//! The world of a session: the models, the pools of samples, and every answer that can be asked for, evaluated once.

use super::guard::Guard;
use super::pair::ProtocolChoice;
use super::right::{Indices, RightAnswers};
use super::size::in_32_bits;
use super::stream::{Purpose, Streams};
use super::urn::Urn;
use fusion_2pc::backend::delphi::Decode;
use fusion_2pc::backend::{Reading, replay};
use fusion_2pc::circuit::{Circuit, Unsupported};
use fusion_2pc::ideal;
use fusion_2pc::share::truncate::Truncation;
use fusion_active::network::Architecture;
use fusion_adversaries::script::Keep;
use fusion_adversaries::strategy::Move;
use fusion_nn::fixed::{FixedModel, OneBit, WrongSize, argmax};
use fusion_nn::idx::Images;
use fusion_spec::params::Params;
use fusion_spec::verdict::Label;
use rand_core::Rng;
use rayon::prelude::*;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::OnceLock;

/// The pools of images from which the samples of a session are drawn.
#[derive(Clone, Debug)]
pub struct Pools {
    /// The indices of the images from which queries are drawn.
    pub queries: Range<u32>,
    /// The indices of the images from which publics are drawn.
    pub publics: Range<u32>,
    /// Which images of that range are kept as publics.
    pub keep: Keep,
    /// The seed by which samples are drawn once for all sessions; `None` if each session draws its own.
    pub fixed_by: Option<u64>,
}

/// The samples of a session, by their indices in the pools.
#[derive(Clone, Debug)]
pub struct DrawnSamples {
    /// The index in the pool of queries for each query.
    pub queries: Vec<u32>,
    /// The index in the pool of publics for each public.
    pub publics: Vec<u32>,
}

/// What two parties run in a world.
#[derive(Debug)]
pub enum Runs {
    /// They run the semi-honest protocols of a family, by which each slot is answered.
    Family(ProtocolChoice),
    /// They run SPDZ, which evaluates one network on all slots at once and catches a server that deviates.
    Spdz {
        /// How a third party drops extra fractional bits, at `ideal`.
        truncation: Truncation,
        /// What both parties know of the models; `None` where no session is played at `real`.
        architecture: Option<Architecture>,
    },
}

impl From<ProtocolChoice> for Runs {
    fn from(protocols: ProtocolChoice) -> Self {
        Self::Family(protocols)
    }
}

impl Runs {
    const fn truncation(&self) -> Truncation {
        match self {
            Self::Family(protocols) => protocols.truncation,
            Self::Spdz { truncation, .. } => *truncation,
        }
    }
}

/// The error for pools from which a session cannot draw.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// An image does not have the size that the model reads.
    #[error(transparent)]
    Size(#[from] WrongSize),
    /// A pool reaches beyond the data.
    #[error("samples {0:?} are asked for, and there are {1}")]
    Beyond(Range<u32>, usize),
    /// The pool has fewer queries than a session draws.
    #[error("a session draws R = {0} queries, and the pool has {1}")]
    FewQueries(u64, usize),
    /// The pool has fewer publics than a session draws.
    #[error("a session draws T = {0} publics, and the pool has {1}")]
    FewPublics(u64, usize),
}

/// The models and pools of a campaign, with every model's answer on every image of the pools.
#[derive(Debug)]
pub struct World {
    models: Vec<FixedModel>,
    /// The pool's images: queries, then publics.
    images: Vec<Vec<u8>>,
    queries: u32,
    /// The label of each public of the pool.
    known: Vec<Label>,
    /// The answers by model, then image.
    answers: Vec<Vec<u32>>,
    /// Whether a predicate holds on an image, by predicate, then image.
    holds: Vec<Vec<bool>>,
    right: RightAnswers,
    classes: u32,
    fixed: Option<DrawnSamples>,
    runs: Runs,
    /// The models' common circuit, and how many slots are evaluated together; made when it is first asked for.
    circuit: OnceLock<Result<(Circuit, usize), Unsupported>>,
}

impl World {
    /// Evaluates every model on every image of the pools. The first model is the honest one.
    ///
    /// # Errors
    /// [`WorldError`] if the pools are too small for `params`, or a model does not read the images.
    ///
    /// # Panics
    /// Never: the pools are compared with the data before an image is taken from them.
    pub fn new(
        params: Params,
        models: Vec<FixedModel>,
        guards: &[Guard],
        data: (&Images, &[u32]),
        pools: &Pools,
        runs: impl Into<Runs>,
    ) -> Result<Self, WorldError> {
        let (all, labels) = data;
        let available = all.len().min(labels.len());
        for range in [&pools.queries, &pools.publics] {
            if range.end as usize > available {
                return Err(WorldError::Beyond(range.clone(), available));
            }
        }
        #[expect(clippy::expect_used, reason = "the ranges are within the data, as was just checked")]
        let image = |index: u32| all.get(index as usize).expect("an image of the pools is in the data");
        let honest = &models[0];
        let kept = |index: &u32| match pools.keep {
            Keep::All => Ok(true),
            Keep::HonestRight => Ok(honest.label(image(*index))? == labels[*index as usize]),
        };
        let checked: Vec<(u32, bool)> = (pools.publics.clone().into_par_iter())
            .map(|index| kept(&index).map(|kept| (index, kept)))
            .collect::<Result<_, WrongSize>>()?;
        let publics: Vec<u32> = checked.into_iter().filter(|(_, kept)| *kept).map(|(index, _)| index).collect();
        if params.R() > pools.queries.len() as u64 {
            return Err(WorldError::FewQueries(params.R(), pools.queries.len()));
        }
        if params.T() > publics.len() as u64 {
            return Err(WorldError::FewPublics(params.T(), publics.len()));
        }
        let images: Vec<Vec<u8>> =
            pools.queries.clone().chain(publics.iter().copied()).map(|index| image(index).to_vec()).collect();
        let evaluate = |model: &FixedModel| images.par_iter().map(|image| model.label(image)).collect();
        let answers = models.iter().map(evaluate).collect::<Result<Vec<Vec<u32>>, _>>()?;
        let indices = Indices { queries: &pools.queries, offered: &pools.publics, kept: &publics };
        let right = RightAnswers::count((&models, &answers), &indices, image, labels)?;
        let holds = guards.iter().map(|guard| images.iter().map(|image| guard.holds(image)).collect()).collect();
        let fixed = pools.fixed_by.map(|seed| {
            let mut coins = Streams::new(seed, "draw: fixed").coins(Purpose::Draw, 0, 0);
            let mut pick = |pool: usize, n: u64| Urn::new(in_32_bits(pool as u64)).draw(n, &mut coins).to_vec();
            DrawnSamples { queries: pick(pools.queries.len(), params.R()), publics: pick(publics.len(), params.T()) }
        });
        Ok(Self {
            queries: in_32_bits(pools.queries.len() as u64),
            known: publics.iter().map(|index| Label(labels[*index as usize])).collect(),
            classes: honest.classes(),
            models,
            images,
            answers,
            holds,
            right,
            fixed,
            runs: runs.into(),
            circuit: OnceLock::new(),
        })
    }

    /// Says what two parties of SPDZ know of the models: a session is one inference of this architecture, of all slots at once.
    #[must_use]
    pub(crate) fn with_spdz(self, architecture: Architecture) -> Self {
        let truncation = self.runs.truncation();
        Self { runs: Runs::Spdz { truncation, architecture: Some(architecture) }, ..self }
    }

    /// Returns what two parties of SPDZ know of the models; `None` where others run, or no session is played at `real`.
    #[must_use]
    pub fn spdz(&self) -> Option<&Architecture> {
        match &self.runs {
            Runs::Family(_) => None,
            Runs::Spdz { architecture, .. } => architecture.as_ref(),
        }
    }

    /// Returns the models, the honest one first.
    #[must_use]
    pub fn models(&self) -> &[FixedModel] {
        &self.models
    }

    /// Returns the models' common circuit.
    ///
    /// # Errors
    /// [`Unsupported`] if the models have no circuit in the family that runs, or SPDZ runs.
    pub fn circuit(&self) -> Result<&Circuit, &Unsupported> {
        self.circuit_and_slots().map(|(circuit, _)| circuit)
    }

    /// Returns how many slots a message of the two-party inference carries; `None` for models without a circuit.
    #[must_use]
    pub fn slots_per_message(&self) -> Option<u32> {
        let (_, slots) = self.circuit_and_slots().ok()?;
        u32::try_from(*slots).ok()
    }

    fn circuit_and_slots(&self) -> Result<&(Circuit, usize), &Unsupported> {
        let make = || match &self.runs {
            Runs::Family(protocols) => protocols.circuit(&self.models.iter().collect::<Vec<_>>()),
            Runs::Spdz { .. } => Err(Unsupported::new("a circuit is of a family of semi-honest protocols")),
        };
        self.circuit.get_or_init(make).as_ref()
    }

    /// Whether a server that reads slots can tell all samples of the pools apart, and passes if it answers right: what it reads of each image is computed, and no two images of the
    /// pools are read alike; and the honest model errs on no public.
    #[must_use]
    pub fn shows_its_samples(&self) -> bool {
        let Some((protocols, circuit)) = self.semi_honest() else { return false };
        if self.honest_errs() {
            return false;
        }
        let read = |image: &Vec<u8>| Ok(protocols.shown(circuit, &self.models[0], &self.models[0].pixels(image)?));
        let readings: Result<HashSet<Reading>, WrongSize> = self.images.par_iter().map(read).collect();
        readings.is_ok_and(|readings| readings.len() == self.images.len())
    }

    /// Whether some value that the first matrix reads is odd, in every image of the pools. A network that does not begin with a matrix reads none.
    pub(crate) fn reads_odd_values(&self, circuit: &Circuit) -> bool {
        let model = &self.models[0];
        self.images.par_iter().all(|image| {
            let read = model.pixels(image).ok().and_then(|pixels| replay::read_first(circuit, model, &pixels));
            read.is_some_and(|values| values.iter().any(|value| value & 1 == 1))
        })
    }

    /// Whether every honest server passes: truncation is faithful, and the honest model errs on no public of the pool.
    #[must_use]
    pub fn passes(&self) -> bool {
        !self.is_one_bit() && !self.honest_errs()
    }

    /// Returns the semi-honest protocols that two parties run; `None` where they run SPDZ.
    #[must_use]
    pub const fn protocols(&self) -> Option<ProtocolChoice> {
        match self.runs {
            Runs::Family(protocols) => Some(protocols),
            Runs::Spdz { .. } => None,
        }
    }

    /// Returns the semi-honest protocols that two parties run, with the models' common circuit; `None` where they run SPDZ or the models have no circuit.
    #[must_use]
    pub fn semi_honest(&self) -> Option<(ProtocolChoice, &Circuit)> {
        Some((self.protocols()?, self.circuit().ok()?))
    }

    /// Whether the client stops where a value decodes to nothing.
    #[must_use]
    pub fn stops_at_undecodable(&self) -> bool {
        self.protocols().is_some_and(|protocols| protocols.backend.decode() == Decode::Stop)
    }

    /// Returns the pixels of an image of the pools, where the queries come first and then the publics.
    #[must_use]
    pub fn image(&self, image: u32) -> &[u8] {
        &self.images[image as usize]
    }

    /// Returns the number of classes of the honest model.
    #[must_use]
    pub fn classes(&self) -> u32 {
        self.classes
    }

    /// Returns the number of queries in the pool.
    #[must_use]
    pub fn queries(&self) -> u32 {
        self.queries
    }

    /// Returns the number of publics in the pool.
    #[must_use]
    pub fn publics(&self) -> u32 {
        in_32_bits(self.known.len() as u64)
    }

    /// Returns how many samples of the data each model gets right.
    #[must_use]
    pub fn right_answers(&self) -> &RightAnswers {
        &self.right
    }

    /// Returns the samples of every session, where they are drawn once; `None` if each session draws its own.
    #[must_use]
    pub fn fixed(&self) -> Option<&DrawnSamples> {
        self.fixed.as_ref()
    }

    /// Whether truncation is probabilistic, so that the same question may be answered differently.
    #[must_use]
    pub fn is_one_bit(&self) -> bool {
        self.runs.truncation() == Truncation::OneBit
    }

    /// Returns the known result of a public of the pool.
    #[must_use]
    pub fn known(&self, public: u32) -> Label {
        self.known[public as usize]
    }

    /// Returns the honest model's answer on an image with faithful truncation.
    #[must_use]
    pub fn honest(&self, image: u32) -> Label {
        Label(self.answer(0, image))
    }

    /// Returns a model's answer on an image with faithful truncation.
    pub(super) fn answer(&self, model: usize, image: u32) -> u32 {
        self.answers[model][image as usize]
    }

    /// Returns each public of the pool, by its index among the images, with its known result.
    pub(super) fn known_by_image(&self) -> impl Iterator<Item = (u32, Label)> + '_ {
        (self.queries..).zip(self.known.iter().copied())
    }

    /// Evaluates a model on an image once, with the truncation of this world.
    pub(super) fn evaluate(&self, model: usize, image: u32, coins: &mut impl Rng) -> u32 {
        if !self.is_one_bit() {
            return self.answer(model, image);
        }
        if let Ok(circuit @ Circuit { uniform: Some(_), .. }) = self.circuit() {
            return self.evaluate_circuit(circuit, model, image, coins);
        }
        let logits = self.models[model].logits_with(&self.images[image as usize], &mut OneBit(coins));
        // Every image was evaluated when the world was made.
        logits.map_or(0, |logits| argmax(&logits))
    }

    /// Evaluates a model where all values have one modulus, on shares that the coins make.
    fn evaluate_circuit(&self, circuit: &Circuit, model: usize, image: u32, coins: &mut impl Rng) -> u32 {
        let pixels = self.models[model].pixels(&self.images[image as usize]);
        let pixels = pixels.unwrap_or_else(|_| unreachable!("every image was evaluated when the world was made"));
        let logits = ideal::logits(circuit, &self.models[model], &pixels, coins, |_, _, _| {});
        let labels: Vec<u32> = (0..self.classes).collect();
        ideal::argmax(circuit, &logits, &labels)
    }

    /// Whether a move takes effect on an image.
    pub(super) fn bites(&self, m: &Move, image: u32) -> bool {
        m.when.is_none_or(|guard| self.holds[guard][image as usize])
    }
}
