//! Truncation as each family's authors published it: an honest server's logits deviate as often as the trusted third party says, and the rare large
//! error of two parties that truncate by themselves occurs as often as the values are large.

use crate::world::{World, plan_by};
use fusion_2pc::address::Address;
use fusion_2pc::backend::{Backend, Family, ForBackend};
use fusion_2pc::circuit::{Op, Step};
use fusion_2pc::ideal;
use fusion_2pc::modulus::Modulus;
use fusion_2pc::random::Seed;
use fusion_2pc::session::Grouping;
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::Deviation;
use fusion_2pc::wire::link::Link;
use fusion_nn::fixed::{FixedModel, Precision, Ring};
use fusion_nn::model::Value;
use fusion_proofs_tests::networks::{PRECISION, fixed, noise, tiny};
use fusion_spec::evidence::Evidence;
use rug::Rational;
use std::sync::{Arc, Mutex};

/// Slots of a session.
const SLOTS: usize = 128;

/// Evaluations by the trusted third party, the first [`MIDDLE`] of which only say where to divide.
const EVALUATIONS: usize = 3_000;
const MIDDLE: usize = 1_001;

/// Of each interval: there are four for a family, and that two of one rate do not meet has at most twice this chance.
const ALPHA: (u64, u64) = (1, 24_000_000_000);

/// Whether two intervals for one rate meet.
fn meet(counts: [(usize, usize); 2]) -> bool {
    let [(a, b), (c, d)] = counts.map(|(trials, successes)| {
        let evidence = Evidence::new(trials as u64, successes as u64, Rational::from(ALPHA)).expect("a rate");
        evidence.interval()
    });
    a <= d && c <= b
}

/// Logits of one image again and again, by the trusted third party.
fn by_third_party<B: Backend>(world: &World<B>, image: &[u8]) -> Vec<Vec<i64>> {
    let (circuit, model) = (&world.plan.circuit, &world.models[0]);
    let modulus = circuit.modulus(circuit.ring(circuit.output));
    let pixels = model.pixels(image).expect("of this size");
    let mut coins = Seed([5; 32]).stream();
    let logits = |_| {
        let logits = ideal::logits(circuit, model, &pixels, &mut coins, |_, _, _| {});
        logits.into_iter().map(|logit| modulus.integer(logit)).collect()
    };
    (0..EVALUATIONS).map(logits).collect()
}

/// The logits of one image, by the two parties and by the third.
struct Again(Family);

impl ForBackend for Again {
    type Output = ();

    fn run<B: Backend>(self, backend: B) {
        let family = self.0;
        let models = vec![fixed(&tiny(0), PRECISION)];
        let plan = plan_by(backend, &models, SLOTS, Grouping::Chunk, Truncation::OneBit);
        let world = World::of(models, plan, 1);
        let images = vec![noise(1, 3).remove(0); SLOTS];
        let faithful = world.models[0].logits(&images[0]).expect("of this size");
        let session = world.session(1, &images, &world.honest());
        let real: Vec<Vec<i64>> = world.opened(&session).chunks_exact(faithful.len()).map(<[i64]>::to_vec).collect();
        if world.plan.circuit.truncation == Truncation::Faithful {
            assert!(real.iter().all(|logits| *logits == faithful), "{family:?}: the two words mean the same");
            return;
        }
        let ideal = by_third_party(&world, &images[0]);
        for class in 0..2 {
            let (first, ideal) = ideal.split_at(MIDDLE);
            let mut first: Vec<i64> = first.iter().map(|logits| logits[class]).collect();
            first.sort_unstable();
            let middle = first[MIDDLE / 2];
            let above = |all: &[Vec<i64>]| (all.len(), all.iter().filter(|logits| logits[class] > middle).count());
            let counts = [above(ideal), above(&real)];
            assert!(meet(counts), "{family:?}, class {class}: above {middle} in {counts:?}");
            assert!(real.iter().any(|logits| logits[class] != faithful[class]), "{family:?}: it shows");
        }
    }
}

/// False alarm: at most 1e-9 for all families together.
#[test]
fn honest_servers_deviate_as_the_third_party_says_in_every_family() {
    for family in Family::ALL {
        family.run(Again(family));
    }
}

