//! What is the best that a blind server can do? It sees nothing of the permutation, and fixes for every slot a function of what the slot holds.
//! docs/security.md says what is searched here and what the search found.
//!
//! A function is given by its level, the fraction of inputs on which it is wrong. Rates are floating-point numbers, exact to about 1e-12.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::cast_precision_loss, reason = "counts of a few slots")]

use fusion_spec::bound::bits::nearest;
use fusion_spec::bound::report::Row;
use fusion_spec::bound::substitution::Substitution;
use fusion_spec::params::Params;
use rand_core::Rng;
use rand_pcg::Pcg64Mcg;

const EXACT: f64 = 1e-9;

/// One way in which the permutation deals the slots: the copies of each query, and the publics.
struct Deal {
    groups: Vec<Vec<usize>>,
    publics: Vec<usize>,
}

fn deals(R: usize, B: usize, T: usize) -> Vec<Deal> {
    let mut found = Vec::new();
    deal((0..R * B + T).collect(), &mut Vec::new(), (R, B), &mut found);
    found
}

/// Adds a group whose first slot comes after the first slots of those before it, so that each partition is found once.
fn deal(free: Vec<usize>, groups: &mut Vec<Vec<usize>>, (R, B): (usize, usize), found: &mut Vec<Deal>) {
    if groups.len() == R {
        found.push(Deal { groups: groups.clone(), publics: free });
        return;
    }
    let least = groups.last().map_or(0, |group| group[0] + 1);
    for (index, &first) in free.iter().enumerate().filter(|(_, first)| **first >= least) {
        for others in choices(&free[index + 1..], B - 1) {
            let group: Vec<usize> = std::iter::once(first).chain(others).collect();
            let rest = free.iter().copied().filter(|slot| !group.contains(slot)).collect();
            groups.push(group);
            deal(rest, groups, (R, B), found);
            groups.pop();
        }
    }
}

fn choices(of: &[usize], k: usize) -> Vec<Vec<usize>> {
    match (of, k) {
        (_, 0) => vec![Vec::new()],
        ([], _) => Vec::new(),
        ([first, rest @ ..], _) => {
            let with = choices(rest, k - 1).into_iter().map(|chosen| [vec![*first], chosen].concat());
            with.chain(choices(rest, k)).collect()
        }
    }
}

/// The rate over all deals, where `alike` gives the probabilities that a group is wrong, and right, in all its slots.
fn rate(deals: &[Deal], right: impl Fn(usize) -> f64, alike: impl Fn(&[usize]) -> (f64, f64)) -> f64 {
    let one = |Deal { groups, publics }: &Deal| {
        let passed: f64 = publics.iter().map(|slot| right(*slot)).product();
        let (accepted, all_right) = groups
            .iter()
            .map(|group| alike(group))
            .fold((1.0, 1.0), |sum, (wrong, right)| (sum.0 * (wrong + right), sum.1 * right));
        passed * (accepted - all_right)
    };
    deals.iter().map(one).sum::<f64>() / deals.len() as f64
}

/// The rate of nested functions of rising levels: a function is wrong wherever those before it are.
fn nested(deals: &[Deal], levels: &[f64]) -> f64 {
    rate(deals, |slot| 1.0 - levels[slot], |group| (levels[group[0]], 1.0 - levels[group[group.len() - 1]]))
}

fn third_number(R: usize, T: usize) -> f64 {
    nearest(Substitution::worst(R as u64, T as u64, 0).expect("legal").rate_at_most())
}

/// The best server whose slots are wrong always or never.
fn best_by_slots(R: usize, B: usize, T: usize) -> f64 {
    let params = Params::new(R as u64, B as u64, T as u64, 0).expect("legal");
    let rate = |i: usize| nearest(&Row::new(params, (i * B) as u128).expect("short").pr_success);
    (1..=R).map(rate).fold(0.0, f64::max)
}

