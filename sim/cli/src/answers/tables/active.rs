//! Full active security beside mix-and-check over each family, at each published choice.

use super::jobs::{Job, Subject};
use super::published::Network;
use crate::answers::active::{self, Protocol};
use crate::answers::plan::PUBLISHED;
use fusion_2pc::backend::Family;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_active::leviosa::cost::Planned;
use fusion_active::network::Triples;
use fusion_active::predicted::Predicted;
use fusion_engine::documents::active::{ActiveCost, ActiveInference, ActiveRow, QueryCost};
use fusion_engine::documents::tables::{MeasurementDocument, PlanOfRow, Source};
use fusion_engine::failure::Failure;
use fusion_engine::simulate::Predicted as Messages;
use fusion_spec::bound::bits::nearest;
use fusion_spec::params::Params;

/// Which network, which security, and which parts are predicted.
pub const ABOUT: &str = "On the network of each line: SPDZ online with LowGear triples, one for each product of linear layers or one of matrices for each of these layers, on so many images at once, in which a client or a server that deviates gets neither a wrong result accepted nor anything of the \
    other's inputs, but with a probability below 2^-40, if what it enters is in range, beside mix-and-check over families that are secure against parties that follow the protocol. Bytes are exact; rounds and times, of messages alone, are predicted, for both by the same \
    rule; work is the measured processor time of both parties. LevioSA itself is not here. In its style (leviosa-style-linear, decision 34) there are the products of linear layers only, all in one run, without comparisons.";

/// The protocols, and numbers of images at once.
const CHOICES: [(Protocol, usize); 5] = [
    (Protocol::Spdz(Triples::Elements), 1),
    (Protocol::Spdz(Triples::Matrices), 1),
    (Protocol::Spdz(Triples::Matrices), 16),
    (Protocol::LinearLayers, 1),
    (Protocol::LinearLayers, 16),
];

/// A batch with full active security, or why there is none.
#[derive(Clone, Debug)]
struct Evaluated {
    protocol: Protocol,
    images: usize,
    /// What one image costs, without work.
    cost: Result<ActiveCost, Vec<String>>,
}

/// A network with what one inference costs by full active security and by each family.
#[derive(Clone, Debug)]
pub struct Beside {
    network: Network,
    model: String,
    /// Full active security by each protocol, and on so many images at once.
    active: Vec<Evaluated>,
    /// Each family with the number of images of a session, and the cost of one of them.
    families: Vec<(Family, usize, QueryCost)>,
}

