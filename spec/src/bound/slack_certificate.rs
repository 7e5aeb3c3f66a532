//! The proof that a plan at some slack, with `T` in some range, is the least, and a checker that does not trust the planner.
//!
//! Claim: of all `(B, T)` with `B >= 1` and `min_T <= T <= max_T` at which no act that changes every answer on some `k` slots wins with more than `2^-lambda`, this one has the
//! least `N = RB+T`, and the least `B` at that `N`. At positive slack a total need not be enough because a smaller one is, so every smaller total is refused at once, by two facts of
//! necessary rates (`SlackCertificate.v`; `M = N-1`):
//!
//! - Of wrong answers to every query and to `s` publics: no `T <= l` nor `T >= M+s-l` is enough at `M` slots or fewer, and no `T <= q` with at most `b` copies.
//! - Of wrong answers to all copies of one query and to `j` publics: the `T` at which `b` copies are too few are an interval, and with fewer copies they are more. So where such intervals,
//!   each of its own `j`, cover all from the least `T` that is left to `M - Rb`, no number of copies up to `b` is enough at `M` slots or fewer.
//!
//! That the plan itself is safe are `2(slack+1)` comparisons for `slack < B`, where they decide (`Slack.v: slack_comparisons_decide`), and one for every `k` elsewhere, up to [`MAX_SCANNED`] slots. As a statement on probabilities it is
//! `SlackCertificate.v: slack_certificate_probability`.

use crate::bound::certificate::reaches;
use crate::params::{Lambda, ParamError, Params};
use rug::Integer;

/// The largest `N` at which every `k` is compared.
pub const MAX_SCANNED: u128 = 1 << 14;

/// The claim that a plan is the least at its slack and within limits of `T`, with a witness. Every field is public so that a claim from elsewhere can be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlackCertificate {
    /// The number of queries.
    pub R: u64,
    /// The security parameter.
    pub lambda: Lambda,
    /// The number of wrong publics that are tolerated.
    pub slack: u64,
    /// The least number of publics allowed.
    pub min_T: u64,
    /// The largest number of publics allowed.
    pub max_T: u64,
    /// The number of copies of each query.
    pub B: u64,
    /// The number of publics.
    pub T: u64,
    /// The witness for copies: no more copies than this fit into `N-1` slots.
    pub b: u64,
    /// The witness for publics: no number of publics up to this one is safe at `N-1` slots.
    pub l: u64,
    /// The witness for publics with at most `b` copies: no number of them up to this one is safe. It says nothing where it is `l` or less.
    pub q: u64,
    /// The witness for all numbers of publics between: intervals at which `b` copies are refused, one after the other.
    pub cover: Vec<Refused>,
    /// The number of wrong publics with which `B-1` copies are refused at `N` slots.
    pub c: u64,
}

/// The end of an interval of numbers of publics at which some number of copies is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The number of wrong publics beside all copies of one query with which the server wins too often.
    pub j: u64,
    /// The largest number of publics in the interval. The smallest one is that after the interval before.
    pub T: u64,
}

/// Why fewer copies are not safe with as many slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fewer {
    /// There are none.
    None,
    /// They leave more publics than are allowed.
    Publics,
    /// One query's copies are too easily hit.
    Copies,
    /// All queries are too easily hit.
    Queries,
}

/// Why a certificate is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlackRefusal {
    /// A parameter is outside its limits.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// `T` is outside its range.
    #[error("min_T <= T <= max_T does not hold")]
    Range,
    /// The plan is not safe.
    #[error("some deviation wins with more than 2^-lambda, or there are more slots than are compared one by one")]
    Unsafe,
    /// The witness for publics does not hold.
    #[error("C(M+slack,l) >= 2^lambda*C(M+slack,slack), or 2l > M+slack, with M = N-1")]
    WitnessPublics,
    /// More than `b` copies fit, or nothing refuses `b` copies.
    #[error(
        "N-1 slots have room for more than b copies, or the intervals do not show that b copies are never safe there"
    )]
    WitnessCopies,
    /// Fewer copies may be safe at the same `N`.
    #[error("B-1 copies may do as well at the same N")]
    Copies,
}

impl SlackCertificate {
    /// The numbers in the order in which the extracted checker reads them: `R lambda slack min_T max_T B T b l q c`, then `j` and `T` of each interval.
    #[must_use]
    pub fn numbers(&self) -> Vec<u64> {
        let Self { R, lambda, slack, min_T, max_T, B, T, b, l, q, c, .. } = *self;
        let intervals = self.cover.iter().flat_map(|interval| [interval.j, interval.T]);
        [R, lambda.bits().into(), slack, min_T, max_T, B, T, b, l, q, c].into_iter().chain(intervals).collect()
    }

