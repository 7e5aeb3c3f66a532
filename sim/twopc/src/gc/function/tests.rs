use super::*;
use crate::random::Seed;
use crate::share::uniform::Uniform;

/// DELPHI's prime, of 41 bits.
const P: u64 = 2_061_584_302_081;

/// A circuit's outputs as numbers, where each party's inputs are numbers of so many bits, one after another.
fn run(circuit: &Circuit, widths: [&[usize]; 2], inputs: [&[Vec<u64>]; 2]) -> Vec<u64> {
    let words = |widths: &[usize], numbers: &[Vec<u64>]| -> Vec<u64> {
        let bits = |(at, &width): (usize, &usize)| (0..width).map(move |bit| (at, bit));
        let word = |(at, bit): (usize, usize)| {
            numbers.iter().enumerate().map(|(lane, numbers)| (numbers[at] >> bit & 1) << lane).sum()
        };
        widths.iter().enumerate().flat_map(bits).map(word).collect()
    };
    let of = |(garbler, evaluator): (&[Vec<u64>], &[Vec<u64>])| -> Vec<u64> {
        let outputs = circuit.clear(&words(widths[0], garbler), &words(widths[1], evaluator));
        let number = |lane: usize| outputs.iter().enumerate().map(|(bit, word)| (word >> lane & 1) << bit).sum();
        (0..garbler.len()).map(number).collect()
    };
    inputs[0].chunks(64).zip(inputs[1].chunks(64)).flat_map(of).collect()
}

/// Each value with shares of it: all of both if there are few, or random ones with some near 0 and the ends.
fn shared(modulus: Modulus) -> Vec<[u64; 3]> {
    let size = match modulus {
        Modulus::TwoTo(bits) => 1_u128 << bits,
        Modulus::Prime(p) => p.into(),
    };
    let with_share = |x: u64, x0: u64| [x, x0, modulus.sub(x, x0)];
    if size <= 64 {
        let size = size as u64;
        return (0..size * size).map(|both| with_share(both / size, both % size)).collect();
    }
    let mut rng = Seed([4; 32]).stream();
    let mut values = modulus.uniform(&mut rng, 1000);
    values.extend((-20..=20).map(|x| modulus.element(x)));
    values.extend((2..20).map(|x| ((size / 2) as u64).wrapping_add(x)));
    values.extend((2..20).map(|x| ((size / 2) as u64).wrapping_sub(x)));
    let shares = modulus.uniform(&mut rng, values.len());
    values.into_iter().zip(shares).map(|(x, x0)| with_share(x, x0)).collect()
}

/// That a circuit is a function of the value that is shared.
fn assert_of_value(circuit: &Circuit, modulus: Modulus, function: impl Fn(u64, u64) -> u64) {
    let bits = modulus.bits() as usize;
    let cases = shared(modulus);
    let of = |part: usize| cases.iter().map(|case| vec![case[part]]).collect::<Vec<_>>();
    let outputs = run(circuit, [&[bits], &[bits]], [&of(2), &of(1)]);
    for (output, [x, x0, _]) in outputs.into_iter().zip(&cases) {
        assert_eq!(output, function(*x, *x0), "{x} of {modulus:?}, the client's share {x0}");
    }
}

/// Moduli of all kinds, and how many bits to drop.
const MODULI: [(Modulus, u32); 16] = [
    (Modulus::TwoTo(2), 0),
    (Modulus::TwoTo(5), 0),
    (Modulus::TwoTo(5), 2),
    (Modulus::TwoTo(6), 3),
    (Modulus::TwoTo(6), 9),
    (Modulus::TwoTo(32), 0),
    (Modulus::TwoTo(32), 12),
    (Modulus::TwoTo(41), 12),
    (Modulus::TwoTo(64), 0),
    (Modulus::TwoTo(64), 12),
    (Modulus::Prime(5), 0),
    (Modulus::Prime(17), 1),
    (Modulus::Prime(31), 2),
    (Modulus::Prime(P), 0),
    (Modulus::Prime(P), 8),
    (Modulus::Prime((1 << 61) - 1), 12),
];

