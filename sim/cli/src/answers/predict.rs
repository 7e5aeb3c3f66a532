//! What a session costs by each family of protocols, predicted from the public plan: the document of `sim bench --predict`.

use super::active;
use super::bench::load;
use crate::args::bench::BenchArgs;
use fusion_2pc::backend::Family;
use fusion_2pc::session::Grouping;
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_active::network::Triples;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::simulate::{Predicted, ProtocolChoice};
use fusion_nn::fixed::FixedModel;
use serde::Serialize;

/// The predicted cost of one batch by each family.
#[derive(Serialize)]
pub struct PredictionDocument {
    pub model: String,
    pub batch: usize,
    pub network: String,
    pub truncation: &'static str,
    pub families: Vec<FamilyPrediction>,
    /// Full active security, of as many images at once as are run.
    pub active: FamilyPrediction,
    /// The same with a triple of matrices for each linear layer.
    pub active_matrices: FamilyPrediction,
}

/// The predicted cost by one family.
#[derive(Serialize)]
pub struct FamilyPrediction {
    pub backend: &'static str,
    /// Every reason why the family cannot compute the model; empty if it can.
    pub reasons: Vec<String>,
    /// The cost of the batch; `null` if the family cannot compute the model.
    pub session: Option<PredictedCost>,
    /// The cost of the batch divided by its size; `null` if the family cannot compute the model.
    pub per_inference: Option<PredictedCost>,
}

/// Bytes as they will be, and bounds on the rounds and on the time in seconds that the messages take. Set-up and computing are not in it.
#[derive(Clone, Copy, Serialize)]
pub struct PredictedCost {
    pub client_sent_bytes: f64,
    pub server_sent_bytes: f64,
    pub rounds_at_most: f64,
    pub lan_s_at_most: f64,
    pub wan_s_at_most: f64,
    pub network_s_at_most: f64,
}

/// Predicts the cost of every batch that the flags name.
///
/// # Errors
/// [`Failure::Usage`] with every problem of the model, [`Failure::Io`] if reading fails.
pub fn predict(args: &BenchArgs) -> Result<Vec<PredictionDocument>, Failure> {
    let inference = args.inference();
    let model = load(args.model(), &inference.fixed_point)?;
    let protocols = inference.protocols()?;
    let of_batch = |&batch: &usize| PredictionDocument {
        model: files::name(args.model()),
        batch,
        network: inference.network.name.clone(),
        truncation: if protocols.truncation == Truncation::Faithful { "faithful" } else { "one_bit" },
        families: Family::ALL
            .into_iter()
            .map(|family| {
                let protocols = ProtocolChoice { backend: family.into(), ..protocols };
                FamilyPrediction::new(protocols, &model, batch, inference.network.network)
            })
            .collect(),
        active: FamilyPrediction::active(&model, Triples::Elements, batch, inference.network.network),
        active_matrices: FamilyPrediction::active(&model, Triples::Matrices, batch, inference.network.network),
    };
    Ok(args.batch.iter().map(of_batch).collect())
}

impl FamilyPrediction {
    fn new(protocols: ProtocolChoice, model: &FixedModel, batch: usize, network: LinkSpeed) -> Self {
        let backend = protocols.backend.family().name();
        let refused =
            |reasons: &[String]| Self { backend, reasons: reasons.to_vec(), session: None, per_inference: None };
        // A check finds the reasons that one prediction would stop before.
        if let Err(unsupported) = protocols.check(&[model]) {
            return refused(unsupported.reasons());
        }
        match protocols.prediction(&[model], batch, Grouping::Chunk) {
            Ok(predicted) => {
                let session = PredictedCost::new(&predicted, network);
                Self { backend, reasons: Vec::new(), session: Some(session), per_inference: Some(session.each(batch)) }
            }
            Err(unsupported) => refused(unsupported.reasons()),
        }
    }

    fn active(model: &FixedModel, triples: Triples, batch: usize, network: LinkSpeed) -> Self {
        let backend = active::name(triples);
        match active::messages_of_batch(model, triples, batch) {
            Ok(messages) => {
                let session = PredictedCost::new(&messages, network);
                Self { backend, reasons: Vec::new(), session: Some(session), per_inference: Some(session.each(batch)) }
            }
            Err(reasons) => Self { backend, reasons, session: None, per_inference: None },
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes and nanoseconds are below 2^52, or need no more digits")]
impl PredictedCost {
    fn new(predicted: &Predicted, network: LinkSpeed) -> Self {
        let over = |network: LinkSpeed| predicted.most_ns(network) as f64 / 1e9;
        let Predicted { sent: [client, server], most_rounds } = *predicted;
        Self {
            client_sent_bytes: client as f64,
            server_sent_bytes: server as f64,
            rounds_at_most: most_rounds as f64,
            lan_s_at_most: over(LinkSpeed::LAN),
            wan_s_at_most: over(LinkSpeed::WAN),
            network_s_at_most: over(network),
        }
    }

    /// Divides the cost by a number of inferences.
    fn each(self, batch: usize) -> Self {
        self.map(|whole| whole / batch as f64)
    }

    fn map(self, to: impl Fn(f64) -> f64) -> Self {
        Self {
            client_sent_bytes: to(self.client_sent_bytes),
            server_sent_bytes: to(self.server_sent_bytes),
            rounds_at_most: to(self.rounds_at_most),
            lan_s_at_most: to(self.lan_s_at_most),
            wan_s_at_most: to(self.wan_s_at_most),
            network_s_at_most: to(self.network_s_at_most),
        }
    }
}
