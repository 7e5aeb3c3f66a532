//! Exact and certified arithmetic: nothing here rounds without saying which way.

pub mod binomial;
pub mod interval;
pub mod log2;
mod product;
pub mod rational;
pub mod stirling;
