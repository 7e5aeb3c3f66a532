//! The proof that a plan is the least, and a checker that does not trust the planner.
//!
//! Claim: of all `(B, T)` with `B >= 1`, `T >= min_T`, `R*2^lambda <= C(N,B)` and `2^lambda <= C(N,T)`, this one has the
//! least `N = RB+T`, and the least `B` at that `N`. The witness is two numbers `b`, `l`: with `M = N-1`, no `B <= b` and
//! no `T <= l` is enough at `M`, and larger ones do not fit. Five comparisons decide it:
//!
//! 1. `C(N,B) >= R*2^lambda`,
//! 2. `C(N,T) >= 2^lambda` (and `T >= min_T`, `N = RB+T`),
//! 3. `C(M,b) < R*2^lambda` with `2b <= M`,
//! 4. `C(M,l) < 2^lambda` with `2l <= M`, and `M < R(b+1) + max(l+1, min_T)`,
//! 5. `B = 1`, or `C(N,B-1) < R*2^lambda`, or `C(N,R(B-1)) < 2^lambda`.
//!
//! 1 to 4 make `N` least, because feasibility is monotone in `N` (`Certificate.v: least_total`); 5 makes `B` least, because the
//! feasible `B` of one `N` are an interval (`Certificate.v: least_copies`). As a statement on probabilities it is
//! `Planned.v: certificate_probability`. Nothing here calls the planner or its binomials: [`check`] compares
//! products, with no division.

use crate::params::{Lambda, ParamError, Params};
use rug::Integer;

/// The claim that a plan is the least, with a witness. Every field is public so that a claim from elsewhere can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The number of queries.
    pub R: u64,
    /// The security parameter.
    pub lambda: Lambda,
    /// The least number of publics allowed, which is the larger of the user's and that which the accuracy game demands.
    pub min_T: u64,
    /// The number of copies of each query.
    pub B: u64,
    /// The number of publics.
    pub T: u64,
    /// The number of all slots.
    pub N: u128,
    /// The witness for copies: no number of copies up to this one is safe at `N-1` slots.
    pub b: u128,
    /// The witness for publics: no number of publics up to this one is safe at `N-1` slots.
    pub l: u128,
}

/// Why a certificate is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A parameter is outside its limits.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// The numbers do not belong to one plan: `N` is not `RB + T`, or `T` is below `min_T`.
    #[error("N = RB + T and T >= min_T do not both hold")]
    Sum,
    /// Comparison 1 fails: too few copies for `R` queries.
    #[error("C(N,B) < R*2^lambda: one query's copies are too easily hit")]
    Groups,
    /// Comparison 2 fails: too few publics.
    #[error("C(N,T) < 2^lambda: the publics are too easily avoided")]
    Publics,
    /// Comparison 3 fails: `b` copies are enough at `N-1` slots, or `b` is too large to be a witness.
    #[error("C(N-1,b) >= R*2^lambda, or 2b > N-1")]
    WitnessGroups,
    /// Comparison 4 fails: `l` publics are enough at `N-1` slots, `l` is too large to be a witness, or more copies and publics would fit.
    #[error("C(N-1,l) >= 2^lambda, or 2l > N-1, or N-1 has room for more than b copies and l publics")]
    WitnessPublics,
    /// Comparison 5 fails: one copy less is enough at the same `N`.
    #[error("B-1 copies do as well at the same N")]
    Copies,
}