    /// `N-1`, the largest total that is refused.
    fn most(&self) -> u128 {
        u128::from(self.R) * u128::from(self.B) + u128::from(self.T) - 1
    }

    /// The least number of publics that any plan of `N-1` slots or fewer needs.
    fn least_publics(&self) -> u128 {
        (u128::from(self.l) + 1).max(self.min_T.into())
    }

    /// The numbers of publics that the intervals must cover, from the least that is left with `b` copies to the most that they leave of `N-1` slots, or that is allowed. None where more
    /// are needed than are allowed, or so many that all other slots and `slack` are no more than `l`: `C(M+slack, T)` is small at both ends of `T`.
    #[must_use]
    pub fn between(&self) -> Option<[u128; 2]> {
        let least = self.least_publics().max(u128::from(self.q) + 1);
        let left = self.most().saturating_sub(u128::from(self.R) * u128::from(self.b));
        let allowed = u128::from(self.max_T);
        let beyond = self.most() + u128::from(self.slack) <= u128::from(self.l) + least;
        (least <= allowed && !beyond).then(|| [least, left.min(allowed)])
    }

    /// Whether all copies of one query, of `B` copies, and `j` of `T` publics are too easily hit: `C(RB+T, B+j) < R C(T,j) 2^lambda`.
    pub(super) fn violated(&self, B: u64, T: u128, j: u64) -> bool {
        let slots = u128::from(self.R) * u128::from(B) + T;
        !reaches(slots, u128::from(B) + u128::from(j), &(choose(T, j) * self.lambda.threshold() * self.R))
    }

    /// Whether the witness shows that no total below `N` is safe, given what `l` does.
    fn refuses(&self) -> bool {
        let Self { R, slack, b, l, q, .. } = *self;
        let (M, Rb) = (self.most(), u128::from(R) * u128::from(b));
        let queries = || {
            let bound = choose(Rb + u128::from(slack), slack) * self.lambda.threshold();
            !reaches(Rb + u128::from(q), q.into(), &bound)
        };
        M < Rb + u128::from(R) + self.least_publics()
            && (q <= l || queries())
            && self.between().is_none_or(|[least, most]| Rb <= M && self.covers(least, most))
    }

    /// Whether `j` wrong publics may refuse `b` copies, and with them all fewer at one total: it is tolerated, and `2(b+j) <= N`.
    pub(super) fn counts(&self, j: u64) -> bool {
        j <= self.slack && 2 * (u128::from(self.b) + u128::from(j)) <= self.most() + 1
    }

    /// Whether the intervals cover the numbers of publics from `least` to `most`.
    fn covers(&self, least: u128, most: u128) -> bool {
        let mut from = least;
        for Refused { j, T } in &self.cover {
            let T = u128::from(*T);
            let shown = self.counts(*j) && self.violated(self.b, from, *j) && self.violated(self.b, T, *j);
            if !shown || T >= most {
                return shown && T == most;
            }
            from = T + 1;
        }
        false
    }

    /// Says why fewer copies are not safe at `N` slots; `None` if the witness does not show it.
    #[must_use]
    pub fn fewer(&self) -> Option<Fewer> {
        let Self { R, slack, max_T, B, c, .. } = *self;
        let (N, B) = (self.most() + 1, B - 1);
        let (RB, c_) = (u128::from(R) * u128::from(B), u128::from(c));
        let left = N - RB;
        let queries = || 2 * (RB + c_) <= N && !reaches(N, RB + c_, &(choose(left, c) * self.lambda.threshold()));
        if B == 0 {
            Some(Fewer::None)
        } else if u128::from(max_T) < left {
            Some(Fewer::Publics)
        } else if c <= slack && 2 * (u128::from(B) + c_) <= N + 1 && self.violated(B, left, c) {
            Some(Fewer::Copies)
        } else {
            (c <= slack && queries()).then_some(Fewer::Queries)
        }
    }

    /// Whether no act that changes every answer on some slots wins too often with the plan's numbers.
    fn is_safe(&self) -> bool {
        if self.slack < self.B { self.ends_are_safe() } else { self.most() < MAX_SCANNED && self.every_k_is_safe() }
    }

    /// The comparisons that decide for `slack < B`: all copies of one query, and all queries, each with every number of wrong publics that is tolerated.
    fn ends_are_safe(&self) -> bool {
        let Self { R, lambda, slack, B, T, .. } = *self;
        let (RB, N) = (u128::from(R) * u128::from(B), self.most() + 1);
        (0..=slack.min(T)).all(|j| {
            let all = choose(T.into(), j) * lambda.threshold();
            let j = u128::from(j);
            reaches(N, RB + j, &all) && reaches(N, u128::from(B) + j, &(all * R))
        })
    }