impl Beside {
    /// Predicts the cost of full active security on a network, beside that of the sessions that are chosen for it: the largest of each family.
    pub fn new(subject: &Subject, jobs: &[Job<'_>]) -> Self {
        let mut families: Vec<(Family, usize, QueryCost)> = Vec::new();
        for job in jobs.iter().filter(|job| job.subject.network == subject.network) {
            let cost = (job.family, job.batch, of_one(&job.prediction, job.batch));
            match families.iter_mut().find(|(family, ..)| *family == job.family) {
                Some(known) if known.1 >= job.batch => {}
                Some(known) => *known = cost,
                None => families.push(cost),
            }
        }
        let evaluated = |(protocol, images)| {
            let cost = match protocol {
                Protocol::Spdz(triples) => {
                    active::predicted(&subject.model, triples, images).map(|predicted| of_spdz(&predicted, images))
                }
                Protocol::LinearLayers => {
                    active::linear_layers(&subject.model, images).map(|planned| of_linear_layers(&planned, images))
                }
            };
            Evaluated { protocol, images, cost }
        };
        let active = CHOICES.map(evaluated).into();
        Self { network: subject.network, model: subject.file_name(), active, families }
    }

    /// A network on which nothing but this was predicted.
    #[cfg(test)]
    pub fn made_up(network: Network, active: Predicted, families: Vec<(Family, usize, QueryCost)>) -> Self {
        let protocol = Protocol::Spdz(Triples::Elements);
        let active = Evaluated { protocol, images: 1, cost: Ok(of_spdz(&active, 1)) };
        Self { network, model: "lenet.onnx".into(), active: vec![active], families }
    }

    /// Returns the cost of one inference with full active security, by each protocol.
    pub fn inferences(&self, measurements: &[MeasurementDocument]) -> Vec<ActiveInference> {
        let inference = |evaluated: &Evaluated| ActiveInference {
            batch: evaluated.images,
            cost: self.cost(evaluated, measurements),
            model: self.model.clone(),
            network: self.network.name().into(),
            protocol: evaluated.protocol.name().into(),
            reasons: evaluated.cost.as_ref().err().cloned().into_iter().flatten().collect(),
        };
        self.active.iter().map(inference).collect()
    }

    /// Returns what a query takes at each published choice over each family, beside one image with full active security.
    ///
    /// # Errors
    /// [`Failure::Usage`] in principle only: the published parameters are legal.
    pub fn rows(&self, measurements: &[MeasurementDocument]) -> Result<Vec<ActiveRow>, Failure> {
        let mut rows = Vec::new();
        for evaluated in self.active.iter().filter(|evaluated| evaluated.images == 1) {
            let active = self.cost(evaluated, measurements).map(|cost| cost.query);
            for (family, batch, each) in &self.families {
                let each = QueryCost { work_s: self.work(family.name(), *batch, measurements), ..*each };
                for choice in PUBLISHED {
                    let plan = plan_of(choice)?;
                    let query = each.times(plan.cost);
                    let times = active.map(|active| active.over(query));
                    let (backend, network) = (family.name().into(), self.network.name().into());
                    let protocol = evaluated.protocol.name().into();
                    rows.push(ActiveRow { backend, batch: *batch, network, plan, protocol, query, times });
                }
            }
        }
        Ok(rows)
    }

    fn cost(&self, evaluated: &Evaluated, measurements: &[MeasurementDocument]) -> Option<ActiveCost> {
        let Evaluated { protocol, images, cost } = evaluated;
        let cost = *cost.as_ref().ok()?;
        let work_s = self.work(protocol.name(), *images, measurements);
        Some(ActiveCost { query: QueryCost { work_s, ..cost.query }, ..cost })
    }

    fn work(&self, backend: &str, batch: usize, measurements: &[MeasurementDocument]) -> Option<f64> {
        let is_of = |measured: &&MeasurementDocument| {
            (measured.backend.as_str(), measured.batch, measured.source) == (backend, batch, Source::Measured)
                && measured.network == self.network.name()
        };
        measurements.iter().find(is_of)?.work_s
    }
}

/// Returns the cost of one of so many images by SPDZ.
fn of_spdz(predicted: &Predicted, images: usize) -> ActiveCost {
    ActiveCost {
        error_bits: active::error_bits(predicted),
        matrices: predicted.matrices,
        offline_bytes: predicted.offline.bytes() / images,
        products: predicted.products / images,
        query: of_one(&active::messages(predicted), images),
        setup_bytes: predicted.set_up.bytes(),
        triples: predicted.triples / images,
    }
}

/// Returns the cost of one of so many images in the style of `LevioSA`: of its linear layers, with the watchlists of the run.
fn of_linear_layers(planned: &Planned, images: usize) -> ActiveCost {
    ActiveCost {
        error_bits: active::linear_error_bits(planned),
        matrices: 0,
        offline_bytes: 0,
        products: planned.products / images,
        query: of_one(&active::messages_of(planned.cost), images),
        setup_bytes: 0,
        triples: 0,
    }
}

/// Returns the cost of one of so many inferences of a session.
#[expect(clippy::cast_precision_loss, reason = "bytes and nanoseconds are below 2^52, or need no more digits")]
fn of_one(messages: &Messages, batch: usize) -> QueryCost {
    let over = |network: LinkSpeed| messages.most_ns(network) as f64 / 1e9;
    let all = QueryCost {
        bytes: (messages.sent[0] + messages.sent[1]) as f64,
        lan_s: over(LinkSpeed::LAN),
        rounds: messages.most_rounds as f64,
        wan_s: over(LinkSpeed::WAN),
        work_s: None,
    };
    all.times(1.0 / batch as f64)
}

/// Returns the parameters of a published choice `(log2 R, B, T)`.
///
/// # Errors
/// [`Failure::Usage`] in principle only: the published parameters are legal.
pub fn plan_of((log_R, B, T): (u32, u64, u64)) -> Result<PlanOfRow, Failure> {
    let params = Params::new(1 << log_R, B, T, 0).map_err(Failure::usage)?;
    Ok(PlanOfRow { B, R: params.R(), T, cost: nearest(&params.cost()) })
}
