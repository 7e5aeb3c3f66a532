//! Where cheating enters: between a party and what it sends, and between a functionality and what the party holds of its result.

use crate::address::Address;
use crate::wire::meter::Message;

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// It is sent as it is.
    Send,
    /// Another is sent in its place.
    Replace(Vec<u8>),
    /// It is sent twice.
    Repeat,
    /// It is not sent.
    Drop,
    /// It is sent late by so many virtual nanoseconds.
    Delay(u64),
    /// The party closes the connection instead.
    Close,
    /// The party falls silent instead, the connection open.
    Stall,
}

/// A party that deviates. By default it does nothing.
pub trait Deviation: Send {
    /// May change the party's shares of a step's output: element by element, slot by slot, modulo `2^ring`.
    fn share(&mut self, step: &Address, shares: &mut [u64], ring: u32) {
        let _ = (step, shares, ring);
    }

    /// Decides about a message it is about to send.
    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        let _ = (message, payload);
        Conduct::Send
    }
}
