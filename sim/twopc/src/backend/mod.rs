//! Families of two-party inference: each is a short composition of protocols behind one trait.

pub mod aby;
pub mod cheetah;
pub mod cryptflow2;
pub mod delphi;
mod family;
mod protocols;
mod traits;

pub use family::{Family, ForBackend, NoFamily};
pub use protocols::Protocols;
pub use traits::{Backend, Chunk};
