//! The places where a strategy acts.

use crate::strategy::{Touches, View};
use fusion_spec::exact::binomial::binomial;
use fusion_spec::mix::{Slot, uniform_below};
use rand_core::Rng;
use rug::{Integer, Rational, ops::Pow};

/// The slots that a session touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Every slot.
    All,
    /// A number of slots, drawn uniformly.
    Random(u32),
    /// Distinct slots, the same in every session.
    Slots(Vec<Slot>),
    /// Slot by slot, with memory: each of `from..to` with the same chance, until `at_most` are touched.
    Each {
        /// The chance of each slot: at most 1, with a 32-bit denominator.
        chance: Rational,
        /// The first slot asked.
        from: Slot,
        /// The first slot not asked; beyond the last slot, none is left out.
        to: Slot,
        /// The most slots that are touched.
        at_most: u32,
    },
}

/// The length of the longest law of a number of touched slots.
const MAX_CASES: u32 = 1 << 12;

impl Place {
    /// Touches the slots of one session with the move of this index.
    pub fn touch(&self, index: usize, view: &View, coins: &mut dyn Rng, touches: &mut Touches) {
        match self {
            Self::All => (0..view.slots).for_each(|slot| touches.touch(slot, index)),
            Self::Random(k) => touches.touch_random(*k, index, coins),
            Self::Slots(slots) => slots.iter().for_each(|slot| touches.touch(*slot, index)),
            Self::Each { chance, from, to, at_most } => {
                let (numer, denom) = (small(chance.numer()), small(chance.denom()));
                let mut left = *at_most;
                for slot in *from..(*to).min(view.slots) {
                    if left > 0 && uniform_below(denom, &mut &mut *coins) < numer {
                        touches.touch(slot, index);
                        left -= 1;
                    }
                }
            }
        }
    }

    /// The number of slots, where it is the same in every session.
    #[must_use]
    pub fn size(&self, view: &View) -> Option<u32> {
        match self {
            Self::All => Some(view.slots),
            Self::Random(k) => Some(*k),
            Self::Slots(slots) => u32::try_from(slots.len()).ok(),
            Self::Each { .. } => None,
        }
    }

    /// The law of the number of touched slots, as pairs of a probability and a number; `None` if it is very long.
    ///
    /// ```
    /// use fusion_adversaries::{behaviour::Place, strategy::View};
    /// use fusion_spec::params::Params;
    /// use rug::Rational;
    ///
    /// // Half of the first four slots, two at most.
    /// let view = View::new(Params::new(8, 2, 4, 0)?, 10)?;
    /// let each = Place::Each { chance: Rational::from((1, 2)), from: 0, to: 4, at_most: 2 };
    /// let law = [(1, 0), (4, 1), (11, 2)].map(|(sixteenths, slots)| (Rational::from((sixteenths, 16)), slots));
    /// assert_eq!(each.sizes(&view), Some(law.to_vec()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sizes(&self, view: &View) -> Option<Vec<(Rational, u32)>> {
        match self {
            Self::All | Self::Random(_) | Self::Slots(_) => Some(vec![(Rational::from(1), self.size(view)?)]),
            Self::Each { chance, from, to, at_most } => {
                let asked = (*to).min(view.slots).saturating_sub(*from);
                binomial_cut(asked, chance, (*at_most).min(asked))
            }
        }
    }

    /// The same slots in every session, in increasing order; `None` if they vary.
    #[must_use]
    pub fn constant(&self, view: &View) -> Option<Vec<Slot>> {
        match self {
            Self::All => Some((0..view.slots).collect()),
            Self::Slots(slots) => {
                let mut slots = slots.clone();
                slots.sort_unstable();
                Some(slots)
            }
            Self::Random(_) | Self::Each { .. } => None,
        }
    }
}

fn small(n: &Integer) -> u32 {
    #[expect(clippy::expect_used, reason = "a chance is at most 1, and its denominator fits 32 bits")]
    n.to_u32().expect("a chance with a 32-bit denominator")
}

/// The law of `min(Bin(n, p), most)`; `None` if it is very long.
fn binomial_cut(n: u32, p: &Rational, most: u32) -> Option<Vec<(Rational, u32)>> {
    if n > MAX_CASES {
        return None;
    }
    let fails = Rational::from(1 - p);
    let exactly = |k: u32| Some(p.clone().pow(k) * fails.clone().pow(n - k) * binomial(n.into(), k.into()).ok()?);
    let mut law = (0..most).map(|k| Some((exactly(k)?, k))).collect::<Option<Vec<_>>>()?;
    let rest = 1 - law.iter().map(|(chance, _)| chance).sum::<Rational>();
    law.push((rest, most));
    law.retain(|(chance, _)| *chance != 0);
    Some(law)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_spec::params::Params;
    use rand_pcg::Pcg64;

    /// The law of `each` against a count; 40,000 sessions, each count beyond 7 deviations (at most 700) with chance 3e-12.
    #[test]
    fn each_follows_its_law() {
        let view = View::new(Params::new(8, 2, 4, 0).expect("legal"), 10).expect("small");
        for (at_most, to) in [(2, 15), (20, 100)] {
            let each = Place::Each { chance: Rational::from((3, 20)), from: 5, to, at_most };
            let mut counts = [0_u32; 21];
            let (mut coins, mut touches) = (Pcg64::new(3, 4), Touches::new(&view));
            for _ in 0..40_000 {
                touches.clear();
                each.touch(0, &view, &mut coins, &mut touches);
                assert!(touches.slots().iter().all(|slot| (5..to.min(20)).contains(slot)));
                counts[touches.slots().len()] += 1;
            }
            let law = each.sizes(&view).expect("short");
            assert_eq!(law.iter().map(|(chance, _)| chance).sum::<Rational>(), 1);
            for (chance, k) in law {
                let expected = (chance * 40_000_u32).round().numer().to_u32().expect("small");
                assert!(counts[k as usize].abs_diff(expected) < 700, "{k}: {counts:?}");
            }
        }
    }
}