/// Climbs by changing one value at a time, within its neighbours.
fn climb(values: &mut [f64], rate: impl Fn(&[f64]) -> f64) -> f64 {
    let mut best = rate(values);
    let mut step = 0.25;
    while step > 1e-7 {
        let before = best;
        for index in 0..values.len() {
            for change in [step, -step] {
                let least = if index == 0 { 0.0 } else { values[index - 1] };
                let most = values.get(index + 1).copied().unwrap_or(1.0);
                let old = values[index];
                values[index] = (old + change).clamp(least, most);
                let new = rate(values);
                if new > best { best = new } else { values[index] = old }
            }
        }
        if best <= before {
            step /= 2.0;
        }
    }
    best
}

/// Sums of `n` in order, with every part at least 2 and at most four parts.
fn multiplicities(n: usize, parts: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    if parts == 0 {
        return Vec::new();
    }
    let first =
        |part: usize| multiplicities(n - part, parts - 1).into_iter().map(move |rest| [vec![part], rest].concat());
    (2..=n).flat_map(first).collect()
}

/// The best rate of nested functions: some slots never wrong, some always, the others at up to four levels, two slots or more at each.
fn best_nested(deals: &[Deal], N: usize, random: &mut Pcg64Mcg) -> f64 {
    let mut best: f64 = 0.0;
    for never in 0..=N {
        for always in 0..=N - never {
            for parts in multiplicities(N - never - always, 4) {
                let levels = |values: &[f64]| {
                    let between = parts.iter().zip(values).flat_map(|(&slots, &level)| vec![level; slots]);
                    [vec![0.0; never], between.collect(), vec![1.0; always]].concat()
                };
                for _ in 0..if parts.is_empty() { 1 } else { 4 } {
                    let mut values: Vec<f64> =
                        parts.iter().map(|_| f64::from(random.next_u32()) / 2_f64.powi(32)).collect();
                    values.sort_by(f64::total_cmp);
                    best = best.max(climb(&mut values, |values| nested(deals, &levels(values))));
                }
            }
        }
    }
    best
}

/// In all settings of up to so many slots, the best is the third number or a server by slots. Returns the settings where the latter is better.
fn search(most_slots: usize) -> Vec<(usize, usize, usize)> {
    let mut random = Pcg64Mcg::new(17);
    let mut by_slots = Vec::new();
    for (B, R) in (1..most_slots).flat_map(|B| (1..=(most_slots - 1) / B).map(move |R| (B, R))) {
        for T in 1..=most_slots - R * B {
            let (third, slots) = (third_number(R, T), best_by_slots(R, B, T));
            let best = best_nested(&deals(R, B, T), R * B + T, &mut random);
            assert!(
                (best - third.max(slots)).abs() < EXACT,
                "({R},{B},{T}): {best}, where {third} and {slots} are known"
            );
            if slots > third + EXACT {
                by_slots.push((R, B, T));
            }
        }
    }
    by_slots
}

#[test]
fn nothing_beats_both_up_to_eight_slots() {
    let by_slots = search(8);
    let (single, copied): (Vec<_>, Vec<_>) = by_slots.into_iter().partition(|(_, B, _)| *B == 1);
    assert_eq!(copied, [(1, 2, 1), (1, 2, 2)]);
    assert_eq!(single.len(), 28, "at B = 1 one wrong slot is best wherever R + T <= 8");
}

#[test]
#[ignore = "minutes"]
fn nothing_beats_both_up_to_ten_slots() {
    let copied: Vec<_> = search(10).into_iter().filter(|(_, B, _)| *B > 1).collect();
    assert_eq!(copied, [(1, 2, 1), (1, 2, 2)]);
}

