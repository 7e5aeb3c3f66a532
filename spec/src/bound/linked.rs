//! Rates of a server that sees which slots hold the same sample, so that H2 fails.

use crate::bound::deviation::Deviation;
use crate::bound::outside::Rates;
use crate::bound::pool::PoolError;
use crate::exact::binomial::{TooLarge, binomial};
use crate::params::Params;
use rug::{Integer, Rational, ops::Pow};

/// Computes the rates of a server that recognises equal samples in the slots it was asked about, where the first answers are due once it was asked about `seen`
/// slots, at least one: all `N` if a batch is answered at once. If two of these slots hold the same sample, it is a query's, and the server answers its
/// slots alike and wrongly, those still to come too. Otherwise it does so with the first slot's sample, and wins if that is a query.
///
/// $$ \Pr[\mathrm{win}] = 1 - \sum_{j} \frac{\binom{R}{j} B^{j} \binom{T}{c-j}}{\binom{N}{c}} \cdot \frac{c-j}{c} $$
///
/// with $c$ slots seen, of which $j$ hold queries. At `c = 1` that is `RB/N`, and 1 from `c = R+T+1` on, if `B >= 2`. A server that loses has answered one public wrongly:
/// it is caught, unless `slack` is positive.
///
/// # Errors
/// [`PoolError`] says that `seen` is more than `N`, or that a value is too long. No slot counts as one.
///
/// ```
/// use fusion_spec::{bound::linked::unmasked, params::Params};
/// use rug::Rational;
///
/// let params = Params::new(8, 2, 4, 0)?;
/// assert_eq!(unmasked(params, 1)?.win, Rational::from((4, 5)));
/// assert_eq!(unmasked(params, 20)?.win, 1);
/// assert_eq!(unmasked(Params::new(8, 8, 100, 0)?, 1)?.win, Rational::from((16, 41)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn unmasked(params: Params, seen: u128) -> Result<Rates, PoolError> {
    let (R, B, T, c) = (u128::from(params.R()), params.B(), u128::from(params.T()), seen.max(1));
    let all = Deviation::full(params, c)?.all_sets()?;
    let mut sets = Integer::new();
    for j in c.saturating_sub(T)..=c.min(R) {
        sets += lost(R, B, T, [c, j])?;
    }
    let win = 1 - Rational::from((sets, all * c));
    let harmless = if params.slack() > 0 { Rational::from(1 - &win) } else { Rational::new() };
    Ok(Rates { win, harmless })
}

/// The sets of `c` slots with `j` queries, each once, times the publics among them.
fn lost(R: u128, B: u64, T: u128, [c, j]: [u128; 2]) -> Result<Integer, TooLarge> {
    let bits = Integer::from(B.ilog2() + 1) * j;
    let exponent = u32::try_from(j).map_err(|_| TooLarge { bits: bits.clone() })?;
    TooLarge::check(bits)?;
    Ok(binomial(R, j)? * Integer::from(B).pow(exponent) * binomial(T, c - j)? * (c - j))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sample of each slot, in every order: below `R` it is a query.
    fn orders(rest: &mut Vec<u64>, order: &mut Vec<u64>, each: &mut impl FnMut(&[u64])) {
        if rest.is_empty() {
            each(order);
        }
        for at in 0..rest.len() {
            let sample = rest.swap_remove(at);
            order.push(sample);
            orders(rest, order, each);
            order.pop();
            rest.push(sample);
            let last = rest.len() - 1;
            rest.swap(at, last);
        }
    }

    /// Whether the server of the rule wins: the sample that it answers wrongly is a query's.
    fn wins(order: &[u64], seen: usize, R: u64) -> bool {
        let seen = &order[..seen];
        let twice = seen.iter().find(|sample| seen.iter().filter(|other| other == sample).count() > 1);
        *twice.unwrap_or(&seen[0]) < R
    }

    #[test]
    fn every_order_of_small_sessions_is_counted() {
        for (R, B, T) in [(1, 1, 0), (2, 1, 3), (2, 2, 2), (1, 3, 3), (3, 2, 1), (2, 3, 1)] {
            let params = Params::new(R, B, T, 0).unwrap();
            let mut samples: Vec<u64> = (0..R).flat_map(|query| (0..B).map(move |_| query)).chain(R..R + T).collect();
            for seen in 1..=samples.len() {
                let (mut all, mut won) = (0_u32, 0_u32);
                orders(&mut samples, &mut Vec::new(), &mut |order| {
                    all += 1;
                    won += u32::from(wins(order, seen, R));
                });
                let rates = unmasked(params, seen as u128).unwrap();
                assert_eq!(rates.win, Rational::from((won, all)), "({R}, {B}, {T}) after {seen}");
                assert_eq!(rates.harmless, 0);
            }
        }
    }

    #[test]
    fn a_public_that_is_tolerated_is_harmless() {
        let rates = unmasked(Params::new(2, 2, 2, 1).unwrap(), 1).unwrap();
        assert_eq!(rates, Rates { win: Rational::from((2, 3)), harmless: Rational::from((1, 3)) });
    }

    #[test]
    fn what_is_too_long_or_too_many_is_an_error() {
        assert!(unmasked(Params::new(8, 2, 4, 0).unwrap(), 21).is_err());
        assert!(unmasked(Params::new(1 << 40, 1 << 20, 1 << 40, 0).unwrap(), 1 << 40).is_err());
    }
}
