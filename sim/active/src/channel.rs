//! What a party needs before it has keys: its link and its randomness.

use crate::conduct::{Act, Conduct};
use crate::failure::{Cheating, Failure};
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::meter::Phase;
use rand_chacha::ChaCha20Rng;

/// A party's link and its randomness.
pub struct Channel {
    /// The link to the other party.
    pub link: Link,
    /// The randomness of its shares, masks and noise.
    pub(crate) rng: ChaCha20Rng,
    /// What it does otherwise than the protocol says.
    pub(crate) conduct: Conduct,
    /// Attempts at proofs beyond the first of each: the client's and the server's.
    pub(crate) retries: [usize; 2],
    /// How many commitments the parties have exchanged: both count alike.
    pub(crate) commitments: u64,
}

impl Channel {
    /// Whether the party deviates in this way where values depend on inputs.
    pub(crate) fn acts_online(&self, act: Act) -> bool {
        self.conduct.acts(act) && self.link.phase() == Phase::Online
    }

    /// The number of the next commitment, which is part of its purpose, so that none fits another place.
    pub(crate) fn next_commitment(&mut self) -> u64 {
        self.commitments += 1;
        self.commitments
    }

    /// Ends the computation with a peer that was caught: the link closes, so that nothing more is sent on it.
    pub(crate) fn caught(&mut self, cheating: Cheating) -> Failure {
        self.link.hang_up();
        cheating.into()
    }

    /// Sends a message and receives one of the same length.
    pub(crate) fn exchange(&mut self, message: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let bytes = message.len();
        self.link.send(message)?;
        Ok(self.link.receive(bytes)?)
    }
}
