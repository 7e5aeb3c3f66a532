//! The rates of one act on `k` slots that are chosen independently of the mix. The paper's formulas are a special case.
//!
//! The act changes the answer of `m` of the `R` queries and of `t` of the `T` publics, alike on all copies. Slots that
//! hold anything else are neutral: touching them changes nothing.
//!
//! Invariant: a [`Deviation`] has `k <= N`, `m <= R` and `t <= T`.
//!
//! ```
//! use fusion_spec::bound::deviation::Deviation;
//! use fusion_spec::params::Params;
//! use rug::Rational;
//!
//! let params = Params::new(8, 2, 4, 0)?;
//! assert_eq!(Deviation::full(params, 2)?.pr_win()?, Rational::from((4, 95)));
//! assert_eq!(Deviation::full(params, 3)?.touch_bound()?, Rational::from((12, 95)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::exact::binomial::{TooLarge, binomial, binomial_bits};
use crate::params::Params;
use rug::{Integer, Rational};

/// Why a deviation does not fit a session's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviationError {
    /// More slots are touched than there are.
    #[error("k = {k} slots cannot be touched: there are N = {N}")]
    Slots {
        /// The number of slots touched.
        k: u128,
        /// The number of slots that exist.
        N: u128,
    },
    /// The answers of more queries change than there are.
    #[error("m = {m} queries cannot change: there are R = {R}")]
    Queries {
        /// The number of queries whose answers change.
        m: u64,
        /// The number of queries that exist.
        R: u64,
    },
    /// The answers of more publics change than there are.
    #[error("t = {t} publics cannot change: there are T = {T}")]
    Publics {
        /// The number of publics whose answers change.
        t: u64,
        /// The number of publics that exist.
        T: u64,
    },
}

/// A server that applies one act to `k` slots, which changes the answers of `m` queries and `t` publics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deviation {
    params: Params,
    k: u128,
    m: u64,
    t: u64,
}

impl Deviation {
    /// Makes a deviation, after checking its counts against the parameters.
    ///
    /// # Errors
    /// [`DeviationError`] names a count that exceeds what there is.
    pub fn new(params: Params, k: u128, m: u64, t: u64) -> Result<Self, DeviationError> {
        if k > params.N() {
            Err(DeviationError::Slots { k, N: params.N() })
        } else if m > params.R() {
            Err(DeviationError::Queries { m, R: params.R() })
        } else if t > params.T() {
            Err(DeviationError::Publics { t, T: params.T() })
        } else {
            Ok(Self { params, k, m, t })
        }
    }

    /// Makes the deviation of the paper, where every touched slot is answered wrongly (`m = R`, `t = T`).
    ///
    /// # Errors
    /// [`DeviationError::Slots`] says that `k > N`.
    pub fn full(params: Params, k: u128) -> Result<Self, DeviationError> {
        Self::new(params, k, params.R(), params.T())
    }

    /// [`Deviation::full`] for a `k` that is at most `N` by construction.
    pub(super) fn full_within(params: Params, k: u128) -> Self {
        debug_assert!(k <= params.N(), "the caller bounds k");
        Self { params, k, m: params.R(), t: params.T() }
    }

