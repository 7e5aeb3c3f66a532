//! What went over a link, message by message.

use crate::link::Role;

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

impl Message {
    /// The step it belongs to: its address without its round and number.
    #[must_use]
    pub fn functionality(&self) -> &str {
        self.step.rsplitn(3, '/').nth(2).unwrap_or_default()
    }
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

    /// What each party sent, client first, by a key of the messages; in the order in which the keys come.
    pub fn grouped(&self, key: impl Fn(&Message) -> String) -> Vec<(String, [Tally; 2])> {
        let mut groups: Vec<(String, [Tally; 2])> = Vec::new();
        for message in &self.log {
            let key = key(message);
            let known = groups.iter().position(|(other, _)| *other == key);
            let index = known.unwrap_or(groups.len());
            if known.is_none() {
                groups.push((key, [Tally::default(); 2]));
            }
            let tally = &mut groups[index].1[message.from as usize];
            tally.messages += 1;
            tally.bytes += message.bytes;
        }
        groups
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
