//! Random oblivious transfers, turned into pads at once.
//!
//! Of each, the sender gets two pads and the receiver a random choice and the pad it chose. Protocols correct the choice with
//! one bit and mask with the pads (Beaver, "Precomputing oblivious transfer", CRYPTO 1995).
//!
//! Both parties draw the same numbers of transfers in the same order, so that a draw may run the interactive extension.
//!
//! ```
//! use fusion_2pc::wire::clock::LinkSpeed;
//! use fusion_2pc::wire::link::{Halt, Link};
//! use fusion_2pc::ot::{Checks, Setup};
//! use fusion_2pc::random::Seed;
//!
//! let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
//! let (session, count) = (Seed([0; 32]), 1000);
//! let ((choices, chosen), pairs) = std::thread::scope(|scope| {
//!     let client = scope.spawn(move || {
//!         let setup = Setup::run(&mut client, &Seed([1; 32]), Checks::None)?;
//!         let (mut choices, mut pads) = (vec![0; count], vec![0; count]);
//!         setup.receiver(&session, count).draw(&mut client, &mut choices, &mut pads)?;
//!         Ok::<_, Halt>((choices, pads))
//!     });
//!     let setup = Setup::run(&mut server, &Seed([2; 32]), Checks::None)?;
//!     let mut pairs = vec![[0; 2]; count];
//!     setup.sender(&session, count).draw(&mut server, &mut pairs)?;
//!     Ok::<_, Halt>((client.join().expect("no panic")?, pairs))
//! })?;
//! assert!((0..count).all(|i| chosen[i] == pairs[i][usize::from(choices[i])]));
//! # Ok::<(), Halt>(())
//! ```

pub mod base;
pub mod block;
pub mod check;
pub mod code_setup;
pub mod columns;
pub mod convolute;
pub mod corrected;
pub mod dealer;
pub mod dual;
pub mod extension;
pub mod ferret;
pub mod ggm;
mod guess;
pub mod hash;
pub mod iknp;
pub mod kkot;
pub mod lpn;
pub mod offer;
pub mod one_of_two;
pub mod probe;
pub mod puncture;
pub mod setup;
pub mod softspoken;
#[cfg(test)]
pub(crate) mod testing;
mod transfer;
pub mod transpose;
pub mod vectors;

pub use check::{Checks, NoChecks};
pub use extension::{Extension, ExtensionCost, NoExtension, Scheme, cost};
pub use setup::Setup;
pub use transfer::{Receiver, Sender};
