//! Families of two-party inference: each is a short composition of protocols behind one trait.

pub mod aby;
pub mod cheetah;
mod choice;
pub mod cryptflow2;
pub mod delphi;
mod differences;
pub mod digits;
mod family;
pub mod probe;
mod protocols;
mod reader;
pub mod replay;
pub mod slots;
mod traits;

pub use choice::{Choice, NoOption, Options};
pub use differences::{Difference, Effect};
pub use family::{Family, ForBackend, NoFamily};
pub use protocols::Protocols;
pub use reader::{Exposure, Reader, Reading};
pub use traits::{Backend, Chunk};
