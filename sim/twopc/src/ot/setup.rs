//! What two parties set up once: base transfers in both directions and trees of seeds from them, of which every session grows transfers of its own.
//!
//! A session's seeds are hashes of the leaves with its name, so that no pad is ever used twice. The correlation `delta`
//! is the base transfers' choice and stays: all sessions together are one run of the extension whose columns were grown from a
//! pseudo-random function instead of a stream, and the hash keeps its tweaks apart by the name. A pad `H(q ^ delta, i)` tells no more of
//! `delta` in two sessions than in one that is twice as long.

use super::block::{Block, halves};
use super::check::Checks;
use super::extension::{ExtendedReceiver, ExtendedSender, Extension, Public, Scheme};
use super::ferret::{self, K};
use super::guess::Guess;
use super::transfer::{Receiver, Sender};
use super::{base, corrected, puncture};
use crate::random::Seed;
use crate::role::Role;
use crate::wire::link::{Halt, Link};
use zeroize::Zeroizing;

/// The bytes that each party sends in the set-up.
#[must_use]
pub const fn sent_bytes(checks: Checks) -> usize {
    base::SENT_BYTES + puncture::message_bytes(K, checks)
}

/// What a party holds after the set-up of oblivious transfers in both directions.
#[derive(Clone)]
pub struct Setup {
    role: Role,
    delta: Zeroizing<Block>,
    /// As receiver of base transfers, thus as sender of the extended ones: leaves punctured at `delta`.
    punctured: Zeroizing<Vec<Seed>>,
    /// As sender of base transfers, thus as receiver of the extended ones: all leaves.
    leaves: Zeroizing<Vec<Seed>>,
    own: Zeroizing<Seed>,
    checks: Checks,
}

impl Setup {
    /// Runs the base transfers, both directions at once, with the party's own secret seed. Each party sends [`sent_bytes`]. Both give
    /// the same `checks`.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn run(link: &mut Link, own: &Seed, checks: Checks) -> Result<Self, Halt> {
        let own = Zeroizing::new(own.child("oblivious transfer"));
        let delta = Zeroizing::new(halves(&own.child("delta"))[0] | 1);
        let mut rng = own.child("base").stream();
        link.step("base-ot", |link| {
            let sender = base::Sender::announce(link, &mut rng)?;
            let known = Zeroizing::new(base::choose(link, &mut rng, !*delta)?);
            let (leaves, mut message) = puncture::grow(K, &Zeroizing::new(sender.seeds(link)?));
            if checks.is_active() {
                message.extend(puncture::proof(K, &leaves));
            }
            link.send(message)?;
            let message = link.receive(puncture::message_bytes(K, checks))?;
            let (sums, proof) = message.split_at(puncture::message_bytes(K, Checks::None));
            let punctured = puncture::puncture(K, *delta, &known, sums);
            if checks.is_active() && !puncture::is_proved(K, *delta, &punctured, proof) {
                return Err(link.cheating("its trees fail their check"));
            }
            Ok(Self { role: link.role(), delta, punctured, leaves, own, checks })
        })
    }

    /// The sender of a session's transfers to the peer. Both parties give the same name, which was never used before, and the same
    /// expected number of transfers, which decides how they are extended. If more are drawn than expected, more bytes are sent than necessary.
    #[must_use]
    pub fn sender(&self, session: &Seed, expected: usize) -> Box<dyn Sender> {
        self.sender_by(Extension::for_count(expected), session, expected)
    }

    /// The sender as [`sender`](Self::sender) makes it, with transfers of this extension, whose choices are random.
    ///
    /// # Panics
    /// Where the extension is IKNP, whose choices are not random.
    #[must_use]
    pub fn sender_by(&self, extension: Extension, session: &Seed, expected: usize) -> Box<dyn Sender> {
        let public = public(session, self.role);
        Box::new(ExtendedSender::new(self.sends(session), *self.delta, public, self.by(extension), expected))
    }

    /// The receiver of a session's transfers from the peer. Both parties give the same name, which was never used before, and the same
    /// expected number of transfers.
    #[must_use]
    pub fn receiver(&self, session: &Seed, expected: usize) -> Box<dyn Receiver> {
        self.receiver_by(Extension::for_count(expected), session, expected)
    }

    /// The receiver as [`receiver`](Self::receiver) makes it, with transfers of this extension, whose choices are random.
    ///
    /// # Panics
    /// Where the extension is IKNP, whose choices are not random.
    #[must_use]
    pub fn receiver_by(&self, extension: Extension, session: &Seed, expected: usize) -> Box<dyn Receiver> {
        let public = public(session, self.role.peer());
        Box::new(ExtendedReceiver::new(self.receives(session), public, self.by(extension), expected))
    }

    /// The receiver as [`receiver_by`](Self::receiver_by) makes it, which deviates to test a guess of the peer's correlation: see [`super::probe`].
    ///
    /// # Panics
    /// Where the extension is IKNP, whose choices are not random.
    #[must_use]
    pub fn guessing_receiver(
        &self,
        extension: Extension,
        session: &Seed,
        expected: usize,
        guess: Guess,
    ) -> Box<dyn Receiver> {
        let (receiver, public) = (self.receives(session).guessing(guess), public(session, self.role.peer()));
        Box::new(ExtendedReceiver::new(receiver, public, self.by(extension), expected))
    }

    /// An extension with the checks of the set-up.
    const fn by(&self, extension: Extension) -> Scheme {
        Scheme { extension, checks: self.checks }
    }

    /// The correlation of all transfers that this party sends.
    #[must_use]
    pub fn correlation(&self) -> Block {
        *self.delta
    }

    /// The sender of a session's transfers of one of two messages. Their name is another than that of pads, so that a session may have both.
    pub(super) fn corrected_sender(&self, session: &Seed, scheme: Scheme, expected: usize) -> corrected::Sender {
        let session = &session.child(ONE_OF_TWO);
        corrected::Sender::new(self.sends(session), *self.delta, public(session, self.role), scheme, expected)
    }

    /// The receiver of a session's transfers of one of two messages.
    pub(super) fn corrected_receiver(&self, session: &Seed, scheme: Scheme, expected: usize) -> corrected::Receiver {
        let session = &session.child(ONE_OF_TWO);
        corrected::Receiver::new(self.receives(session), public(session, self.role.peer()), scheme, expected)
    }

    fn sends(&self, session: &Seed) -> ferret::Sender {
        let own = Zeroizing::new(self.own.of_session(session).child("sender"));
        ferret::Sender::new(*self.delta, &of_session(&self.punctured, session), &own, self.checks)
    }

    fn receives(&self, session: &Seed) -> ferret::Receiver {
        ferret::Receiver::new(&of_session(&self.leaves, session), self.checks)
    }
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Setup(..)")
    }
}

