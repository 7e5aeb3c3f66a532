//! The paper's tables beside measurements of this program, as `sim tables --json` prints them.

use super::active::ActiveDocument;
pub use super::active::PlanOfRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The tables of the paper, each row with the published figures and with ours.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TablesDocument {
    /// Full active security beside mix-and-check over each family.
    pub active: ActiveDocument,
    /// The commit that the program was built from, where it was built from a checkout.
    pub commit: Option<String>,
    /// Everything that was measured for the tables.
    pub measurements: Vec<MeasurementDocument>,
    /// What holds for all tables.
    pub notes: Vec<String>,
    /// Whether only a small batch of each backend was measured, on MNIST.
    pub quick: bool,
    /// The tables in the paper's order.
    pub tables: Vec<TableDocument>,
    /// The version of the program.
    pub version: String,
}

/// A table of the paper.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TableDocument {
    /// What the figures of the table are, and what is inferred about them.
    pub about: String,
    /// The quantities of which each row has one figure.
    pub columns: Vec<ColumnDocument>,
    /// The number of the table in the paper, in Roman numerals.
    pub number: String,
    /// The rows of the table.
    pub rows: Vec<RowDocument>,
    /// The title of the table.
    pub title: String,
}

/// A quantity of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ColumnDocument {
    /// The name of the quantity.
    pub name: String,
    /// The unit of its figures. The published tables as we have them state none: theirs are inferred.
    pub unit: String,
}

/// A row of a table.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RowDocument {
    /// The backend that our figures are of.
    pub backend: Option<String>,
    /// The number of images that shared the session of our figures.
    pub batch: Option<usize>,
    /// The reasons why our figures and the published ones differ.
    pub differs: Vec<Difference>,
    /// The neural network and its data.
    pub network: String,
    /// Our figures, in the order of the columns.
    pub ours: Vec<Option<f64>>,
    /// The parameters of mix-and-check; `null` for a single inference.
    pub plan: Option<PlanOfRow>,
    /// The published figures, in the order of the columns; `null` where our source does not give them.
    pub published: Vec<Option<f64>>,
    /// Why there are no figures of ours, or why they are no measurement.
    pub reason: Option<String>,
    /// The scheme, as the paper names it.
    pub scheme: String,
    /// Where our figures come from.
    pub source: Source,
}

/// Where figures come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A session was run, and its bytes and times were measured.
    Measured,
    /// The bytes are those of the backend's predictor, because a session would send too many.
    Predicted,
    /// There are no figures.
    NotMeasured,
}

impl Source {
    /// Returns the source in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Predicted => "predicted",
            Self::NotMeasured => "not measured",
        }
    }
}

/// A reason why our figures and the published ones differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// The neural network.
    Network,
    /// The modulus of the shares.
    Ring,
    /// The rounding after products.
    Exactness,
    /// The number of images that share ciphertexts.
    Packing,
    /// The way in which average pooling divides.
    Pooling,
    /// The parameters of the encryption.
    Parameters,
    /// The way in which products of shares are made.
    Triples,
    /// The speed of the line and of the machine.
    Line,
}

impl Difference {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::Network,
        Self::Ring,
        Self::Exactness,
        Self::Packing,
        Self::Pooling,
        Self::Parameters,
        Self::Triples,
        Self::Line,
    ];

    /// Returns the reason in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Ring => "ring",
            Self::Exactness => "exactness",
            Self::Packing => "packing",
            Self::Pooling => "pooling",
            Self::Parameters => "parameters",
            Self::Triples => "triples",
            Self::Line => "line",
        }
    }

    /// Returns the reason in a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Network => {
                "The published networks are not known to us. Each row names ours: LeNet-5 or, for CIFAR-10, also MiniONN's. Costs depend on a network's shape, and not on its weights."
            }
            Self::Ring => {
                "Ours share values in rings or fields that provably hold every value; the published systems use one width, 37 bits in the released code of CrypTFlow2 and Cheetah."
            }
            Self::Exactness => {
                "Ours always round down, so that the copies of a query agree; the published system drops fractional bits on each share alone, which may err."
            }
            Self::Packing => {
                "How many images share ciphertexts in the published figures is not known; in ours all images of the batch do."
            }
            Self::Pooling => {
                "Ours sum a window first and divide with the next rounding; the published system divides in a step of its own."
            }
            Self::Parameters => {
                "Ours keep to the security guidelines of 2025 for lattice encryption and hide the noise of every response; the released code does less."
            }
            Self::Triples => {
                "Ours make every product of shares by oblivious transfers of its own, as the released code does; LeNet-5 then takes more bytes than are published."
            }
            Self::Line => {
                "Ours are the virtual time of a line (LAN: 1 Gbit/s, 0.3 ms; WAN: 100 Mbit/s, 40 ms) and the time of this machine; those of the paper are not known to us."
            }
        }
    }
}

/// The cost of one inference, as a batch of images cost it, divided by their number. A folder of measurements keeps each as a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeasurementDocument {
    /// The family of protocols.
    pub backend: String,
    /// The number of images that shared the session.
    pub batch: usize,
    /// The bytes that the client sends for one inference.
    pub client_sent_bytes: f64,
    /// The commit that the program was built from, where it was built from a checkout.
    pub commit: Option<String>,
    /// The seconds of one inference over a LAN: 1 Gbit/s, 0.3 ms.
    pub lan_s: Option<f64>,
    /// The name of the model's file.
    pub model: String,
    /// The hash of the model's file.
    pub model_hash: String,
    /// The neural network and its data.
    pub network: String,
    /// The part of the bytes that is sent before the inputs are known.
    pub offline_bytes: Option<f64>,
    /// The rounds of the session, divided by the number of images.
    pub rounds: Option<f64>,
    /// The bytes that the server sends for one inference.
    pub server_sent_bytes: f64,
    /// The bytes of the set-up, once for a pair of parties, which no inference includes.
    pub setup_bytes: Option<usize>,
    /// Whether a session was run, or its bytes predicted.
    pub source: Source,
    /// The version of the program.
    pub version: String,
    /// The seconds of one inference over a WAN: 100 Mbit/s, 40 ms.
    pub wan_s: Option<f64>,
    /// The processor time of both parties for one inference, in seconds.
    pub work_s: Option<f64>,
}

impl MeasurementDocument {
    /// Returns the bytes that both parties send for one inference.
    #[must_use]
    pub fn sent_bytes(&self) -> f64 {
        self.client_sent_bytes + self.server_sent_bytes
    }
}
