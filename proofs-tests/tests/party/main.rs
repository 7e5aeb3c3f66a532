//! The two parties over TLS, on this machine: what they agree on, what they refuse, and how a session ends.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod circuits;
mod killed;
mod line;
mod refused;
mod scripted;
mod sessions;
mod strangers;
mod wall;
mod world;
