//! The parameters that security hangs on. Silent transfers: every set against the estimates of `examples/lpn_bits.rs`, and these against
//! attacks that run. RLWE: every modulus of every model against the table it is taken from, and the flooding of all responses of a
//! session against its budget, computed here from the formula of decision 7.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use fusion_2pc::backend::cheetah::{Cheetah, Packing};
use fusion_2pc::circuit::Circuit;
use fusion_2pc::he::parameters::SECURE;
use fusion_2pc::linear::Geometry;
use fusion_2pc::ot::convolute::{Compressor, MEMORY, WEIGHT};
use fusion_2pc::ot::dual::TREES;
use fusion_2pc::ot::lpn::{LOCALITY, SETS, Set, places};
use fusion_2pc::random::Seed;
use fusion_2pc::session::{Grouping, Plan};
use fusion_2pc::share::truncate::Truncation;
use fusion_nn::fixed::FixedModel;
use fusion_nn::model::Model;
use fusion_proofs_tests::networks::{PRECISION, fixed, many_classes, residual, tiny};
use rand_core::Rng;
use std::collections::HashMap;

#[path = "../../examples/lpn_bits.rs"]
#[expect(dead_code, reason = "an example's main")]
mod lpn_bits;
use lpn_bits::{Instance, OLD, Solver, greedy, greedy_share};

#[path = "../../examples/code_distance.rs"]
#[expect(dead_code, reason = "an example's main")]
mod code_distance;
use code_distance::Ensemble;

#[test]
fn every_set_takes_2_to_the_128_operations_and_the_old_ones_did_not() {
    for set in SETS {
        let instance = Instance::from(set);
        assert!(instance.bits() >= 128.0, "{set:?}");
        assert!(instance.subsystem(instance.least_share(), Solver::Free) >= 128.0, "{set:?} if solving were free");
    }
    for set in OLD {
        assert!(Instance::from(set).bits() < 80.0, "{set:?}");
        assert!(Instance::from(set).published() < 128.0, "{set:?}, even with a code that is not sparse");
    }
}

/// A round of fewer trees has fewer outputs, and an attacker of many may look at few: estimates only grow.
#[test]
fn fewer_trees_are_no_easier() {
    for set in SETS {
        let mut last = f64::INFINITY;
        let least = set.k() / (1 << set.depth) + 1;
        for t in (least..=set.t).step_by((set.t - least) / 12) {
            let bits = Instance::from(Set { t, ..set }).bits();
            assert!(bits <= last + 1e-9 && bits >= 128.0, "{t} of {set:?}: {bits} after {last}");
            last = bits;
        }
    }
}

#[test]
fn the_decision_record_quotes_the_table() {
    let record = include_str!("../../docs/decisions/0006-oblivious-transfer.md");
    assert!(record.contains(&lpn_bits::table()), "cargo run --example lpn_bits");
}

/// Dual LPN: a code of a random key has a word of so few ones that a linear test would have an advantage above `2^-128` with probability below `2^-40`, and all
/// that does not ask what the code is takes far more.
#[test]
fn codes_of_dual_lpn_have_no_light_words_and_decoding_is_out_of_reach() {
    let record = include_str!("../../docs/decisions/0032-dual-lpn-in-less-work.md");
    let expected = code_distance::expected();
    assert!(record.contains(&code_distance::table(&expected)), "cargo run --example code_distance");
    let t = f64::from(u32::try_from(TREES).unwrap());
    for (depth, expected) in code_distance::DEPTHS.zip(expected) {
        let words: f64 = expected.map(f64::exp2).iter().sum();
        assert!(words.log2() < -40.0, "{depth}: 2^{}", words.log2());
        let code = Ensemble::of(depth);
        let k = code.length() - code.outputs;
        let instance = Instance { t, part: code.length() / t, k, d: k / 2.0 };
        assert!(instance.published() >= 340.0, "{depth}: {}", instance.published());
    }
    let share = code_distance::share(128.0, t);
    assert!((t * (1.0 - 2.0 * share).log2() + 128.0).abs() < 1e-9 && (0.159..0.160).contains(&share));
    // With half the trees the same codes would leave a linear test 2^-64.
    assert!((t / 2.0 * (1.0 - 2.0 * share).log2() + 64.0).abs() < 1e-9);
}

/// The chain of the bound, in the code that is used: sums of the first outputs under 40,000 keys, each noise a bit of its own. By Hoeffding's bound a mean of
/// numbers between 0 and 1 is off by 0.02 with probability below `2 exp(-32) < 1e-13`.
#[test]
fn sums_of_outputs_weigh_what_the_chain_says() {
    const KEYS: u128 = 40_000;
    let regions = u32::try_from(WEIGHT).unwrap();
    let code = Ensemble { regions, places: 4, memory: MEMORY, outputs: 3.0 };
    let z = 0.97_f64;
    let mut means = [0.0; 3];
    for key in 0..KEYS {
        let mut outputs = [0; 3];
        let mut compressor = Compressor::new(key, 0);
        for region in 0..WEIGHT {
            compressor.add(&mut [0, 1, 2, 3].map(|place| 1 << (4 * region + place)), &mut outputs);
        }
        let mut word = 0;
        for (mean, output) in means.iter_mut().zip(outputs) {
            word ^= output;
            *mean += z.powi(i32::try_from(word.count_ones()).unwrap()) / 40_000.0;
        }
    }
    for (r, mean) in (1..).zip(means) {
        let exact = code.exact(r, z);
        let expected = code.mean(&exact).exp2();
        assert!((mean - expected).abs() < 0.02, "{r}: {mean}, {expected}");
        let bounded = code.bounded(r.into(), z);
        assert!(exact.iter().zip(&bounded).all(|(exact, bounded)| *exact <= bounded + 1e-6), "{r}");
    }
}

