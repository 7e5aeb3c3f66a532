//! Garbled circuits: a builder of Boolean circuits, and half gates, which compute one circuit on thousands of elements at once.
//!
//! A garbler and an evaluator compute the larger of two numbers of four bits. The labels of the evaluator's own bits would come by oblivious transfer.
//!
//! ```
//! use fusion_2pc::gc::arithmetic::{at_least, multiplex};
//! use fusion_2pc::gc::circuit::Builder;
//! use fusion_2pc::gc::garble::{Evaluator, Garbler};
//!
//! let (mut builder, x, y) = Builder::new(4, 4);
//! let larger = at_least(&mut builder, &x, &y);
//! let largest = multiplex(&mut builder, larger, &x, &y);
//! let circuit = builder.finish(&largest);
//!
//! let mut garbler = Garbler::new(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
//! let zeros: Vec<u128> = (1..=8).map(|wire| wire * 0xdead_beef_dead_beef_dead_beef).collect();
//! let (tables, outputs) = garbler.garble(&circuit, 1, &zeros);
//!
//! let bits = |number: u8| (0..4).map(move |bit| u128::from(number >> bit & 1));
//! let labels: Vec<u128> = bits(9).chain(bits(12)).zip(&zeros).map(|(bit, zero)| zero ^ bit * garbler.delta()).collect();
//! let results = Evaluator::default().evaluate(&circuit, 1, &labels, &tables);
//!
//! let largest: u128 = (0..4).map(|bit| ((results[bit] ^ outputs[bit]) & 1) << bit).sum();
//! assert_eq!(largest, 12);
//! ```

pub mod arithmetic;
pub mod circuit;
pub mod decode;
pub mod function;
pub mod garble;
mod hash;
pub mod otherwise;

pub(crate) use hash::LANES;
