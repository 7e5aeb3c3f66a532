//! Exact rates of strategies, as expressions of the specification.
//!
//! A strategy whose number of touched slots follows a known law is a list of [`Case`]s. The samples that the moves of a case change
//! ([`Changed`]) select its formula: `W(k|m,t,s)` over drawn or pooled samples, or the one for scattered labels.

use crate::law::Case;
use crate::strategy::Move;
use fusion_spec::bound::deviation::Deviation;
use fusion_spec::bound::outside::{Rates, scattered};
use fusion_spec::bound::pool::{self, PoolCounts, PoolError};
use fusion_spec::params::Params;
use rug::Rational;

/// The samples that moves change where they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// A number of samples of the pools, from which each session draws afresh.
    Pool(PoolCounts),
    /// A number of the queries and of the publics of every session.
    Drawn {
        /// The number of queries that are changed.
        m: u64,
        /// The number of publics that are changed.
        t: u64,
    },
    /// Every answer, each by chance to another class.
    Scattered {
        /// The number of classes.
        classes: u32,
    },
}

/// The effects of moves on the samples of a campaign.
pub trait Effects {
    /// The samples that a sequence of moves changes, where a single formula covers it. With `everywhere` every slot is touched;
    /// otherwise untouched slots must be right.
    fn changed(&self, moves: &[usize], everywhere: bool) -> Option<Changed>;
}

/// The exact `Pr[win]` and `Pr[harmless]` of a session; `None` where no formula covers a case.
///
/// $$ \Pr[\mathrm{win}] = \sum_{\text{cases}} \Pr[\text{case}] \cdot \frac{W(k \mid m,t,s)}{\binom{N}{k}} $$
///
/// or, where a case draws from pools or scatters its labels, the formulas for those ([`pool`], [`scattered`]).
///
/// # Errors
/// [`PoolError`] for impossible counts and values too long.
///
/// ```
/// use fusion_adversaries::law::Case;
/// use fusion_adversaries::rate::{Changed, Effects, rates};
/// use fusion_spec::params::Params;
/// use rug::Rational;
///
/// /// Every move makes every answer wrong.
/// struct AllWrong;
///
/// impl Effects for AllWrong {
///     fn changed(&self, moves: &[usize], _everywhere: bool) -> Option<Changed> {
///         let (m, t) = if moves.is_empty() { (0, 0) } else { (8, 4) };
///         Some(Changed::Drawn { m, t })
///     }
/// }
///
/// // Honest five times in ten, two slots four times, four slots once.
/// let case = |tenths, slots| Case { weight: Rational::from((tenths, 10)), slots, moves: vec![0] };
/// let mixed = [case(5, 0), case(4, 2), case(1, 4)];
/// let found = rates(Params::new(8, 2, 4, 0)?, &mixed, &AllWrong)?;
/// assert_eq!(found.map(|rates| rates.win), Some(Rational::from((422, 24225))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rates(params: Params, cases: &[Case], effects: &impl Effects) -> Result<Option<Rates>, PoolError> {
    let mut sum = Rates { win: Rational::new(), harmless: Rational::new() };
    for Case { weight, slots, moves } in cases {
        // Nothing touched: every slot as it is.
        let (k, moves) = if *slots == 0 { (params.N(), &[][..]) } else { (*slots, &moves[..]) };
        let Some(changed) = effects.changed(moves, k == params.N()) else { return Ok(None) };
        let Rates { win, harmless } = session(params, k, changed)?;
        sum.win += win * weight;
        sum.harmless += harmless * weight;
    }
    Ok(Some(sum))
}

fn session(params: Params, k: u128, changed: Changed) -> Result<Rates, PoolError> {
    let (win, accepted) = match changed {
        Changed::Pool(counts) => (pool::pr_win(params, k, counts)?, pool::pr_accepted(params, k, counts)?),
        Changed::Drawn { m, t } => {
            let deviation = Deviation::new(params, k, m, t)?;
            (deviation.pr_win()?, deviation.pr_accepted()?)
        }
        Changed::Scattered { classes } => return scattered(params, k, classes),
    };
    let harmless = accepted - &win;
    Ok(Rates { win, harmless })
}

