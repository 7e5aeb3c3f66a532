//! The accuracy game: a server that runs a worse model on every slot, and an honest model that errs.
//!
//! Copies never catch a deterministic weak model, because it answers all of them alike. Only the publics do, and an honest model that is right less than
//! always can fail them too.

use crate::bound::pool::{PoolError, hypergeometric};
use crate::exact::binomial::TooLarge;
use rug::{Integer, Rational, ops::Pow};

/// Why a rate of the accuracy game cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QualityError {
    /// A number that should be a probability is not.
    #[error("{0} is not between 0 and 1")]
    NotAProbability(Rational),
    /// A value is beyond the exact limit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// Computes how likely a model is accepted that errs on each public independently, `Pr[Bin(T, error) <= slack]`.
///
/// $$ \Pr[\mathrm{accepted}] = \sum_{j=0}^{\min(s,T)} \binom{T}{j} e^j (1-e)^{T-j} $$
///
/// # Errors
/// [`QualityError`] says that the error rate is outside `[0, 1]`, or that a value is too long.
///
/// ```
/// use fusion_spec::bound::{bits::security_bits, quality::accept};
/// use rug::Rational;
///
/// // Four publics accept a model of accuracy 0.8 with probability 0.41, and a hundred accept one of 0.9 with 2^-15.2.
/// assert_eq!(accept(4, 0, &Rational::from((1, 5)))?, Rational::from((256, 625)));
/// let weak = accept(100, 0, &Rational::from((1, 10)))?;
/// assert_eq!(security_bits(&weak).map(|bits| format!("{bits:.1}")), Some("15.2".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn accept(T: u64, slack: u64, error: &Rational) -> Result<Rational, QualityError> {
    if *error < 0 || *error > 1 {
        return Err(QualityError::NotAProbability(error.clone()));
    }
    if slack >= T || *error == 0 {
        return Ok(Rational::from(1));
    }
    if *error == 1 {
        return Ok(Rational::new());
    }
    let bits = Integer::from(error.denom().significant_bits()) * T;
    TooLarge::check(bits)?;
    let (wrong, right) = (error.numer(), Integer::from(error.denom() - error.numer()));
    let power = u32::try_from(T).map_err(|_| TooLarge { bits: Integer::from(T) })?;
    // term = C(T,j) wrong^j right^(T-j), an integer at every step
    let mut term = right.clone().pow(power);
    let mut sum = term.clone();
    for j in 0..slack {
        term *= wrong;
        term *= T - j;
        term.div_exact_mut(&Integer::from(&right * (j + 1)));
        sum += &term;
    }
    Ok(Rational::from((sum, error.denom().clone().pow(power))))
}

/// Computes how likely a model is accepted if the `T` publics are drawn from a pool of `P`, on `x` of which it errs: `Pr[Hyp(P, x, T) <= slack]`.
///
/// $$ \sum_{t \le s} \binom{x}{t} \binom{P-x}{T-t} \Big/ \binom{P}{T} $$
///
/// # Errors
/// [`PoolError`] says that a count is impossible, or that a value is too long.
///
/// ```
/// use fusion_spec::bound::quality::accept_from_pool;
/// // One error among ten publics, four drawn.
/// assert_eq!(accept_from_pool(10, 1, 4, 0)?, rug::Rational::from((6, 10)));
/// assert_eq!(accept_from_pool(10, 1, 4, 1)?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn accept_from_pool(P: u64, x: u64, T: u64, slack: u64) -> Result<Rational, PoolError> {
    let counts = hypergeometric("publics", P, x, T)?;
    Ok(counts.into_iter().filter(|(wrong, _)| *wrong <= slack).map(|(_, weight)| weight).sum())
}

/// Computes how likely an honest model of some accuracy is rejected, `Pr[Bin(T, 1-accuracy) > slack]`.
///
/// $$ 1 - \sum_{j=0}^{\min(s,T)} \binom{T}{j} (1-a)^j a^{T-j} $$
///
/// # Errors
/// [`QualityError`] says that the accuracy is outside `[0, 1]`, or that a value is too long.
///
/// ```
/// use fusion_spec::bound::quality::{accept, false_abort};
/// use rug::Rational;
///
/// // T = 268 at slack 13 passes a model of accuracy 0.99 at kappa 20, and rejects one of 0.80 at lambda 40.
/// let two_to_minus = |bits: u32| Rational::from((1, 1_u64 << bits));
/// assert!(false_abort(268, 13, &Rational::from((99, 100)))? <= two_to_minus(20));
/// assert!(accept(268, 13, &Rational::from((20, 100)))? <= two_to_minus(40));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn false_abort(T: u64, slack: u64, accuracy: &Rational) -> Result<Rational, QualityError> {
    let error = Rational::from(1 - accuracy);
    Ok(1 - accept(T, slack, &error)?)
}

