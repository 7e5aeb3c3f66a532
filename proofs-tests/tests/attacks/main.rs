//! Every attack against every family of protocols, from one list.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod by_a_bit;
mod by_a_digit;
mod cheating;
mod curated;
mod full_active_security;
mod kinds;
mod matrix;
mod noise;
mod own_choice;
mod probes;
mod programs;
mod published;
mod stand_in;
mod undecodable;
