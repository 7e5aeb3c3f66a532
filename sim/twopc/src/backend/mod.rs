//! Families of two-party inference: each a short composition of protocols.

pub mod cheetah;
