//! Circuits that come from a peer: an honest one passes the check, and whatever passes it can be planned and evaluated without a panic.

use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::backend::{Backend, Choice, Family, ForBackend};
use fusion_2pc::circuit::Circuit;
use fusion_2pc::random::Seed;
use fusion_2pc::session::{self, Grouping, Networks, Plan, Service};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_nn::fixed::FixedModel;
use fusion_proofs_tests::networks::{PRECISION, fixed, many_classes, noise, residual, tiny};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::Value;

struct CircuitOf<'m>(&'m FixedModel);

impl ForBackend for CircuitOf<'_> {
    type Output = Circuit;

    fn run<B: Backend>(self, backend: B) -> Circuit {
        backend.circuit(&[self.0], Truncation::Faithful).expect("a small network")
    }
}

/// Checks a circuit, and plans it for sessions of one slot and of three.
struct Planned<'c>(&'c Circuit);

impl ForBackend for Planned<'_> {
    type Output = Result<(), String>;

    fn run<B: Backend>(self, backend: B) -> Self::Output {
        self.0.check().and_then(|()| backend.admits(self.0)).map_err(|refused| refused.to_string())?;
        for slots in [1, 3] {
            let plan = Plan::for_sessions(backend.clone(), self.0.clone(), slots, Grouping::Chunk, 7);
            let plan = plan.map_err(|refused| refused.to_string())?;
            let _ = (plan.transfers(), plan.chain(slots.min(plan.slots_per_message())));
        }
        Ok(())
    }
}

fn networks() -> Vec<FixedModel> {
    [tiny(0), residual(0), many_classes(0)].iter().map(|model| fixed(model, PRECISION)).collect()
}

#[test]
fn the_circuits_of_every_family_pass_and_travel() {
    for family in Family::ALL {
        let choice = Choice::from(family);
        for model in networks() {
            let mut circuit = choice.run(CircuitOf(&model));
            assert_eq!(choice.run(Planned(&circuit)), Ok(()), "{family:?}");
            for step in &mut circuit.steps {
                step.node = String::new();
            }
            let json = serde_json::to_string(&circuit).expect("JSON");
            assert_eq!(serde_json::from_str::<Circuit>(&json).ok().as_ref(), Some(&circuit), "{family:?}");
        }
    }
}

#[test]
fn a_family_takes_only_circuits_of_its_own_kind() {
    let model = fixed(&tiny(0), PRECISION);
    let kind = |family: Family| match family {
        Family::Cheetah => 0,
        Family::Cryptflow2Ot => 1,
        Family::Cryptflow2He => 2,
        Family::Delphi => 3,
        Family::Aby => 4,
        Family::Aby32 => 5,
    };
    for (maker, taker) in Family::ALL.into_iter().flat_map(|maker| Family::ALL.map(|taker| (maker, taker))) {
        let circuit = Choice::from(maker).run(CircuitOf(&model));
        let taken = Choice::from(taker).run(Planned(&circuit)).is_ok();
        assert_eq!(taken, kind(maker) == kind(taker), "{maker:?} by {taker:?}");
    }
}

/// The places of all numbers and words in a document.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| leaves(item, &format!("{at}/{index}"), found));
        }
        Value::Object(items) => items.iter().for_each(|(key, item)| leaves(item, &format!("{at}/{key}"), found)),
        Value::Number(_) | Value::String(_) => found.push(at.to_string()),
        Value::Null | Value::Bool(_) => {}
    }
}

fn below(random: &mut Pcg64, bound: usize) -> usize {
    usize::try_from(random.next_u64() % bound as u64).expect("below a size")
}

/// A circuit in which one number is another.
fn changed(circuit: &Circuit, random: &mut Pcg64) -> Option<Circuit> {
    let mut document = serde_json::to_value(circuit).expect("JSON");
    let mut places = Vec::new();
    leaves(&document, "", &mut places);
    let place = &places[below(random, places.len())];
    let leaf = document.pointer_mut(place).expect("it was found");
    let number = leaf.as_u64()?;
    let others = [0, 1, 2, 3, 7, 20, 61, 62, 63, 64, 65, 1 << 20, 1 << 32, 1 << 62, u64::MAX];
    let other = match below(random, 4) {
        0 => number.wrapping_add(1),
        1 => number.wrapping_sub(1),
        2 => number.wrapping_mul(2),
        _ => others[below(random, others.len())],
    };
    *leaf = other.into();
    serde_json::from_value(document).ok()
}

#[test]
fn what_passes_can_be_planned() {
    let mut random = Pcg64::seed_from_u64(1);
    let mut passed = 0;
    for family in Family::ALL {
        let choice = Choice::from(family);
        for model in networks() {
            let circuit = choice.run(CircuitOf(&model));
            for _ in 0..60 {
                if let Some(changed) = changed(&circuit, &mut random) {
                    passed += usize::from(choice.run(Planned(&changed)).is_ok());
                }
            }
        }
    }
    assert!(passed > 100, "{passed} circuits passed");
}

