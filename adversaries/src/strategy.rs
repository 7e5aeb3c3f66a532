//! A malicious server between two sessions: what it knows, what it may touch, what it must declare.
//!
//! Invariant: nothing here can reach the permutation, the inputs or the labels. A strategy sees a [`View`] and its own coins, and
//! names slots. Acts that depend on an input ([`Move::when`]) are functions applied inside the evaluation: the strategy declares
//! them and never reads their argument.
//!
//! ```
//! use fusion_adversaries::strategy::{Act, Move, Strategy, Touches, View};
//! use fusion_adversaries::script::Relabel;
//! use rand_core::Rng;
//!
//! /// Touches the first slots, as many as there are copies of a query.
//! struct FirstSlots([Move; 1]);
//!
//! impl Strategy for FirstSlots {
//!     fn moves(&self) -> &[Move] {
//!         &self.0
//!     }
//!     fn session(&self, view: &View, _coins: &mut dyn Rng, touches: &mut Touches) {
//!         (0..u32::try_from(view.params.B()).unwrap_or(u32::MAX)).for_each(|slot| touches.touch(slot, 0));
//!     }
//! }
//!
//! let strategy = FirstSlots([Move::always(Act::Relabel(Relabel::Next))]);
//! let view = View::new(fusion_spec::params::Params::new(8, 2, 4, 0)?, 10)?;
//! let mut touches = Touches::new(&view);
//! strategy.session(&view, &mut rand_pcg::Pcg64::new(1, 2), &mut touches);
//! assert_eq!(touches.slots(), [0, 1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::rate::Case;
use crate::script::{Bend, Elements, Relabel, StepPattern, Stop};
use fusion_spec::mix::{MixError, Slot, uniform_below};
use fusion_spec::params::Params;
use rand_core::Rng;

/// What the server knows when a session starts. It learns nothing more: answers go to the client alone.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The protocol's parameters.
    pub params: Params,
    /// Number of slots, `N`.
    pub slots: u32,
    /// Classes of the honest model.
    pub classes: u32,
    /// How many sessions of this trial were before.
    pub session: u32,
}

impl View {
    /// The view of a first session.
    ///
    /// # Errors
    /// [`MixError::TooManySlots`] where `N` exceeds 32 bits.
    pub fn new(params: Params, classes: u32) -> Result<Self, MixError> {
        let slots = u32::try_from(params.N()).map_err(|_| MixError::TooManySlots(params.N()))?;
        Ok(Self { params, slots, classes, session: 0 })
    }
}

/// Slots that are evaluated together at `real`: one message carries all of a chunk's, from a multiple of this on.
pub const CHUNK_SLOTS: u32 = 128;

/// What is done to a slot. The last three are done inside the inference: the third where values are shared, the others on messages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Another model runs, by its place among the campaign's models; 0 is the honest one. Undoes what was done before.
    Model(usize),
    /// The answer becomes another.
    Relabel(Relabel),
    /// The server adds to its share of a step's output.
    Add {
        /// Of which steps.
        step: StepPattern,
        /// What, to each element.
        value: i64,
        /// To which elements.
        elements: Elements,
    },
    /// The server's messages of a step are bent, for all slots of the chunk.
    Bend {
        /// Of which steps, or which messages.
        step: StepPattern,
        /// In which way.
        how: Bend,
    },
    /// The server stops in a step, for all slots of the chunk and those after it.
    Stop {
        /// In which step, or before which message.
        step: StepPattern,
        /// In which way.
        how: Stop,
    },
}

impl Act {
    /// It is done to messages, and so to every slot that they carry.
    #[must_use]
    pub fn is_on_messages(&self) -> bool {
        match self {
            Self::Bend { .. } | Self::Stop { .. } => true,
            Self::Model(_) | Self::Relabel(_) | Self::Add { .. } => false,
        }
    }

    /// How many of `N` slots count as touched, at worst, for each one named. A bent message touches all that it carries. One too
    /// many or too few puts whatever comes after it out of step, and one of the transfers' extension may serve any later slot.
    ///
    /// ```
    /// use fusion_adversaries::script::{Bend, Relabel};
    /// use fusion_adversaries::strategy::Act;
    ///
    /// let step = "layer[*:relu]/msb".parse()?;
    /// assert_eq!(Act::Relabel(Relabel::Next).reach(2660), 1);
    /// assert_eq!(Act::Bend { step, how: Bend::Drop }.reach(2660), 2660, "all that comes after is out of step");
    /// # Ok::<(), fusion_adversaries::script::NoStep>(())
    /// ```
    #[must_use]
    pub fn reach(&self, N: u128) -> u128 {
        match self {
            Self::Model(_) | Self::Relabel(_) | Self::Add { .. } => 1,
            Self::Bend { step, how: Bend::FlipBit(_) | Bend::Replace(_) } if !step.names_messages() => N,
            Self::Bend { how: Bend::FlipBit(_) | Bend::Replace(_) | Bend::DelayMs(_), .. } | Self::Stop { .. } => {
                CHUNK_SLOTS.into()
            }
            Self::Bend { how: Bend::Replay | Bend::Drop, .. } => N,
        }
    }