    /// `W(k) 2^lambda <= C(N,k)` for every `k`, with `W(k)` the sum of `C(R,i) C(T,j)` over `iB + j = k`, `i >= 1`, `j <= slack`.
    fn every_k_is_safe(&self) -> bool {
        let Self { R, lambda, slack, B, T, .. } = *self;
        let N = R * B + T;
        let (queries, publics) = (row(R, R), row(T, slack.min(T)));
        let wins = |k: u64| -> Integer {
            let term = |(j, ways): (u64, &Integer)| {
                let copies = k.checked_sub(j).filter(|copies| *copies > 0 && copies.is_multiple_of(B))?;
                Some(Integer::from(queries.get(usize::try_from(copies / B).ok()?)? * ways))
            };
            (0..).zip(&publics).filter_map(term).sum()
        };
        (0..).zip(row(N, N)).all(|(k, sets)| wins(k) * lambda.threshold() <= sets)
    }
}

/// Checks a certificate.
///
/// $$ \binom{N}{B+j'} \ge R \binom{T}{j'} 2^{\lambda} \quad \text{and} \quad \binom{N}{RB+j'} \ge \binom{T}{j'} 2^{\lambda} \quad \text{for all } j' \le s \lt B $$
/// $$ \binom{M+s}{l} \lt 2^{\lambda} \binom{M+s}{s}, \quad 2l \le M+s, \quad M \lt R(b+1) + \mathit{lo} $$
/// $$ q \le l \quad \text{or} \quad \binom{Rb+q}{q} \lt 2^{\lambda} \binom{Rb+s}{s} $$
/// $$ \binom{Rb+t}{b+j} \lt R \binom{t}{j} 2^{\lambda} \quad \text{at both ends } t \text{ of each interval}, \quad 2(b+j) \le M+1 $$
///
/// with `M = N-1` and `lo = max(l+1, min_T)`. The intervals follow one another from `max(l+1, q+1, min_T)` to `min(M-Rb, max_T)`. [`Fewer`] has the reasons against fewer copies at `N` slots.
///
/// # Errors
/// [`SlackRefusal`] names the first part of the claim that fails.
///
/// ```
/// use fusion_spec::{bound::slack_certificate::{Refused, SlackCertificate, SlackRefusal, check}, params::Lambda};
/// let lambda = Lambda::new(40)?;
/// let claim = SlackCertificate { R: 8, lambda, slack: 3, min_T: 100, max_T: 1000, B: 10, T: 100, b: 9, l: 11, q: 15, cover: vec![Refused { j: 3, T: 107 }], c: 3 };
/// assert_eq!(check(&claim), Ok(()));
/// assert_eq!(check(&SlackCertificate { T: 101, ..claim }), Err(SlackRefusal::WitnessCopies), "180 slots are enough");
/// # Ok::<(), fusion_spec::params::ParamError>(())
/// ```
pub fn check(certificate: &SlackCertificate) -> Result<(), SlackRefusal> {
    let &SlackCertificate { R, lambda, slack, min_T, max_T, B, T, l, .. } = certificate;
    Params::new(R, B, T, slack)?;
    if !(min_T..=max_T).contains(&T) {
        return Err(SlackRefusal::Range);
    }
    if !certificate.is_safe() {
        return Err(SlackRefusal::Unsafe);
    }
    let shifted = certificate.most() + u128::from(slack);
    let bound = choose(shifted, slack) * lambda.threshold();
    if u128::from(l) > shifted / 2 || reaches(shifted, l.into(), &bound) {
        return Err(SlackRefusal::WitnessPublics);
    }
    if !certificate.refuses() {
        return Err(SlackRefusal::WitnessCopies);
    }
    certificate.fewer().ok_or(SlackRefusal::Copies)?;
    Ok(())
}

/// `C(n,0)` to `C(n,last)`.
fn row(n: u64, last: u64) -> Vec<Integer> {
    let next = |ways: &Integer, k: u64| Some(Integer::from(ways * (n - k)) / (k + 1));
    let mut ways = vec![Integer::from(1)];
    (0..last).for_each(|k| ways.extend(ways.last().and_then(|last| next(last, k))));
    ways
}

/// `C(n,k)`, by its definition.
pub(super) fn choose(n: u128, k: u64) -> Integer {
    let k = u128::from(k);
    if k > n {
        return Integer::new();
    }
    let product = |numbers: std::ops::RangeInclusive<u128>| numbers.map(Integer::from).product::<Integer>();
    product(n - k + 1..=n) / product(1..=k)
}
