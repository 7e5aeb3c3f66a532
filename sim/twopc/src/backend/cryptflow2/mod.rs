//! `CrypTFlow2` (Rathee, Rathee, Kumar, Chandran, Gupta, Rastogi, Sharma, CCS 2020): comparisons by transfers of one of many messages, exact
//! truncation, and linear layers by oblivious transfer.
//!
//! Every value is shared modulo one number. What is sent is what the authors' released code sends, in the form of the paper; where the code
//! fills counts up (transfers to multiples of 16,384, the comparisons of an argmax to eight), nothing is filled up here.

mod and;
mod argmax;
mod clip;
mod cost;
mod divide;
mod form;
mod he;
mod maximum;
mod millionaires;
mod multiplex;
mod ot;
mod party;
mod product;
mod relu;
mod sign;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod transfers;
mod triples;
mod truncate;
mod unmask;
mod wraps;

pub use form::TripleForm;
pub use he::{Cryptflow2He, PRIMES};
pub use millionaires::DIGIT_BITS;
pub use ot::Cryptflow2Ot;
pub use transfers::{Keys, Transfers};
