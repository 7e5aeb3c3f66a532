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