/// The shares of columns do not hang on the size of a code, and no choice goes below the bound.
#[test]
fn greedy_choices_are_between_any_and_random_ones() {
    for set in OLD.into_iter().chain(SETS) {
        let instance = Instance::from(set);
        for log_k in [10, 12] {
            let share = greedy_share(log_k, set.n() >> (set.log_k - log_k), 7);
            assert!(share > instance.least_share() && share < 0.9 * instance.random_share(), "{set:?}: {share}");
        }
    }
}

type Bits = [u64; 12];

/// Which of some columns, by their new numbers, an output adds up; outputs of other columns are none.
fn supported(rows: &[[u32; LOCALITY]], columns: &[usize]) -> Vec<(usize, Bits)> {
    let number: HashMap<u32, usize> =
        columns.iter().enumerate().map(|(i, &column)| (u32::try_from(column).unwrap(), i)).collect();
    let row = |(row, places): (usize, &[u32; LOCALITY])| {
        let mut bits = [0; 12];
        for place in places {
            let i = number.get(place)?;
            bits[i / 64] ^= 1 << (i % 64);
        }
        Some((row, bits))
    };
    rows.iter().enumerate().filter_map(row).collect()
}

/// For each row that is a sum of others before it, which ones (itself among them).
fn relations(rows: &[Bits]) -> Vec<Bits> {
    let mut pivots: HashMap<usize, (Bits, Bits)> = HashMap::new();
    let mut found = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let (mut row, mut of) = (*row, [0; 12]);
        of[i / 64] |= 1 << (i % 64);
        loop {
            let Some(word) = row.iter().position(|&word| word != 0) else {
                found.push(of);
                break;
            };
            let first = 64 * word + row[word].trailing_zeros() as usize;
            let Some((pivot, combined)) = pivots.get(&first) else {
                pivots.insert(first, (row, of));
                break;
            };
            (0..12).for_each(|j| (row[j], of[j]) = (row[j] ^ pivot[j], of[j] ^ combined[j]));
        }
    }
    found
}

/// The columns that a greedy choice keeps of a small code with as many outputs a column as the old main set are independent but for one
/// or two: its sub-system can be solved.
#[test]
fn a_greedy_sub_system_is_nearly_of_full_rank() {
    for key in 0..4 {
        let rows = places(key, 0, 10, OLD[1].n() >> (OLD[1].log_k - 10));
        let (columns, outputs) = greedy(10, &rows);
        let kept = supported(&rows, &columns);
        assert!(kept.iter().map(|(row, _)| *row).eq(outputs.iter().copied()) && outputs.len() >= columns.len());
        let kept: Vec<Bits> = kept.into_iter().map(|(_, bits)| bits).collect();
        let rank = kept.len() - relations(&kept).len();
        assert!(rank + 3 >= columns.len(), "rank {rank} of {} columns", columns.len());
    }
}