    /// Counts the `k`-sets of slots that win, which means that the client accepts at least one wrong answer: `W(k|m,t,s)`.
    ///
    /// $$ W(k \mid m,t,s) = \sum_{f=1}^{m} \sum_{j=0}^{\min(s,t)} \binom{m}{f} \binom{t}{j} \binom{N-mB-t}{k-fB-j} $$
    ///
    /// # Errors
    /// [`TooLarge`] says that `C(N, k)` is too long.
    ///
    /// ```
    /// use fusion_spec::{bound::deviation::Deviation, params::Params};
    /// let params = Params::new(8, 2, 4, 0)?;
    /// // Of the C(20,4) sets of four slots, two whole groups.
    /// assert_eq!(Deviation::full(params, 4)?.winning_sets()?, 28);
    /// assert_eq!(Deviation::full(params, 4)?.all_sets()?, 4845);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn winning_sets(&self) -> Result<Integer, TooLarge> {
        self.sets(1)
    }

    /// Counts the `k`-sets of slots with which the client accepts, with or without a wrong answer.
    ///
    /// $$ \sum_{f=0}^{m} \sum_{j=0}^{\min(s,t)} \binom{m}{f} \binom{t}{j} \binom{N-mB-t}{k-fB-j} $$
    ///
    /// # Errors
    /// [`TooLarge`] says that `C(N, k)` is too long.
    ///
    /// ```
    /// use fusion_spec::{bound::deviation::Deviation, params::Params};
    /// // Three queries and a public change: 3 pairs are copies, C(13,2) neutral.
    /// let deviation = Deviation::new(Params::new(8, 2, 4, 0)?, 2, 3, 1)?;
    /// assert_eq!((deviation.accepted_sets()?, deviation.winning_sets()?), (81.into(), 3.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn accepted_sets(&self) -> Result<Integer, TooLarge> {
        self.sets(0)
    }

    /// Computes the probability of a win, `Pr[win|m,t] = W(k|m,t,s) / C(N,k)`.
    ///
    /// At slack 0, with `m = R` and `t = T`, this is the paper's success probability at `k = iB`, and 0 at any other `k`:
    ///
    /// $$ \Pr[E_{T}] \cdot \Pr[E_{B} \mid E_{T}] = \binom{R}{i} \Big/ \binom{RB+T}{iB} $$
    ///
    /// # Errors
    /// [`TooLarge`] says that `C(N, k)` is too long.
    ///
    /// ```
    /// use fusion_spec::{bound::deviation::Deviation, params::Params};
    /// use rug::Rational;
    ///
    /// let params = Params::new(8, 2, 4, 0)?;
    /// assert_eq!(Deviation::full(params, 2)?.pr_win()?, Rational::from((4, 95)));
    /// assert_eq!(Deviation::full(params, 3)?.pr_win()?, 0);
    /// assert_eq!(Deviation::full(params, 4)?.pr_win()?, Rational::from((28, 4845)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pr_win(&self) -> Result<Rational, TooLarge> {
        Ok(Rational::from((self.winning_sets()?, self.all_sets()?)))
    }

    /// Computes the probability that the client accepts, `Pr[accepted|m,t]`.
    ///
    /// # Errors
    /// [`TooLarge`] says that `C(N, k)` is too long.
    ///
    /// ```
    /// use fusion_spec::{bound::deviation::Deviation, params::Params};
    /// // A weak model on all 20 slots passes if its errors on the publics are within the slack.
    /// let params = Params::new(8, 2, 4, 1)?;
    /// assert_eq!(Deviation::new(params, 20, 3, 1)?.pr_accepted()?, 1);
    /// assert_eq!(Deviation::new(params, 20, 3, 2)?.pr_accepted()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pr_accepted(&self) -> Result<Rational, TooLarge> {
        Ok(Rational::from((self.accepted_sets()?, self.all_sets()?)))
    }

    /// Counts all sets of `k` slots, `C(N,k)`.
    ///
    /// # Errors
    /// [`TooLarge`] says that the number is beyond the exact limit.
    pub fn all_sets(&self) -> Result<Integer, TooLarge> {
        binomial(self.params.N(), self.k)
    }

    /// `sum_{f >= fewest} sum_{j <= min(s,t)} C(m,f) C(t,j) C(N-mB-t, k-fB-j)`: `f` changed queries hit in all `B`
    /// copies, `j` changed publics hit, the rest of the `k` slots neutral. Only terms that are not zero are visited.
    fn sets(&self, fewest: u128) -> Result<Integer, TooLarge> {
        let Self { params, k, m, t } = *self;
        let (m, t, B) = (u128::from(m), u128::from(t), u128::from(params.B()));
        TooLarge::check(binomial_bits(params.N(), k))?;
        let neutral = params.N() - m * B - t;
        let most_j = u128::from(params.slack()).min(t);
        let first = k.saturating_sub(neutral + most_j).div_ceil(B).max(fewest);
        let mut sum = Integer::new();
        for f in first..=m.min(k / B) {
            let rest = k - f * B;
            let (least, most) = (rest.saturating_sub(neutral), most_j.min(rest));
            if least <= most {
                sum += binomial(m, f)? * hits(t, neutral, rest, least, most)?;
            }
        }
        Ok(sum)
    }

    /// Computes `Pr[E_T]`, the probability that at most `slack` touched slots hold publics. At slack 0 this is the paper's equation (1),
    /// `C(RB+T-k, T) / C(RB+T, T)`.
    ///
    /// $$ \Pr[E_{T}] = \sum_{j=0}^{\min(s,T)} \binom{T}{j} \binom{RB}{k-j} \Big/ \binom{N}{k},
    /// \qquad \text{at } s = 0 \text{:} \quad \binom{RB+T-k}{T} \Big/ \binom{RB+T}{T} $$
    ///
    /// # Errors
    /// [`TooLarge`] says that `C(N, k)` is too long.
    ///
    /// ```
    /// use fusion_spec::{bound::deviation::Deviation, params::Params};
    /// let deviation = Deviation::full(Params::new(8, 2, 4, 0)?, 2)?;
    /// assert_eq!(deviation.pr_e_t()?, rug::Rational::from((12, 19)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pr_e_t(&self) -> Result<Rational, TooLarge> {
        Ok(Rational::from((self.passed_sets()?, self.all_sets()?)))
    }

    /// Computes `Pr[E_B | E_T]`, the probability that the touched query slots are `i >= 1` whole groups of copies, given `E_T`. It is `None` where `E_T` is
    /// impossible. At slack 0 and `k = iB` this is the paper's equation (2), `C(R,i) (iB)! (RB-iB)! / (RB)!`.
    ///
    /// $$ \Pr[E_{B} \mid E_{T}] = W(k \mid R,T,s) \Big/ \sum_{j=0}^{\min(s,T)} \binom{T}{j} \binom{RB}{k-j},
    /// \qquad \text{at } s = 0, k = iB \text{:} \quad \binom{R}{i} \frac{(iB)! (RB-iB)!}{(RB)!} $$
    ///
    /// # Errors
    /// [`TooLarge`] says that `C(N, k)` is too long.
    ///
    /// ```
    /// use fusion_spec::{bound::deviation::Deviation, params::Params};
    /// use rug::Rational;
    ///
    /// let params = Params::new(8, 2, 4, 0)?;
    /// assert_eq!(Deviation::full(params, 2)?.pr_e_b()?, Some(Rational::from((1, 15))));
    /// assert_eq!(Deviation::full(params, 17)?.pr_e_b()?, None, "17 slots always hit a public");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pr_e_b(&self) -> Result<Option<Rational>, TooLarge> {
        let Self { params, k, .. } = *self;
        let both = Self { params, k, m: params.R(), t: params.T() }.winning_sets()?;
        let passed = self.passed_sets()?;
        Ok((passed != 0).then(|| Rational::from((both, passed))))
    }

    /// Counts the sets of `k` slots for which `E_T` happens. They are those with which the client accepts if every public changes and no query does.
    ///
    /// # Errors
    /// [`TooLarge`] says that `C(N, k)` is too long.
    pub fn passed_sets(&self) -> Result<Integer, TooLarge> {
        Self { m: 0, t: self.params.T(), ..*self }.accepted_sets()
    }

    /// Computes the touch bound: a win needs all `B` copies of some query touched, whatever is then done to them, so
    /// `Pr[win] <= sum_{i >= 1} (-1)^(i+1) C(R,i) C(N-iB, k-iB) / C(N,k)`. This needs neither H3 nor H4.
    ///
    /// $$ \Pr[\mathrm{win}] \le \sum_{i \ge 1} (-1)^{i+1} \binom{R}{i} \binom{N-iB}{k-iB} \Big/ \binom{N}{k} $$
    ///
    /// # Errors
    /// [`TooLarge`] says that `C(N, k)` is too long, or that the sum has more than [`MAX_TOUCH_TERMS`] terms.
    ///
    /// ```
    /// use fusion_spec::{bound::deviation::Deviation, params::Params};
    /// let deviation = Deviation::full(Params::new(8, 2, 4, 0)?, 4)?;
    /// assert_eq!(deviation.touch_bound()?, rug::Rational::from((1196, 4845)));
    /// assert_eq!(deviation.pr_win()?, rug::Rational::from((28, 4845)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn touch_bound(&self) -> Result<Rational, TooLarge> {
        let Self { params, k, .. } = *self;
        let (R, B, N) = (u128::from(params.R()), u128::from(params.B()), params.N());
        let all = self.all_sets()?;
        let most = self.touch_terms();
        if most > MAX_TOUCH_TERMS {
            return Err(TooLarge { bits: Integer::from(all.significant_bits()) * most });
        }
        let (mut sum, mut ways, mut sets) = (Integer::new(), Integer::from(1), all.clone());
        for i in 1..=most {
            ways *= R + 1 - i;
            ways.div_exact_mut(&Integer::from(i));
            sets = both_less(sets, N - (i - 1) * B, k - (i - 1) * B, B)?;
            let term = Integer::from(&ways * &sets);
            if i % 2 == 1 { sum += term } else { sum -= term }
        }
        Ok(Rational::from((sum, all)))
    }

    /// Returns the number of terms of the touch bound: as many as the whole groups of copies that the touched slots can hold.
    #[must_use]
    pub fn touch_terms(&self) -> u128 {
        u128::from(self.params.R()).min(self.k / u128::from(self.params.B()))
    }
}

