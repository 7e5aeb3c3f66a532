//! A party: its link, its randomness, its part of the global key, the correlations that it holds, and the openings still to be checked.

use crate::channel::Channel;
use crate::cheat::Cheat;
use crate::conduct::{Act, Conduct, HONEST};
use crate::failure::Failure;
use crate::field::{self, ELEMENT_BITS};
use crate::lowgear::keys::Keys;
use crate::share::{Share, Triple};
use fusion_2pc::address::Address;
use fusion_2pc::bits::{pack, packed_bytes, unpack};
use fusion_2pc::random::{Root, Seed};
use fusion_2pc::role::Role;
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::meter::Phase;
use zeroize::Zeroizing;

/// A value that was opened: the public value, and the party's share of its code.
pub(crate) type Opened = (u64, u64);

/// One of the two parties of a computation on authenticated shares.
pub struct Party {
    /// Its link and its randomness.
    pub(crate) channel: Channel,
    /// Its part of the global key.
    pub(crate) alpha: Zeroizing<u64>,
    /// Its keys of the offline phase, and the peer's.
    pub(crate) keys: Keys,
    /// The openings that no check has covered yet.
    pub(crate) opened: Vec<Opened>,
    /// Triples that are checked and not used.
    pub(crate) triples: Zeroizing<Vec<Triple>>,
    /// Values that the client, and the server, knows alone, in shares; with the values, of its own.
    pub(crate) masks: [Zeroizing<Vec<(Share, u64)>>; 2],
    /// The triples and masks of comparisons that were used.
    pub(crate) used: Used,
}

/// How much was used so far, as far as chance decides it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// The triples.
    pub triples: usize,
    /// Masks of comparisons whose opened value was too close to the end of the field.
    pub rejected: usize,
}

/// A party that stopped in its set-up.
#[derive(Debug)]
pub struct NotSetUp {
    /// The check that its peer failed, or how the connection ended.
    pub failure: Failure,
    /// The party's link, with the meter of all that was sent until then.
    pub link: Link,
}

impl From<Box<NotSetUp>> for Failure {
    fn from(stopped: Box<NotSetUp>) -> Self {
        stopped.failure
    }
}

impl Party {
    /// Sets up a party: it makes its keys, and checks those of its peer. Its secrets grow from the root, which is used up.
    ///
    /// # Errors
    /// [`NotSetUp`] by [`Cheating::Proof`](crate::failure::Cheating::Proof) and [`Cheating::Commitment`](crate::failure::Cheating::Commitment), or a halt.
    pub fn new(link: Link, root: impl Root) -> Result<Self, Box<NotSetUp>> {
        Self::set_up(link, root, HONEST)
    }

    /// Sets up a server that cheats, to test its client.
    ///
    /// # Errors
    /// As [`Party::new`], of a client that stops.
    ///
    /// # Panics
    /// If the link is the client's.
    pub fn cheating(link: Link, root: impl Root, cheat: Cheat) -> Result<Self, Box<NotSetUp>> {
        assert_eq!(link.role(), Role::Server, "clients are honest");
        Self::set_up(link, root, Conduct::deviating(cheat.acts()))
    }

    /// Sets up a party that may deviate.
    pub(crate) fn set_up(link: Link, root: impl Root, conduct: Conduct) -> Result<Self, Box<NotSetUp>> {
        let seed: Zeroizing<Seed> = Zeroizing::new(root.into_seed());
        let rng = seed.child("active party").stream();
        let mut channel = Channel { link, rng, conduct, retries: [0; 2], commitments: 0 };
        channel.link.enter(Phase::Setup);
        channel.link.enter_step("keys");
        let alpha = Zeroizing::new(field::uniform(&mut channel.rng));
        let keys = match Keys::exchange(&mut channel) {
            Ok(keys) => keys,
            Err(failure) => return Err(Box::new(NotSetUp { failure, link: channel.link })),
        };
        channel.link.leave_step();
        channel.link.enter(Phase::Online);
        let masks = std::array::from_fn(|_| Zeroizing::new(Vec::new()));
        let (opened, triples) = (Vec::new(), Zeroizing::new(Vec::new()));
        Ok(Self { channel, alpha, keys, opened, triples, masks, used: Used::default() })
    }

    /// The role of this party.
    #[must_use]
    pub fn role(&self) -> Role {
        self.channel.link.role()
    }

    /// What was used so far.
    #[must_use]
    pub fn used(&self) -> Used {
        self.used
    }

    /// How many attempts at proofs there were beyond the first of each: the client's and the server's.
    #[must_use]
    pub fn retries(&self) -> [usize; 2] {
        self.channel.retries
    }

    /// The link to the other party.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.channel.link
    }

    /// Gives up the party for its link.
    #[must_use]
    pub fn into_link(self) -> Link {
        self.channel.link
    }

    /// Runs a part of an inference as a step: its messages have the step in their address.
    pub(crate) fn step<T>(
        &mut self,
        step: impl Into<Address>,
        run: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.channel.link.enter_step(step);
        let done = run(self);
        self.channel.link.leave_step();
        done
    }

    /// The share of a public element: the client holds it, and both have their parts of its code.
    #[must_use]
    pub fn constant(&self, element: u64) -> Share {
        let value = if self.role() == Role::Client { element } else { 0 };
        Share { value, code: field::mul(*self.alpha, element) }
    }

    /// Opens values to both parties. They are checked later, by [`Party::check`], and no output may leave the party before that.
    ///
    /// # Errors
    /// [`Failure`] where the peer does not keep to the protocol.
    pub fn open(&mut self, shares: &[Share]) -> Result<Vec<u64>, Failure> {
        let mut own: Vec<u64> = shares.iter().map(|share| share.value).collect();
        if self.channel.acts_online(Act::OpensWrongly)
            && let Some(first) = own.first_mut()
        {
            *first = field::add(*first, 1);
        }
        self.channel.link.send(pack(&own, ELEMENT_BITS))?;
        let theirs = self.channel.link.receive(packed_bytes(own.len(), ELEMENT_BITS))?;
        let theirs = unpack(&theirs, ELEMENT_BITS, own.len());
        let values: Vec<u64> = own.iter().zip(theirs).map(|(&own, theirs)| field::add(own, element(theirs))).collect();
        self.opened.extend(values.iter().zip(shares).map(|(&value, share)| (value, share.code)));
        Ok(values)
    }
}

/// Any word of [`ELEMENT_BITS`] bits as an element: those from the prime on are reduced.
#[must_use]
pub(crate) const fn element(word: u64) -> u64 {
    if word >= field::PRIME { word - field::PRIME } else { word }
}

impl std::fmt::Debug for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Party").field("link", &self.channel.link).finish_non_exhaustive()
    }
}
