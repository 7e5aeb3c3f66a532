//! A record of the messages that went over a link.

use crate::address::{Address, OT_EXTENSION};
use crate::role::Role;

/// The phase of a protocol in which a message is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Messages that are sent once for many inferences: keys and base oblivious transfers.
    #[default]
    Setup,
    /// Messages of correlations, which do not depend on the inputs. They are sent when the first correlation is needed, and could be sent before.
    Offline,
    /// Messages that depend on the inputs.
    Online,
}

/// One message, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The party that sent it.
    pub from: Role,
    /// The phase in which it was sent.
    pub phase: Phase,
    /// The address of the message: its step, its round there, and its number in the round.
    pub address: Address,
    /// The length of its payload in bytes.
    pub bytes: usize,
    /// The length of the longest chain of messages that ends with this one, each sent after the one before arrived.
    pub depth: u32,
    /// The virtual time at which its last bit arrives, in nanoseconds.
    pub arrival_ns: u64,
}

impl Message {
    /// The layer that the message belongs to. The extension of transfers counts apart, for all layers together.
    #[must_use]
    pub fn layer(&self) -> Address {
        layer_of(&self.address)
    }

    /// The step that the message belongs to: its address without its round and number.
    #[must_use]
    pub fn functionality(&self) -> Address {
        self.address.step()
    }
}

/// The layer of an address, or the extension of transfers.
pub(super) fn layer_of(address: &Address) -> Address {
    if address.is_in_extension() { OT_EXTENSION.into() } else { address.layer() }
}

/// A number of messages and of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of messages.
    pub messages: usize,
    /// The length of their payloads together, in bytes.
    pub bytes: usize,
}

/// What a part of a session contributes to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// What each party sent in this part, the client first.
    pub sent: [Tally; 2],
    /// The number of messages by which this part lengthens the longest chain of messages.
    pub rounds: u32,
    /// The time by which this part delays the arrival of the last message, in virtual nanoseconds.
    pub virtual_ns: u64,
}

/// Every message that one party sent and received, in the order in which it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// The messages, in the order in which the party sent or received them.
    pub log: Vec<Message>,
}

impl Meter {
    /// How much a party sent, in one phase or, for `None`, in all.
    #[must_use]
    pub fn sent(&self, from: Role, phase: Option<Phase>) -> Tally {
        self.total(|message| message.from == from && phase.is_none_or(|phase| message.phase == phase))
    }

    /// The number and the bytes of the chosen messages.
    pub fn total(&self, chosen: impl Fn(&Message) -> bool) -> Tally {
        self.log.iter().filter(|message| chosen(message)).fold(Tally::default(), |tally, message| Tally {
            messages: tally.messages + 1,
            bytes: tally.bytes + message.bytes,
        })
    }

    /// Divides the session into parts by a key of its messages, in the order in which the keys first occur. The rounds add up to
    /// [`Meter::rounds`], and the times to [`Meter::virtual_ns`].
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

    /// The length of the longest chain of messages, each sent after the one before arrived.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.log.iter().map(|message| message.depth).max().unwrap_or(0)
    }

    /// The virtual time at which the last message arrives, in nanoseconds.
    #[must_use]
    pub fn virtual_ns(&self) -> u64 {
        self.log.iter().map(|message| message.arrival_ns).max().unwrap_or(0)
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
