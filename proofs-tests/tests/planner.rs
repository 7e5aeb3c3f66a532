//! The planner against its independent checker, and the checker against brute force.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_spec::bound::certificate::{Certificate, check};
use fusion_spec::bound::optimum::optimum;
use fusion_spec::params::{Lambda, MAX_R, MAX_T};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use rug::Integer;

fn lambda(bits: u64) -> Lambda {
    Lambda::new(bits).expect("legal")
}

/// A number whose length in bits is uniform.
fn log_uniform(coins: &mut Pcg64, most: u64) -> u64 {
    let length = coins.next_u64() % u64::from(64 - most.leading_zeros());
    ((1 << length) + coins.next_u64() % (1 << length)).min(most)
}

/// 10,000 random goals, each certified; and no number of it may be off by one.
#[test]
fn random_certificates_hold_and_their_neighbours_do_not() {
    let mut coins = Pcg64::seed_from_u64(10_000);
    for _ in 0..10_000 {
        let R = log_uniform(&mut coins, MAX_R);
        let bits = 1 + coins.next_u64() % 256;
        let min_T = if coins.next_u64().is_multiple_of(2) { 0 } else { log_uniform(&mut coins, MAX_T - MAX_R / 2) };
        let good = optimum(R, lambda(bits), min_T).expect("within the limits");
        assert_eq!(check(&good), Ok(()), "{good:?}");
        let Certificate { R, B, T, N, .. } = good;
        let off_by_one = [
            Certificate { R: R + 1, ..good },
            Certificate { R: R - 1, ..good },
            Certificate { B: B + 1, ..good },
            Certificate { B: B - 1, ..good },
            Certificate { T: T + 1, ..good },
            Certificate { T: T.wrapping_sub(1), ..good },
            Certificate { N: N + 1, ..good },
            Certificate { N: N - 1, ..good },
            // The same, with the total made to fit.
            Certificate { T: T + 1, N: N + 1, ..good },
            Certificate { T: T.wrapping_sub(1), N: N - 1, ..good },
            Certificate { B: B + 1, N: N + u128::from(R), ..good },
        ];
        for bad in off_by_one {
            assert!(check(&bad).is_err(), "{bad:?}");
        }
    }
}

/// `C(n,k)` by Pascal's rule.
struct Pascal(Vec<Vec<Integer>>);

impl Pascal {
    fn up_to(n: usize) -> Self {
        let mut rows = vec![vec![Integer::from(1)]];
        for _ in 0..n {
            let last = &rows[rows.len() - 1];
            let middle = last.windows(2).map(|pair| Integer::from(&pair[0] + &pair[1]));
            let row = std::iter::once(Integer::from(1)).chain(middle).chain([Integer::from(1)]).collect();
            rows.push(row);
        }
        Self(rows)
    }

    fn choose(&self, n: u128, k: u128) -> Integer {
        let at = |i: u128| usize::try_from(i).expect("small");
        self.0[at(n)].get(at(k)).cloned().unwrap_or_default()
    }

    fn secure(&self, R: u64, bits: u64, B: u64, T: u64) -> bool {
        let N = u128::from(R * B + T);
        let threshold = Integer::from(1) << u32::try_from(bits).expect("small");
        self.choose(N, B.into()) >= Integer::from(&threshold * R) && self.choose(N, T.into()) >= threshold
    }

    /// Definition: the first total that can do, and its first B.
    fn least(&self, R: u64, bits: u64, min_T: u64) -> (u64, u64) {
        let copies = |N: u64| (1..=N / R).find(|&B| N - R * B >= min_T && self.secure(R, bits, B, N - R * B));
        (1..).find_map(|N| copies(N).map(|B| (B, N - R * B))).expect("some total can do")
    }

    /// The five comparisons, literally.
    fn comparisons(&self, c: &Certificate) -> bool {
        let (R, B, T, min_T) = (u128::from(c.R), u128::from(c.B), u128::from(c.T), u128::from(c.min_T));
        let (bits, M) = (u64::from(c.lambda.bits()), c.N - 1);
        let threshold = Integer::from(1) << c.lambda.bits();
        let groups = Integer::from(&threshold * c.R);
        c.N == R * B + T
            && T >= min_T
            && self.secure(c.R, bits, c.B, c.T)
            && 2 * c.b <= M
            && self.choose(M, c.b) < groups
            && 2 * c.l <= M
            && self.choose(M, c.l) < threshold
            && M < R * (c.b + 1) + (c.l + 1).max(min_T)
            && (B == 1 || self.choose(c.N, B - 1) < groups || self.choose(c.N, R * (B - 1)) < threshold)
    }
}

