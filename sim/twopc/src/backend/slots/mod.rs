//! Linear layers over slots in a session: the part that families share whose values are modulo a prime.

mod keys;
mod packing;
mod probe;
mod product;

pub use keys::{ClientKeys, ServerKeys};
pub use packing::{Network, Packing};
pub use probe::AtTheEdge;
pub use product::{
    Added, Asked, answer, answer_with_nothing, ask, hear, in_the_clear, multiply_by_nothing, multiply_client,
    multiply_server, multiply_with_shares, take,
};
