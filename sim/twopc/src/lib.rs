//! Semi-honest two-party inference with real cryptography: a client holds images, a server holds a neural network, and the client learns the
//! labels. Neither learns anything else, as long as both follow the protocol.
//!
//! The crate is made for simulation. Everything that one party learns of the other comes over a link that counts every byte and every round,
//! keeps virtual time, and is the only place where a party can be made to cheat. A run is a function of its seeds.
//!
//! | module | what it is for |
//! |---|---|
//! | [`session`] | whole inferences: set-up of a pair of parties, then sessions of many images, on two threads or over any links |
//! | [`circuit`], [`evaluate`], [`ideal`] | a network as a list of functionalities; its evaluation on shares, and by a trusted third party |
//! | [`backend`], [`cost`] | families of protocols, and what a circuit costs without running it |
//! | [`share`] | protocols on shares, one a file beside its ideal twin: comparison, ReLU, truncation, maximum, ... |
//! | [`linear`], [`he`] | convolutions and matrices packed into ciphertexts, under ring learning with errors |
//! | [`ot`] | oblivious transfer: base transfers, their extension, random transfers turned into pads |
//! | [`gc`] | garbled circuits: a builder with arithmetic, and half gates on many elements at once |
//! | [`wire`] | links in memory and over TCP, the meter, virtual time, the hooks of a party that deviates |
//! | [`address`] | the address of every step and message, and patterns of addresses |
//! | [`modulus`] | what shares are modulo: a power of two, or a prime |
//! | [`party`], [`role`], [`random`], [`bits`] | a party with its link and its transfers; client or server; seeds; packed bits |
//!
//! Both parties run the same straight-line functions, one for each published protocol, whose source the function's documentation names. The receiver of a message always
//! knows its length beforehand, so that no byte of a peer decides an allocation.
//!
//! Two threads rectify two shared numbers and drop two bits of each:
//!
//! ```
//! use fusion_2pc::bits::mask;
//! use fusion_2pc::ot::{Checks, Setup};
//! use fusion_2pc::party::{Pads, Party};
//! use fusion_2pc::random::Seed;
//! use fusion_2pc::share::relu::relu;
//! use fusion_2pc::share::truncate::{Rescaling, Truncation};
//! use fusion_2pc::wire::clock::LinkSpeed;
//! use fusion_2pc::wire::link::{Halt, Link};
//!
//! const HOW: Rescaling = Rescaling { from: 16, shift: 2, out: 14, truncation: Truncation::Faithful };
//!
//! /// What either party does, with its own secret seed and its own shares.
//! fn rectify(mut link: Link, seed: Seed, shares: &[u64]) -> Result<Vec<u64>, Halt> {
//!     let transfers = Setup::run(&mut link, &seed, Checks::None)?;
//!     let (session, expected) = (Seed([0; 32]), 100);
//!     let (sender, receiver) = (transfers.sender(&session, expected), transfers.receiver(&session, expected));
//!     let mut party = Party { rng: seed.child("masks").stream(), transfers: Pads { sender, receiver }, link };
//!     relu(&mut party, shares, HOW)
//! }
//!
//! // 41 and -40, each the sum of two shares modulo 2^16.
//! let client = [1000, 2000];
//! let server = [41 - 1000, -40 - 2000_i64].map(|share| share.cast_unsigned() & mask(16));
//!
//! let (client_link, server_link) = Link::pair(LinkSpeed::LAN);
//! let (client_out, server_out) = std::thread::scope(|scope| {
//!     let server = scope.spawn(|| rectify(server_link, Seed([2; 32]), &server));
//!     let client = rectify(client_link, Seed([1; 32]), &client);
//!     (client, server.join().expect("no panic"))
//! });
//! let opened: Vec<u64> = client_out?.iter().zip(server_out?).map(|(a, b)| (a + b) & mask(14)).collect();
//! assert_eq!(opened, [41 >> 2, 0]);
//! # Ok::<(), Halt>(())
//! ```
//!
//! Invariant: protocol code does not know of cheating. Deviations enter at a [`wire::link::Link`] and nowhere else.

#![expect(clippy::cast_possible_truncation, reason = "bits, digits and ring elements are masked to their width")]

pub mod address;
pub mod backend;
pub mod bits;
pub mod circuit;
pub mod cost;
pub mod evaluate;
pub mod gc;
pub mod he;
pub mod ideal;
pub mod linear;
pub mod modulus;
pub mod ot;
pub mod party;
pub mod random;
pub mod role;
pub mod session;
pub mod share;
pub mod wipe;
pub mod wire;

/// The means by which the wire in memory synchronises two threads; a test puts others in their place.
mod sync {
    pub use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
}
