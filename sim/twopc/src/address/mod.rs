//! The addresses of a session, and patterns of them. An address says to which step a message, or a party's shares of a step's output,
//! belongs.
//!
//! An address is a path of components: the slots that are evaluated together, the layer, the steps of its protocol. A message has its round
//! in that step and its number in the round besides. Its text, such as `slot[0..20]/layer[4:relu]/msb/round[1]/msg[0]`, is made only where it
//! is shown: the addresses of a step and of its messages share one path.
//!
//! A [`Pattern`] is an address in which parts are left open. It is matched against whole addresses, component by component.
//!
//! ```
//! use fusion_2pc::address::{Address, Pattern};
//!
//! let step: Address = "slot[0..20]/layer[4:relu]/msb".parse()?;
//! let message = step.message(1, 0);
//! assert_eq!(message.to_string(), "slot[0..20]/layer[4:relu]/msb/round[1]/msg[0]");
//! assert_eq!(message.slots(), Some(0..20));
//!
//! let pattern: Pattern = "layer[*:relu]/msb".parse()?;
//! assert!(pattern.matches(&step) && !pattern.matches(&message));
//! assert!(pattern.matches_message(&message));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod path;
mod pattern;
mod serial;
#[cfg(test)]
mod tests;

pub use path::{Address, Component, OT_EXTENSION};
pub use pattern::{FORMS, NoAddress, NoStep, Pattern};
