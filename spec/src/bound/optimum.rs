//! The least total at slack 0, by bisection, with the witness that it is least.
//!
//! At slack 0, `secure <=> R*2^lambda <= C(N,B) and 2^lambda <= C(N,T)`, so whether some `B` and `T` of a total `N` are secure depends on
//! `N` alone, and if they are for one `N` they are for every larger one. Doubling and bisection therefore find the least `N` in a few dozen tests
//! of binomials, each of which stops at its threshold.

use crate::bound::certificate::Certificate;
use crate::exact::binomial::least_index;
use crate::params::{Lambda, MAX_R, MAX_T, Params};
use rug::Integer;

/// Finds the optimum at slack 0 with `T >= min_T`: the least `N`, at that `N` the least `B`, and the witness that they are the least.
/// Returns `None` where the optimum is outside the limits of [`Params`].
///
/// ```
/// use fusion_spec::{bound::optimum::optimum, params::Lambda};
/// let numbers = |R, min_T| Lambda::new(40).ok().and_then(|lambda| optimum(R, lambda, min_T)).map(|c| (c.B, c.T));
/// assert_eq!(numbers(1 << 3, 100), Some((8, 100)));
/// assert_eq!(numbers(1 << 3, 0), Some((10, 14)));
/// assert_eq!(numbers(1 << 19, 0), Some((3, 2)));
/// ```
#[must_use]
pub fn optimum(R: u64, lambda: Lambda, min_T: u64) -> Option<Certificate> {
    if !(1..=MAX_R).contains(&R) || min_T > MAX_T {
        return None;
    }
    let bounds = Bounds { R: u128::from(R), min_T: u128::from(min_T), lambda };
    // Invariant of the bisection: `low` slots are too few, `N` are enough.
    let mut N = bounds.R + bounds.min_T;
    while bounds.least_copies(N).is_none() {
        N *= 2;
    }
    let mut low = 0;
    while N - low > 1 {
        let middle = low + (N - low) / 2;
        if bounds.least_copies(middle).is_some() { N = middle } else { low = middle }
    }
    let B = bounds.least_copies(N)?;
    let T = N - bounds.R * B;
    let (b, l) = bounds.witness(N - 1);
    let certificate = Certificate { R, lambda, min_T, B: u64::try_from(B).ok()?, T: u64::try_from(T).ok()?, N, b, l };
    Params::new(R, certificate.B, certificate.T, 0).ok().map(|_| certificate)
}

/// Finds the least `T >= min_T` at which `B` copies of each of `R` queries are secure at slack 0. Returns `None` where there is none within the limits of
/// [`Params`].
///
/// Both comparisons hold for all larger `T` once they hold: `C(N,B)` and `C(N,RB)` grow with `N`.
///
/// ```
/// use fusion_spec::{bound::optimum::fewest_publics, params::Lambda};
/// let lambda = Lambda::new(50)?;
/// // The optimum for 2,048 queries is (5, 2020); a copy more takes five publics.
/// assert_eq!([4, 5, 6].map(|B| fewest_publics(1 << 11, B, lambda, 0)), [Some(78_060), Some(2020), Some(5)]);
/// # Ok::<(), fusion_spec::params::ParamError>(())
/// ```
#[must_use]
pub fn fewest_publics(R: u64, B: u64, lambda: Lambda, min_T: u64) -> Option<u64> {
    let is_secure = |T: u64| {
        let (N, copies, publics) = (u128::from(R) * u128::from(B) + u128::from(T), u128::from(B), u128::from(T));
        let reaches = |index: u128, bound: &Integer| {
            least_index(N, N / 2, bound).is_some_and(|least| (least..=N - least).contains(&index))
        };
        reaches(copies, &(lambda.threshold() * R)) && reaches(publics, &lambda.threshold())
    };
    Params::new(R, B, min_T, 0).ok()?;
    let mut enough = min_T.max(1);
    while !is_secure(enough) {
        if enough == MAX_T {
            return None;
        }
        enough = (2 * enough).min(MAX_T);
    }
    if is_secure(min_T) {
        return Some(min_T);
    }
    // Invariant of the bisection: `low` publics are too few.
    let mut low = min_T;
    while enough - low > 1 {
        let middle = low + (enough - low) / 2;
        if is_secure(middle) { enough = middle } else { low = middle }
    }
    Some(enough)
}

/// The two comparisons of `secure`, as least indices.
struct Bounds {
    R: u128,
    min_T: u128,
    lambda: Lambda,
}

impl Bounds {
    /// `R*2^lambda`, which `C(N,B)` must reach.
    fn groups(&self) -> Integer {
        self.lambda.threshold() * self.R
    }

    /// The least `B` that is secure with `T = N - RB >= min_T`, if any.
    ///
    /// `C(N,T) = C(N,RB)` reaches `2^lambda` for all `T` in `l..=N-l`, and `C(N,B)` its larger bound for all `B` in
    /// `b..=N-b`. As `l <= b <= RB`, only `T >= l` is left to ask.
    fn least_copies(&self, N: u128) -> Option<u128> {
        let b = least_index(N, N / 2, &self.groups())?;
        let l = least_index(N, N / 2, &self.lambda.threshold())?;
        (self.R * b + l.max(self.min_T) <= N).then_some(b)
    }

    /// The largest `(b, l)` up to `M/2` that are too small at `M` slots.
    fn witness(&self, M: u128) -> (u128, u128) {
        let below = |bound: &Integer| least_index(M, M / 2, bound).map_or(M / 2, |reached| reached.saturating_sub(1));
        (below(&self.groups()), below(&self.lambda.threshold()))
    }
}
