//! What counted trials say about a claimed rate: it passes, is refuted, or is not decided yet. The error probability holds for all numbers of
//! trials at once.
//!
//! The confidence sequence is Robbins' with the uniform mixture (H. Robbins, Statistical methods related to the law of the
//! iterated logarithm, Ann. Math. Stat. 41, 1970): after `n` trials with `S` successes,
//! `CS_n = { p : (n+1) C(n,S) p^S (1-p)^(n-S) > alpha }`. The true rate leaves it at some `n` with probability at most
//! `alpha`, so a test may be looked at as often as one likes.
//!
//! $$ CS_{n} = \Bigl\lbrace p : (n+1) \binom{n}{S} p^S (1-p)^{n-S} \gt \alpha \Bigr\rbrace, \qquad
//! \Pr[\text{some } CS_{n} \text{ misses the true rate}] \le \alpha $$
//!
//! A claimed rate outside the set is refuted. One that is inside passes where it outweighs both ends of its tolerance by `1/alpha`, by the likelihood ratio
//! of A. Wald (Sequential Analysis, Wiley, 1947). Before semantics 6 it passed where the whole set lay within the tolerance ([`PassRule`]).
//!
//! Both are proved on every finite horizon (`Ville.v: rate_ever_excluded`, `Wald.v: far_rate_ever_outweighed`), and so is that some clause that [`Evidence::decide`] decides is
//! wrong with probability at most the sum of their `alpha` (`Wald.v: some_wrong_sharp`). Tests of events add an `alpha` each, and are not in it.
//!
//! Certified logarithms decide both, and exact arithmetic where a tie is possible.
//!
//! ```
//! use fusion_spec::evidence::{Clause, Decision, Evidence, Tolerance};
//! use rug::Rational;
//!
//! let alpha = Rational::from((1, 1_000_000));
//! let within = Tolerance { relative: Rational::from((1, 10)), absolute: Rational::from((1, 1000)), negligible: Rational::new() };
//! let clause = Clause::Equals(Rational::from((4, 95)));
//! let evidence = |n, successes| Evidence::new(n, successes, alpha.clone());
//! assert_eq!(evidence(200_704, 8_320)?.decide(&clause, &within), Decision::Pass);
//! assert_eq!(evidence(200_704, 9_320)?.decide(&clause, &within), Decision::Refuted);
//! assert_eq!(evidence(1_000, 42)?.decide(&clause, &within), Decision::Inconclusive);
//! # Ok::<(), fusion_spec::evidence::EvidenceError>(())
//! ```

mod clause;
mod confidence;
mod ends;
mod ratio;
mod schedule;

pub use clause::{Clause, Decision, PassRule, Tolerance};
pub use confidence::{Evidence, EvidenceError};
pub use schedule::{next_checkpoint, trials_needed};
