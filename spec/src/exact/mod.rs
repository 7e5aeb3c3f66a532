//! Exact and certified arithmetic. Whatever is rounded here is rounded in a direction that is stated.
//!
//! ```
//! use fusion_spec::exact::{binomial::binomial, log2::log2_integer, stirling::log2_binomial};
//!
//! // Exact where that is short, certified bounds where it is not, and both agree where they meet.
//! let exact = log2_integer(&binomial(2660, 1330)?, 64);
//! let certified = log2_binomial(2660, 1330, 64);
//! assert!(certified.lo() <= exact.hi() && exact.lo() <= certified.hi());
//! # Ok::<(), fusion_spec::exact::binomial::TooLarge>(())
//! ```

pub mod binomial;
pub mod interval;
pub mod log2;
pub(crate) mod log_factorials;
pub mod powers;
mod product;
pub mod rational;
pub mod stirling;
