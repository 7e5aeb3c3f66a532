//! Where cheating enters: a party that deviates may change the messages that it sends, and its shares of a step's output.

use crate::address::Address;
use crate::modulus::Modulus;
use crate::wire::meter::Message;

/// What a party that deviates does with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// The message is sent as it is.
    Send,
    /// Other bytes are sent in place of the message.
    Replace(Vec<u8>),
    /// The message is sent twice.
    Repeat,
    /// The message is not sent.
    Drop,
    /// The message is sent this many virtual nanoseconds late.
    Delay(u64),
    /// The party closes the connection instead of sending the message.
    Close,
    /// The party falls silent instead of sending the message. The peer gives up after
    /// [`PATIENCE_NS`](crate::wire::link::PATIENCE_NS).
    Stall,
}

/// How a party deviates. By default it follows the protocol.
pub trait Deviation: Send {
    /// May change the party's shares of a step's output, one slot after another.
    fn share(&mut self, step: &Address, shares: &mut [u64], modulus: Modulus) {
        let _ = (step, shares, modulus);
    }

    /// Returns what the party adds to each element that a ReLU keeps because its input is not negative, slot after slot; `None` for nothing.
    /// An error that depends on a bit of a value is an additive error on an inner wire (Genkin, Ishai, Prabhakaran, Sahai, Tromer, STOC 2014).
    fn kept(&mut self, step: &Address, count: usize) -> Option<Vec<i64>> {
        let _ = (step, count);
        None
    }

    /// Decides what happens to a message that the party is about to send.
    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        let _ = (message, payload);
        Conduct::Send
    }
}
