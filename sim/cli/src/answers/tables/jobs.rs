//! What is measured for the tables, and how.

use super::kept::Key;
use super::published::Network;
use crate::answers::active;
use crate::answers::bench::{BenchDocument, Job as Bench, PerInference, SetupMeasured, load, measure};
use crate::answers::pictures::Pictures;
use crate::args::bench::{InferenceArgs, NamedNetwork, TruncationArg};
use crate::args::{FixedPointArgs, OptionsArgs};
use fusion_2pc::backend::Family;
use fusion_2pc::session::Grouping;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_active::network::Triples;
use fusion_engine::documents::tables::{MeasurementDocument, Source};
use fusion_engine::failure::Failure;
use fusion_engine::models;
use fusion_engine::simulate::Predicted;
use fusion_nn::fixed::FixedModel;
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
        networks: &[
            (Network::Mnist, &[64, 1]),
            (Network::Cifar10, &[64, 1]),
            (Network::MiniOnn, &[1]),
            (Network::ResNet50, &[1]),
        ],
        batch_bytes: 8_000_000_000,
        image_bytes: 8_000_000_000,
    };
    /// What takes less than two minutes.
    pub const QUICK: Self =
        Self { networks: &[(Network::Mnist, &[8])], batch_bytes: 150_000_000, image_bytes: 2_000_000_000 };
}

/// Where `MiniONN`'s network is looked for where no flag says it: beside a clone, as this repository may not hold it.
const MINIONN: &str = "../shared/data/models/cifar10_minionn_delphi.onnx";

/// The files of models that this repository does not hold, where flags name them.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The path of `MiniONN`'s network.
    pub minionn: Option<&'a Path>,
    /// The path of a `ResNet50`.
    pub resnet50: Option<&'a Path>,
}

/// A network with its model.
pub struct Subject {
    pub network: Network,
    pub hash: String,
    batches: &'static [usize],
    file: PathBuf,
    pub(super) model: FixedModel,
}

impl Subject {
    /// Reads the models of an effort from a folder, and those that this repository does not hold from the files named. Without a
    /// name `MiniONN`'s is left out where it is not in its place beside the clone, and a `ResNet50` always.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the folder or a model is missing or not what it should be, [`Failure::Io`] if reading fails.
    pub fn load(effort: &Effort, folder: &Path, named: Named<'_>) -> Result<Vec<Self>, Failure> {
        if !folder.is_dir() {
            let name = folder.display();
            let how = "run it from the root of a clone, or name the folder of the models with --models";
            return Err(Failure::Usage(format!("{name}: there is no such folder; {how}")));
        }
        let minionn = || Some(PathBuf::from(MINIONN)).filter(|file| file.is_file());
        let file = |network: Network| match network {
            Network::Mnist | Network::Cifar10 => Some(folder.join(network.model())),
            Network::MiniOnn => named.minionn.map(Path::to_path_buf).or_else(minionn),
            Network::ResNet50 => named.resnet50.map(Path::to_path_buf),
        };
        let models = effort.networks.iter().filter_map(|&(network, batches)| Some((network, batches, file(network)?)));
        let subject = |(network, batches, file): (Network, &'static [usize], PathBuf)| {
            let model = load(&file, &inference(Family::default(), network)?.fixed_point)?;
            Ok(Self { network, hash: models::load(&file)?.hash, batches, file, model })
        };
        models.map(subject).collect()
    }

    /// Returns the name of the model's file.
    pub fn file_name(&self) -> String {
        self.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }
}

