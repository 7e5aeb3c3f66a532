//! The trait of a malicious server: what it knows when a session starts, what it may touch, and what it must declare.
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
//!         (0..view.slots).zip(0..view.params.B()).for_each(|(slot, _copy)| touches.touch(slot, 0));
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

pub use crate::hypothesis::Hypothesis;
use crate::law::Case;
use crate::probe::Prober;
use crate::script::{Bend, Elements, Relabel, StepPattern, Stop};
use fusion_2pc::backend::digits::DigitRule;
use fusion_2pc::session::ServerProgram;
use fusion_active::cheat::Cheat;
use fusion_spec::bound::outside::Rates;
use fusion_spec::mix::{MixError, Slot, uniform_below};
use fusion_spec::params::Params;
use rand_core::Rng;

/// The knowledge of a server when a session starts. It learns nothing more: answers go to the client alone.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The protocol's parameters.
    pub params: Params,
    /// The number of slots, `N`.
    pub slots: u32,
    /// The number of classes of the honest model.
    pub classes: u32,
    /// The number of earlier sessions of this trial.
    pub session: u32,
    /// How many slots one message of the inference carries. [`View::new`] sets it to `N`, as if one message
    /// carried every slot.
    pub slots_per_message: u32,
}

impl View {
    /// The view of the first session of a trial.
    ///
    /// # Errors
    /// [`MixError::TooManySlots`] where `N` exceeds 32 bits.
    pub fn new(params: Params, classes: u32) -> Result<Self, MixError> {
        let slots = u32::try_from(params.N()).map_err(|_| MixError::TooManySlots(params.N()))?;
        Ok(Self { params, slots, classes, session: 0, slots_per_message: slots })
    }
}

/// An act on a slot. `Add`, `Bend` and `Stop` are done inside the inference: `Add` where values are shared, the others on messages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Another model runs, by its index among the campaign's models, of which 0 is the honest one. This undoes earlier changes of the
    /// slot's model and label, but not `Add`, `Bend` or `Stop`.
    Model(usize),
    /// The answer becomes another.
    Relabel(Relabel),
    /// The server adds to its share of a step's output.
    Add {
        /// The steps to whose outputs the server adds.
        step: StepPattern,
        /// The number that is added to each element.
        value: i64,
        /// The elements of the output to which the server adds.
        elements: Elements,
        /// Whether it adds only where a ReLU keeps the element, because its input is not negative: an error by a bit.
        kept: bool,
    },
    /// The server makes a ReLU take some values for negative, by a digit of each that it does not see: an error by any function of a digit.
    WrongSign {
        /// The steps, all of them a ReLU.
        step: StepPattern,
        /// The elements for which it does so.
        elements: Elements,
        /// The values of the digit.
        rule: DigitRule,
    },
    /// The server chooses otherwise than by its share of a sign in the products of a ReLU: what is kept is what is negative, with a number added, and nothing else.
    OwnChoice {
        /// The steps, all of them a ReLU.
        step: StepPattern,
        /// The elements for which it does so.
        elements: Elements,
        /// The number that is added to what is kept.
        value: i64,
    },
    /// The server spoils the decoding of a bit of what a ReLU keeps: where the bit is set, the client decodes nothing.
    Spoil {
        /// The steps, all of them a ReLU.
        step: StepPattern,
        /// The elements.
        elements: Elements,
        /// The bit, counted from the lowest.
        bit: u32,
    },
    /// The server's messages of a step are bent, for all slots of the chunk.
    Bend {
        /// The messages that are bent, or the steps all of whose messages are bent.
        step: StepPattern,
        /// The way in which each message is bent.
        how: Bend,
    },
    /// The server stops in a step, for all slots of the chunk and those after it.
    Stop {
        /// The step in which, or the message before which, the server stops.
        step: StepPattern,
        /// The way in which the server stops.
        how: Stop,
    },
}

