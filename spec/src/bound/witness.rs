//! The witness that a plan at some slack is the least: the numbers of a [`SlackCertificate`].

use crate::bound::certificate::reaches;
use crate::bound::slack::Search;
use crate::bound::slack_certificate::{MAX_SCANNED, Refused, SlackCertificate, choose};
use crate::params::Params;

/// The largest slack at which a witness is looked for: each of its `j` is a comparison of numbers with about as many digits.
pub const MAX_CERTIFIED_SLACK: u64 = 256;

/// Finds the witness for the plan that a search found. There is none above [`MAX_CERTIFIED_SLACK`], none for `slack >= B` at more than [`MAX_SCANNED`] slots, and none where smaller totals are not
/// refused by the two necessary rates with one and the same number of copies, as happens for a single query.
///
/// ```
/// use fusion_spec::bound::{slack::{Search, least}, slack_certificate::check, witness::witness};
/// use fusion_spec::params::Lambda;
///
/// let search = Search { R: 8, lambda: Lambda::new(40)?, min_T: 100, max_T: 1000, slack: 3, below: None };
/// let plan = least(&search)?.ok_or("no plan")?;
/// let claim = witness(&search, plan).ok_or("no witness")?;
/// assert_eq!((claim.B, claim.T, check(&claim)), (10, 100, Ok(())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn witness(search: &Search, params: Params) -> Option<SlackCertificate> {
    let Search { R, lambda, min_T, max_T, slack, .. } = *search;
    let (B, T) = (params.B(), params.T());
    if slack > MAX_CERTIFIED_SLACK || slack >= B && params.N() > MAX_SCANNED {
        return None;
    }
    let M = params.N() - 1;
    let l = most_refused(M + u128::from(slack), search)?;
    let room = M.saturating_sub((u128::from(l) + 1).max(min_T.into()));
    let b = u64::try_from(room / u128::from(R)).ok()?;
    let q = most_with_copies(b, M.min(max_T.into()), search)?;
    let claim = SlackCertificate { R, lambda, slack, min_T, max_T, B, T, b, l, q, cover: Vec::new(), c: 0 };
    let cover = claim.between().map_or(Some(Vec::new()), |[least, most]| cover(&claim, least, most))?;
    let c = (0..=slack).find(|c| SlackCertificate { c: *c, ..claim.clone() }.fewer().is_some())?;
    Some(SlackCertificate { cover, c, ..claim })
}

/// The largest `l` up to half of `M + slack` with `C(M+slack, l) < 2^lambda C(M+slack, slack)`.
fn most_refused(shifted: u128, search: &Search) -> Option<u64> {
    let bound = choose(shifted, search.slack) * search.lambda.threshold();
    u64::try_from(last_where(0, shifted / 2, |l| !reaches(shifted, l, &bound))).ok()
}

/// The largest `q` up to a limit with `C(Rb+q, q) < 2^lambda C(Rb+slack, slack)`.
fn most_with_copies(b: u64, limit: u128, search: &Search) -> Option<u64> {
    let (Rb, slack) = (u128::from(search.R) * u128::from(b), search.slack);
    let bound = choose(Rb + u128::from(slack), slack) * search.lambda.threshold();
    u64::try_from(last_where(0, limit, |q| !reaches(Rb + q, q, &bound))).ok()
}

/// The intervals from `least` to `most`: of those that begin where the last one ended, the longest.
fn cover(claim: &SlackCertificate, least: u128, most: u128) -> Option<Vec<Refused>> {
    let (mut from, mut intervals) = (least, Vec::new());
    loop {
        let too_few = |T: u128, j: u64| claim.violated(claim.b, T, j);
        let end = |j| if most < from { most } else { last_where(from, most, |T| too_few(T, j)) };
        let begins = |j: &u64| claim.counts(*j) && too_few(from, *j) && too_few(most.min(from), *j);
        let (T, j) = (0..=claim.slack).filter(begins).map(|j| (end(j), j)).max_by_key(|(T, _)| *T)?;
        intervals.push(Refused { j, T: u64::try_from(T).ok()? });
        if T == most {
            return Some(intervals);
        }
        from = T + 1;
    }
}

