//! Every attack against every family of protocols, from one list.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod curated;
mod kinds;
mod probes;
mod programs;
mod stand_in;
