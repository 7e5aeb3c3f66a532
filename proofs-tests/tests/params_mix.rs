//! Parameters and the mix: limits, permutations, uniformity.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_spec::mix::{Deck, Mix, Permutation, Sample};
use fusion_spec::params::{MAX_B, MAX_R, MAX_T, Params};
use quickcheck::quickcheck;
use rand_core::SeedableRng;
use rand_pcg::Pcg64;
use rug::{Integer, Rational, ops::Pow};
use std::collections::{BTreeMap, BTreeSet, HashSet};

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

/// Every sample is drawn first from a full deck, also beyond 2^8 and 2^16 samples: in `40 N` draws one is missed with probability at
/// most `N e^-40`, below 1e-9 over all three. A place drawn from eight or sixteen bits leaves some out for good.
#[test]
fn every_sample_is_drawn_first() {
    for [R, B, T] in [[8, 2, 4], [40, 5, 100], [20_000, 3, 10_000]] {
        let params = Params::new(R, B, T, 0).expect("legal");
        let mut deck = Deck::new(params).expect("small");
        let mut coins = Pcg64::seed_from_u64(2024);
        let mut seen = HashSet::new();
        for _ in 0..40 * params.N() {
            seen.insert(deck.draw(&mut coins).expect("a full deck"));
            deck.reset();
        }
        assert!(
            samples(params).iter().all(|sample| seen.contains(sample)),
            "{params}: {} samples are drawn",
            seen.len()
        );
    }
}

/// How far a count of mean `mean` is from it with probability at most `2 e^-37`, about 1.7e-16 (Bernstein's inequality).
fn reach(mean: f64) -> f64 {
    let third = 37.0 / 3.0;
    third + (third * third + 74.0 * mean).sqrt()
}

/// Where the first query's first copy, the last query's last and the last public come to lie, and what is drawn first: each slot and
/// each sample as often as any other. Fewer than 1,300 counts, each out of reach with probability 1.7e-16. At `N = 20` places drawn from eight
/// bits are off by 1.6 to 6 %, which shows; those from sixteen bits by 0.03 %, which takes 10^9 draws, and only
/// `mix::permutation::tests::draws_and_permutations_are_in_bijection` sees.
#[test]
fn every_slot_is_as_likely_as_any_other() {
    for ([R, B, T], trials) in [([8, 2, 4], 400_000_u32), ([40, 5, 100], 120_000)] {
        let params = Params::new(R, B, T, 0).expect("legal");
        let [last_query, last_copy, last_public, N] =
            [R - 1, B - 1, T - 1, R * B + T].map(|n| u32::try_from(n).expect("small"));
        let first = Sample::Query { query: 0, copy: 0 };
        let last = Sample::Query { query: last_query, copy: last_copy };
        let tracked = [first, last, Sample::Public { index: last_public }];
        let mut coins = Pcg64::seed_from_u64(2025);
        let mut counts: BTreeMap<(Sample, u32), u32> = BTreeMap::new();
        for _ in 0..trials {
            let mix = Mix::new(params).expect("small").finish(&mut coins);
            for (slot, sample) in (0..).zip(mix.samples()).filter(|(_, sample)| tracked.contains(sample)) {
                *counts.entry((sample, slot)).or_default() += 1;
            }
        }
        let mean = f64::from(trials) / f64::from(N);
        let off = |count: u32| (f64::from(count) - mean).abs() > reach(mean);
        assert_eq!(counts.len(), 3 * N as usize, "{params}: a sample is never on some slot");
        let bad: Vec<_> = counts.iter().filter(|(_, count)| off(**count)).collect();
        assert!(bad.is_empty(), "{params}: mean {mean}: {bad:?}");
    }
}
