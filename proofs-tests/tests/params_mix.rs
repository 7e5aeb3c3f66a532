//! Parameters and the mix: limits, permutations, uniformity.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_spec::mix::{Mix, Permutation, Sample};
use fusion_spec::params::{MAX_B, MAX_R, MAX_T, Params};
use quickcheck::quickcheck;
use rand_core::SeedableRng;
use rand_pcg::Pcg64;
use rug::{Integer, Rational, ops::Pow};
use std::collections::{BTreeMap, BTreeSet};

fn small(R: u8, B: u8, T: u8) -> Params {
    Params::new(u64::from(R % 9) + 1, u64::from(B % 6) + 1, (T % 30).into(), 0).expect("legal")
}

fn samples(params: Params) -> BTreeSet<Sample> {
    let [R, B, T] = [params.R(), params.B(), params.T()].map(|n| u32::try_from(n).expect("small"));
    let copies = (0..R).flat_map(|query| (0..B).map(move |copy| Sample::Query { query, copy }));
    copies.chain((0..T).map(|index| Sample::Public { index })).collect()
}

quickcheck! {
    fn params_are_legal_or_refused(R: u64, B: u64, T: u64, slack: u64) -> bool {
        let legal = (1..=MAX_R).contains(&R) && (1..=MAX_B).contains(&B) && T <= MAX_T && slack <= T;
        match Params::new(R, B, T, slack) {
            Ok(p) => legal && p.N() == u128::from(R) * u128::from(B) + u128::from(T) && p.cost() * R == p.N(),
            Err(_) => !legal,
        }
    }

    fn small_params_are_legal(R: u16, B: u16, T: u16, slack: u16) -> bool {
        let [R, B, T, slack] = [R, B, T, slack].map(u64::from);
        Params::new(R, B, T, slack).is_ok() == (R > 0 && B > 0 && slack <= T)
    }

    fn a_mix_is_a_permutation(seed: u64, R: u8, B: u8, T: u8) -> bool {
        let params = small(R, B, T);
        let mix = Mix::new(params).expect("small").finish(&mut Pcg64::seed_from_u64(seed));
        let order: Vec<Sample> = mix.samples().collect();
        order.iter().copied().collect::<BTreeSet<_>>() == samples(params)
            && order.len() as u128 == params.N()
            && Permutation::from_samples(params, &order) == Ok(mix)
    }

    fn touched_slots_stay_as_drawn(seed: u64, R: u8, B: u8, T: u8, touched: Vec<u8>) -> bool {
        let params = small(R, B, T);
        let mut coins = Pcg64::seed_from_u64(seed);
        let mut mix = Mix::new(params).expect("small");
        let slots = touched.into_iter().map(|slot| u32::from(slot) % u32::try_from(params.N()).expect("small"));
        let drawn: Vec<_> = slots.map(|slot| (slot, mix.place(slot, &mut coins).ok())).collect();
        let mix = mix.finish(&mut coins);
        drawn.into_iter().all(|(slot, sample)| mix.at(slot) == sample)
            && mix.samples().collect::<BTreeSet<_>>() == samples(params)
    }
}

/// Trials of the uniformity test, and orders of its four samples.
const TRIALS: u32 = 48_000;
const ORDERS: u32 = 24;

/// `Pr[Bin(TRIALS, 1/ORDERS) >= count]` and `<= count`, as integers over `ORDERS^TRIALS`.
fn tails(count: u32) -> [Integer; 2] {
    let term = |c: u32| Integer::from(TRIALS).binomial(c) * Integer::from(ORDERS - 1).pow(TRIALS - c);
    let sum = |first: u32, step: i64, until: u32| {
        // Term by term from the nearest to the mean outwards.
        let (mut c, mut value, mut sum) = (first, term(first), Integer::new());
        loop {
            sum += &value;
            if c == until || value == 0 {
                return sum;
            }
            if step > 0 {
                value *= TRIALS - c;
                value /= (ORDERS - 1) * (c + 1);
                c += 1;
            } else {
                value *= (ORDERS - 1) * c;
                value /= TRIALS - c + 1;
                c -= 1;
            }
        }
    };
    [sum(count, 1, TRIALS), sum(count, -1, 0)]
}

/// The chi-square of each order against all others (one degree of freedom) exceeds the value at which its exact null
/// distribution, a binomial, has at most `1e-9 / 48` left in the nearer tail. Over 24 orders and two tails the false-alarm
/// probability is at most 1e-9.
fn is_refuted(counts: &BTreeMap<Vec<Sample>, u32>) -> bool {
    let all = Integer::from(ORDERS).pow(TRIALS);
    let level = Rational::from((1, 48_000_000_000_u64));
    let mut known: BTreeMap<u32, bool> = BTreeMap::new();
    let zeros = ORDERS as usize - counts.len();
    counts.values().copied().chain(std::iter::repeat_n(0, zeros)).any(|count| {
        *known.entry(count).or_insert_with(|| {
            let mean = TRIALS / ORDERS;
            let [upper, lower] = if count.abs_diff(mean) < 200 { return false } else { tails(count) };
            Rational::from((upper.min(lower), all.clone())) < level
        })
    })
}

fn count(mut shuffle: impl FnMut(&mut Pcg64) -> Vec<Sample>) -> BTreeMap<Vec<Sample>, u32> {
    let mut coins = Pcg64::seed_from_u64(2023);
    let mut counts = BTreeMap::new();
    for _ in 0..TRIALS {
        *counts.entry(shuffle(&mut coins)).or_default() += 1;
    }
    counts
}

/// Fixed seed, so it fails never or always; over seeds it would fail a correct shuffle with probability at most 1e-9.
#[test]
fn every_order_is_equally_likely() {
    let params = Params::new(1, 2, 2, 0).expect("legal");
    let finish = |coins: &mut Pcg64| Mix::new(params).expect("small").finish(coins).samples().collect();
    assert!(!is_refuted(&count(finish)));
    let touch = |coins: &mut Pcg64| {
        let mut mix = Mix::new(params).expect("small");
        for slot in [3, 1] {
            mix.place(slot, coins).expect("exists");
        }
        mix.finish(coins).samples().collect()
    };
    assert!(!is_refuted(&count(touch)));
}

/// The test has the power to refute the classic wrong shuffle: swap every cell with a cell drawn from all.
#[test]
fn the_naive_shuffle_is_refuted() {
    let params = Params::new(1, 2, 2, 0).expect("legal");
    let start: Vec<Sample> = samples(params).into_iter().collect();
    let naive = |coins: &mut Pcg64| {
        let mut order = start.clone();
        for cell in 0..4 {
            order.swap(cell, fusion_spec::mix::uniform_below(4, coins) as usize);
        }
        order
    };
    assert!(is_refuted(&count(naive)));
}
