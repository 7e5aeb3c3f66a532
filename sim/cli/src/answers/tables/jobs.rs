//! What is measured for the tables, and how.

use super::kept::Key;
use super::published::Network;
use crate::answers::bench::{BenchDocument, Job as Bench, PerInference, load, measure};
use crate::answers::pictures::Pictures;
use crate::args::bench::{InferenceArgs, NamedNetwork, TruncationArg};
use crate::args::{FixedPointArgs, OptionsArgs};
use fusion_2pc::backend::Family;
use fusion_2pc::session::Grouping;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_engine::documents::tables::{MeasurementDocument, Source};
use fusion_engine::failure::Failure;
use fusion_engine::models;
use fusion_nn::fixed::{FixedModel, Pixels};
use rug::Rational;
use std::path::{Path, PathBuf};

/// The seed of keys, masks and random pixels.
const SEED: u64 = 1;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// The networks that are measured, each in these batches.
    networks: &'static [(Network, &'static [usize])],
    /// The bytes that a batch of several images may send. Where it sends more, one image is measured.
    batch_bytes: usize,
    /// The bytes that one image may send. Where it sends more, it is predicted.
    image_bytes: usize,
}

impl Effort {
    /// Everything.
    pub const FULL: Self = Self {
        networks: &[(Network::Mnist, &[64, 1]), (Network::Cifar10, &[64, 1]), (Network::MiniOnn, &[1])],
        batch_bytes: 8_000_000_000,
        image_bytes: 8_000_000_000,
    };
    /// What takes less than two minutes.
    pub const QUICK: Self =
        Self { networks: &[(Network::Mnist, &[8])], batch_bytes: 150_000_000, image_bytes: 2_000_000_000 };
}

/// Where `MiniONN`'s network is looked for where no flag says it: beside a clone, as this repository may not hold it.
const MINIONN: &str = "../shared/data/models/cifar10_minionn_delphi.onnx";

/// A network with its model.
pub struct Subject {
    pub network: Network,
    pub hash: String,
    batches: &'static [usize],
    file: PathBuf,
    model: FixedModel,
    pixels: Pixels,
}

impl Subject {
    /// Reads the models of an effort from a folder, and `MiniONN`'s, which this repository does not hold, from the file named. Without a
    /// name it is left out where it is not in its place beside the clone.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the folder or a model is missing or not what it should be, [`Failure::Io`] if reading fails.
    pub fn load(effort: &Effort, folder: &Path, minionn: Option<&Path>) -> Result<Vec<Self>, Failure> {
        if !folder.is_dir() {
            let name = folder.display();
            let how = "run it from the root of a clone, or name the folder of the models with --models";
            return Err(Failure::Usage(format!("{name}: there is no such folder; {how}")));
        }
        let file = |network: Network, name: &str| match (network, minionn) {
            (Network::MiniOnn, Some(named)) => Some(named.to_path_buf()),
            (Network::MiniOnn, None) => Some(PathBuf::from(MINIONN)).filter(|file| file.is_file()),
            _ => Some(folder.join(name)),
        };
        let models = effort.networks.iter().filter_map(|&(network, batches)| {
            let (name, pixels) = network.model()?;
            Some((network, batches, file(network, name)?, pixels))
        });
        let subject = |(network, batches, file, pixels): (Network, &'static [usize], PathBuf, Pixels)| {
            let model = load(&file, &inference(Family::default(), pixels)?.fixed_point)?;
            Ok(Self { network, hash: models::load(&file)?.hash, batches, file, model, pixels })
        };
        models.map(subject).collect()
    }
}

/// Returns the flags with which `sim bench` would measure the same.
fn inference(backend: Family, pixels: Pixels) -> Result<InferenceArgs, Failure> {
    let exact =
        |value: f64| Rational::from_f64(value).ok_or_else(|| Failure::Bug(format!("{value} is not a value of pixels")));
    Ok(InferenceArgs {
        backend,
        options: OptionsArgs::default(),
        linear: None,
        network: NamedNetwork { name: "wan".into(), network: LinkSpeed::WAN },
        fixed_point: FixedPointArgs {
            frac_bits: None,
            ring: None,
            scale: Some(exact(pixels.scale)?),
            offset: Some(exact(pixels.offset)?),
        },
        truncation: TruncationArg::Faithful,
    })
}