/// The attack itself, on a toy: 256 unknowns, 73 parts of 64 outputs. Random columns, the outputs on them, relations among these, and at most
/// two errors that explain what the relations give. How often that finds all errors of the outputs used is what the estimate says.
/// By Chernoff's bound a run is out of these bounds with probability below `10^-9`.
#[test]
fn the_attack_on_a_toy_succeeds_as_often_as_is_estimated() {
    const TRIES: u32 = 1000;
    let (t, part, k) = (73_usize, 64_usize, 256_usize);
    let mut rng = Seed([1; 32]).stream();
    let mut below = |bound: usize| usize::try_from(rng.next_u64() % bound as u64).unwrap();
    let (mut hits, mut expected) = (0_u32, 0.0);
    let rows = places(9, 0, 8, t * part);
    for _ in 0..TRIES {
        let errors: Vec<usize> = (0..t).map(|tree| tree * part + below(part)).collect();
        let mut columns: Vec<usize> = (0..k).collect();
        (0..k).for_each(|i| columns.swap(i, i + below(k - i)));
        columns.truncate(k * 77 / 100);
        let mut kept = supported(&rows, &columns);
        let count = kept.len();
        (0..count).for_each(|i| kept.swap(i, i + below(count - i)));
        kept.truncate(columns.len() + 28);
        let words: Vec<Bits> = kept.iter().map(|(_, bits)| *bits).collect();
        let relations = relations(&words);
        assert!(relations.len() >= 28, "as many outputs as columns, and some more");
        // By output, which relations it is in; the errors' sum is what the attacker sees.
        let column = |i: usize| {
            relations.iter().enumerate().fold(0_u128, |sum, (r, of)| sum | u128::from(of[i / 64] >> (i % 64) & 1) << r)
        };
        let signs: Vec<u128> = (0..words.len()).map(column).collect();
        let wrong: Vec<usize> = (0..words.len()).filter(|&i| errors.contains(&kept[i].0)).collect();
        let seen = wrong.iter().fold(0, |sum, &i| sum ^ signs[i]);
        let by_sign: HashMap<u128, usize> = signs.iter().copied().zip(0..).collect();
        let explained = if seen == 0 { Some(vec![]) } else { by_sign.get(&seen).map(|&i| vec![i]) };
        let pair = || (0..signs.len()).find_map(|i| Some(vec![i, *by_sign.get(&(seen ^ signs[i]))?]));
        let found = explained.or_else(pair).map(|mut found| {
            found.sort_unstable();
            found
        });
        hits += u32::from(found == Some(wrong));
        let instance = Instance { t: 73.0, part: 64.0, k: 256.0, d: 10.0 };
        let outputs = u32::try_from(kept.len()).unwrap();
        expected += (0..=2).map(|p| instance.log_chance(outputs.into(), p).exp2()).sum::<f64>();
    }
    // Relative Chernoff: 2 exp(-mean delta^2 / 3).
    let delta = (3.0 * (2e9_f64).ln() / expected).sqrt();
    assert!((f64::from(hits) - expected).abs() < delta * expected, "{hits} hits, {expected} expected");
    assert!(delta < 0.9, "a test that can fail");
}

/// Plans of all models that are here, for several numbers of slots.
fn plans() -> Vec<Plan<Cheetah>> {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/models")).unwrap();
    let onnx = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
    let models: Vec<Model> = onnx.map(|onnx| Model::from_onnx(&onnx).unwrap()).collect();
    assert!(models.len() >= 10);
    let small = [tiny(1), residual(1), many_classes(1)];
    let fixed: Vec<FixedModel> = models.iter().chain(&small).map(|model| fixed(model, PRECISION)).collect();
    let both = |model: &FixedModel| {
        [Truncation::Faithful, Truncation::OneBit].map(|each| Circuit::new(&[model], each).unwrap())
    };
    let sizes = [(1, Grouping::Chunk), (20, Grouping::Slot), (128, Grouping::Chunk)];
    let plan = |circuit: Circuit| {
        sizes.map(|(slots, grouping)| Plan::new(Cheetah::default(), circuit.clone(), slots, grouping).unwrap())
    };
    fixed.iter().flat_map(both).flat_map(plan).collect()
}

#[test]
fn every_modulus_of_every_model_keeps_to_the_table() {
    assert_eq!(
        SECURE,
        [(4096, 106), (8192, 214)],
        "Bossuat et al., ePrint 2024/463, table 5.2: ternary secrets, 128 bits, classical"
    );
    for plan in plans() {
        for layout in plan.packings().flat_map(Packing::layouts) {
            let parameters = layout.geometry().parameters;
            let (_, most) = SECURE.into_iter().find(|(degree, _)| *degree == parameters.degree).unwrap();
            assert!(parameters.modulus_bits() <= most, "{parameters:?}");
        }
    }
}

/// `0.535 sqrt(sum of all coefficients' mean square noise / flood^2) <= 2^-40`.
#[test]
fn all_responses_of_a_session_tell_less_than_their_budget() {
    let distance = |plan: &Plan<Cheetah>| {
        let packing = plan.packings().next().unwrap();
        let slots = f64::from(u32::try_from(plan.slots).unwrap());
        let each = packing.layouts().map(|layout| {
            let Geometry { parameters, dropped, response, filters, .. } = layout.geometry();
            let sizes = [parameters.degree, parameters.max_weight(), filters, layout.outputs() / layout.batch()];
            let [degree, weight, filters, outputs] = sizes.map(|size| f64::from(u32::try_from(size).unwrap()));
            let squares = f64::from(2 * layout.bound().root_bits).exp2() * filters;
            // A rounding is an integer of at most `m = 2^(dropped - 1)`, whose square is `m (m + 1) / 3` on average.
            let rounding = |dropped: u32| {
                let most = if dropped == 0 { 0.0 } else { f64::from(dropped - 1).exp2() };
                most * (most + 1.0) / 3.0
            };
            let key = 10.5 + rounding(parameters.key_dropped());
            let noise = (10.75 + rounding(dropped)) * squares + key * degree * 2.0 / 3.0 + 10.5 * weight;
            let part = f64::from(2 * parameters.modulus_bits()).exp2();
            slots * outputs * noise / part * f64::from(2 * response.flood).exp2()
        });
        0.535 * each.sum::<f64>().sqrt()
    };
    let most = plans().iter().map(distance).fold(0.0, f64::max).log2();
    assert!(most <= -40.0, "2^{most}");
    assert!(most > -42.0, "2^{most}: the flooding has its price, and this can fail");
}