/// The last number from `low`, where a condition holds, to `high` before it fails.
fn last_where(mut low: u128, mut high: u128, holds: impl Fn(u128) -> bool) -> u128 {
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if holds(middle) { low = middle } else { high = middle - 1 }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::slack::least;
    use crate::bound::slack_certificate::{Fewer, SlackRefusal, check};
    use crate::params::{Lambda, MAX_T};

    fn search(R: u64, bits: u64, slack: u64, min_T: u64, max_T: u64) -> Search {
        let lambda = Lambda::new(bits).expect("legal");
        Search { R, lambda, min_T: min_T.max(slack), max_T, slack, below: None }
    }

    #[test]
    fn witnesses_hold_and_are_found_where_users_plan() {
        let mut reasons = Vec::new();
        for R in [2, 8, 128, 512, 1 << 19] {
            for bits in [20, 40, 80] {
                for (slack, min_T, max_T) in
                    [(1, 0, MAX_T), (2, 100, MAX_T), (0, 0, 6), (1, 268, 300), (2, 30, 33), (0, 7, 7)]
                {
                    let search = search(R, bits, slack, min_T, max_T);
                    let Ok(Some(params)) = least(&search) else { continue };
                    if params.B() <= slack && params.N() > MAX_SCANNED {
                        continue;
                    }
                    let claim = witness(&search, params).unwrap_or_else(|| panic!("{search:?}: {params:?}"));
                    assert_eq!(check(&claim), Ok(()), "{claim:?}");
                    reasons.push((claim.cover.len(), claim.fewer()));
                }
            }
        }
        assert!(reasons.len() >= 80, "{}", reasons.len());
        assert!(reasons.iter().any(|reason| reason.0 == 0) && reasons.iter().any(|reason| reason.0 == 1));
        for fewer in [Fewer::Publics, Fewer::Copies] {
            assert!(reasons.iter().any(|reason| reason.1 == Some(fewer)), "{fewer:?}");
        }
    }

    /// With one query, copies and publics are alike, and half of the slots is soon reached.
    #[test]
    fn a_witness_holds_for_a_single_query_too() {
        let mut found = 0;
        for bits in 1..=24 {
            for slack in 0..=6 {
                for (min_T, max_T) in [(0, MAX_T), (8, MAX_T), (16, MAX_T), (0, 9), (13, 20)] {
                    let search = search(1, bits, slack, min_T, max_T);
                    let Ok(Some(params)) = least(&search) else { continue };
                    let Some(claim) = witness(&search, params) else { continue };
                    assert_eq!(check(&claim), Ok(()), "{claim:?}");
                    found += 1;
                }
            }
        }
        assert!(found > 300, "{found}");
    }

    /// At 3 publics two copies are too few with no public hit, and at 9 with one.
    #[test]
    fn intervals_follow_one_another() {
        let search = search(8, 5, 1, 0, MAX_T);
        let claim = witness(&search, Params::new(8, 2, 10, 1).expect("legal")).expect("a witness");
        assert_eq!(claim.cover, [Refused { j: 0, T: 7 }, Refused { j: 1, T: 9 }]);
        assert_eq!(check(&claim), Ok(()));
        for cover in [
            vec![],
            vec![claim.cover[0]],
            vec![claim.cover[1]],
            vec![Refused { j: 0, T: 9 }],
            vec![Refused { j: 0, T: 8 }, Refused { j: 1, T: 9 }],
        ] {
            let bad = SlackCertificate { cover, ..claim.clone() };
            assert_eq!(check(&bad), Err(SlackRefusal::WitnessCopies), "{bad:?}");
        }
    }

    /// The claim is true: brute force over every smaller total finds nothing that is safe.
    #[test]
    fn what_is_certified_is_the_least() {
        let mut certified = 0;
        for R in [1, 2, 3, 5] {
            for bits in [1, 4, 9] {
                for slack in 0..3 {
                    for (min_T, max_T) in [(0, MAX_T), (slack + 5, MAX_T), (slack, slack + 9)] {
                        for (B, T) in (1..9).flat_map(|B| (0..40).map(move |T| (B, T))) {
                            let search = search(R, bits, slack, min_T, max_T);
                            let Ok(params) = Params::new(R, B, T, slack) else { continue };
                            let Some(claim) = witness(&search, params) else { continue };
                            if check(&claim).is_ok() {
                                assert_eq!(least(&search), Ok(Some(params)), "{claim:?}");
                                certified += 1;
                            }
                        }
                    }
                }
            }
        }
        assert!(certified >= 60, "{certified}");
    }
}
