//! Rates of a server that spends the client's verdicts on a secret which the client keeps between sessions, so that H7 fails.

use rug::{Rational, ops::Pow};

/// Computes how often a server names a part of a secret right, of which it has guessed one value in each of `sessions` sessions. A part has `values` values, all as
/// likely, and a verdict says whether the guess was right. If parts have two values, it guesses one value of each of as many parts as there are sessions, and names
/// them all. If they have more, it goes on with another value of the same part until one is right, and at the end names that, or else one of those left.
///
/// `kept` says that all sessions have the same secret, which is also the one that is asked for. Otherwise each session has a secret of its own, and so has the
/// game's end: what verdicts tell of one is of no use for another.
///
/// $$ \Pr[\mathrm{named\ right}] = \begin{cases} 1 & \text{kept, } v = 2 \\ (q+1)/v & \text{kept, } v > 2 \\ 2^{-q} & \text{fresh, } v = 2 \\
/// 1/v & \text{fresh, } v > 2 \end{cases} $$
///
/// with $q$ sessions and $v$ values. `None` for parts of fewer than two values, and for more sessions than decide one part of more than two, `values - 1`.
///
/// ```
/// use fusion_spec::bound::probed::named_right;
/// use rug::Rational;
///
/// // Seven bits of a correlation, one in a session; and a byte, of which 15 of 256 values were tried.
/// assert_eq!(named_right(2, 7, true), Some(Rational::from(1)));
/// assert_eq!(named_right(2, 7, false), Some(Rational::from((1, 128))));
/// assert_eq!(named_right(256, 15, true), Some(Rational::from((1, 16))));
/// assert_eq!(named_right(256, 15, false), Some(Rational::from((1, 256))));
/// ```
#[must_use]
pub fn named_right(values: u32, sessions: u32, kept: bool) -> Option<Rational> {
    match (values, kept) {
        (0 | 1, _) => None,
        (2, true) => Some(Rational::from(1)),
        (2, false) => Some(Rational::from((1, 2)).pow(sessions)),
        (_, _) if sessions >= values => None,
        (_, true) => Some(Rational::from((sessions + 1, values))),
        (_, false) => Some(Rational::from((1, values))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By all secrets, for a server that tries the values in order and names the next one if none was right.
    #[test]
    fn every_secret_is_counted() {
        for values in 3..20_u32 {
            for sessions in 0..values {
                let named = |secret: u32| if secret < sessions { secret } else { sessions };
                let right = (0..values).filter(|&secret| named(secret) == secret).count();
                assert_eq!(named_right(values, sessions, true), Some(Rational::from((right, values))));
                // The secret that is asked for is another: each as likely, whatever was named.
                let pairs = (0..values).flat_map(|first| (0..values).filter(move |&other| named(first) == other));
                assert_eq!(
                    named_right(values, sessions, false),
                    Some(Rational::from((pairs.count(), values * values)))
                );
            }
            assert_eq!(named_right(values, values, true), None);
        }
        assert_eq!([0, 1].map(|values| named_right(values, 0, true)), [None, None]);
        assert_eq!(named_right(2, 0, false), Some(Rational::from(1)), "nothing is named");
    }
}
