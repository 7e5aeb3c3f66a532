//! The two-party inference as a whole: answers, transcripts, costs; and what either party can do to the other.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod by_a_digit;
mod c_lenet;
mod costs;
mod digits;
mod ends;
mod exact;
mod families;
mod faults;
mod kept_key;
mod lanes;
mod random;
mod rounding;
mod shares;
mod silence;
mod statistics;
mod tamper;
mod transcript;
mod transports;
mod undecodable;
mod views;
mod wall;
mod watch;
mod world;