const SMALL: [(u64, u64, u64); 4] = [(4, 4, 3), (7, 6, 8), (12, 3, 0), (1, 9, 5)];

fn small_goals() -> impl Iterator<Item = (u64, u64, u64)> {
    let box_ = (1..=7).flat_map(|R| (1..=7).flat_map(move |bits| (0..=9).map(move |min_T| (R, bits, min_T))));
    box_.chain(SMALL)
}

#[test]
fn small_plans_are_the_definition() {
    let pascal = Pascal::up_to(160);
    for (R, bits, min_T) in small_goals() {
        let plan = optimum(R, lambda(bits), min_T).expect("within the limits");
        assert_eq!((plan.B, plan.T), pascal.least(R, bits, min_T), "R={R} lambda={bits} min_T={min_T}");
    }
}

/// Every number of a certificate moved by up to two, alone and in pairs: accepted exactly when the five comparisons hold, and
/// only if the plan it names is the optimum.
#[test]
fn changed_certificates_are_refused_exactly_when_false() {
    let pascal = Pascal::up_to(200);
    let (mut accepted, mut refused) = (0, 0);
    for (R, bits, min_T) in small_goals() {
        let good = optimum(R, lambda(bits), min_T).expect("within the limits");
        for (first, second) in (0..8).flat_map(|first| (first..8).map(move |second| (first, second))) {
            for (by, also_by) in [(-2, 0), (-1, 0), (1, 0), (2, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)] {
                let Some(changed) = moved(good, first, by).and_then(|c| moved(c, second, also_by)) else { continue };
                let holds = pascal.comparisons(&changed);
                assert_eq!(check(&changed).is_ok(), holds, "{changed:?}");
                if holds {
                    let least = pascal.least(changed.R, changed.lambda.bits().into(), changed.min_T);
                    assert_eq!((changed.B, changed.T), least, "{changed:?}");
                    accepted += 1;
                } else {
                    refused += 1;
                }
            }
        }
    }
    assert!(accepted > 1_000 && refused > 50_000, "both answers occur: {accepted} accepted, {refused} refused");
}

/// Field number `field` moved; N follows R, B and T so that the sum stays true, but for field 7, which is N itself.
fn moved(c: Certificate, field: u32, by: i64) -> Option<Certificate> {
    let shift = |x: u64| x.checked_add_signed(by);
    let wide = |x: u128| x.checked_add_signed(by.into());
    let moved = match field {
        0 => Certificate { R: shift(c.R).filter(|R| *R > 0)?, ..c },
        1 => Certificate { B: shift(c.B).filter(|B| *B > 0)?, ..c },
        2 => Certificate { T: shift(c.T)?, ..c },
        3 => Certificate { min_T: shift(c.min_T)?, ..c },
        4 => Certificate { lambda: Lambda::new(shift(c.lambda.bits().into())?).ok()?, ..c },
        5 => Certificate { b: wide(c.b)?, ..c },
        6 => Certificate { l: wide(c.l)?, ..c },
        _ => return Some(Certificate { N: wide(c.N).filter(|N| *N > 0)?, ..c }),
    };
    Some(Certificate { N: u128::from(moved.R) * u128::from(moved.B) + u128::from(moved.T), ..moved })
}

/// For every small plan there is a witness that the checker takes if and only if the plan is the optimum.
#[test]
fn some_witness_is_taken_iff_the_plan_is_least() {
    let pascal = Pascal::up_to(120);
    for (R, bits, min_T) in small_goals().filter(|(R, bits, _)| *R <= 4 && *bits <= 5) {
        let least = pascal.least(R, bits, min_T);
        for (B, T) in (1..=8).flat_map(|B| (min_T..min_T + 8).map(move |T| (B, T))) {
            let N = u128::from(R * B + T);
            let half = (N - 1) / 2;
            let witnesses = (0..=half).flat_map(|b| (0..=half).map(move |l| (b, l)));
            let taken = witnesses
                .map(|(b, l)| Certificate { R, lambda: lambda(bits), min_T, B, T, N, b, l })
                .any(|certificate| check(&certificate).is_ok());
            assert_eq!(taken, (B, T) == least, "R={R} lambda={bits} min_T={min_T} B={B} T={T}");
        }
    }
}