/// What a session of transfers of one of two messages is named by, besides its own name.
const ONE_OF_TWO: &str = "one of two";

fn of_session(leaves: &[Seed], session: &Seed) -> Zeroizing<Vec<Seed>> {
    Zeroizing::new(leaves.iter().map(|leaf| leaf.of_session(session)).collect())
}

/// Transfers of a session in one direction are fewer than two to this.
const COUNT_BITS: u32 = 40;

/// Of a session, where this role sends. The two directions have tweaks alike, each under a `delta` of its own.
fn public(session: &Seed, sender: Role) -> Public {
    let of_client = sender == Role::Client;
    let code = session.child(if of_client { "code, client to server" } else { "code, server to client" });
    Public { tweak: first_tweak(session), code: halves(&code)[0] }
}

/// The tweak of a session's first transfer.
pub(super) fn first_tweak(session: &Seed) -> Block {
    halves(&session.child("tweaks"))[0] >> COUNT_BITS << COUNT_BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::extension::cost;
    use crate::ot::testing::{assert_balanced, both};
    use std::collections::HashSet;

    fn setups(seed: u8) -> (Setup, Setup) {
        checked(seed, Checks::None)
    }

    fn checked(seed: u8, checks: Checks) -> (Setup, Setup) {
        let run = |seed| move |link: &mut Link| Setup::run(link, &Seed([seed; 32]), checks).unwrap();
        both(run(seed), run(seed + 1))
    }

    type Drawn = (Vec<[u64; 2]>, Vec<u8>, Vec<u64>);

    /// What the server sends to the client in a session, in several draws.
    fn session((client, server): &(Setup, Setup), trial: u8, counts: &[usize]) -> Drawn {
        let expected = counts.iter().sum();
        let ((choices, chosen), pairs) = both(
            |link| {
                let mut receiver = client.receiver(&Seed([trial; 32]), expected);
                let (mut choices, mut pads) = (vec![9; expected], vec![0; expected]);
                let mut at = 0;
                for count in counts {
                    let range = at..at + count;
                    receiver.draw(link, &mut choices[range.clone()], &mut pads[range]).unwrap();
                    at += count;
                }
                let (predicted, extension) = (cost(expected, client.checks), "ot-extension/server".parse().unwrap());
                assert_eq!(link.meter().sent(Role::Client, None), predicted.receiver);
                assert_eq!(link.meter().sent(Role::Server, None), predicted.sender);
                assert!(link.meter().log.iter().all(|message| message.address.step() == extension));
                (choices, pads)
            },
            |link| {
                let mut sender = server.sender(&Seed([trial; 32]), expected);
                let mut pads = vec![[0; 2]; expected];
                let mut at = 0;
                for count in counts {
                    sender.draw(link, &mut pads[at..at + count]).unwrap();
                    at += count;
                }
                pads
            },
        );
        (pairs, choices, chosen)
    }

    fn assert_transferred((pairs, choices, chosen): &Drawn) {
        for ((pair, &choice), &pad) in pairs.iter().zip(choices).zip(chosen) {
            assert_eq!(pair[usize::from(choice)], pad);
            // By chance once in 2^64: below 1e-12 for all pairs drawn here.
            assert_ne!(pair[1 - usize::from(choice)], pad);
        }
        assert_balanced(choices.iter().map(|&choice| usize::from(choice)).sum(), choices.len());
        let ones: usize = pairs.iter().flatten().map(|pad| pad.count_ones() as usize).sum();
        assert_balanced(ones, 128 * pairs.len());
    }

    #[test]
    fn the_receiver_gets_the_pad_it_chose_whatever_the_extension() {
        for setups in Checks::ALL.map(|checks| checked(1, checks)) {
            for counts in [
                vec![1],
                vec![0, 700, 9000, 13],
                vec![100_000, 50_000],
                vec![796_365],
                vec![1_592_729],
                vec![2_000_000, 1_000_001],
            ] {
                assert_transferred(&session(&setups, 3, &counts));
            }
        }
    }

    #[test]
    fn sessions_repeat_by_seed_and_never_share_a_pad() {
        for count in [10_000, 160_000] {
            let drawn = session(&setups(1), 4, &[count]);
            assert!(drawn == session(&setups(1), 4, &[count]), "the same seeds and trial");
            let others = [session(&setups(1), 5, &[count]), session(&setups(3), 4, &[count])];
            let all: HashSet<u64> =
                others.iter().chain([&drawn]).flat_map(|drawn| drawn.0.iter().flatten()).copied().collect();
            // Among 960,000 random words there are two equal pairs with probability below 1e-15; a shared session repeats all.
            assert!(all.len() >= 6 * count - 1);
        }
    }

    #[test]
    fn both_directions_run_in_one_session() {
        let (client, server) = setups(7);
        let run = |setup: &Setup, link: &mut Link| {
            let (mut pairs, mut choices, mut pads) = (vec![[0; 2]; 5000], vec![0; 5000], vec![0; 5000]);
            if link.role() == Role::Client {
                setup.sender(&Seed([0; 32]), 5000).draw(link, &mut pairs).unwrap();
                setup.receiver(&Seed([0; 32]), 5000).draw(link, &mut choices, &mut pads).unwrap();
            } else {
                setup.receiver(&Seed([0; 32]), 5000).draw(link, &mut choices, &mut pads).unwrap();
                setup.sender(&Seed([0; 32]), 5000).draw(link, &mut pairs).unwrap();
            }
            (pairs, choices, pads)
        };
        let (client, server) = both(|link| run(&client, link), |link| run(&server, link));
        assert_transferred(&(client.0.clone(), server.1, server.2));
        assert_transferred(&(server.0.clone(), client.1, client.2));
        assert_ne!(client.0, server.0);
    }

    #[test]
    fn base_transfers_are_metered_under_their_name() {
        for checks in Checks::ALL {
            let run = |seed| {
                move |link: &mut Link| {
                    Setup::run(link, &Seed([seed; 32]), checks).unwrap();
                    link.meter().clone()
                }
            };
            let (meter, _) = both(run(1), run(2));
            for role in [Role::Client, Role::Server] {
                assert_eq!(meter.sent(role, None).bytes, sent_bytes(checks));
            }
            assert!(meter.log.iter().all(|message| message.address.step() == "base-ot".into()));
            assert_eq!(meter.rounds(), 3);
        }
    }

    #[test]
    fn trees_of_another_length_halt_and_of_garbage_are_only_garbage() {
        let bytes = |checks| puncture::message_bytes(K, checks);
        let cases = [
            (bytes(Checks::None), Checks::None, true),
            (bytes(Checks::None) - 1, Checks::None, false),
            (bytes(Checks::Active), Checks::Active, false),
        ];
        for (length, checks, runs) in cases {
            let garbage = |link: &mut Link| {
                let mut rng = Seed([9; 32]).stream();
                let sender = base::Sender::announce(link, &mut rng).unwrap();
                base::choose(link, &mut rng, 0).unwrap();
                sender.seeds(link).unwrap();
                link.send(vec![0x3c; length]).unwrap();
            };
            let (run, ()) = both(|link| Setup::run(link, &Seed([1; 32]), checks).map(drop), garbage);
            assert_eq!(run.is_ok(), runs, "{run:?}");
        }
    }

    #[test]
    fn a_peer_that_sends_garbage_halts_a_party_and_never_panics_it() {
        let (client, server) = setups(1);
        for expected in [600, 160_000] {
            // The first message has the right length for a chunk of few, and another for one of many.
            let garbage = |link: &mut Link| {
                for length in [15 * 1024 / 8, 5, 0] {
                    let _ = link.send(vec![0xc3; length]);
                }
            };
            let ((), halt) =
                both(garbage, |link| server.sender(&Seed([0; 32]), expected).draw(link, &mut vec![[0; 2]; 2000]));
            assert!(matches!(halt, Err(Halt::Malformed { .. })), "{halt:?}");
            let receive =
                |link: &mut Link| client.receiver(&Seed([0; 32]), 160_000).draw(link, &mut [0; 10], &mut [0; 10]);
            assert!(matches!(both(receive, garbage).0, Err(Halt::Malformed { .. })));
        }
    }
}