/// Computes how likely a server wins that evaluates another function, of error rate `e`, on every slot: `Pr[Bin(T, e) <= slack] (1 - (1-e)^R)`.
///
/// $$ \Pr[\mathrm{win}] = \Bigl( 1 - (1-e)^R \Bigr) \sum_{j=0}^{\min(s,T)} \binom{T}{j} e^j (1-e)^{T-j},
/// \qquad \text{at } s = 0 \text{:} \quad (1-e)^T \Bigl( 1 - (1-e)^R \Bigr) $$
///
/// # Errors
/// [`QualityError`] says that the error rate is outside `[0, 1]`, or that a value is too long.
///
/// ```
/// use fusion_spec::bound::quality::substituted_win;
/// use rug::Rational;
///
/// // This is nearly the best error rate against (8,8,100). It wins with 2.8 %, whatever the number of copies.
/// let win = substituted_win(8, 100, 0, &Rational::from((1, 104)))?;
/// assert!(win > Rational::from((28, 1000)) && win < Rational::from((29, 1000)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn substituted_win(R: u64, T: u64, slack: u64, error: &Rational) -> Result<Rational, QualityError> {
    let all_right = accept(R, 0, error)?;
    Ok(accept(T, slack, error)? * (1 - all_right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::bits::{nearest, security_bits};

    fn rational(numer: i64, denom: i64) -> Rational {
        Rational::from((numer, denom))
    }

    #[test]
    fn the_published_accuracies() -> Result<(), QualityError> {
        let weak = accept(100, 0, &rational(1, 10))?;
        assert!(security_bits(&weak).is_some_and(|bits| (15.2..15.3).contains(&bits)));
        assert!((nearest(&accept(4, 0, &rational(1, 5))?) - 0.4096).abs() < 1e-12);
        // 0.99 against 0.80 at lambda 40, kappa 20: (T, s) = (268, 13) and no smaller T.
        let one = |bits: u32| Rational::from((Integer::from(1), Integer::from(1) << bits));
        assert!(accept(268, 13, &rational(1, 5))? <= one(40) && accept(267, 13, &rational(1, 5))? > one(40));
        assert!(false_abort(268, 13, &rational(99, 100))? <= one(20));
        Ok(())
    }

    /// The maxima over e, at x = 1-e with x^R = T/(T+R): 2.8 % and 58.7 %.
    #[test]
    fn one_substituted_function() -> Result<(), QualityError> {
        for (R, T, percent) in [(8, 100, 2.8), (512, 100, 58.7)] {
            let rate = |e: i64| substituted_win(R, T, 0, &rational(e, 10_000)).map(|p| 100.0 * nearest(&p));
            let most = (0..400).map(rate).collect::<Result<Vec<_>, _>>()?.into_iter().fold(0.0, f64::max);
            assert!((most - percent).abs() < 0.05, "({R},{T}): {most}");
        }
        Ok(())
    }

    #[test]
    fn binomial_by_enumeration() -> Result<(), QualityError> {
        let error = rational(2, 7);
        for T in 0..8_u32 {
            for slack in 0..=T {
                let passes = (0..1_u32 << T).filter(|wrong| wrong.count_ones() <= slack);
                let chance = |wrong: u32| {
                    let wrong = wrong.count_ones();
                    error.clone().pow(wrong) * Rational::from(1 - &error).pow(T - wrong)
                };
                let sum: Rational = passes.map(chance).sum();
                assert_eq!(accept(T.into(), slack.into(), &error)?, sum);
            }
        }
        Ok(())
    }

    #[test]
    fn edges_and_limits() {
        assert_eq!(accept(5, 0, &Rational::new()), Ok(Rational::from(1)));
        assert_eq!(accept(5, 4, &Rational::from(1)), Ok(Rational::new()));
        assert_eq!(accept(5, 5, &Rational::from(1)), Ok(Rational::from(1)));
        assert!(matches!(accept(5, 0, &rational(-1, 2)), Err(QualityError::NotAProbability(_))));
        assert!(matches!(accept(1 << 62, 0, &rational(1, 10)), Err(QualityError::TooLarge(_))));
        assert_eq!(accept_from_pool(10, 0, 5, 0), Ok(Rational::from(1)));
        assert_eq!(accept_from_pool(10, 10, 5, 4), Ok(Rational::new()));
        assert_eq!(accept_from_pool(4, 1, 2, 0), Ok(rational(1, 2)));
    }
}
