//! Rates where a hypothesis of the theorem fails. The theorem says nothing there; these say what happens instead.

use crate::bound::deviation::Deviation;
use crate::bound::quality::{QualityError, accept};
use crate::exact::binomial::TooLarge;
use crate::params::Params;
use rug::{Integer, Rational, ops::Pow};

/// H5 fails: an honest server whose every answer flips, independently with probability `d`, to the sample's one wrong
/// answer. Accepted with `((1-d)^B + d^B)^R Pr[Bin(T,d) <= slack]`.
///
/// # Errors
/// [`QualityError`] for `d` outside `[0, 1]` and values too long.
pub fn flaky_accepted(params: Params, d: &Rational) -> Result<Rational, QualityError> {
    let publics = accept(params.T(), params.slack(), d)?;
    let right = accept(params.B(), 0, d)?;
    let wrong = power(d, params.B())?;
    Ok(power(&(right + wrong), params.R())? * publics)
}

/// H5 fails as in [`flaky_accepted`]: accepted with at least one wrong answer.
///
/// # Errors
/// [`QualityError`] for `d` outside `[0, 1]` and values too long.
pub fn flaky_win(params: Params, d: &Rational) -> Result<Rational, QualityError> {
    let publics = accept(params.T(), params.slack(), d)?;
    let all_right = power(&accept(params.B(), 0, d)?, params.R())?;
    Ok(flaky_accepted(params, d)? - all_right * publics)
}

/// H7 fails: a client that runs a rejected session again, up to `q` sessions in all, is beaten with `1-(1-p)^q`.
///
/// # Errors
/// [`QualityError`] for `p` outside `[0, 1]` and values too long.
pub fn retry_win(p: &Rational, q: u64) -> Result<Rational, QualityError> {
    Ok(1 - accept(q, 0, p)?)
}

/// H2 itself, as a game: name two slots that are copies of one query. Guessing wins with `R C(B,2)/C(N,2)`; `None` where
/// there are not two slots.
#[must_use]
pub fn linking_baseline(params: Params) -> Option<Rational> {
    let pairs = |n: u128| Integer::from(n) * n.saturating_sub(1);
    let all = pairs(params.N());
    (all != 0).then(|| Rational::from((pairs(params.B().into()) * params.R(), all)))
}

/// H2 fails by selective failure: an act bent into `k` slots bites where a predicate of the input holds, here for `m`
/// queries and `t` publics. The client then rejects with `1 - Pr[accepted|m,t]`, and never where the predicate holds for
/// none: how good a one-bit oracle accept/reject is.
///
/// # Errors
/// [`TooLarge`] when `C(N, k)` is.
pub fn leak(deviation: &Deviation) -> Result<Rational, TooLarge> {
    Ok(1 - deviation.pr_accepted()?)
}

/// `x^n` within the exact limit.
fn power(x: &Rational, n: u64) -> Result<Rational, TooLarge> {
    if *x == 0 || *x == 1 {
        return Ok(if n == 0 { Rational::from(1) } else { x.clone() });
    }
    let bits = Integer::from(x.denom().significant_bits()) * n;
    let n = u32::try_from(n).map_err(|_| TooLarge { bits: bits.clone() })?;
    TooLarge::check(bits)?;
    Ok(x.clone().pow(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::bits::nearest;

    fn params(R: u64, B: u64, T: u64, slack: u64) -> Params {
        Params::new(R, B, T, slack).expect("legal")
    }

    #[test]
    fn selective_failure_at_the_published_setting() -> Result<(), Box<dyn std::error::Error>> {
        let oracle = Deviation::new(params(512, 5, 100, 0), 1330, 1, 0)?;
        assert!((nearest(&leak(&oracle)?) - 0.938).abs() < 0.0005);
        Ok(())
    }

    /// Over every pattern of flips at a small setting.
    #[test]
    fn flaky_by_enumeration() -> Result<(), QualityError> {
        let d = Rational::from((1, 5));
        for (R, B, T, slack) in [(2, 2, 2, 0), (2, 3, 2, 1), (1, 1, 3, 2), (3, 2, 0, 0_u32)] {
            let setting = params(R, B, T, slack.into());
            let RB = R * B;
            let N = u32::try_from(setting.N()).expect("small");
            let (mut accepted, mut win) = (Rational::new(), Rational::new());
            for flips in 0..1_u32 << N {
                let groups: Vec<u32> = (0..R).map(|q| flips >> (q * B) & ((1 << B) - 1)).collect();
                let agree = groups.iter().all(|&g| g == 0 || u64::from(g.count_ones()) == B);
                if !agree || (flips >> RB).count_ones() > slack {
                    continue;
                }
                let wrong = flips.count_ones();
                let chance = d.clone().pow(wrong) * Rational::from(1 - &d).pow(N - wrong);
                if groups.iter().any(|&g| g != 0) {
                    win += &chance;
                }
                accepted += chance;
            }
            assert_eq!(flaky_accepted(setting, &d)?, accepted);
            assert_eq!(flaky_win(setting, &d)?, win);
        }
        Ok(())
    }

    #[test]
    fn a_server_that_never_flips_passes_at_any_size() {
        let never = flaky_accepted(params(1 << 62, 3, 5, 0), &Rational::new());
        assert_eq!(never, Ok(Rational::from(1)));
    }

    #[test]
    fn retries_and_links() {
        let p = Rational::from((1, 4));
        assert_eq!(retry_win(&p, 3), Ok(Rational::from((37, 64))));
        assert_eq!(retry_win(&p, 0), Ok(Rational::new()));
        // 8 pairs of copies among the 190 pairs of slots.
        assert_eq!(linking_baseline(params(8, 2, 4, 0)), Some(Rational::from((8, 190))));
        assert_eq!(linking_baseline(params(1, 1, 0, 0)), None);
        assert_eq!(linking_baseline(params(3, 1, 0, 0)), Some(Rational::new()));
    }
}
