//! Rates where each trial draws its queries and publics afresh from finite pools.
//!
//! A trial draws `R` of `Q` pool queries and `T` of `P` pool publics, without replacement. The act changes the answer of
//! `y` of the pool's queries and `x` of its publics, so `m ~ Hyp(Q,y,R)` and `t ~ Hyp(P,x,T)`, independently.

use crate::bound::deviation::{Deviation, DeviationError};
use crate::exact::binomial::{TooLarge, binomial};
use crate::params::{Params, word};
use rug::Rational;

/// How many samples of the pools an act changes. A simulator measures these counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolCounts {
    /// The number of queries in the pool.
    pub Q: u64,
    /// The number of the pool's queries whose answers change.
    pub y: u64,
    /// The number of publics in the pool.
    pub P: u64,
    /// The number of the pool's publics whose answers change.
    pub x: u64,
}

/// Why a rate over pools cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// A pool is smaller than what is drawn from it.
    #[error("cannot draw {drawn} {what} from a pool of {pool}")]
    TooSmall {
        /// Which pool it is: `queries` or `publics`.
        what: &'static str,
        /// The number of samples to draw.
        drawn: u64,
        /// The number of samples in the pool.
        pool: u64,
    },
    /// More samples are said to change than the pool holds.
    #[error("{changed} of {pool} pool {what} cannot change")]
    TooMany {
        /// Which pool it is: `queries` or `publics`.
        what: &'static str,
        /// The number of samples that are said to change.
        changed: u64,
        /// The number of samples in the pool.
        pool: u64,
    },
    /// More slots are touched than there are.
    #[error(transparent)]
    Deviation(#[from] DeviationError),
    /// A count is beyond the exact limit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// Computes the probability that an act on `k` slots wins, averaged over the draw.
///
/// $$ \Pr[\mathrm{win}] = \sum_{m} \sum_{t} \frac{\binom{y}{m} \binom{Q-y}{R-m}}{\binom{Q}{R}} \cdot
/// \frac{\binom{x}{t} \binom{P-x}{T-t}}{\binom{P}{T}} \cdot \frac{W(k \mid m,t,s)}{\binom{N}{k}} $$
///
/// # Errors
/// [`PoolError`] says that a count is impossible, or that a value is too long.
///
/// ```
/// use fusion_spec::{bound::pool::{PoolCounts, pr_win}, params::Params};
/// use rug::Rational;
///
/// // Where everything changes, the draw does not matter; where every other query does, it halves 8/190.
/// let params = Params::new(8, 2, 4, 0)?;
/// let win = |y, x| pr_win(params, 2, PoolCounts { Q: 16, y, P: 10, x });
/// assert_eq!(win(16, 10)?, Rational::from((4, 95)));
/// assert_eq!(win(8, 10)?, Rational::from((2, 95)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn pr_win(params: Params, k: u128, counts: PoolCounts) -> Result<Rational, PoolError> {
    marginal(params, k, counts, Deviation::pr_win)
}

/// Computes the probability that the client accepts after an act on `k` slots, averaged over the draw.
///
/// The sum is that of [`pr_win`], over $\Pr[\mathrm{accepted} \mid m,t]$.
///
/// # Errors
/// [`PoolError`] says that a count is impossible, or that a value is too long.
///
/// ```
/// use fusion_spec::{bound::pool::{PoolCounts, pr_accepted}, params::Params};
///
/// // A model that errs on one public in ten, everywhere, passes if that one is not among the four drawn.
/// let counts = PoolCounts { Q: 16, y: 3, P: 10, x: 1 };
/// assert_eq!(pr_accepted(Params::new(8, 2, 4, 0)?, 20, counts)?, rug::Rational::from((6, 10)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn pr_accepted(params: Params, k: u128, counts: PoolCounts) -> Result<Rational, PoolError> {
    marginal(params, k, counts, Deviation::pr_accepted)
}

