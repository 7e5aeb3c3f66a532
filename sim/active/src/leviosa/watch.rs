//! Watchlists: each party has a seed for every emulated server, and the other one learns `t` of the seeds, of its own choice and unknown to the first.
//!
//! For every emulated server there is a transfer of one of two keys (Chou and Orlandi, LATINCRYPT 2015). One key is the seed, the other one opens a share of a token: `n - t` shares give it
//! and fewer tell nothing (Shamir, 1979). Whoever knows the token has at most `t` seeds. It is committed to, then the dealer opens all its shares, so that wrong ones show nothing
//! of the choice but by whether the other one stops, and then the token is opened.
//!
//! Invariant: when [`Watch::set_up`] returns, the peer knows at most `t` seeds, but for a probability of `1/p`, and every seed was fixed before the coin was tossed that it is hashed with.

use crate::channel::Channel;
use crate::commit::{COMMITMENT_BYTES, commitment, named, nonce};
use crate::conduct::{Act, Check};
use crate::failure::{Cheating, Failure};
use crate::field::{self, ELEMENT_BITS};
use crate::leviosa::packed::{Code, uniform};
use crate::party::element;
use fusion_2pc::bits::{pack, packed_bytes, unpack};
use fusion_2pc::ot::base;
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use rand_core::Rng;
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// What commitments to tokens are for.
const TOKEN: &str = "a token of a watch";

/// The seeds of the emulated servers.
pub(crate) struct Watch {
    /// The party's own, of all servers.
    pub own: Zeroizing<Vec<Seed>>,
    /// The peer's, of the servers that this party watches.
    pub theirs: BTreeMap<usize, Seed>,
    /// A coin from which everything public grows.
    pub public: Seed,
}

impl Watch {
    /// Chooses servers to watch, and lets the peer do so. Both parties have the same code.
    pub fn set_up(channel: &mut Channel, code: &Code) -> Result<Self, Failure> {
        let (own, theirs);
        if channel.link.role() == Role::Client {
            own = lend(channel, code)?;
            theirs = choose(channel, code)?;
        } else {
            theirs = choose(channel, code)?;
            own = lend(channel, code)?;
        }
        let coin = channel.toss()?;
        let of_server = coin.child("emulated servers");
        let own = Zeroizing::new(own.iter().map(|seed| seed.of_session(&of_server)).collect());
        let theirs = theirs.into_iter().map(|(server, seed)| (server, seed.of_session(&of_server))).collect();
        Ok(Self { own, theirs, public: coin.child("public parts") })
    }
}

/// The pad of a share of a token, under the key that is no seed.
fn pad(key: &Seed) -> u64 {
    field::uniform(&mut key.child("a share of a token").stream())
}

/// The value of a polynomial at the place of a server.
fn share(polynomial: &[u64], server: usize) -> u64 {
    let place = server as u64 + 1;
    polynomial.iter().rev().fold(0, |sum, &next| field::add(field::mul(sum, place), next))
}

/// Offers the party's seeds, and returns them.
fn lend(channel: &mut Channel, code: &Code) -> Result<Zeroizing<Vec<Seed>>, Failure> {
    let (servers, needed) = (code.servers(), code.servers() - code.watched);
    let sender = base::Sender::announce(&mut channel.link, &mut channel.rng)?;
    let keys = Zeroizing::new(sender.seeds_of(&mut channel.link, servers)?);
    let polynomial = uniform(&mut channel.rng, needed);
    let shares: Vec<u64> =
        keys.iter().enumerate().map(|(server, [key, _])| field::add(share(&polynomial, server), pad(key))).collect();
    channel.link.send(pack(&shares, ELEMENT_BITS))?;
    let number = channel.next_commitment();
    let committed = channel.link.receive(COMMITMENT_BYTES)?;
    channel.link.send(pack(&polynomial, ELEMENT_BITS))?;
    let opened = channel.link.receive(COMMITMENT_BYTES + packed_bytes(1, ELEMENT_BITS))?;
    let (nonce, token) = opened.split_at(COMMITMENT_BYTES);
    let mut key = [0; COMMITMENT_BYTES];
    key.copy_from_slice(nonce);
    let purpose = named(TOKEN, number, channel.link.role().peer());
    if commitment(&purpose, &key, token)[..] != committed[..] {
        return Err(channel.caught(Cheating::Commitment));
    }
    if unpack(token, ELEMENT_BITS, 1)[0] != polynomial[0] && !channel.conduct.omits(Check::Token) {
        return Err(channel.caught(Cheating::Token));
    }
    Ok(Zeroizing::new(keys.iter().map(|&[_, seed]| seed).collect()))
}