impl Act {
    /// Whether the act makes values undecodable.
    #[must_use]
    pub fn spoils(&self) -> bool {
        matches!(self, Self::Spoil { .. })
    }

    /// Whether the act is done to messages, and so to every slot that they carry.
    #[must_use]
    pub fn is_on_messages(&self) -> bool {
        match self {
            Self::Bend { .. } | Self::Stop { .. } => true,
            Self::Model(_)
            | Self::Relabel(_)
            | Self::Add { .. }
            | Self::WrongSign { .. }
            | Self::OwnChoice { .. }
            | Self::Spoil { .. } => false,
        }
    }

    /// The largest number of slots, of `N`, that count as touched for each slot that the strategy names, where a message carries
    /// `slots_per_message` slots. A changed message touches every slot that it carries. A repeated or dropped message counts as touching all
    /// `N`, because all later messages are out of step. So does a changed message that may belong to the extension of transfers, which can
    /// serve any later slot.
    ///
    /// ```
    /// use fusion_adversaries::script::{Bend, Relabel};
    /// use fusion_adversaries::strategy::Act;
    ///
    /// let step = "layer[*:relu]/msb".parse()?;
    /// assert_eq!(Act::Relabel(Relabel::Next).reach(2660, 128), 1);
    /// assert_eq!(Act::Bend { step, how: Bend::Drop }.reach(2660, 128), 2660, "all that comes after is out of step");
    /// # Ok::<(), fusion_adversaries::script::NoStep>(())
    /// ```
    #[must_use]
    pub fn reach(&self, N: u128, slots_per_message: u32) -> u128 {
        match self {
            Self::Model(_)
            | Self::Relabel(_)
            | Self::Add { .. }
            | Self::WrongSign { .. }
            | Self::OwnChoice { .. }
            | Self::Spoil { .. } => 1,
            Self::Bend { step, how: Bend::FlipBit(_) | Bend::Replace(_) } if !step.names_messages() => N,
            Self::Bend { how: Bend::FlipBit(_) | Bend::Replace(_) | Bend::DelayMs(_), .. } | Self::Stop { .. } => {
                slots_per_message.into()
            }
            Self::Bend { how: Bend::Replay | Bend::Drop, .. } => N,
        }
    }

    /// Whether the act is done inside the inference, where no rule says what becomes of the answer.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        match self {
            Self::Add { .. }
            | Self::WrongSign { .. }
            | Self::OwnChoice { .. }
            | Self::Spoil { .. }
            | Self::Bend { .. }
            | Self::Stop { .. } => true,
            Self::Model(_) | Self::Relabel(_) => false,
        }
    }
}

/// An act, and the inputs that it is limited to. Clones are cheap, as they share patterns and elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Move {
    /// The act that is done.
    pub act: Act,
    /// The index, among the campaign's predicates, of the one that limits the act to some inputs; `None` for any input.
    pub when: Option<usize>,
}

impl Move {
    /// An act on any input.
    #[must_use]
    pub fn always(act: Act) -> Self {
        Self { act, when: None }
    }
}

/// The behaviour of a malicious server over the sessions of a trial.
pub trait Strategy: Send + Sync {
    /// The moves that the server may make; [`Touches::touch`] names a move by its index here.
    fn moves(&self) -> &[Move];

    /// Decides what the server does in one session. It may depend on nothing but `view` and `coins`, which are fresh in every session, so
    /// that a trial can be replayed. Where [`Strategy::size`] gives a number, a trial at `plain` may be counted without a call.
    fn session(&self, view: &View, coins: &mut dyn Rng, touches: &mut Touches);

    /// The law of the touched slots and of the moves on them, if it is known and independent of the mix. Exact rates are computed from it,
    /// and measured rates are compared with them.
    fn cases(&self, view: &View) -> Option<Vec<Case>> {
        let _ = view;
        None
    }

