//! Why a party stops.

use crate::address::Address;

/// Why a party stops before the end of a session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The peer sent something that no honest peer sends.
    #[error("malformed message at {step}: {what}")]
    Malformed {
        /// The step in which it was received.
        step: Address,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The peer's proof that it kept to the protocol does not hold. Only checks of an active mode ask for proofs.
    #[error("cheating at {step}: {what}")]
    Cheating {
        /// The step in which it was to be proved.
        step: Address,
        /// Which proof does not hold.
        what: &'static str,
    },
    /// The peer has stopped answering.
    #[error("the peer is gone at {step}")]
    PeerGone {
        /// The step in which a message was waited for, or sent.
        step: Address,
    },
}