/// Chooses servers, and returns their seeds.
fn choose(channel: &mut Channel, code: &Code) -> Result<BTreeMap<usize, Seed>, Failure> {
    let (servers, needed) = (code.servers(), code.servers() - code.watched);
    let watched = drawn(&mut channel.rng, servers, code.watched + usize::from(channel.conduct.acts(Act::WatchesMore)));
    let choices: Vec<u8> = (0..servers).map(|server| u8::from(watched.contains(&server))).collect();
    let keys = Zeroizing::new(base::choose_each(&mut channel.link, &mut channel.rng, &choices)?);
    let padded = channel.link.receive(packed_bytes(servers, ELEMENT_BITS))?;
    let padded = unpack(&padded, ELEMENT_BITS, servers);
    let known = (0..servers).filter(|server| !watched.contains(server));
    let shares: Vec<(usize, u64)> =
        known.map(|server| (server, field::sub(element(padded[server]), pad(&keys[server])))).collect();
    let token = if shares.len() < needed { field::uniform(&mut channel.rng) } else { at_zero(&shares) };
    let number = channel.next_commitment();
    let (nonce, token) = (nonce(&mut channel.rng), pack(&[token], ELEMENT_BITS));
    let purpose = named(TOKEN, number, channel.link.role());
    channel.link.send(commitment(&purpose, &nonce, &token).to_vec())?;
    let polynomial = channel.link.receive(packed_bytes(needed, ELEMENT_BITS))?;
    let polynomial: Vec<u64> = unpack(&polynomial, ELEMENT_BITS, needed).into_iter().map(element).collect();
    // The token that was committed to is that of these shares, so that opening it tells nothing.
    if shares.iter().any(|&(server, found)| share(&polynomial, server) != found) {
        return Err(channel.caught(Cheating::Token));
    }
    channel.link.send([&nonce[..], &token].concat())?;
    Ok(watched.into_iter().map(|server| (server, keys[server])).collect())
}

/// The value at 0 of the polynomial with these shares (Lagrange).
fn at_zero(shares: &[(usize, u64)]) -> u64 {
    let place = |server: usize| server as u64 + 1;
    shares.iter().fold(0, |sum, &(server, value)| {
        let others = shares.iter().map(|&(other, _)| other).filter(|&other| other != server);
        let (top, bottom) = others.fold((1, 1), |(top, bottom), other| {
            let apart = field::sub(place(other), place(server));
            (field::mul(top, place(other)), field::mul(bottom, apart))
        });
        field::add(sum, field::mul(value, field::mul(top, field::inverse(bottom))))
    })
}

/// So many different numbers below a bound, every choice as likely.
fn drawn(rng: &mut impl Rng, bound: usize, count: usize) -> BTreeSet<usize> {
    let bound = bound as u64;
    let accepted = u64::MAX - u64::MAX % bound;
    let mut chosen = BTreeSet::new();
    while chosen.len() < count {
        let word = rng.next_u64();
        if word < accepted {
            chosen.insert((word % bound) as usize);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_shares_as_needed_give_the_token() {
        let mut rng = Seed([1; 32]).stream();
        let polynomial = uniform(&mut rng, 5);
        let shares: Vec<(usize, u64)> = [0, 3, 4, 8, 30].map(|server| (server, share(&polynomial, server))).into();
        assert_eq!(at_zero(&shares), polynomial[0]);
        assert_ne!(at_zero(&shares[1..]), polynomial[0]);
    }

    /// Each of 10 servers is chosen 3,000 times in 10,000 on average: outside 2,650 to 3,350 with a probability below 2^-30, by Hoeffding's bound over all.
    #[test]
    fn every_server_is_watched_alike() {
        let mut rng = Seed([2; 32]).stream();
        let mut times = [0; 10];
        for _ in 0..10_000 {
            let chosen = drawn(&mut rng, 10, 3);
            assert_eq!(chosen.len(), 3);
            for server in chosen {
                times[server] += 1;
            }
        }
        assert!(times.iter().all(|count| (2_650..=3_350).contains(count)), "{times:?}");
    }
}