/// The exact `Pr[E_T]` and `Pr[E_T and E_B]`, which depend on the touched slots alone, not on the moves.
///
/// # Errors
/// [`PoolError`] for impossible counts and values too long.
pub fn events(params: Params, cases: &[Case]) -> Result<[Rational; 2], PoolError> {
    let mut sums = [Rational::new(), Rational::new()];
    for Case { weight, slots, .. } in cases {
        let deviation = Deviation::full(params, *slots)?;
        sums[0] += deviation.pr_e_t()? * weight;
        sums[1] += deviation.pr_win()? * weight;
    }
    Ok(sums)
}

/// The touch bound on `Pr[win]`, which holds whatever is done to the slots. A bent message touches more slots than the one that is named,
/// at most `slots_per_message`: the bound supposes that no two of those named share any of them.
///
/// # Errors
/// [`PoolError`] for impossible counts and values too long.
///
/// # Panics
/// If a case names a move that is not among `moves`.
///
/// ```
/// use fusion_adversaries::law::Case;
/// use fusion_adversaries::rate::touch_bound;
/// use fusion_adversaries::script::Relabel;
/// use fusion_adversaries::strategy::{Act, Move};
/// use fusion_spec::params::Params;
/// use rug::Rational;
///
/// let three = [Case { weight: Rational::from(1), slots: 3, moves: vec![0] }];
/// let moves = [Move::always(Act::Relabel(Relabel::Next))];
/// assert_eq!(touch_bound(Params::new(8, 2, 4, 0)?, &three, &moves, 128)?, Rational::from((12, 95)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn touch_bound(
    params: Params,
    cases: &[Case],
    moves: &[Move],
    slots_per_message: u32,
) -> Result<Rational, PoolError> {
    let N = params.N();
    let bound = |Case { weight, slots, moves: places }: &Case| -> Result<Rational, PoolError> {
        // Without a move nothing is touched but the slots themselves.
        let reach = places.iter().map(|place| moves[*place].act.reach(N, slots_per_message)).max().unwrap_or(1);
        let touched = slots.saturating_mul(reach).min(N);
        Ok(Deviation::full(params, touched)?.touch_bound()? * weight)
    };
    cases.iter().map(bound).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Bend, Elements};
    use crate::strategy::Act;

    /// The bound of `k` bent messages is that of `128 k` touched slots, at most all; an act on shares touches only the slots it names.
    #[test]
    fn a_bent_message_touches_its_chunk() {
        let params = Params::new(200, 2, 50, 0).unwrap();
        let step: crate::script::StepPattern = "**".parse().unwrap();
        let add = Act::Add { step: step.clone(), value: 1, elements: Elements::All, kept: false };
        let message: crate::script::StepPattern = "layer[1:relu]/msb/round[1]/msg[0]".parse().unwrap();
        let bend = |step: &crate::script::StepPattern, how| Act::Bend { step: step.clone(), how };
        let flip = Bend::FlipBit(0);
        let bends = [bend(&message, flip), bend(&message, Bend::Drop), bend(&message, Bend::Replay), bend(&step, flip)];
        let moves: Vec<Move> = std::iter::once(add).chain(bends).map(Move::always).collect();
        let bound = |slots: u128, places: &[usize]| {
            let case = Case { weight: Rational::from(1), slots, moves: places.to_vec() };
            touch_bound(params, &[case], &moves, 128).unwrap()
        };
        for (k, touched) in [(0, 0), (1, 128), (2, 256), (3, 384), (4, 450), (450, 450)] {
            assert_eq!(bound(k, &[1]), bound(touched, &[0]), "{k}");
            assert_eq!(bound(k, &[0, 1]), bound(touched, &[0]), "{k}");
        }
        assert_eq!((bound(0, &[1]), bound(1, &[0]), bound(8, &[1])), (0.into(), 0.into(), 1.into()));
        assert_eq!([2, 3].map(|place| bound(1, &[place])), [1, 1], "the rest is out of step");
        assert_eq!(bound(1, &[4]), 1, "transfers may serve any later slot");
        assert_eq!([2, 3].map(|place| bound(0, &[place])), [0, 0]);
        assert!((0..1).contains(&bound(1, &[1])) && bound(1, &[1]) != 0);
    }
}
