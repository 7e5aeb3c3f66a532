//! The offline phase: triples and input masks by linearly homomorphic encryption (LowGear: Keller, Pastro, Rotaru, "Overdrive: making SPDZ great again", EUROCRYPT 2018).

pub mod keys;
pub mod matrices;
pub mod packing;
pub mod parameters;
pub mod plain;
pub mod proof;
pub mod scheme;
pub mod triples;
