//! Full active security beside mix-and-check over each family, at each published choice.

use super::jobs::{Job, Subject};
use super::published::Network;
use crate::answers::active;
use crate::answers::plan::PUBLISHED;
use fusion_2pc::backend::Family;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_active::predicted::Predicted;
use fusion_engine::documents::active::{ActiveCost, ActiveInference, ActiveRow, QueryCost};
use fusion_engine::documents::tables::{MeasurementDocument, PlanOfRow, Source};
use fusion_engine::failure::Failure;
use fusion_engine::simulate::Predicted as Messages;
use fusion_spec::bound::bits::nearest;
use fusion_spec::params::Params;

/// Which network, which security, and which parts are predicted.
pub const ABOUT: &str = "On the network of each line: SPDZ online with LowGear triples, one image at a time, in which a client or a server that deviates anywhere is caught but with a probability \
    below 2^-40, beside mix-and-check over families that are secure against parties that follow the protocol. Bytes are exact; rounds and times, of messages alone, are predicted, for both by the same \
    rule; work is the measured processor time of both parties. LevioSA itself is not here.";

/// A network with what one inference costs by full active security and by each family.
#[derive(Clone, Debug)]
pub struct Beside {
    network: Network,
    model: String,
    active: Result<Predicted, Vec<String>>,
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
        let active = active::predicted(&subject.model);
        Self { network: subject.network, model: subject.file_name(), active, families }
    }

    /// A network on which nothing but this was predicted.
    #[cfg(test)]
    pub fn made_up(network: Network, active: Predicted, families: Vec<(Family, usize, QueryCost)>) -> Self {
        Self { network, model: "lenet.onnx".into(), active: Ok(active), families }
    }

    /// Returns the cost of one inference with full active security.
    pub fn inference(&self, measurements: &[MeasurementDocument]) -> ActiveInference {
        let (cost, reasons) = match &self.active {
            Ok(predicted) => (Some(self.cost(predicted, measurements)), Vec::new()),
            Err(reasons) => (None, reasons.clone()),
        };
        ActiveInference { cost, model: self.model.clone(), network: self.network.name().into(), reasons }
    }

    /// Returns what a query takes at each published choice over each family.
    ///
    /// # Errors
    /// [`Failure::Usage`] in principle only: the published parameters are legal.
    pub fn rows(&self, measurements: &[MeasurementDocument]) -> Result<Vec<ActiveRow>, Failure> {
        let active = self.active.as_ref().ok().map(|predicted| self.cost(predicted, measurements).query);
        let mut rows = Vec::new();
        for (family, batch, each) in &self.families {
            let each = QueryCost { work_s: self.work(family.name(), *batch, measurements), ..*each };
            for choice in PUBLISHED {
                let plan = plan_of(choice)?;
                let query = each.times(plan.cost);
                let times = active.map(|active| active.over(query));
                let (backend, network) = (family.name().into(), self.network.name().into());
                rows.push(ActiveRow { backend, batch: *batch, network, plan, query, times });
            }
        }
        Ok(rows)
    }

    fn cost(&self, predicted: &Predicted, measurements: &[MeasurementDocument]) -> ActiveCost {
        let query = of_one(&active::messages(predicted), 1);
        ActiveCost {
            error_bits: active::error_bits(predicted),
            offline_bytes: predicted.offline.bytes(),
            products: predicted.products,
            query: QueryCost { work_s: self.work(active::NAME, 1, measurements), ..query },
            setup_bytes: predicted.set_up.bytes(),
            triples: predicted.triples,
        }
    }

    fn work(&self, backend: &str, batch: usize, measurements: &[MeasurementDocument]) -> Option<f64> {
        let is_of = |measured: &&MeasurementDocument| {
            (measured.backend.as_str(), measured.batch, measured.source) == (backend, batch, Source::Measured)
                && measured.network == self.network.name()
        };
        measurements.iter().find(is_of)?.work_s
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