fn marginal(
    params: Params,
    k: u128,
    counts: PoolCounts,
    event: impl Fn(&Deviation) -> Result<Rational, TooLarge>,
) -> Result<Rational, PoolError> {
    let PoolCounts { Q, y, P, x } = counts;
    let queries = hypergeometric("queries", Q, y, params.R())?;
    let publics = hypergeometric("publics", P, x, params.T())?;
    let mut sum = Rational::new();
    for (m, weight_m) in &queries {
        for (t, weight_t) in &publics {
            let rate = event(&Deviation::new(params, k, *m, *t)?)?;
            if rate != 0 {
                sum += rate * weight_m * weight_t;
            }
        }
    }
    Ok(sum)
}

/// Lists how many changed samples may be among those drawn, each number with its exact probability under `Hyp(pool, changed, drawn)`.
///
/// Of `R` drawn from `Q`, `y` of them changed, just `m` are changed with probability
///
/// $$ \binom{y}{m} \binom{Q-y}{R-m} \Big/ \binom{Q}{R} $$
///
/// # Errors
/// [`PoolError`] says that a count is impossible, or that a value is too long.
///
/// ```
/// use fusion_spec::bound::pool::hypergeometric;
/// use rug::Rational;
///
/// // Two of five are changed, two are drawn.
/// let tenths = [(0, Rational::from((3, 10))), (1, Rational::from((6, 10))), (2, Rational::from((1, 10)))];
/// assert_eq!(hypergeometric("queries", 5, 2, 2)?, tenths);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn hypergeometric(
    what: &'static str,
    pool: u64,
    changed: u64,
    drawn: u64,
) -> Result<Vec<(u64, Rational)>, PoolError> {
    if drawn > pool {
        return Err(PoolError::TooSmall { what, drawn, pool });
    }
    if changed > pool {
        return Err(PoolError::TooMany { what, changed, pool });
    }
    let [pool, changed, drawn] = [pool, changed, drawn].map(u128::from);
    let draws = binomial(pool, drawn)?;
    let least = (drawn + changed).saturating_sub(pool);
    (least..=changed.min(drawn))
        .map(|hit| {
            let ways = binomial(changed, hit)? * binomial(pool - changed, drawn - hit)?;
            Ok((word(hit), Rational::from((ways, draws.clone()))))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_that_changes_entirely_is_the_papers_formula() -> Result<(), Box<dyn std::error::Error>> {
        let params = Params::new(8, 2, 4, 0)?;
        let counts = PoolCounts { Q: 500, y: 500, P: 480, x: 480 };
        for k in 0..=20 {
            assert_eq!(pr_win(params, k, counts)?, Deviation::full(params, k)?.pr_win()?);
        }
        Ok(())
    }

    #[test]
    fn weights_sum_to_one() -> Result<(), PoolError> {
        for (pool, changed, drawn) in [(10, 0, 3), (10, 4, 3), (10, 9, 5), (10, 10, 10), (1, 0, 0)] {
            let sum: Rational = hypergeometric("queries", pool, changed, drawn)?.into_iter().map(|(_, w)| w).sum();
            assert_eq!(sum, 1);
        }
        Ok(())
    }

    #[test]
    fn impossible_pools_are_errors() {
        let params = Params::new(8, 2, 4, 0).expect("legal");
        let counts = PoolCounts { Q: 7, y: 0, P: 4, x: 0 };
        let small = PoolError::TooSmall { what: "queries", drawn: 8, pool: 7 };
        assert_eq!(pr_win(params, 2, counts), Err(small));
        let many = PoolError::TooMany { what: "publics", changed: 5, pool: 4 };
        assert_eq!(pr_accepted(params, 2, PoolCounts { Q: 8, x: 5, ..counts }), Err(many));
        assert!(matches!(pr_win(params, 21, PoolCounts { Q: 8, ..counts }), Err(PoolError::Deviation(_))));
    }
}