/// A session that is to be measured or, if it would send too much, predicted.
pub struct Job<'a> {
    pub subject: &'a Subject,
    pub family: Family,
    pub batch: usize,
    /// The bytes of the client and of the server in the whole session, by the backend's predictor.
    predicted: [usize; 2],
    pub is_run: bool,
}

impl<'a> Job<'a> {
    /// Chooses what to measure of a family on a network, or says why the family cannot compute it.
    ///
    /// # Errors
    /// The reason of the refusal, in words.
    pub fn all(subject: &'a Subject, family: Family, effort: &Effort) -> Result<Vec<Self>, String> {
        let batches = subject.batches;
        let protocols = inference(family, subject.pixels).and_then(|inference| inference.protocols());
        let protocols = protocols.map_err(|failure| failure.message())?;
        let job = |batch| {
            let predicted = protocols
                .predicted(&[&subject.model], batch, Grouping::Chunk)
                .map_err(|refusal| refusal.to_string())?;
            Ok::<_, String>(Self { subject, family, batch, predicted, is_run: true })
        };
        let one = job(1)?;
        if one.bytes() > effort.image_bytes {
            return Ok(vec![Self { is_run: false, ..one }]);
        }
        let mut jobs = Vec::new();
        for &batch in batches.iter().filter(|batch| **batch > 1) {
            jobs.extend(Some(job(batch)?).filter(|job| job.bytes() <= effort.batch_bytes));
        }
        if jobs.is_empty() || batches.contains(&1) {
            jobs.push(one);
        }
        Ok(jobs)
    }

    fn bytes(&self) -> usize {
        self.predicted.iter().sum()
    }

    /// Returns what tells this measurement from all others.
    pub fn key(&self) -> Key {
        Key::new(self.family.name(), self.batch, &self.subject.hash)
    }

    /// Returns the job in words.
    pub fn name(&self) -> String {
        format!("{}, {}, batch {}", self.family.name(), self.subject.network.name(), self.batch)
    }

    /// Runs the session and measures it or, if it would send too much, takes its predicted bytes.
    ///
    /// # Errors
    /// [`Failure::Bug`] if a logit differs from the plaintext reference's.
    pub fn perform(&self) -> Result<MeasurementDocument, Failure> {
        if !self.is_run {
            return Ok(self.prediction());
        }
        let Subject { file, model, pixels, .. } = self.subject;
        let inference = inference(self.family, *pixels)?;
        let images = Pictures::Random { seed: SEED };
        let batch = self.batch;
        let job = Bench { file, model, inference: &inference, seed: SEED, batch, images: &images, threads: None };
        let measured = measure(&job)?;
        measured.fault()?;
        let BenchDocument { setup, per_inference, .. } = &measured;
        let PerInference { client_sent_bytes, server_sent_bytes, offline_bytes, rounds, lan_s, wan_s, .. } =
            *per_inference;
        Ok(MeasurementDocument {
            client_sent_bytes,
            server_sent_bytes,
            offline_bytes: Some(offline_bytes),
            rounds: Some(rounds),
            setup_bytes: Some(setup.client_sent_bytes + setup.server_sent_bytes),
            lan_s: Some(lan_s),
            wan_s: Some(wan_s),
            source: Source::Measured,
            ..self.prediction()
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "bytes are below 2^52")]
    fn prediction(&self) -> MeasurementDocument {
        let Key { backend, batch, model_hash, commit, version } = self.key();
        let [client, server] = self.predicted.map(|bytes| bytes as f64 / batch as f64);
        MeasurementDocument {
            backend,
            batch,
            client_sent_bytes: client,
            commit,
            lan_s: None,
            model: self.subject.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            model_hash,
            network: self.subject.network.name().into(),
            offline_bytes: None,
            rounds: None,
            server_sent_bytes: server,
            setup_bytes: None,
            source: Source::Predicted,
            version,
            wan_s: None,
        }
    }
}