    /// It is done inside the inference: no rule says what becomes of the answer.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        match self {
            Self::Add { .. } | Self::Bend { .. } | Self::Stop { .. } => true,
            Self::Model(_) | Self::Relabel(_) => false,
        }
    }
}

/// An act, and the inputs that it is limited to. Clones are cheap: they share patterns and elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Move {
    /// What.
    pub act: Act,
    /// Only where this predicate holds, by its place among the campaign's predicates.
    pub when: Option<usize>,
}

impl Move {
    /// An act on any input.
    #[must_use]
    pub fn always(act: Act) -> Self {
        Self { act, when: None }
    }
}

/// A server's way to cheat.
pub trait Strategy: Send + Sync {
    /// What it may do; [`Touches::touch`] names a move by its place here.
    fn moves(&self) -> &[Move];

    /// Decides one session. Called once for each, with fresh coins.
    fn session(&self, view: &View, coins: &mut dyn Rng, touches: &mut Touches);

    /// Where the number of touched slots and the moves on them follow a known law, independent of the mix: every case with its
    /// probability. Exact rates are computed from it, and measured rates held against them.
    fn cases(&self, view: &View) -> Option<Vec<Case>> {
        let _ = view;
        None
    }

    /// So many distinct slots in every session, the first move on each: a simulation of positions need not ask which, as
    /// the mix is uniform.
    fn size(&self, view: &View) -> Option<u32> {
        let _ = view;
        None
    }

    /// The linking game: two slots that it claims hold copies of one query.
    fn link(&self) -> Option<[Slot; 2]> {
        None
    }

    /// The hypotheses of the theorem that it breaks.
    fn breaks(&self) -> Vec<Hypothesis> {
        Vec::new()
    }
}

/// The slots touched in one session.
#[derive(Clone, Debug)]
pub struct Touches {
    slots: Vec<Slot>,
    moves: Vec<(Slot, usize)>,
    touched: Marks,
    picked: Marks,
    astray: bool,
}

impl Touches {
    /// None, of a session's slots.
    #[must_use]
    pub fn new(view: &View) -> Self {
        let (touched, picked) = (Marks::new(view.slots), Marks::new(view.slots));
        Self { slots: Vec::new(), moves: Vec::new(), touched, picked, astray: false }
    }

    /// Forgets all, and allocates nothing.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.moves.clear();
        self.touched.clear();
        self.astray = false;
    }

    /// Does a move to a slot; moves to one slot apply in the order made.
    pub fn touch(&mut self, slot: Slot, place: usize) {
        match self.touched.set(slot) {
            Some(true) => self.slots.push(slot),
            Some(false) => {}
            None => {
                self.astray = true;
                return;
            }
        }
        self.moves.push((slot, place));
    }

    /// Touches `k` distinct slots, uniformly (Bentley and Floyd, CACM 30(9), 1987).
    ///
    /// ```
    /// use fusion_adversaries::strategy::{Touches, View};
    /// use fusion_spec::params::Params;
    ///
    /// let mut touches = Touches::new(&View::new(Params::new(8, 2, 4, 0)?, 10)?);
    /// touches.touch_random(20, 0, &mut rand_pcg::Pcg64::new(1, 2));
    /// let mut slots = touches.slots().to_vec();
    /// slots.sort();
    /// assert_eq!(slots, Vec::from_iter(0..20), "distinct: all there are");
    /// touches.touch(20, 0);
    /// assert!(touches.is_astray());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn touch_random(&mut self, k: u32, place: usize, coins: &mut dyn Rng) {
        let N = self.picked.len();
        self.astray |= k > N;
        self.picked.clear();
        for last in N.saturating_sub(k)..N {
            let drawn = uniform_below(last + 1, &mut &mut *coins);
            let slot = if self.picked.set(drawn) == Some(true) { drawn } else { last };
            self.picked.set(slot);
            self.touch(slot, place);
        }
    }

    /// The distinct slots touched, in the order of their first touch.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Every touch: the slot, and the place of the move.
    #[must_use]
    pub fn moves(&self) -> &[(Slot, usize)] {
        &self.moves
    }

    /// A slot was named that does not exist: an error of the strategy.
    #[must_use]
    pub fn is_astray(&self) -> bool {
        self.astray
    }
}

/// A set of slots that is emptied at no cost.
#[derive(Clone, Debug)]
struct Marks {
    marks: Vec<u32>,
    now: u32,
}

impl Marks {
    fn new(len: u32) -> Self {
        Self { marks: vec![0; len as usize], now: 1 }
    }

