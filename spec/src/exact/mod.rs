//! Exact and certified arithmetic: nothing here rounds without saying which way.

pub mod binomial;
pub mod interval;
pub mod log2;
pub mod rational;
