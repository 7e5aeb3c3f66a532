//! Protocols on additive shares: one functionality a file, with its ideal twin beside it.
//!
//! Both parties call the same function, each with its own shares. A twin computes the same of a value and the client's share of it; tests hold
//! each protocol against its twin on every value, also beyond its domain.

pub mod and;
pub mod carry;
pub mod chain;
pub mod choice;
pub mod clip;
pub mod compare;
pub mod digit;
pub mod extend;
pub mod maximum;
pub mod product;
pub mod relu;
pub mod slices;
pub mod truncate;
pub mod twin;
pub mod uniform;