/// Both parties evaluate a circuit with changed rings: they end, with labels or without.
#[test]
fn what_passes_can_be_evaluated() {
    let model = fixed(&residual(0), PRECISION);
    let circuit = Choice::from(Family::Cheetah).run(CircuitOf(&model));
    let mut random = Pcg64::seed_from_u64(2);
    let images = noise(1, 1);
    let mut played = 0;
    for _ in 0..400 {
        let Some(changed) = changed(&circuit, &mut random).filter(|changed| changed.check().is_ok()) else { continue };
        let alike = circuit.steps.iter().zip(&changed.steps).all(|(a, b)| a.count == b.count && a.layer == b.layer);
        let Ok(plan) = Plan::new(Cheetah::default(), changed, 1, Grouping::Chunk) else { continue };
        // The server's own weights have to fit: it plans nothing but its own circuit.
        let Some(networks) = alike.then(|| Networks::new(&plan, std::slice::from_ref(&model)).ok()).flatten() else {
            continue;
        };
        let seed = Seed([3; 32]);
        let (client, server, _) = session::set_up(&seed, &[&plan], LinkSpeed::LAN).expect("a set-up");
        let service = Service { model: 0, labels: (0..).take(plan.circuit.classes).collect() };
        let pixels = |_| images[0].iter().map(|pixel| i64::from(*pixel)).collect();
        let ((answered, _), (served, _)) = session::run(
            LinkSpeed::LAN,
            |link| session::client(link, &client, &plan, &seed, pixels),
            |link| session::server(link, &server, &plan, &seed, &networks, &[service]),
        );
        assert!(served.is_ok());
        played += usize::from(answered.is_ok());
    }
    assert!(played > 10, "{played} sessions were played to the end");
}

/// Circuits that a server might make to exhaust or break a client, each of which has sizes that fit one another.
#[test]
fn circuits_beyond_every_bound_are_refused() {
    let circuit = Choice::from(Family::Cheetah).run(CircuitOf(&fixed(&tiny(0), PRECISION)));
    let with = |steps: serde_json::Value, output: serde_json::Value, classes: usize| {
        let mut document = serde_json::to_value(&circuit).expect("JSON");
        document["steps"] = steps;
        document["output"] = output;
        document["classes"] = classes.into();
        serde_json::from_value::<Circuit>(document)
            .expect("it reads as one")
            .check()
            .map_err(|refused| refused.to_string())
    };
    let step = |op: serde_json::Value, inputs: serde_json::Value, count: usize, ring: u32| serde_json::json!({ "layer": 0, "address": "layer[0:add]", "op": op, "inputs": inputs, "count": count, "ring": ring });
    let told = |checked: Result<(), String>, what: &str| {
        let told = checked.expect_err("refused");
        assert!(told.contains(what), "{told}");
    };
    // As many windows as pixels, each a quarter of the image.
    let side = 896;
    let concat = step("concat".into(), serde_json::json!(vec!["input"; side * side / 36]), side * side / 36 * 36, 9);
    let window = serde_json::json!({ "size": [448, 448], "stride": [1, 1], "pads": [0, 0, 0, 0] });
    let pool = serde_json::json!({ "largest": { "window": window, "image": [1, side, side] } });
    let pooled = serde_json::json!([concat, step(pool, serde_json::json!([{ "layer": 0 }]), 449 * 449, 9)]);
    told(with(pooled, serde_json::json!({ "layer": 1 }), 449 * 449), "more than");
    let small = serde_json::json!({ "size": [3, 3], "stride": [1, 1], "pads": [3, 0, 0, 0] });
    let uncovered = serde_json::json!({ "largest": { "window": small, "image": [1, 6, 6] } });
    let uncovered = serde_json::json!([step(uncovered, serde_json::json!(["input"]), 28, 9)]);
    told(with(uncovered, serde_json::json!({ "layer": 0 }), 28), "sizes");
    // More steps than any network has, each of one that is cheap.
    let adds: Vec<_> = (0..5_000).map(|_| step("add".into(), serde_json::json!(["input", "input"]), 36, 9)).collect();
    told(with(adds.into(), serde_json::json!({ "layer": 0 }), 36), "steps");
    let one_bit = serde_json::json!([step("add".into(), serde_json::json!(["input", "input"]), 36, 1)]);
    told(with(one_bit, serde_json::json!({ "layer": 0 }), 36), "no room for a comparison");
    let strided = serde_json::json!({ "size": [1, 1], "stride": [1 << 24, 1 << 24], "pads": [0, 0, (1 << 24) - 1, 0] });
    let shape = serde_json::json!({ "conv": { "image": [36, 1, 1], "filters": 4, "window": strided } });
    let conv = serde_json::json!({ "linear": { "shape": shape, "bound": { "sum_bits": 3, "root_bits": 3 } } });
    let conv = serde_json::json!([step(conv, serde_json::json!(["input"]), 4, 20)]);
    told(with(conv, serde_json::json!({ "layer": 0 }), 4), "sizes");
    // No group, and groups that are not equal parts of the channels, or of the filters.
    let cell = serde_json::json!({ "size": [1, 1], "stride": [1, 1], "pads": [0, 0, 0, 0] });
    for (groups, filters) in [(0, 4), (5, 5), (9, 4), (72, 72)] {
        let conv = serde_json::json!({ "image": [36, 1, 1], "filters": filters, "window": cell, "groups": groups });
        let bound = serde_json::json!({ "sum_bits": 3, "root_bits": 3 });
        let conv = serde_json::json!({ "linear": { "shape": { "conv": conv }, "bound": bound } });
        let conv = serde_json::json!([step(conv, serde_json::json!(["input"]), filters, 20)]);
        told(with(conv, serde_json::json!({ "layer": 0 }), filters), "sizes");
    }
}
