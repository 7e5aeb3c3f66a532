//! Random transfers by extension: which one, what it costs, and its hashing to pads.

use super::block::Block;
use super::check::{self, Checks};
use super::dual;
use super::ferret::{self, K, Party, Rounds};
use super::guess::Guess;
use super::hash::Hash;
use super::softspoken;
use super::transfer::{Receiver, Sender};
use crate::address::OT_EXTENSION;
use crate::role::Role;
use crate::wire::link::{Halt, Link};
use crate::wire::meter::{Phase, Tally};
use zeroize::Zeroizing;

/// The way in which a session extends its base transfers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Extension {
    /// IKNP, which sends 128 bits for each transfer and carries the receiver's own choice ([`super::iknp`]).
    #[default]
    Iknp,
    /// `SoftSpokenOT`, which sends 15 bits for each transfer, of a random choice.
    SoftSpoken,
    /// Ferret, which sends about 85 KB, and then a bit or less for each transfer, of a random choice.
    Ferret,
    /// Silent transfers by dual LPN ([`super::dual`]), which sends 33 to 54 KB for up to 630,784 transfers, of random choices.
    DualLpn,
}

impl Extension {
    /// All extensions, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Iknp, Self::SoftSpoken, Self::Ferret, Self::DualLpn];

    /// The name of the extension in scripts and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iknp => "iknp",
            Self::SoftSpoken => "softspoken",
            Self::Ferret => "ferret",
            Self::DualLpn => "dual-lpn",
        }
    }

    /// A line that says what the extension is.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Iknp => "IKNP (Ishai, Kilian, Nissim, Petrank, CRYPTO 2003): 128 bits a transfer",
            Self::SoftSpoken => "SoftSpokenOT (Roy, CRYPTO 2022): 16 bits a transfer",
            Self::Ferret => "Ferret (Yang et al., CCS 2020): about 85 KB, and then two bits a transfer",
            Self::DualLpn => {
                "Dual LPN (Raghuraman, Rindal, Tanguy, CRYPTO 2023): 33 to 54 KB for up to 630,784 transfers"
            }
        }
    }

    /// The extension of random transfers that sends the fewest bytes for so many of them, without checks. Dual LPN is for what one of its rounds holds:
    /// beyond that it would send less too, but takes more work than Ferret (decision 29).
    #[must_use]
    pub fn for_count(count: usize) -> Self {
        let bytes = |extension: &Self| {
            let ExtensionCost { sender, receiver } = Scheme::from(*extension).cost(count);
            sender.bytes + receiver.bytes
        };
        let few = [Self::SoftSpoken, Self::DualLpn].into_iter().filter(|_| count <= dual::MOST);
        few.min_by_key(bytes).unwrap_or(Self::Ferret)
    }
}

/// The error for a name that no extension has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no extension `{0}`")]
pub struct NoExtension(String);

impl std::str::FromStr for Extension {
    type Err = NoExtension;

    fn from_str(name: &str) -> Result<Self, NoExtension> {
        Self::ALL.into_iter().find(|extension| extension.name() == name).ok_or_else(|| NoExtension(name.into()))
    }
}

/// An extension, and whether it is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scheme {
    /// How base transfers are extended to as many as a session needs.
    pub extension: Extension,
    /// Whether it is checked.
    pub checks: Checks,
}

impl From<Extension> for Scheme {
    fn from(extension: Extension) -> Self {
        Self { extension, checks: Checks::None }
    }
}

impl Scheme {
    /// The cost of the extension in a session that expects and draws `count` transfers in one direction, without the set-up. That of IKNP is 0: its
    /// columns are messages of the step that asks for the transfers.
    #[must_use]
    pub fn cost(self, count: usize) -> ExtensionCost {
        match self.extension {
            _ if count == 0 => ExtensionCost::default(),
            Extension::Iknp => ExtensionCost::default(),
            Extension::SoftSpoken => softspoken_cost(count, self.checks),
            Extension::Ferret => ferret_cost(count, self.checks),
            Extension::DualLpn => dual_cost(count, self.checks),
        }
    }
}

