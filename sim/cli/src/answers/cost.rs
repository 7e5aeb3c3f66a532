//! The cost of a query under a plan, in bytes and seconds.

use super::bench::{Job, PerInference, load, measure};
use super::pictures::Pictures;
use crate::args::bench::InferenceArgs;
use fusion_2pc::backend::cheetah::MOST_SLOTS;
use fusion_engine::failure::Failure;
use serde::Serialize;
use std::path::Path;

/// The cost of a query in bytes and seconds, as the cost of one inference times the number that the plan needs. It is measured on
/// a chunk of random images.
#[derive(Clone, Copy, Serialize)]
pub struct PerQuery {
    bytes: f64,
    lan_s: f64,
    wan_s: f64,
    network_s: f64,
}

impl PerQuery {
    /// Measures the cost of one inference in a session of `N` slots, or of as many as a message carries at most.
    pub fn measure(file: &Path, inference: &InferenceArgs, N: u128) -> Result<Self, Failure> {
        let model = load(file, inference)?;
        let batch = Self::batch(N);
        let images = Pictures::Random { seed: 1 };
        let job = Job { file, model: &model, inference, seed: 1, batch, images: &images };
        let measured = measure(&job)?;
        measured.fault()?;
        let each = measured.per_inference;
        let PerInference { client_sent_bytes, server_sent_bytes, lan_s, wan_s, network_s, .. } = each;
        Ok(Self { bytes: client_sent_bytes + server_sent_bytes, lan_s, wan_s, network_s })
    }

    /// Checks that a model can be read in fixed point, and so be measured.
    pub fn check(file: &Path, inference: &InferenceArgs) -> Result<(), Failure> {
        load(file, inference).map(|_| ())
    }

    /// Returns how many images are measured for a session of `N` slots.
    pub fn batch(N: u128) -> usize {
        usize::try_from(N).unwrap_or(MOST_SLOTS).min(MOST_SLOTS)
    }

    /// Multiplies the cost by a number of inferences.
    pub fn times(self, cost: f64) -> Self {
        let Self { bytes, lan_s, wan_s, network_s } = self;
        Self { bytes: cost * bytes, lan_s: cost * lan_s, wan_s: cost * wan_s, network_s: cost * network_s }
    }

    /// Describes the cost in one line.
    pub fn line(&self, inference: &InferenceArgs) -> String {
        let Self { bytes, lan_s, wan_s, network_s } = self;
        let own = match inference.network.name.as_str() {
            "lan" | "wan" => String::new(),
            other => format!(", {:.1} ms over {other}", network_s * 1e3),
        };
        format!("{:.1} KB, {:.1} ms over lan, {:.1} ms over wan{own}", bytes / 1e3, lan_s * 1e3, wan_s * 1e3)
    }
}