/// Checks a certificate by its five comparisons.
///
/// $$ \binom{N}{B} \ge R \cdot 2^{\lambda} \tag{1} $$
/// $$ \binom{N}{T} \ge 2^{\lambda}, \quad T \ge T_{\min}, \quad N = RB+T \tag{2} $$
/// $$ \binom{N-1}{b} \lt R \cdot 2^{\lambda}, \quad 2b \le N-1 \tag{3} $$
/// $$ \binom{N-1}{l} \lt 2^{\lambda}, \quad 2l \le N-1, \quad N-1 \lt R(b+1) + \max(l+1, T_{\min}) \tag{4} $$
/// $$ B = 1 \quad \text{or} \quad \binom{N}{B-1} \lt R \cdot 2^{\lambda} \quad \text{or} \quad \binom{N}{R(B-1)} \lt 2^{\lambda} \tag{5} $$
///
/// # Errors
/// [`Refusal`] names the first of the comparisons that fails.
///
/// ```
/// use fusion_spec::{bound::certificate::{Certificate, Refusal, check}, params::Lambda};
/// let lambda = Lambda::new(40)?;
/// let claim = Certificate { R: 8, lambda, min_T: 0, B: 10, T: 14, N: 94, b: 10, l: 9 };
/// assert_eq!(check(&claim), Ok(()));
/// assert_eq!(check(&Certificate { T: 15, N: 95, ..claim }), Err(Refusal::WitnessGroups), "94 slots are enough");
/// # Ok::<(), fusion_spec::params::ParamError>(())
/// ```
pub fn check(certificate: &Certificate) -> Result<(), Refusal> {
    let Certificate { R, lambda, min_T, B, T, N, b, l } = *certificate;
    let params = Params::new(R, B, T, 0)?;
    if params.N() != N || T < min_T {
        return Err(Refusal::Sum);
    }
    let publics_bound = lambda.threshold();
    let groups_bound = Integer::from(&publics_bound * R);
    if !reaches(N, u128::from(B), &groups_bound) {
        return Err(Refusal::Groups);
    }
    if !reaches(N, u128::from(T), &publics_bound) {
        return Err(Refusal::Publics);
    }
    let M = N - 1;
    if b > M / 2 || reaches(M, b, &groups_bound) {
        return Err(Refusal::WitnessGroups);
    }
    let full = u128::from(R) * (b + 1) >= (M + 1).saturating_sub((l + 1).max(u128::from(min_T)));
    if l > M / 2 || reaches(M, l, &publics_bound) || !full {
        return Err(Refusal::WitnessPublics);
    }
    let fewer = u128::from(B) - 1;
    if fewer > 0 && reaches(N, fewer, &groups_bound) && reaches(N, u128::from(R) * fewer, &publics_bound) {
        return Err(Refusal::Copies);
    }
    Ok(())
}

/// `C(n,k) >= bound` as `n(n-1)..(n-k+1) >= bound * k!`. Stops as soon as a smaller index reaches the bound, which `k` then
/// does too: binomials grow up to `n/2`.
pub(super) fn reaches(n: u128, k: u128, bound: &Integer) -> bool {
    if k > n {
        return *bound <= 0;
    }
    let k = k.min(n - k);
    let mut falling = Integer::from(1);
    let mut scaled_bound = bound.clone();
    for j in 0..k {
        if falling >= scaled_bound {
            return true;
        }
        falling *= n - j;
        scaled_bound *= j + 1;
    }
    falling >= scaled_bound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published() -> Certificate {
        // R = 8, lambda = 40, T free: (10, 14), N = 94.
        let lambda = Lambda::new(40).expect("legal");
        Certificate { R: 8, lambda, min_T: 0, B: 10, T: 14, N: 94, b: 10, l: 9 }
    }

    #[test]
    fn each_comparison_can_fail() {
        let good = published();
        assert_eq!(check(&good), Ok(()));
        for (bad, refusal) in [
            (Certificate { T: 15, ..good }, Refusal::Sum),
            (Certificate { min_T: 15, ..good }, Refusal::Sum),
            (Certificate { B: 1, T: 86, ..good }, Refusal::Groups),
            (Certificate { B: 11, T: 6, ..good }, Refusal::Publics),
            (Certificate { b: 11, ..good }, Refusal::WitnessGroups),
            (Certificate { b: 47, ..good }, Refusal::WitnessGroups),
            (Certificate { b: 90, ..good }, Refusal::WitnessGroups),
            (Certificate { b: 9, ..good }, Refusal::WitnessPublics),
            (Certificate { l: 90, ..good }, Refusal::WitnessPublics),
            (Certificate { l: 4, ..good }, Refusal::WitnessPublics),
            (Certificate { l: 10, ..good }, Refusal::WitnessPublics),
            (Certificate { T: 15, N: 95, ..good }, Refusal::WitnessGroups),
            (Certificate { R: 0, ..good }, Refusal::Params(ParamError::R(0))),
        ] {
            assert_eq!(check(&bad), Err(refusal), "{bad:?}");
        }
        assert_eq!(check(&Certificate { l: 5, ..good }), Ok(()), "8 * 11 copies and 6 publics are just 94");
        let lambda = Lambda::new(3).expect("legal");
        let tie = Certificate { R: 1, lambda, min_T: 0, B: 2, T: 3, N: 5, b: 2, l: 2 };
        assert_eq!(check(&tie), Ok(()));
        assert_eq!(check(&Certificate { B: 3, T: 2, ..tie }), Err(Refusal::Copies));
    }

    #[test]
    fn a_walk_reaches_what_the_binomial_does() {
        for n in 0..14_u128 {
            for k in 0..=n {
                let whole = crate::exact::binomial::binomial(n, k).expect("small");
                for bound in 0..2000 {
                    assert_eq!(reaches(n, k, &Integer::from(bound)), whole >= bound, "C({n},{k}) >= {bound}");
                }
            }
        }
    }
}