/// What the sender and the receiver of transfers send to extend them, whichever of the two is the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtensionCost {
    /// What the sender of the transfers sends.
    pub sender: Tally,
    /// What the receiver of the transfers sends.
    pub receiver: Tally,
}

impl Extension {
    /// Whether its transfers have random choices, which the receiver corrects ([`super::corrected`]).
    #[must_use]
    pub const fn is_random(self) -> bool {
        !matches!(self, Self::Iknp)
    }
}

/// The cost of the extension that sends fewer bytes for `count` transfers: see [`Scheme::cost`].
#[must_use]
pub fn cost(count: usize, checks: Checks) -> ExtensionCost {
    Scheme { extension: Extension::for_count(count), checks }.cost(count)
}

fn softspoken_cost(count: usize, checks: Checks) -> ExtensionCost {
    let rows = count.next_multiple_of(softspoken::ROWS);
    let bytes = softspoken::message_bytes::<K>(rows, checks);
    let receiver = Tally { messages: rows.div_ceil(softspoken::CHUNK), bytes };
    ExtensionCost { sender: Tally::default(), receiver }
}

fn ferret_cost(count: usize, checks: Checks) -> ExtensionCost {
    let sets = ferret::schedule(count, checks);
    let receiver = softspoken_cost(ferret::base_rows(&sets, checks), checks).receiver;
    of_rounds(&sets.iter().map(|set| ferret::message_bytes(set.trees())).collect::<Vec<_>>(), receiver, checks)
}

fn dual_cost(count: usize, checks: Checks) -> ExtensionCost {
    let rounds = dual::schedule(count);
    let receiver = rounds.iter().map(|round| softspoken_cost(round.base_rows(checks), checks).receiver);
    let receiver = receiver.fold(Tally::default(), |sum, round| Tally {
        messages: sum.messages + round.messages,
        bytes: sum.bytes + round.bytes,
    });
    of_rounds(&rounds.iter().map(dual::Round::message_bytes).collect::<Vec<_>>(), receiver, checks)
}

/// The cost of rounds in which the sender sends so many bytes and both parties check them, after what the receiver sent for the first transfers.
fn of_rounds(sent: &[usize], receiver: Tally, checks: Checks) -> ExtensionCost {
    let sender = Tally { messages: sent.len(), bytes: sent.iter().sum() };
    let mut cost = ExtensionCost { sender, receiver };
    if checks.is_active() {
        cost.sender.messages += sent.len();
        cost.sender.bytes += sent.len() * check::HASH_BYTES;
        cost.receiver.messages += sent.len();
        cost.receiver.bytes += sent.len() * ferret::CHOICE_BYTES;
    }
    cost
}

/// The public numbers that tell the transfers of a session in one direction from all others.
#[derive(Clone, Copy, Debug)]
pub struct Public {
    /// The tweak of the first transfer; those of the others follow.
    pub tweak: Block,
    /// The public key of the codes.
    pub code: Block,
}

/// What remains to be extended.
#[derive(Debug)]
enum Plan {
    /// Transfers still expected.
    SoftSpoken(usize),
    Ferret(Rounds),
    Dual(dual::Rounds),
}

/// A party's correlated transfers, batch after batch.
#[derive(Debug)]
pub(super) struct Supply<P> {
    party: P,
    plan: Plan,
    batch: Vec<Block>,
    used: usize,
    /// Of the next transfer.
    tweak: Block,
}

