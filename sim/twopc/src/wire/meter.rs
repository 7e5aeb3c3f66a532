//! What went over a link, message by message.

use crate::address::{Address, OT_EXTENSION};
use crate::role::Role;

/// When a message is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Once for many inferences: base oblivious transfers, keys.
    #[default]
    Setup,
    /// Whatever the inputs are: correlations. They are made when the first of them is drawn, and could be before.
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
    /// Its step, its round there, and its number in the round.
    pub address: Address,
    /// Of the payload.
    pub bytes: usize,
    /// How many messages it is causally after, itself included.
    pub depth: u32,
    /// Virtual time at which its last bit arrives, in nanoseconds.
    pub arrival_ns: u64,
}

impl Message {
    /// The layer it belongs to. The extension of transfers is apart, for all layers.
    #[must_use]
    pub fn layer(&self) -> Address {
        match self.phase {
            Phase::Offline => OT_EXTENSION.into(),
            Phase::Setup | Phase::Online => self.address.layer(),
        }
    }

    /// The step it belongs to: its address without its round and number.
    #[must_use]
    pub fn functionality(&self) -> Address {
        self.address.step()
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

/// A part's share of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// What each party sent, client first.
    pub sent: [Tally; 2],
    /// By how many it lengthens the longest chain of messages.
    pub rounds: u32,
    /// By how much it puts off the last arrival, in virtual nanoseconds.
    pub virtual_ns: u64,
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

    /// The parts of a session by a key of its messages, in the order in which the keys come. The rounds add up to
    /// [`Meter::rounds`], the times to [`Meter::virtual_ns`].
    #[must_use]
    pub fn shares<K: PartialEq>(&self, key: impl Fn(&Message) -> K) -> Vec<(K, Share)> {
        let mut shares: Vec<(K, Share)> = Vec::new();
        let (mut rounds, mut virtual_ns) = (0, 0);
        for message in &self.log {
            let key = key(message);
            let known = shares.iter().position(|(other, _)| *other == key);
            let index = known.unwrap_or(shares.len());
            if known.is_none() {
                shares.push((key, Share::default()));
            }
            let share = &mut shares[index].1;
            let tally = &mut share.sent[message.from as usize];
            tally.messages += 1;
            tally.bytes += message.bytes;
            share.rounds += message.depth.saturating_sub(rounds);
            share.virtual_ns += message.arrival_ns.saturating_sub(virtual_ns);
            rounds = rounds.max(message.depth);
            virtual_ns = virtual_ns.max(message.arrival_ns);
        }
        shares
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_the_session() {
        let message = |from, step: &str, bytes, depth, arrival_ns| {
            let address: Address = format!("slot[0..2]/{step}/round[0]/msg[0]").parse().unwrap();
            let phase = if address.is_in_extension() { Phase::Offline } else { Phase::Online };
            Message { from, phase, address, bytes, depth, arrival_ns }
        };
        let log = vec![
            message(Role::Client, "layer[1:relu]/msb/ot-extension/server", 7, 1, 50),
            message(Role::Client, "layer[0:conv]/input", 10, 1, 40),
            message(Role::Server, "layer[0:conv]/response", 20, 2, 90),
            message(Role::Server, "layer[1:relu]/msb", 5, 2, 95),
            message(Role::Client, "layer[0:conv]/input", 1, 3, 120),
        ];
        let meter = Meter { log };
        let shares = meter.shares(Message::layer);
        let figures: Vec<_> =
            shares.iter().map(|(layer, share)| (layer.to_string(), share.rounds, share.virtual_ns)).collect();
        let expected = [("ot-extension", 1, 50), ("layer[0:conv]", 2, 65), ("layer[1:relu]", 0, 5)];
        assert_eq!(figures, expected.map(|(layer, rounds, ns)| (layer.to_string(), rounds, ns)));
        assert_eq!(shares[1].1.sent.map(|tally| (tally.messages, tally.bytes)), [(2, 11), (1, 20)]);
        assert_eq!(shares.iter().map(|(_, share)| share.rounds).sum::<u32>(), meter.rounds());
        assert_eq!(shares.iter().map(|(_, share)| share.virtual_ns).sum::<u64>(), meter.virtual_ns());
    }
}
