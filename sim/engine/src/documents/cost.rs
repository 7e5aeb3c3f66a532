//! The cost of one honest session at `real`.

use crate::campaign::{Campaign, link_speed};
use crate::simulate::Spdz;
use crate::simulate::metered::{LayerShare, Metered, SetupSpent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The cost of one honest session, without what is done once before it. Bytes sent are those of messages; the headers that frame
/// them over TCP count separately.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CostDocument {
    /// Every layer's share, in the order of execution.
    #[serde(default)]
    pub by_layer: Vec<LayerCost>,
    /// The bytes that the client sends.
    pub client_sent_bytes: usize,
    /// The processor time of both parties together, in seconds.
    pub cpu_s: f64,
    /// The bytes of the headers that frame the messages over TCP.
    #[serde(default)]
    pub framing_bytes: usize,
    /// The cost of what is done once for a network. Results of before 2026-11-26 lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once_per_network: Option<OncePerNetwork>,
    /// The length of the longest chain of messages.
    pub rounds: u32,
    /// The bytes that the server sends.
    pub server_sent_bytes: usize,
    /// The cost of what is done once for a pair of parties. Results of before 2026-11-26 lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<SetupCost>,
    /// The time in seconds until the last message has arrived over the script's network, without the time to compute.
    pub virtual_s: f64,
}

/// A layer's share of a session. The extension of oblivious transfers is a separate entry for all layers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LayerCost {
    /// The bytes that the client sends.
    pub client_sent_bytes: usize,
    /// The time in seconds that the layer adds over a LAN.
    pub lan_s: f64,
    /// The number of rounds that the layer adds.
    pub rounds: u32,
    /// The bytes that the server sends.
    pub server_sent_bytes: usize,
    /// The address of the layer, such as `layer[4:relu]`.
    pub step: String,
    /// The time in seconds that the layer adds over a WAN.
    pub wan_s: f64,
}

/// The cost of what is done once for a network: the circuit, its plan, and the server's encoding of the weights.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OncePerNetwork {
    /// The processor time in seconds.
    pub cpu_s: f64,
}

/// The cost of what is done once for a pair of parties: keys and base transfers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetupCost {
    /// The client's processor time, in seconds.
    pub client_cpu_s: f64,
    /// The bytes that the client sends.
    pub client_sent_bytes: usize,
    /// The bytes of the headers that frame the messages over TCP.
    pub framing_bytes: usize,
    /// The length of the longest chain of messages.
    pub rounds: u32,
    /// The server's processor time, in seconds.
    pub server_cpu_s: f64,
    /// The bytes that the server sends.
    pub server_sent_bytes: usize,
    /// The time in seconds until the last message has arrived over the script's network, without the time to compute.
    pub virtual_s: f64,
}

/// The error if the honest session whose cost is to be reported ended in an error of this program.
#[derive(Clone, Copy, Debug)]
pub struct NotMetered;

impl CostDocument {
    /// Plays and meters one honest session; returns `None` where no strategy is played at `real`.
    ///
    /// # Errors
    /// [`NotMetered`] if that session, trial 0 of the honest control, ends in an error of this program.
    pub fn measure(campaign: &Campaign) -> Result<Option<Self>, NotMetered> {
        let Some(world) = &campaign.world else { return Ok(None) };
        let seed = campaign.script.trials.seed;
        if let Some(parties) = &campaign.parties {
            let metered = parties.honest_session(&campaign.view, world, seed).ok_or(NotMetered)?;
            let once_per_network = Some(OncePerNetwork { cpu_s: parties.prepared.as_secs_f64() });
            return Ok(Some(Self { once_per_network, setup: Some((&parties.setup).into()), ..Self::of(&metered) }));
        }
        // A session of SPDZ has a set-up of its own, which is metered with it.
        let Some(spdz) = Spdz::new(&campaign.view, world, link_speed(campaign.script.network)) else { return Ok(None) };
        Ok(Some(Self::of(&spdz.honest_session(seed).ok_or(NotMetered)?)))
    }

    /// The cost of a session as both parties metered it.
    fn of(metered: &Metered) -> Self {
        let spent = metered.spent();
        Self {
            by_layer: metered.layers().iter().map(LayerCost::from).collect(),
            client_sent_bytes: spent.client.bytes,
            cpu_s: spent.cpu.as_secs_f64(),
            framing_bytes: spent.framing_bytes(),
            once_per_network: None,
            rounds: spent.rounds,
            server_sent_bytes: spent.server.bytes,
            setup: None,
            virtual_s: seconds(spent.virtual_ns),
        }
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