/// The integer that a circuit takes an element for. It is [`Modulus::integer`], but for `(p - 1) / 2`, which counts as negative.
fn meant(modulus: Modulus, x: u64) -> i64 {
    match modulus {
        Modulus::Prime(p) if x == p / 2 => x.cast_signed() - p.cast_signed(),
        _ => modulus.integer(x),
    }
}

#[test]
fn values_are_rectified_and_truncated() {
    for (modulus, shift) in MODULI {
        let relu = |x, _| modulus.element(meant(modulus, x).max(0) >> shift);
        assert_of_value(&rectify(modulus, shift as usize, Outcome::Plain), modulus, relu);
        let floor = |x, _| modulus.element(meant(modulus, x) >> shift);
        assert_of_value(&truncate(modulus, shift as usize, Outcome::Plain), modulus, floor);
    }
}

#[test]
fn values_are_clipped_and_truncated() {
    let ends = [[0, 3], [-2, 5], [-9, 1], [2, 3], [7, 7], [0, 6 << 12], [-1000, 1 << 40], [i64::MIN, i64::MAX]];
    for (modulus, shift) in MODULI {
        for [low, high] in ends {
            let clipped = |x, _| modulus.element(meant(modulus, x).max(low).min(high) >> shift);
            assert_of_value(&clip(modulus, [low, high], shift as usize, Outcome::Plain), modulus, clipped);
        }
    }
}

#[test]
fn masks_are_added_inside_the_circuit() {
    for modulus in [Modulus::TwoTo(3), Modulus::TwoTo(64), Modulus::Prime(7), Modulus::Prime(P)] {
        let bits = modulus.bits() as usize;
        let cases = shared(modulus);
        let masks = modulus.uniform(&mut Seed([8; 32]).stream(), cases.len());
        let garbler: Vec<Vec<u64>> = cases.iter().zip(&masks).map(|(case, mask)| vec![case[2], *mask]).collect();
        let evaluator: Vec<Vec<u64>> = cases.iter().map(|case| vec![case[1]]).collect();
        let check = |circuit: &Circuit, function: &dyn Fn(i64) -> i64| {
            let outputs = run(circuit, [&[bits; 2], &[bits]], [&garbler, &evaluator]);
            for ((output, [x, ..]), mask) in outputs.into_iter().zip(&cases).zip(&masks) {
                assert_eq!(
                    output,
                    modulus.add(modulus.element(function(meant(modulus, *x))), *mask),
                    "{x} of {modulus:?}"
                );
            }
        };
        check(&rectify(modulus, 1, Outcome::Masked), &|x| x.max(0) >> 1);
        check(&truncate(modulus, 1, Outcome::Masked), &|x| x >> 1);
        check(&clip(modulus, [-1, 2], 0, Outcome::Masked), &|x| x.clamp(-1, 2));
        check(&largest(modulus, 1, Outcome::Masked), &|x| x);
    }
}

/// Lists of values with shares; few values, so that equals are common, or any, whose differences may wrap.
fn lists(modulus: Modulus, count: usize, any: bool) -> [Vec<Vec<u64>>; 3] {
    let mut rng = Seed([count as u8; 32]).stream();
    let mut draw = || -> Vec<Vec<u64>> { (0..500).map(|_| modulus.uniform(&mut rng, count)).collect() };
    let [mut values, shares] = [draw(), draw()];
    if !any {
        values.iter_mut().flatten().for_each(|x| *x = modulus.element((*x % 9).cast_signed() - 4));
    }
    let rest = |(x, x0): (&u64, &u64)| modulus.sub(*x, *x0);
    let others = values.iter().zip(&shares).map(|(x, x0)| x.iter().zip(x0).map(rest).collect()).collect();
    [values, shares, others]
}