/// `sum_{j = least..=most} C(t,j) C(neutral, rest-j)`, for `least <= most`, each term from the one before.
fn hits(t: u128, neutral: u128, rest: u128, least: u128, most: u128) -> Result<Integer, TooLarge> {
    let mut term = binomial(t, least)? * binomial(neutral, rest - least)?;
    let mut sum = term.clone();
    for j in least..most {
        term *= t - j;
        term *= rest - j;
        term.div_exact_mut(&(Integer::from(j + 1) * (neutral + j + 1 - rest)));
        sum += &term;
    }
    Ok(sum)
}

/// `C(n-by, k-by)` from `C(n,k)`, as `C(n-1,k-1) = C(n,k) k/n`; from nothing where that is shorter.
fn both_less(mut sets: Integer, n: u128, k: u128, by: u128) -> Result<Integer, TooLarge> {
    if by >= k.min(n - k) {
        return binomial(n - by, k - by);
    }
    for j in 0..by {
        sets *= k - j;
        sets.div_exact_mut(&Integer::from(n - j));
    }
    Ok(sets)
}

/// The most terms that are summed for an exact touch bound.
pub const MAX_TOUCH_TERMS: u128 = 1 << 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn params(R: u64, B: u64, T: u64, slack: u64) -> Params {
        Params::new(R, B, T, slack).expect("legal")
    }

    fn full(p: Params, k: u128) -> Deviation {
        Deviation::full(p, k).expect("k <= N")
    }

    #[test]
    fn the_published_example() {
        let p = params(8, 2, 4, 0);
        let win = |k| full(p, k).pr_win().expect("small");
        assert_eq!(win(2), Rational::from((4, 95)));
        assert_eq!(win(4), Rational::from((28, 4845)));
        assert_eq!(win(3), 0);
        assert_eq!(
            (win(2) * 4_u32 + win(4)) / 10_u32,
            Rational::from((422, 24225)),
            "honest 5, two slots 4, four slots 1"
        );
        assert_eq!(full(p, 3).touch_bound().expect("small"), Rational::from((12, 95)));
        assert_eq!(full(p, 4).touch_bound().expect("small"), Rational::from((1196, 4845)));
        assert_eq!(full(p, 2).pr_e_t().expect("small"), Rational::from((12, 19)));
        assert_eq!(full(p, 2).pr_e_b().expect("small"), Some(Rational::from((1, 15))));
        assert_eq!(full(p, 17).pr_e_b().expect("small"), None, "17 slots always hit a public");
    }

    #[test]
    fn a_weak_model_everywhere_passes_only_on_its_own_merits() {
        let p = params(8, 2, 4, 1);
        let all = |m, t| Deviation::new(p, 20, m, t).expect("fits");
        assert_eq!(all(3, 1).pr_win(), Ok(Rational::from(1)));
        assert_eq!(all(0, 1).pr_win(), Ok(Rational::new()));
        assert_eq!(all(0, 1).pr_accepted(), Ok(Rational::from(1)));
        assert_eq!(all(3, 2).pr_accepted(), Ok(Rational::new()));
    }

    #[test]
    fn long_sums_and_values_are_refused_at_once() {
        let p = params(1 << 62, 1 << 20, 1 << 62, 1 << 61);
        for k in [1 << 61, p.N() / 2, p.N() - (1 << 61)] {
            assert!(full(p, k).pr_win().is_err());
            assert!(full(p, k).touch_bound().is_err());
        }
        let wide = params(1 << 19, 3, 2, 0);
        assert!(full(wide, 3 << 19).touch_bound().is_err(), "half a million terms");
        assert!(full(wide, 3 << 19).pr_win().is_ok());
    }

    #[test]
    fn the_sum_of_hits_is_its_definition() {
        for (t, neutral) in (0..6_u128).flat_map(|t| (0..6_u128).map(move |neutral| (t, neutral))) {
            for rest in 0..=t + neutral {
                for least in rest.saturating_sub(neutral)..=rest.min(t) {
                    for most in least..=rest.min(t) {
                        let term = |j| binomial(t, j).expect("small") * binomial(neutral, rest - j).expect("small");
                        let sum: Integer = (least..=most).map(term).sum();
                        assert_eq!(
                            hits(t, neutral, rest, least, most),
                            Ok(sum),
                            "{t} {neutral} {rest} {least}..={most}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn binomials_with_both_less_are_binomials() {
        for (n, k) in (0..12_u128).flat_map(|n| (0..=n).map(move |k| (n, k))) {
            for by in 0..=k {
                let sets = both_less(binomial(n, k).expect("small"), n, k, by);
                assert_eq!(sets, binomial(n - by, k - by), "C({n},{k}) by {by}");
            }
        }
        let long = both_less(Integer::from(1), 1 << 100, 1 << 100, 1 << 90);
        assert_eq!(long, Ok(Integer::from(1)), "without 2^90 steps");
    }

    #[test]
    fn e_t_asks_for_slots_and_not_for_what_changes_there() {
        let p = params(3, 2, 4, 1);
        for k in 0..=10 {
            let part = Deviation::new(p, k, 2, 1).expect("fits");
            assert_eq!(part.pr_e_t(), full(p, k).pr_e_t(), "k = {k}");
            assert_eq!(part.pr_e_b(), full(p, k).pr_e_b(), "k = {k}");
        }
    }

    #[test]
    fn the_touch_bound_has_so_many_terms_and_no_more() {
        let of = |R: u64| full(params(R, 1, 0, 0), R.into());
        assert_eq!(of(4096).touch_bound(), Ok(Rational::from(1)), "all slots are touched");
        let bits = Integer::from(4097);
        assert_eq!(of(4097).touch_bound(), Err(TooLarge { bits }), "one bit of C(N,N), and one term too many");
    }

    #[test]
    fn counts_beyond_the_setting_are_errors() {
        let p = params(2, 2, 1, 0);
        assert_eq!(Deviation::full(p, 6), Err(DeviationError::Slots { k: 6, N: 5 }));
        assert_eq!(Deviation::new(p, 1, 3, 0), Err(DeviationError::Queries { m: 3, R: 2 }));
        assert_eq!(Deviation::new(p, 1, 0, 2), Err(DeviationError::Publics { t: 2, T: 1 }));
    }
}
