//! What one honest session at `real` costs.

use crate::campaign::Campaign;
use crate::simulate::metered::{LayerShare, SetupSpent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The cost of one honest session, without what is done once before it. Bytes sent are those of messages; the headers that frame them on
/// a TCP line are apart.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CostDocument {
    /// Every layer's share, in the order of execution.
    #[serde(default)]
    pub by_layer: Vec<LayerCost>,
    /// Bytes that the client sends.
    pub client_sent_bytes: usize,
    /// Processor time of both parties, in seconds.
    pub cpu_s: f64,
    /// Bytes of the headers that frame the messages on a TCP line.
    pub framing_bytes: usize,
    /// What is done once for a network.
    pub once_per_network: OncePerNetwork,
    /// The length of the longest chain of messages.
    pub rounds: u32,
    /// Bytes that the server sends.
    pub server_sent_bytes: usize,
    /// What is done once for a pair of parties.
    pub setup: SetupCost,
    /// Seconds until the last message has arrived over the script's network, without the time to compute.
    pub virtual_s: f64,
}

/// A layer's share of a session. The extension of oblivious transfers is an entry of its own, for all layers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LayerCost {
    /// Bytes that the client sends.
    pub client_sent_bytes: usize,
    /// Seconds that the layer adds over a LAN.
    pub lan_s: f64,
    /// Rounds that the layer adds.
    pub rounds: u32,
    /// Bytes that the server sends.
    pub server_sent_bytes: usize,
    /// The layer, such as `layer[4:relu]`.
    pub step: String,
    /// Seconds that the layer adds over a WAN.
    pub wan_s: f64,
}

/// What is done once for a network: the circuit, its plan, and the server's encoding of the weights.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OncePerNetwork {
    /// Processor time, in seconds.
    pub cpu_s: f64,
}

/// What is done once for a pair of parties: keys and base transfers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetupCost {
    /// The client's processor time, in seconds.
    pub client_cpu_s: f64,
    /// Bytes that the client sends.
    pub client_sent_bytes: usize,
    /// Bytes of the headers that frame the messages on a TCP line.
    pub framing_bytes: usize,
    /// The length of the longest chain of messages.
    pub rounds: u32,
    /// The server's processor time, in seconds.
    pub server_cpu_s: f64,
    /// Bytes that the server sends.
    pub server_sent_bytes: usize,
    /// Seconds until the last message has arrived over the script's network, without the time to compute.
    pub virtual_s: f64,
}

/// The error for an honest session, whose cost is to be reported, that ended in an error of ours.
#[derive(Clone, Copy, Debug)]
pub struct NotMetered;

impl CostDocument {
    /// Plays and meters one honest session; `None` where no strategy is `real`.
    ///
    /// # Errors
    /// [`NotMetered`] where that session, trial 0 of the honest control, ends in an error of ours.
    pub fn measure(campaign: &Campaign) -> Result<Option<Self>, NotMetered> {
        let (Some(parties), Some(world)) = (&campaign.parties, &campaign.world) else { return Ok(None) };
        let metered = parties.honest_session(&campaign.view, world, campaign.script.trials.seed).ok_or(NotMetered)?;
        let spent = metered.spent();
        Ok(Some(Self {
            by_layer: metered.layers().iter().map(LayerCost::from).collect(),
            client_sent_bytes: spent.client.bytes,
            cpu_s: spent.cpu.as_secs_f64(),
            framing_bytes: spent.framing_bytes(),
            once_per_network: OncePerNetwork { cpu_s: parties.prepared.as_secs_f64() },
            rounds: spent.rounds,
            server_sent_bytes: spent.server.bytes,
            setup: SetupCost::from(&parties.setup),
            virtual_s: seconds(spent.virtual_ns),
        }))
    }
}

impl From<&SetupSpent> for SetupCost {
    fn from(SetupSpent { spent, cpu: [client, server], wall: _ }: &SetupSpent) -> Self {
        Self {
            client_cpu_s: client.as_secs_f64(),
            client_sent_bytes: spent.client.bytes,
            framing_bytes: spent.framing_bytes(),
            rounds: spent.rounds,
            server_cpu_s: server.as_secs_f64(),
            server_sent_bytes: spent.server.bytes,
            virtual_s: seconds(spent.virtual_ns),
        }
    }
}

impl From<&LayerShare> for LayerCost {
    fn from(LayerShare { name, share, over_ns: [lan, wan] }: &LayerShare) -> Self {
        Self {
            client_sent_bytes: share.sent[0].bytes,
            lan_s: seconds(*lan),
            rounds: share.rounds,
            server_sent_bytes: share.sent[1].bytes,
            step: name.clone(),
            wan_s: seconds(*wan),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds are shown, not summed")]
fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