#[test]
fn the_largest_of_a_list_and_its_label() {
    for (modulus, count, any) in [
        (Modulus::TwoTo(3), 1, true),
        (Modulus::TwoTo(4), 2, true),
        (Modulus::TwoTo(9), 3, true),
        (Modulus::TwoTo(32), 4, false),
        (Modulus::TwoTo(64), 10, false),
        (Modulus::TwoTo(64), 9, true),
        (Modulus::Prime(31), 3, false),
        (Modulus::Prime(P), 10, false),
        (Modulus::Prime(P), 5, true),
    ] {
        let (bits, label) = (modulus.bits() as usize, 5);
        let [values, evaluator, garbler] = lists(modulus, count, any);
        let widths = vec![bits; count];
        let outputs = run(&largest(modulus, count, Outcome::Plain), [&widths, &widths], [&garbler, &evaluator]);
        let twins = Uniform { modulus, differences: false };
        for (output, list) in outputs.into_iter().zip(&values) {
            assert_eq!(output, twins.largest(list), "of {list:?}");
        }
        let circuit = argmax(modulus, count, label);
        let names: Vec<u32> = (0..count as u32).map(|place| (7 * place + 3) % 32).collect();
        let inputs = |list: Vec<u64>| list.into_iter().chain(names.iter().map(|&name| name.into())).collect();
        let labelled: Vec<Vec<u64>> = garbler.into_iter().map(inputs).collect();
        let all_widths = [widths.clone(), vec![label; count]].concat();
        let outputs = run(&circuit, [&all_widths, &widths], [&labelled, &evaluator]);
        for (output, list) in outputs.into_iter().zip(&values) {
            assert_eq!(output, twins.argmax(list, &names).into(), "of {list:?}");
        }
    }
}

/// AND gates of the whole circuits, and the figures of the originals where they have such a circuit; a table for those who read the test.
#[test]
fn and_gates_are_as_many_as_the_figures_of_the_originals_say_or_fewer() {
    use Outcome::{Masked, Plain};
    let (field, small, ring) = (Modulus::Prime(P), Modulus::TwoTo(32), Modulus::TwoTo(64));
    // Ours, by parts: shares added 41, less p 41, a choice 40; the sign 4; 40 bits kept. With the garbler's mask: 41 + 41 + 40 again.
    // DELPHI has wires of 42 bits (less p and a choice: 84; sign 5; 41 kept), and subtracts constants as if they were not known.
    let rows = [
        ("DELPHI ReLU, the server's mask inside: used", rectify(field, 0, Masked), 288, Some(296)),
        ("DELPHI ReLU without any mask", rectify(field, 0, Plain), 166, Some(41 + 84 + 5 + 41)),
        ("DELPHI ReLU >> 8, the server's mask inside: used", rectify(field, 8, Masked), 273, None),
        ("ABY ReLU, 32 bits: used", rectify(small, 0, Plain), 31 + 31, Some(31 + 31)),
        ("ABY ReLU, 64 bits: used", rectify(ring, 0, Plain), 63 + 63, Some(63 + 63)),
        ("ABY ReLU >> 12, 64 bits: used", rectify(ring, 12, Plain), 63 + 51, None),
        ("ABY truncation, 64 bits: used", truncate(ring, 12, Plain), 63, None),
        ("ABY clip to [0, 6], 64 bits: used", clip(ring, [0, 6 << 12], 12, Plain), 63 + 50 + 51 + 51, None),
        ("ABY largest of 4, 64 bits: used", largest(ring, 4, Plain), 4 * 63 + 3 * (64 + 64), None),
        ("ABY argmax of 10, 64 bits: used", argmax(ring, 10, 4), 10 * 63 + 9 * (64 + 4) + 8 * 64, None),
    ];
    for (name, circuit, ands, theirs) in rows {
        let theirs = theirs.map_or("-".into(), |theirs: usize| theirs.to_string());
        println!("{name:52} {:5} AND gates, theirs {theirs:>4}", circuit.ands());
        assert_eq!(circuit.ands(), ands, "{name}");
    }
}
