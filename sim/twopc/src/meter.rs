//! What went over a link, message by message.

use crate::link::Role;
use std::collections::BTreeMap;

/// When a message is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Once for many inferences: base oblivious transfers, keys.
    #[default]
    Setup,
    /// Before the inputs are known: correlations.
    Offline,
    /// From the inputs on.
    Online,
}

/// One message, as its sender counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who sent it.
    pub from: Role,
    /// When.
    pub phase: Phase,
    /// Its step address.
    pub step: String,
    /// Of the payload.
    pub bytes: usize,
    /// How many messages it is causally after, itself included.
    pub depth: u32,
    /// Virtual time at which its last bit arrives, in nanoseconds.
    pub arrival_ns: u64,
}

/// Messages and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many messages.
    pub messages: usize,
    /// Their payloads together.
    pub bytes: usize,
}

/// Every message that one party sent and received, in the order in which it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// The messages.
    pub log: Vec<Message>,
}

impl Meter {
    /// What was sent by a party, in all phases or in one.
    #[must_use]
    pub fn sent(&self, from: Role, phase: Option<Phase>) -> Tally {
        self.total(|message| message.from == from && phase.is_none_or(|phase| message.phase == phase))
    }

    /// Messages and bytes of those chosen.
    pub fn total(&self, chosen: impl Fn(&Message) -> bool) -> Tally {
        self.log.iter().filter(|message| chosen(message)).fold(Tally::default(), |tally, message| Tally {
            messages: tally.messages + 1,
            bytes: tally.bytes + message.bytes,
        })
    }

    /// By the first `levels` components of the step address and the sender.
    #[must_use]
    pub fn by_step(&self, levels: usize) -> BTreeMap<(String, Role), Tally> {
        let mut tallies: BTreeMap<(String, Role), Tally> = BTreeMap::new();
        for message in &self.log {
            let step = message.step.split('/').take(levels).collect::<Vec<_>>().join("/");
            let tally = tallies.entry((step, message.from)).or_default();
            tally.messages += 1;
            tally.bytes += message.bytes;
        }
        tallies
    }

    /// The longest chain of messages, each sent after the one before arrived.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.log.iter().map(|message| message.depth).max().unwrap_or_default()
    }

    /// When the last message arrives, in virtual nanoseconds.
    #[must_use]
    pub fn virtual_ns(&self) -> u64 {
        self.log.iter().map(|message| message.arrival_ns).max().unwrap_or_default()
    }
}