/// Returns the flags with which `sim bench` would measure the same.
fn inference(backend: Family, of: Network) -> Result<InferenceArgs, Failure> {
    let pixels = of.pixels();
    let exact =
        |value: f64| Rational::from_f64(value).ok_or_else(|| Failure::Bug(format!("{value} is not a value of pixels")));
    Ok(InferenceArgs {
        backend,
        options: OptionsArgs::default(),
        linear: None,
        carries: None,
        network: NamedNetwork { name: "wan".into(), network: LinkSpeed::WAN },
        fixed_point: FixedPointArgs {
            frac_bits: None,
            ring: of.ring(),
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
    /// What the whole session costs, by the backend's predictor.
    pub(super) prediction: Predicted,
    pub is_run: bool,
}

impl<'a> Job<'a> {
    /// Chooses what to measure of a family on a network, or says why the family cannot compute it.
    ///
    /// # Errors
    /// The reason of the refusal, in words.
    pub fn all(subject: &'a Subject, family: Family, effort: &Effort) -> Result<Vec<Self>, String> {
        let batches = subject.batches;
        let protocols = inference(family, subject.network).and_then(|inference| inference.protocols());
        let protocols = protocols.map_err(|failure| failure.message())?;
        let job = |batch| {
            let prediction = protocols
                .prediction(&[&subject.model], batch, Grouping::Chunk)
                .map_err(|refusal| refusal.to_string())?;
            Ok::<_, String>(Self { subject, family, batch, prediction, is_run: true })
        };
        let one = job(1)?;
        if one.bytes() > effort.image_bytes || !subject.network.is_run() {
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
        self.prediction.sent.iter().sum()
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
            return Ok(self.predicted());
        }
        let Subject { network, file, model, .. } = self.subject;
        let inference = inference(self.family, *network)?;
        let images = Pictures::Random { seed: SEED };
        let batch = self.batch;
        let job = Bench { file, model, inference: &inference, seed: SEED, batch, images: &images, threads: None };
        let measured = measure(&job)?;
        measured.fault()?;
        let BenchDocument { setup, per_inference, .. } = &measured;
        Ok(filled(self.predicted(), setup, per_inference))
    }

    #[expect(clippy::cast_precision_loss, reason = "bytes are below 2^52")]
    fn predicted(&self) -> MeasurementDocument {
        let Key { backend, batch, model_hash, commit, version } = self.key();
        let [client, server] = self.prediction.sent.map(|bytes| bytes as f64 / batch as f64);
        MeasurementDocument {
            backend,
            batch,
            client_sent_bytes: client,
            commit,
            lan_s: None,
            model: self.subject.file_name(),
            model_hash,
            network: self.subject.network.name().into(),
            offline_bytes: None,
            rounds: None,
            server_sent_bytes: server,
            setup_bytes: None,
            source: Source::Predicted,
            version,
            wan_s: None,
            work_s: None,
        }
    }
}

/// Puts what was measured into a document.
fn filled(document: MeasurementDocument, setup: &SetupMeasured, each: &PerInference) -> MeasurementDocument {
    MeasurementDocument {
        client_sent_bytes: each.client_sent_bytes,
        server_sent_bytes: each.server_sent_bytes,
        offline_bytes: Some(each.offline_bytes),
        rounds: Some(each.rounds),
        setup_bytes: Some(setup.client_sent_bytes + setup.server_sent_bytes),
        lan_s: Some(each.lan_s),
        wan_s: Some(each.wan_s),
        work_s: Some(each.client_cpu_s + each.server_cpu_s),
        source: Source::Measured,
        ..document
    }
}

/// What is to be measured for the tables.
pub enum Task<'a> {
    /// A session of a family of protocols.
    Family(Job<'a>),
    /// An inference with full active security.
    Active(&'a Subject, Triples),
}

impl Task<'_> {
    /// Returns what tells this measurement from all others.
    pub fn key(&self) -> Key {
        match self {
            Self::Family(job) => job.key(),
            Self::Active(subject, triples) => Key::new(active::name(*triples), 1, &subject.hash),
        }
    }

    /// Returns the task in words.
    pub fn name(&self) -> String {
        match self {
            Self::Family(job) => job.name(),
            Self::Active(subject, triples) => {
                format!("{}, {}, batch 1", active::name(*triples), subject.network.name())
            }
        }
    }

    /// Whether something is run, and not only predicted.
    pub fn is_run(&self) -> bool {
        match self {
            Self::Family(job) => job.is_run,
            Self::Active(..) => true,
        }
    }

    /// Runs the session and measures it or, if it would send too much, takes its predicted bytes.
    ///
    /// # Errors
    /// [`Failure::Bug`] if a logit differs from the plaintext reference's.
    pub fn perform(&self) -> Result<MeasurementDocument, Failure> {
        match self {
            Self::Family(job) => job.perform(),
            Self::Active(subject, triples) => subject.measured_active(*triples),
        }
    }
}

impl Subject {
    /// Whether full active security is measured on the network: not where one image alone is run, which then has too many products.
    pub fn has_active(&self) -> bool {
        self.batches.iter().any(|batch| *batch > 1) && active::predicted(&self.model, Triples::Elements, 1).is_ok()
    }

    fn measured_active(&self, triples: Triples) -> Result<MeasurementDocument, Failure> {
        let inference = inference(Family::default(), self.network)?;
        let images = Pictures::Random { seed: SEED };
        let job = active::Job {
            triples,
            batch: 1,
            file: &self.file,
            model: &self.model,
            inference: &inference,
            seed: SEED,
            images: &images,
        };
        let measured = active::measure(&job)?;
        measured.fault()?;
        let Key { backend, batch, model_hash, commit, version } = Key::new(active::name(triples), 1, &self.hash);
        let document = MeasurementDocument {
            backend,
            batch,
            client_sent_bytes: 0.0,
            commit,
            lan_s: None,
            model: self.file_name(),
            model_hash,
            network: self.network.name().into(),
            offline_bytes: None,
            rounds: None,
            server_sent_bytes: 0.0,
            setup_bytes: None,
            source: Source::Measured,
            version,
            wan_s: None,
            work_s: None,
        };
        Ok(filled(document, &measured.setup, &measured.per_inference))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a `ResNet50` nothing is run, however small it is: its row has the bytes that are predicted in the ring of the example. Without a file it is left out.
    #[test]
    fn a_resnet50_is_predicted_where_a_file_is_named() {
        let effort = Effort { networks: &[(Network::ResNet50, &[1])], ..Effort::FULL };
        let models = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/models"));
        let load = |resnet50| Subject::load(&effort, models, Named { minionn: None, resnet50 });
        assert!(load(None).unwrap().is_empty());
        let file = models.join("lenet_mnist_full.onnx");
        let subjects = load(Some(&file)).unwrap();
        let jobs = Job::all(&subjects[0], Family::Cheetah, &effort).unwrap();
        let [job] = &jobs[..] else { panic!("one image") };
        assert!(!job.is_run);
        let row = job.perform().unwrap();
        assert_eq!((row.source, row.lan_s, row.network.as_str()), (Source::Predicted, None, "ResNet50"));
        let in_ring = |ring| {
            let inference = inference(Family::Cheetah, Network::ResNet50).unwrap();
            let fixed_point = FixedPointArgs { ring, ..inference.fixed_point.clone() };
            let model = super::load(&file, &fixed_point).unwrap();
            inference
                .protocols()
                .unwrap()
                .prediction(&[&model], 1, Grouping::Chunk)
                .unwrap()
                .sent
                .map(|sent| sent.to_string())
        };
        let sent = [row.client_sent_bytes, row.server_sent_bytes].map(|sent| sent.to_string());
        assert_eq!(sent, in_ring(Network::ResNet50.ring()));
        assert_ne!(sent, in_ring(None));
    }
}
