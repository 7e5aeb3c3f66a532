//! The mix: `R*B + T` samples on `N` slots in an order uniform over all `N!` (hypothesis H1).
//!
//! The shuffle is Fisher and Yates' (Knuth, TAOCP 2, algorithm P), written here because library shuffles
//! change between versions and a permutation must be the same next year. It is *lazy*: a [`Mix`] draws the
//! slots it is asked for, in the order asked, and [`Mix::finish`] draws the rest in increasing order. A
//! simulation that needs only the touched slots can therefore stop early, and sees in them what the full permutation would show. A draw does not
//! depend on *which* slot is asked for, so a simulation that does not need to know which slots were touched draws from a bare [`Deck`].
//!
//! From uniform words the permutation is uniform, whichever slots are asked for first (`Shuffle.v: hypothesis_1`).
//!
//! Invariant: a [`Permutation`] holds every sample exactly once.
//!
//! ```
//! use fusion_spec::{mix::Mix, params::Params};
//! use rand_pcg::{Pcg64, rand_core::SeedableRng};
//!
//! let params = Params::new(3, 2, 4, 0)?;
//! let mut coins = Pcg64::seed_from_u64(7);
//! let mut mix = Mix::new(params)?;
//! let touched = mix.place(5, &mut coins)?;
//! let permutation = mix.finish(&mut coins);
//! assert_eq!(permutation.at(5), Some(touched));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod deck;
mod permutation;
mod sample;

pub use deck::{Deck, uniform_below};
pub use permutation::{Mix, Permutation};
pub use sample::{MAX_SLOTS, MixError, Sample, Slot};
