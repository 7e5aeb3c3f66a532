//! The third number: how often a server wins that swaps in a function which is wrong on a fraction `e` of all inputs.
//!
//! The server evaluates the same other function on every slot, so that copies agree and only publics can show it. If samples are drawn independently,
//! queries and publics alike, it wins with
//!
//! $$ f(e) = A(e) \Bigl( 1 - (1-e)^R \Bigr), \qquad A(e) = \Pr[\mathrm{Bin}(T, e) \le s] = \sum_{j=0}^{s} \binom{T}{j} e^j (1-e)^{T-j} $$
//!
//! ([`crate::bound::quality::substituted_win`] at a given `e`). Neither `B` nor lambda occurs. The bound of the correctness game does not cover
//! such a server, as which of its slots are wrong depends on what they hold (H4a fails). Every protocol of inference, however secure, lets a
//! server choose the function that it evaluates. This module finds the worst `e`.
//!
//! - **Slack 0.** With `y = (1-e)^R` the rate is `y^(T/R) (1-y)`. It is largest at `y = T/(T+R)`, so that
//!
//! $$ \max_{e} f(e) = \Bigl( \frac{T}{T+R} \Bigr)^{T/R} \frac{R}{T+R} \qquad \text{at} \quad e = 1 - \Bigl( \frac{T}{T+R} \Bigr)^{1/R} $$
//!
//!   (`Substitution.v: rate_at_most`). For `T` much larger than `R` this is about `R/(2.718 T)`, at an `e` of about `1/T`.
//! - **Slack.** `A` is a distribution function of a beta density with both parameters at least 1. That density is log-concave, hence `A` is
//!   log-concave in `e` too (Bagnoli and Bergstrom, Log-concave probability and its applications, 2005, theorem 1), and so is `1-(1-e)^R`, which is
//!   concave. So `f` rises up to one point and falls from there, and bisection by the sign of its derivative finds that point.
//! - **Monotone.** At each `e`, `f` never rises with `T` and never falls with slack or `R`. So do not their maxima, and the publics that keep the
//!   maximum below a target have a least number ([`least_publics`]).
//! - **Pools.** Samples drawn from a finite pool without replacement, and publics that `keep: honest_right` has selected, are not independent draws
//!   from what queries are drawn from: the publics then pass with `Pr[Hyp(P,x,T) <= s]` for the `x` of `P` on which the function is wrong, and a
//!   query is wrong with `1 - C(Q-y,R)/C(Q,R)`. [`crate::bound::pool::pr_win`] at `k = N` is the exact rate for given `x` and `y`. If the function
//!   is wrong on no public at all (`x = 0`), nothing bounds it (H8 fails).
//!
//! ```
//! use fusion_spec::bound::{bits::nearest, substitution::{Substitution, least_publics}};
//! use rug::Rational;
//!
//! let worst = Substitution::worst(8, 100, 0)?;
//! assert_eq!(format!("{:.3} %", 100.0 * nearest(worst.rate_at_most())), "2.831 %");
//! assert_eq!(format!("{:.3} %", 100.0 * nearest(worst.wrong_on_at_most())), "0.957 %");
//! assert_eq!(least_publics(8, 0, &Rational::from((1, 100)), 1 << 62)?, Some(291));
//! # Ok::<(), fusion_spec::bound::substitution::SubstitutionError>(())
//! ```

mod least;
mod worst;

pub use least::least_publics;
pub(in crate::bound) use least::least_publics_or_more;
pub use worst::{MAX_WORK, Substitution, SubstitutionError};
