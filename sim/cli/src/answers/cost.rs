//! What a query costs under a plan, in bytes and seconds.

use super::bench::{Job, PerInference, load, measure};
use super::pictures::Pictures;
use crate::args::bench::InferenceArgs;
use fusion_2pc::backend::cheetah::MOST_SLOTS;
use fusion_engine::failure::Failure;
use serde::Serialize;
use std::path::Path;

/// What a query costs by a plan: bytes and seconds, on as many inferences. Measured on a chunk of random images.
#[derive(Clone, Copy, Serialize)]
pub struct PerQuery {
    bytes: f64,
    lan_s: f64,
    wan_s: f64,
    network_s: f64,
}

impl PerQuery {
    /// Of one inference, among as many as share a session, up to those that a message carries at most.
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

    /// Whether a model can be measured at all.
    pub fn check(file: &Path, inference: &InferenceArgs) -> Result<(), Failure> {
        load(file, inference).map(|_| ())
    }

    /// The images of a session of `N` slots that are measured.
    pub fn batch(N: u128) -> usize {
        usize::try_from(N).unwrap_or(MOST_SLOTS).min(MOST_SLOTS)
    }

    /// Of `cost` inferences.
    pub fn times(self, cost: f64) -> Self {
        let Self { bytes, lan_s, wan_s, network_s } = self;
        Self { bytes: cost * bytes, lan_s: cost * lan_s, wan_s: cost * wan_s, network_s: cost * network_s }
    }

    /// At a glance.
    pub fn line(&self, inference: &InferenceArgs) -> String {
        let Self { bytes, lan_s, wan_s, network_s } = self;
        let own = match inference.network.name.as_str() {
            "lan" | "wan" => String::new(),
            other => format!(", {:.1} ms over {other}", network_s * 1e3),
        };
        format!("{:.1} KB, {:.1} ms over lan, {:.1} ms over wan{own}", bytes / 1e3, lan_s * 1e3, wan_s * 1e3)
    }
}
