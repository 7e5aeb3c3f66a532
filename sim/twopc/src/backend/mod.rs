//! Families of two-party inference: each is a short composition of protocols behind one trait.

pub mod aby;
pub mod cheetah;
mod family;
mod protocols;
mod traits;

pub use family::{Family, ForBackend, NoFamily};
pub use protocols::Protocols;
pub use traits::{Backend, Chunk};
