//! Full active security beside mix-and-check, as `sim tables --json` prints it.

use schemars::JsonSchema;
use serde::Serialize;

/// The parameters of mix-and-check in a row, and how many inferences a query costs under them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlanOfRow {
    /// The number of copies of each query.
    pub B: u64,
    /// The number of queries.
    pub R: u64,
    /// The number of public samples.
    pub T: u64,
    /// The number of inferences that a query costs: `(RB+T)/R`.
    pub cost: f64,
}

/// What full active security takes beside mix-and-check over each family of protocols.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ActiveDocument {
    /// Which network, which security, and which parts are predicted.
    pub about: String,
    /// One inference of each network with full active security, by each protocol.
    pub inferences: Vec<ActiveInference>,
    /// Mix-and-check at each published choice, over each family, on each network.
    pub rows: Vec<ActiveRow>,
}

/// One inference with full active security.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ActiveInference {
    /// The number of images that are evaluated at once, of which this is one.
    pub batch: usize,
    /// What it costs; `null` where the network is not evaluated.
    pub cost: Option<ActiveCost>,
    /// The name of the model's file.
    pub model: String,
    /// The neural network and its data.
    pub network: String,
    /// The protocol: `spdz-lowgear` has a triple for each product of linear layers, `spdz-lowgear-matrices` one of matrices for each of these layers; `leviosa-style-linear` computes the products of linear layers only.
    pub protocol: String,
    /// Every reason why the network is not evaluated.
    pub reasons: Vec<String>,
}

/// What one inference costs with full active security: predicted, but for the work.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ActiveCost {
    /// The bits against a party that cheats and gets through, rounded down.
    pub error_bits: f64,
    /// The part of the bytes that is sent before the inputs are known.
    pub offline_bytes: usize,
    /// The triples of matrices of a batch, one for each linear layer, or none.
    pub matrices: usize,
    /// The products of linear layers: each takes one of the triples, where there are no triples of matrices.
    pub products: usize,
    /// Bytes, rounds, times and work.
    pub query: QueryCost,
    /// The bytes of the set-up, once for a pair of parties, which are not among those of the inference.
    pub setup_bytes: usize,
    /// The triples of elements that an inference uses, those of random bits among them.
    pub triples: usize,
}

/// What the answer to a query takes, of both parties together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct QueryCost {
    /// Bytes, as they will be.
    pub bytes: f64,
    /// The most seconds that the messages take over a LAN: 1 Gbit/s, 0.3 ms.
    pub lan_s: f64,
    /// The most rounds.
    pub rounds: f64,
    /// The most seconds that the messages take over a WAN: 100 Mbit/s, 40 ms.
    pub wan_s: f64,
    /// The processor time of both parties in seconds, where it was measured.
    pub work_s: Option<f64>,
}

/// Mix-and-check over a family at a published choice, and how many times as much full active security takes.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ActiveRow {
    /// The family of protocols.
    pub backend: String,
    /// The number of images that share a session.
    pub batch: usize,
    /// The neural network and its data.
    pub network: String,
    /// The parameters of mix-and-check.
    pub plan: PlanOfRow,
    /// The protocol with full active security.
    pub protocol: String,
    /// What a query takes by mix-and-check.
    pub query: QueryCost,
    /// How many times as much full active security takes; `null` where the network is not evaluated.
    pub times: Option<QueryCost>,
}

impl QueryCost {
    /// Returns the cost of so many inferences.
    #[must_use]
    pub fn times(self, count: f64) -> Self {
        let Self { bytes, lan_s, rounds, wan_s, work_s } = self;
        Self {
            bytes: count * bytes,
            lan_s: count * lan_s,
            rounds: count * rounds,
            wan_s: count * wan_s,
            work_s: work_s.map(|work| count * work),
        }
    }

    /// Returns each figure as a multiple of another's.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        Self {
            bytes: self.bytes / other.bytes,
            lan_s: self.lan_s / other.lan_s,
            rounds: self.rounds / other.rounds,
            wan_s: self.wan_s / other.wan_s,
            work_s: self.work_s.zip(other.work_s).map(|(work, other)| work / other),
        }
    }
}
