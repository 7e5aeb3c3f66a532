//! Two-party computation with full active security, in which a client or a server that deviates gets neither a wrong result accepted nor anything of the other's inputs, but with a probability
//! below `2^-40`, if what it enters is in range.
//!
//! It is SPDZ with triples of LowGear: values are shared with message authentication codes under a key that nobody knows, in the field of `29 * 2^57 + 1`
//! elements, and correlations come from linearly homomorphic encryption with proofs of plaintext knowledge. Security is with abort: a party that is caught ends the computation.
//!
//! | module | what it is for |
//! |---|---|
//! | [`party`], [`share`], [`failure`] | a party, authenticated shares, and the check by which a peer was caught |
//! | [`online`] | inputs, products, random bits, signs, exact truncation and ReLU, outputs to one party |
//! | [`network`], [`linear`] | whole inferences on a network in fixed point, of one image or several; the shapes of linear layers |
//! | [`lowgear`] | keys, proofs, triples of elements and of matrices, and input masks, with the parameters and bounds |
//! | [`leviosa`] | another protocol, for linear layers alone: emulated servers and watchlists, in the style of LevioSA |
//! | [`cost`], [`predicted`] | what parts and inferences cost, to the byte, before they run |
//! | [`cheat`] | servers that deviate, each with the check that catches it |
//! | [`soundness`] | the errors below, counted and summed for an inference |
//! | [`field`], [`commit`], [`channel`] | arithmetic, commitments and coins, a party's link and randomness |
//!
//! | error | probability, at most | where |
//! |---|---|---|
//! | a proof passes without a short opening, over all 32 attempts | `2^-55` a proof, and the first that fails ends the computation | [`lowgear::parameters::terms`], `forgery` |
//! | noise tells of a factor, over `2^15` answers | `2^-40.2` together | [`lowgear::parameters::terms`], `distance` |
//! | a wrong value passes a check of codes, fresh or opened | `3/p < 2^-60` a check | [`party::Party::check`] |
//! | a wrong triple passes its sacrifice | `3/p < 2^-60` a batch | [`lowgear::triples`] |
//! | a wrong triple of matrices passes its sacrifice | `4/p < 2^-59` for all layers together | [`lowgear::matrices`] |
//! | a mask of a comparison tells of its integer | `1/p < 2^-61` a comparison | [`online::masks`] |
//! | an honest party is said to have cheated, as the square of its bit is 0 | `1/p < 2^-61` a bit | [`failure::Cheating::Square`] |
//!
//! Not covered: that what a party enters is within the range that a later comparison needs (an integer beyond it makes the result depend on the masks), and the assumption of LowGear that a party cannot use
//! whether its peer stops to decrypt (*enhanced CPA security*, section 3.1 there).
//!
//! A client and a server multiply their secret numbers, and the client learns 16 bits of the product rectified:
//!
//! ```
//! use fusion_active::{failure::Failure, field, online::values::Input, party::Party};
//! use fusion_2pc::{random::{Seed, Simulated}, role::Role, wire::{clock::LinkSpeed, link::Link}};
//!
//! fn play(link: Link, seed: u8, secret: i64) -> Result<Option<Vec<u64>>, Failure> {
//!     let mut party = Party::new(link, Simulated(Seed([seed; 32])))?;
//!     let (own, is_client) = ([field::element(secret)], party.role() == Role::Client);
//!     let of_client = party.enter(if is_client { Input::Own(&own) } else { Input::Peer(1) })?;
//!     let of_server = party.enter(if is_client { Input::Peer(1) } else { Input::Own(&own) })?;
//!     let product = party.multiply(&[(of_client[0], of_server[0])])?;
//!     let rectified = party.relu(&product, 24, 8)?;
//!     party.reveal(Role::Client, &rectified)
//! }
//!
//! let (client, server) = Link::pair(LinkSpeed::LAN);
//! let learnt = std::thread::scope(|scope| {
//!     scope.spawn(|| play(server, 2, 1234));
//!     play(client, 1, 777)
//! });
//! assert_eq!(learnt?, Some(vec![1234 * 777 >> 8]));
//! # Ok::<(), Failure>(())
//! ```

#![expect(clippy::cast_possible_truncation, reason = "words and coefficients are masked to their width")]

pub mod channel;
pub mod cheat;
mod check;
pub mod commit;
mod conduct;
pub mod cost;
pub mod failure;
pub mod field;
pub mod leviosa;
pub mod linear;
pub mod lowgear;
pub mod network;
pub mod online;
pub mod party;
pub mod predicted;
pub mod share;
pub mod soundness;
mod steps;

#[cfg(test)]
mod tests;