impl<P: Party> Supply<P> {
    /// Makes a party's transfers by an extension whose transfers are random.
    pub fn new(party: P, public: Public, scheme: Scheme, expected: usize) -> Self {
        let plan = match scheme.extension {
            Extension::Iknp => unreachable!("transfers of IKNP are not random"),
            Extension::SoftSpoken => Plan::SoftSpoken(expected),
            Extension::Ferret => Plan::Ferret(Rounds::new(expected, public.code, scheme.checks)),
            Extension::DualLpn => Plan::Dual(dual::Rounds::new(expected, public.code, scheme.checks)),
        };
        Self { party, plan, batch: Vec::new(), used: 0, tweak: public.tweak }
    }

    /// The next transfers, at least one and at most `most`, and the tweak of the first. `sender` sends in the transfers.
    pub fn take(&mut self, link: &mut Link, sender: Role, most: usize) -> Result<(Block, &[Block]), Halt> {
        if self.used == self.batch.len() {
            let name = match sender {
                Role::Client => "client",
                Role::Server => "server",
            };
            let phase = link.enter(Phase::Offline);
            link.step(OT_EXTENSION, |link| link.step(name, |link| self.refill(link)))?;
            link.enter(phase);
        }
        let blocks = &self.batch[self.used..];
        let blocks = &blocks[..most.min(blocks.len())];
        let tweak = self.tweak;
        self.used += blocks.len();
        self.tweak += blocks.len() as Block;
        Ok((tweak, blocks))
    }

    /// Extends the next batch. None is left where that fails: what was not checked is not used.
    fn refill(&mut self, link: &mut Link) -> Result<(), Halt> {
        self.used = 0;
        let extended = self.extend(link);
        if extended.is_err() {
            self.batch.clear();
        }
        extended
    }

    fn extend(&mut self, link: &mut Link) -> Result<(), Halt> {
        match &mut self.plan {
            Plan::SoftSpoken(left) => {
                self.batch.resize((*left).clamp(1, softspoken::CHUNK).next_multiple_of(softspoken::ROWS), 0);
                *left = left.saturating_sub(self.batch.len());
                self.party.base(link, &mut self.batch)
            }
            Plan::Ferret(rounds) => rounds.next(&mut self.party, link, &mut self.batch),
            Plan::Dual(rounds) => rounds.next(&mut self.party, link, &mut self.batch),
        }
    }
}

impl Supply<ferret::Receiver> {
    /// The same transfers of a receiver that tests a guess of the sender's correlation.
    pub fn guessing(self, guess: Guess) -> Self {
        Self { party: self.party.guessing(guess), ..self }
    }
}

/// The sender of random transfers that are extended as they are drawn.
#[derive(Debug)]
pub struct ExtendedSender {
    supply: Supply<ferret::Sender>,
    delta: Zeroizing<Block>,
    hash: Hash,
}

impl ExtendedSender {
    /// Makes a party of a session in which so many transfers are expected. Both parties give the same `public`, `scheme` and `expected`, and its
    /// transfers are random.
    #[must_use]
    pub fn new(party: ferret::Sender, delta: Block, public: Public, scheme: Scheme, expected: usize) -> Self {
        Self {
            supply: Supply::new(party, public, scheme, expected),
            delta: Zeroizing::new(delta),
            hash: Hash::default(),
        }
    }
}

impl Sender for ExtendedSender {
    fn draw(&mut self, link: &mut Link, pads: &mut [[u64; 2]]) -> Result<(), Halt> {
        let mut rest = pads;
        while !rest.is_empty() {
            let (tweak, q) = self.supply.take(link, link.role(), rest.len())?;
            let (pads, after) = rest.split_at_mut(q.len());
            self.hash.both(*self.delta, tweak, q, pads);
            rest = after;
        }
        Ok(())
    }
}

/// The receiver of random transfers that are extended as they are drawn.
#[derive(Debug)]
pub struct ExtendedReceiver {
    supply: Supply<ferret::Receiver>,
    hash: Hash,
}