    /// The number of touched slots, if it is the same in every session and the server makes move 0, and no other, on each of them. As the
    /// mix is uniform, trials at `plain` then need not know which slots these are, and may skip [`Strategy::session`].
    fn size(&self, view: &View) -> Option<u32> {
        let _ = view;
        None
    }

    /// The two slots that the server names in the linking game, which it wins if they hold copies of one query; `None` for a server that
    /// answers.
    fn link(&self) -> Option<[Slot; 2]> {
        None
    }

    /// The exact rates of a session, for a strategy whose law is not one of cases.
    fn exact(&self, view: &View) -> Option<Rates> {
        let _ = view;
        None
    }

    /// The program that decides during a session, from what the server reads: a new one for each session. `None` for a server that decides
    /// beforehand. Only two parties at `real` run it.
    fn program(&self, view: &View) -> Option<Box<dyn ServerProgram>> {
        let _ = view;
        None
    }

    /// The way in which the server deviates from a protocol that catches it. Only two parties at `real` whose protocol has checks run it.
    fn cheat(&self) -> Option<Cheat> {
        None
    }

    /// The exact rates of a whole trial, for a server whose trials are not decided by their sessions ([`Strategy::prober`]).
    fn trial(&self, view: &View) -> Option<Rates> {
        let _ = view;
        None
    }

    /// The program that spends the verdicts of a trial's sessions on a secret of the client: a new one for each trial, before its first session. It wins the trial
    /// if it names the secret right that the client would have in one more session, and is harmless otherwise. `None` for a server that makes nothing of
    /// verdicts. Only two parties at `real` run it.
    fn prober(&self, view: &View, coins: &mut dyn Rng) -> Option<Box<dyn Prober>> {
        let _ = (view, coins);
        None
    }

    /// The hypotheses of the theorem that the server breaks.
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
    /// A session in which no slot is touched yet.
    #[must_use]
    pub fn new(view: &View) -> Self {
        let (touched, picked) = (Marks::new(view.slots), Marks::new(view.slots));
        Self { slots: Vec::new(), moves: Vec::new(), touched, picked, astray: false }
    }

    /// Forgets every touch, without allocating.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.moves.clear();
        self.touched.clear();
        self.astray = false;
    }

    /// Makes a move on a slot, given by its index in [`Strategy::moves`]. Changes of model or label apply in the order of these calls. `Add`,
    /// `Bend` and `Stop` apply in the order of [`Strategy::moves`], each at most once. A slot that does not exist sets
    /// [`Touches::is_astray`].
    pub fn touch(&mut self, slot: Slot, index: usize) {
        match self.touched.set(slot) {
            Some(true) => self.slots.push(slot),
            Some(false) => {}
            None => {
                self.astray = true;
                return;
            }
        }
        self.moves.push((slot, index));
    }

    /// Makes a move on `k` distinct slots, drawn uniformly (Bentley and Floyd, CACM 30(9), 1987).
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
    pub fn touch_random(&mut self, k: u32, index: usize, coins: &mut dyn Rng) {
        let N = self.picked.len();
        self.astray |= k > N;
        self.picked.clear();
        for last in N.saturating_sub(k)..N {
            let drawn = uniform_below(last + 1, &mut &mut *coins);
            let slot = if self.picked.set(drawn) == Some(true) { drawn } else { last };
            self.picked.set(slot);
            self.touch(slot, index);
        }
    }

    /// The distinct slots touched, in the order of their first touch.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Every touch, as the slot and the index of the move.
    #[must_use]
    pub fn moves(&self) -> &[(Slot, usize)] {
        &self.moves
    }

    /// Whether a slot was named that does not exist. This is an error of the strategy, and the trial counts as `error`.
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

    /// Puts a slot in. The result is whether it is new, or `None` if there is no such slot.
    fn set(&mut self, slot: Slot) -> Option<bool> {
        let mark = self.marks.get_mut(slot as usize)?;
        Some(std::mem::replace(mark, self.now) != self.now)
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
