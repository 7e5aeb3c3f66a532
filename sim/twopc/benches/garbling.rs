//! Half gates: AND gates a second on one core, of an adder modulo 2^64 on a thousand elements.

use divan::Bencher;
use divan::counter::ItemsCount;
use fusion_2pc::gc::arithmetic::add;
use fusion_2pc::gc::circuit::{Bit, Builder, Circuit};
use fusion_2pc::gc::garble::{Evaluator, Garbler};
use fusion_2pc::ot::block::{Block, Cipher};

const ELEMENTS: usize = 1024;

fn main() {
    divan::main();
}

fn adder() -> Circuit {
    let (mut builder, x, y) = Builder::new(64, 64);
    let (sum, _) = add(&mut builder, &x, &y, Bit::Constant(false));
    builder.finish(&sum)
}

fn labels() -> Vec<Block> {
    let mut labels = vec![0; 128 * ELEMENTS];
    Cipher::new(1).key_stream(0, &mut labels);
    labels
}

#[divan::bench]
fn garble(bencher: Bencher) {
    let (circuit, zeros, mut garbler) = (adder(), labels(), Garbler::new(7));
    bencher
        .counter(ItemsCount::new(ELEMENTS * circuit.ands()))
        .bench_local(|| garbler.garble(&circuit, ELEMENTS, &zeros));
}

#[divan::bench]
fn evaluate(bencher: Bencher) {
    let (circuit, labels) = (adder(), labels());
    let (tables, _) = Garbler::new(7).garble(&circuit, ELEMENTS, &labels);
    let mut evaluator = Evaluator::default();
    bencher
        .counter(ItemsCount::new(ELEMENTS * circuit.ands()))
        .bench_local(|| evaluator.evaluate(&circuit, ELEMENTS, &labels, &tables));
}