/// Functions on four inputs that are not nested win no more often than nested ones of the same levels.
#[test]
fn nested_functions_are_the_best_of_their_levels() {
    let mut random = Pcg64Mcg::new(5);
    for (R, B, T) in [(1, 2, 2), (2, 2, 1), (2, 2, 3), (2, 3, 1)] {
        let deals = deals(R, B, T);
        for _ in 0..100 {
            let wrong: Vec<u32> = (0..R * B + T).map(|_| random.next_u32() & 0b1111).collect();
            let share = |inputs: u32| f64::from(inputs.count_ones()) / 4.0;
            let alike = |group: &[usize]| {
                let all = group.iter().fold(0b1111, |all, slot| all & wrong[*slot]);
                let any = group.iter().fold(0, |any, slot| any | wrong[*slot]);
                (share(all), 1.0 - share(any))
            };
            let apart = rate(&deals, |slot| 1.0 - share(wrong[slot]), alike);
            let mut levels: Vec<f64> = wrong.iter().map(|inputs| share(*inputs)).collect();
            levels.sort_by(f64::total_cmp);
            assert!(apart <= nested(&deals, &levels) + EXACT, "({R},{B},{T}): {wrong:?}");
        }
    }
}

fn power(polynomial: &[f64], exponent: usize) -> Vec<f64> {
    (0..exponent).fold(vec![1.0], |product, _| {
        let mut next = vec![0.0; product.len() + polynomial.len() - 1];
        for (i, one) in product.iter().enumerate() {
            for (j, other) in polynomial.iter().enumerate() {
                next[i + j] += one * other;
            }
        }
        next
    })
}

fn choose(n: usize, k: usize) -> f64 {
    (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product()
}

/// The rate of nested functions of two levels, the larger on `k` slots: a sum over how many of the `k` hold publics, and for the others
/// the coefficient of `x^m` in a power of the polynomial of one group.
fn two_levels((R, B, T): (usize, usize, usize), k: usize, [low, high]: [f64; 2]) -> f64 {
    let group = |alike: &dyn Fn(usize) -> f64| -> Vec<f64> {
        power(&(0..=B).map(|j| choose(B, j) * alike(j)).collect::<Vec<_>>(), R)
    };
    let accepted = group(&|j| if j == 0 || j == B { 1.0 } else { 1.0 - high + low });
    let all_right = group(&|j| if j == 0 { 1.0 - low } else { 1.0 - high });
    let term = |publics: usize| {
        let m = k.checked_sub(publics).filter(|m| *m <= R * B)?;
        let powers = |base: f64, exponent: usize| (0..exponent).map(|_| base).product::<f64>();
        let passed = powers(1.0 - high, publics) * powers(1.0 - low, T - publics);
        Some(choose(T, publics) * passed * (accepted[m] - all_right[m]))
    };
    (0..=T).filter_map(term).sum::<f64>() / choose(R * B + T, k)
}

#[test]
fn two_levels_equal_the_enumeration() {
    let deals = deals(2, 2, 3);
    for k in 0..=7 {
        let levels = [vec![0.125; 7 - k], vec![0.5; k]].concat();
        let direct = nested(&deals, &levels);
        assert!((two_levels((2, 2, 3), k, [0.125, 0.5]) - direct).abs() < EXACT, "{k}");
    }
}

/// At the two published settings, on a grid of levels and by climbing from its best points.
#[test]
fn no_two_levels_beat_the_third_number_at_the_published_settings() {
    for setting @ (R, B, T) in [(8, 2, 4), (8, 8, 100)] {
        let third = third_number(R, T);
        let grid: Vec<f64> = (0..=16).map(|step| f64::from(step * step) / 256.0).collect();
        let mut best: f64 = 0.0;
        for k in 0..=R * B + T {
            let pairs =
                grid.iter().flat_map(|low| grid.iter().filter(move |high| *high >= low).map(move |high| [*low, *high]));
            let rate = |levels: &[f64]| two_levels(setting, k, [levels[0], levels[1]]);
            let mut start = pairs.max_by(|one, other| rate(one).total_cmp(&rate(other))).expect("a grid");
            best = best.max(climb(&mut start, rate));
        }
        assert!((best - third).abs() < EXACT, "{setting:?}: {best} where {third} is known");
    }
}
