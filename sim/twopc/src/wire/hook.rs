//! Where cheating enters: between a party and what it sends, and between a functionality and what the party holds of its result.

use crate::address::Address;
use crate::wire::meter::Message;

/// What a party that deviates does with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// It is sent as it is.
    Send,
    /// Other bytes are sent in its place.
    Replace(Vec<u8>),
    /// It is sent twice.
    Repeat,
    /// It is not sent.
    Drop,
    /// It is sent late by so many virtual nanoseconds.
    Delay(u64),
    /// The party closes the connection instead of sending it.
    Close,
    /// The party falls silent instead of sending it, and leaves the connection open.
    Stall,
}

/// How a party deviates. By default it follows the protocol.
pub trait Deviation: Send {
    /// May change the party's shares of a step's output, which are modulo `2^ring`, one slot after another.
    fn share(&mut self, step: &Address, shares: &mut [u64], ring: u32) {
        let _ = (step, shares, ring);
    }

    /// Decides what happens to a message that the party is about to send.
    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        let _ = (message, payload);
        Conduct::Send
    }
}
