//! The cost of a query under a plan, in bytes and seconds.

use super::bench::{Job, PerInference, load, measure};
use super::pictures::Pictures;
use crate::args::bench::InferenceArgs;
use fusion_2pc::backend::cheetah::MOST_SLOTS;
use fusion_adversaries::problem::counted;
use fusion_engine::failure::Failure;
use fusion_spec::bound::bits::nearest;
use fusion_spec::params::Params;
use serde::Serialize;
use std::path::Path;

/// How often a cost is measured where nobody waits for a page.
pub const REPEATS: usize = 3;

/// The cost of a query in bytes and seconds, as the cost of one inference times the number that the plan needs. It is measured on
/// a chunk of random images. Times are medians.
#[derive(Clone, Copy, Serialize)]
pub struct PerQuery {
    bytes: f64,
    lan_s: f64,
    wan_s: f64,
    network_s: f64,
    /// How often the times were measured.
    repeats: usize,
    /// The least time of each network and the most.
    lan_s_range: [f64; 2],
    wan_s_range: [f64; 2],
    network_s_range: [f64; 2],
}

impl PerQuery {
    /// Measures the cost of one inference in a session of `N` slots, or of as many as a message carries at most, so many times and at least once.
    pub fn measure(file: &Path, inference: &InferenceArgs, N: u128, repeats: usize) -> Result<Self, Failure> {
        let model = load(file, &inference.fixed_point)?;
        let batch = Self::batch(N);
        let images = Pictures::Random { seed: 1 };
        let job = Job { file, model: &model, inference, seed: 1, batch, images: &images, threads: None };
        let each = || {
            let measured = measure(&job)?;
            measured.fault()?;
            Ok(measured.per_inference)
        };
        let repeats = repeats.max(1);
        let all = (0..repeats).map(|_| each()).collect::<Result<Vec<PerInference>, Failure>>()?;
        let [lan, wan, network] = [PerInference::lan, PerInference::wan, PerInference::network].map(|of| {
            let mut times: Vec<f64> = all.iter().map(of).collect();
            times.sort_by(f64::total_cmp);
            (times[repeats / 2], [times[0], times[repeats - 1]])
        });
        Ok(Self {
            bytes: all[0].client_sent_bytes + all[0].server_sent_bytes,
            lan_s: lan.0,
            wan_s: wan.0,
            network_s: network.0,
            repeats,
            lan_s_range: lan.1,
            wan_s_range: wan.1,
            network_s_range: network.1,
        })
    }

    /// Checks that a model can be read in fixed point, and so be measured.
    pub fn check(file: &Path, inference: &InferenceArgs) -> Result<(), Failure> {
        load(file, &inference.fixed_point).map(|_| ())
    }

    /// Returns how many images are measured for a session of `N` slots.
    pub fn batch(N: u128) -> usize {
        usize::try_from(N).unwrap_or(MOST_SLOTS).min(MOST_SLOTS)
    }

    /// Multiplies the cost by a number of inferences.
    pub fn times(self, cost: f64) -> Self {
        let Self { bytes, lan_s, wan_s, network_s, repeats, lan_s_range, wan_s_range, network_s_range } = self;
        let each = |range: [f64; 2]| range.map(|time| cost * time);
        Self {
            bytes: cost * bytes,
            lan_s: cost * lan_s,
            wan_s: cost * wan_s,
            network_s: cost * network_s,
            repeats,
            lan_s_range: each(lan_s_range),
            wan_s_range: each(wan_s_range),
            network_s_range: each(network_s_range),
        }
    }

    /// Describes the cost in one line.
    pub fn line(&self, inference: &InferenceArgs) -> String {
        let Self { bytes, lan_s, wan_s, network_s, .. } = self;
        let own = match inference.network.name.as_str() {
            "lan" | "wan" => String::new(),
            other => format!(", {:.1} ms over {other}", network_s * 1e3),
        };
        format!("{:.1} KB, {:.1} ms over lan, {:.1} ms over wan{own}", bytes / 1e3, lan_s * 1e3, wan_s * 1e3)
    }

    /// Describes how far the times of several measurements lie apart.
    pub fn spread(&self) -> String {
        let range = |[least, most]: [f64; 2]| format!("{:.1} ms to {:.1} ms", least * 1e3, most * 1e3);
        let (lan, wan) = (range(self.lan_s_range), range(self.wan_s_range));
        format!("in {} measurements {lan} over lan, {wan} over wan", self.repeats)
    }

    /// The columns of a grid: bytes, and seconds over a LAN, a WAN and the network that was asked for.
    pub fn columns(&self) -> [f64; 4] {
        [self.bytes, self.lan_s, self.wan_s, self.network_s]
    }
}

/// The cost of a whole session under a plan.
#[derive(Serialize)]
pub struct SessionDocument {
    inferences: u128,
    /// The labelled samples that it uses up.
    publics: u64,
    bytes: Option<f64>,
    lan_s: Option<f64>,
    wan_s: Option<f64>,
    network_s: Option<f64>,
}

impl SessionDocument {
    /// Works out the cost of a session, in bytes and seconds too if one inference was measured.
    pub fn new(params: Params, each: Option<PerQuery>) -> Self {
        let all = each.map(|each| each.times(nearest(&params.N().into())));
        Self {
            inferences: params.N(),
            publics: params.T(),
            bytes: all.map(|all| all.bytes),
            lan_s: all.map(|all| all.lan_s),
            wan_s: all.map(|all| all.wan_s),
            network_s: all.map(|all| all.network_s),
        }
    }

    /// Describes the cost in one line.
    pub fn line(&self, inference: &InferenceArgs) -> String {
        let Self { inferences, publics, bytes, lan_s, wan_s, network_s } = self;
        let used = format!("{}, {}", counted(*inferences, "inference"), counted(*publics, "labelled sample"));
        let (Some(bytes), Some(lan_s), Some(wan_s)) = (bytes, lan_s, wan_s) else { return used };
        let line = format!("{used}, {:.1} MB, {lan_s:.1} s over lan, {wan_s:.1} s over wan", bytes / 1e6);
        match (network_s, inference.network.name.as_str()) {
            (None, _) | (_, "lan" | "wan") => line,
            (Some(time), other) => format!("{line}, {time:.1} s over {other}"),
        }
    }
}