impl ExtendedReceiver {
    /// Makes a party of a session in which so many transfers are expected. Both parties give the same `public`, `scheme` and `expected`, and its
    /// transfers are random.
    #[must_use]
    pub fn new(party: ferret::Receiver, public: Public, scheme: Scheme, expected: usize) -> Self {
        Self { supply: Supply::new(party, public, scheme, expected), hash: Hash::default() }
    }
}

impl Receiver for ExtendedReceiver {
    fn draw(&mut self, link: &mut Link, choices: &mut [u8], pads: &mut [u64]) -> Result<(), Halt> {
        debug_assert_eq!(choices.len(), pads.len(), "a choice for each pad");
        let mut rest = (choices, pads);
        while !rest.1.is_empty() {
            let (tweak, t) = self.supply.take(link, link.role().peer(), rest.1.len())?;
            let (choices, more_choices) = rest.0.split_at_mut(t.len());
            let (pads, more_pads) = rest.1.split_at_mut(t.len());
            for (choice, t) in choices.iter_mut().zip(t) {
                *choice = (t & 1) as u8;
            }
            self.hash.chosen(tweak, t, pads);
            rest = (more_choices, more_pads);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::testing::{DELTA, trees};
    use crate::wire::clock::LinkSpeed;

    #[test]
    fn few_transfers_are_of_softspoken_more_of_dual_lpn_and_many_of_ferret() {
        let expected = [
            (0, Extension::SoftSpoken),
            (17_408, Extension::SoftSpoken),
            (17_409, Extension::DualLpn),
            (630_784, Extension::DualLpn),
            (630_785, Extension::Ferret),
        ];
        for (count, extension) in expected {
            assert_eq!(Extension::for_count(count), extension, "{count}");
        }
        let cost = |count| cost(count, Checks::None);
        assert_eq!(cost(0), ExtensionCost::default());
        assert_eq!(cost(1).receiver, Tally { messages: 1, bytes: 15 * 512 / 8 });
        // In the long run, 15 bits a transfer against 0.78.
        let millibits = 8_000 * cost(1_000_000_000).sender.bytes / 1_000_000_000;
        assert!((775..=779).contains(&millibits), "{millibits}");
    }

    /// A sender whose message fails the check: the receiver draws none of what it grew, however often it asks.
    #[test]
    fn nothing_is_drawn_after_a_check_that_fails() {
        let public = Public { tweak: 0, code: 3 };
        for extension in [Extension::Ferret, Extension::DualLpn] {
            let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
            let party = ferret::Receiver::new(&trees(DELTA, K).1, Checks::Active);
            let mut supply = Supply::new(party, public, Scheme { extension, checks: Checks::Active }, 9);
            let message = match extension {
                Extension::Ferret => ferret::message_bytes(ferret::schedule(9, Checks::Active)[0].trees()),
                _ => dual::schedule(9)[0].message_bytes(),
            };
            client.send(vec![0xa5; message]).unwrap();
            client.send(vec![0x5a; check::HASH_BYTES]).unwrap();
            let first = supply.take(&mut server, Role::Client, 1).map(|_| ());
            assert!(matches!(first, Err(Halt::Cheating { .. })), "{first:?}");
            drop(client);
            let again = supply.take(&mut server, Role::Client, 1).map(|_| ());
            assert!(matches!(again, Err(Halt::PeerGone { .. })), "{again:?}");
        }
    }

    /// The figures of decision 29: both directions of one image of LeNet-5, and what Ferret sends for them.
    #[test]
    fn one_image_takes_a_third_of_what_ferret_sends() {
        let bytes = |extension, count| {
            let ExtensionCost { sender, receiver } = Scheme::from(extension).cost(count);
            sender.bytes + receiver.bytes
        };
        let of = |extension| [58_549, 241_816].map(|count| bytes(extension, count));
        assert_eq!(of(Extension::DualLpn), [41_760, 50_112]);
        assert_eq!(of(Extension::Ferret), [94_592, 169_296]);
        assert_eq!(of(Extension::SoftSpoken), [110_400, 454_080]);
    }
}