    #[expect(clippy::cast_possible_truncation, reason = "made from a 32-bit length")]
    fn len(&self) -> u32 {
        self.marks.len() as u32
    }

    fn clear(&mut self) {
        self.now = self.now.checked_add(1).unwrap_or_else(|| {
            self.marks.fill(0);
            1
        });
    }

    /// Puts a slot in; whether it is new, `None` if there is no such slot.
    fn set(&mut self, slot: Slot) -> Option<bool> {
        let mark = self.marks.get_mut(slot as usize)?;
        Some(std::mem::replace(mark, self.now) != self.now)
    }
}

/// What the theorem assumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hypothesis {
    /// The permutation is uniform.
    H1,
    /// It is hidden from the server, also when that deviates.
    H2,
    /// The touched slots are chosen independently of what the samples contain.
    H3,
    /// A touched slot's answer is wrong.
    H4a,
    /// Copies of one query go wrong alike.
    H4b,
    /// An honest run passes.
    H5,
    /// The client shows nothing that depends on an answer before all are in.
    H6,
    /// Sessions are fresh, and there is a stated rule after a rejection.
    H7,
    /// The server does not recognise publics.
    H8,
}

impl Hypothesis {
    /// All of them.
    pub const ALL: [Self; 9] =
        [Self::H1, Self::H2, Self::H3, Self::H4a, Self::H4b, Self::H5, Self::H6, Self::H7, Self::H8];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::H1 => "H1",
            Self::H2 => "H2",
            Self::H3 => "H3",
            Self::H4a => "H4a",
            Self::H4b => "H4b",
            Self::H5 => "H5",
            Self::H6 => "H6",
            Self::H7 => "H7",
            Self::H8 => "H8",
        }
    }

    /// What it says, in a few words.
    #[must_use]
    pub fn statement(self) -> &'static str {
        match self {
            Self::H1 => "the permutation is uniform",
            Self::H2 => "the permutation stays hidden",
            Self::H3 => "what is changed does not depend on the input",
            Self::H4a => "a touched answer is wrong",
            Self::H4b => "copies of one query get the same wrong answer",
            Self::H5 => "an honest run passes",
            Self::H6 => "the client shows nothing early",
            Self::H7 => "every session is fresh",
            Self::H8 => "publics are not recognised",
        }
    }

    /// What fails with it, in a few words.
    #[must_use]
    pub fn failure(self) -> &'static str {
        match self {
            Self::H1 => "the permutation is not uniform",
            Self::H2 => "the permutation is not hidden",
            Self::H3 => "what is changed depends on the input",
            Self::H4a => "a touched answer may be right",
            Self::H4b => "copies of one query may get different wrong answers",
            Self::H5 => "an honest run may fail",
            Self::H6 => "the client shows something early",
            Self::H7 => "there is more than one session",
            Self::H8 => "publics are recognised",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_pcg::Pcg64;
    use std::collections::BTreeMap;

    fn view() -> View {
        View::new(Params::new(1, 2, 3, 0).expect("legal"), 10).expect("small")
    }

    #[test]
    fn random_slots_are_distinct_and_every_set_is_as_likely() {
        let (mut coins, mut touches) = (Pcg64::new(1, 2), Touches::new(&view()));
        let mut sets: BTreeMap<Vec<Slot>, u32> = BTreeMap::new();
        for _ in 0..20_000 {
            touches.clear();
            touches.touch_random(2, 0, &mut coins);
            let mut set = touches.slots().to_vec();
            set.sort_unstable();
            *sets.entry(set).or_default() += 1;
        }
        assert_eq!(sets.len(), 10);
        // Each count is Bin(20,000, 1/10): beyond 7 deviations (300) with chance 3e-12.
        assert!(sets.values().all(|count| count.abs_diff(2000) < 300), "{sets:?}");
    }

    #[test]
    fn touches_keep_their_order_and_notice_what_is_not_there() {
        let mut touches = Touches::new(&view());
        for (slot, place) in [(3, 0), (1, 1), (3, 1)] {
            touches.touch(slot, place);
        }
        assert_eq!(touches.slots(), [3, 1]);
        assert_eq!(touches.moves(), [(3, 0), (1, 1), (3, 1)]);
        assert!(!touches.is_astray());
        touches.touch(5, 0);
        assert!(touches.is_astray());
        touches.clear();
        assert!(touches.slots().is_empty() && !touches.is_astray());
        touches.touch_random(6, 0, &mut Pcg64::new(1, 2));
        assert!(touches.is_astray());
        let mut marks = Marks { now: u32::MAX, ..Marks::new(2) };
        assert_eq!((marks.set(0), marks.set(0), marks.set(2)), (Some(true), Some(false), None));
        marks.clear();
        assert_eq!((marks.set(0), marks.set(1)), (Some(true), Some(true)), "the counter starts again");
    }
}