type Shares = Arc<Mutex<Vec<Vec<u64>>>>;

/// Keeps a party's shares of each step.
struct Recorder(Shares);

impl Deviation for Recorder {
    fn share(&mut self, _step: &Address, shares: &mut [u64], _modulus: Modulus) {
        self.0.lock().expect("no panic").push(shares.to_vec());
    }
}

/// The values of every step of a session, opened, chunk by chunk.
fn opened<B: Backend>(world: &World<B>, images: &[Vec<u8>]) -> Vec<Vec<i64>> {
    let shares = [Shares::default(), Shares::default()];
    let (mut near, mut far) = Link::pair(LinkSpeed::LAN);
    near.deviate(Box::new(Recorder(Arc::clone(&shares[0]))));
    far.deviate(Box::new(Recorder(Arc::clone(&shares[1]))));
    let session = world.over([near, far], 1, images, &world.honest());
    assert!(session.client.is_ok());
    let [mine, theirs] = shares.map(|shares| std::mem::take(&mut *shares.lock().expect("no panic")));
    let circuit = &world.plan.circuit;
    let open = |((step, mine), theirs): ((&Step, Vec<u64>), Vec<u64>)| {
        let modulus = circuit.modulus(step.ring);
        mine.iter().zip(theirs).map(|(a, b)| modulus.integer(modulus.add(*a, b))).collect()
    };
    circuit.steps.iter().cycle().zip(mine).zip(theirs).map(open).collect()
}

/// The number of truncated values, of large errors among them, and the sum of their probabilities `x / M`.
struct Large;

impl ForBackend for Large {
    type Output = Option<(usize, usize, Rational)>;

    fn run<B: Backend>(self, backend: B) -> Self::Output {
        // As many fractional bits as 32 bits hold.
        let model: FixedModel = fixed(&tiny(0), Precision { frac_bits: 18, ring: Ring::Auto });
        let models = vec![model];
        let plan = plan_by(backend, &models, SLOTS, Grouping::Chunk, Truncation::OneBit);
        let alone = plan.circuit.truncation == Truncation::OneBit && plan.circuit.uniform.is_some();
        let world = World::of(models, plan, 1);
        let values = alone.then(|| opened(&world, &noise(SLOTS, 3)))?;
        let (mut count, mut large, mut expected) = (0, 0, Rational::new());
        let steps = &world.plan.circuit.steps;
        for (place, rounded) in values.iter().enumerate() {
            let (step, chunk) = (&steps[place % steps.len()], place - place % steps.len());
            let (Op::Relu { shift, .. }, Value::Layer(before)) = (&step.op, step.inputs[0]) else { continue };
            let size = match world.plan.circuit.modulus(step.ring) {
                Modulus::TwoTo(bits) => Rational::from(rug::Integer::from(1) << bits),
                Modulus::Prime(prime) => Rational::from(prime),
            };
            for (x, y) in values[chunk + before].iter().zip(rounded) {
                let x = (*x).max(0);
                count += 1;
                large += usize::from(![0, 1].contains(&(y - (x >> shift))));
                expected += Rational::from(x) / &size;
            }
        }
        Some((count, large, expected))
    }
}

/// An error of `x` is large with probability `|x| / M`, independently of the others: their number varies less than a binomial one of the same
/// mean does (Hoeffding 1956), so that a binomial interval holds. False alarm: at most 1e-9.
#[test]
fn large_errors_are_as_rare_as_values_are_small() {
    let mut seen = 0;
    for family in Family::ALL {
        let Some((count, large, expected)) = family.run(Large) else { continue };
        let evidence = Evidence::new(count as u64, large as u64, Rational::from(ALPHA)).expect("a rate");
        let (low, high) = evidence.interval();
        let rate = expected / count as u64;
        println!("{family:?}: {large} of {count}, expected at {:e}", rate.to_f64());
        assert!(low <= rate && rate <= high, "{family:?}: {large} of {count}, expected at {rate}");
        seen += large;
    }
    assert!(seen > 0, "some family's values are large");
}
