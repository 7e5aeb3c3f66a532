//! H6: what the client does before its check depends on the shape of the server's messages alone.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_spec::machine::{Effect, Event, State, step};
use fusion_spec::mix::Mix;
use fusion_spec::params::Params;
use fusion_spec::verdict::{Label, Verdict};
use proptest::prelude::*;
use rand_core::SeedableRng;
use rand_pcg::Pcg64;

#[derive(Clone, Debug)]
enum Shape {
    Query,
    Answer { slot: u32 },
    Garbage,
    ServerStop,
    Timeout,
    ClientStop,
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let shape = prop_oneof![
        6 => Just(Shape::Query),
        8 => (0..12_u32).prop_map(|slot| Shape::Answer { slot }),
        1 => Just(Shape::Garbage),
        1 => Just(Shape::ServerStop),
        1 => Just(Shape::Timeout),
        1 => Just(Shape::ClientStop),
    ];
    prop::collection::vec(shape, 0..40)
}

fn prepared(params: Params, seed: u64) -> State {
    let mix = Mix::new(params).expect("small").finish(&mut Pcg64::seed_from_u64(seed));
    let known = vec![Label(0); usize::try_from(params.T()).expect("small")];
    let mut state = State::Idle(params);
    step(&mut state, Event::Prepare { mix, known }).expect("fits");
    state
}

/// Every effect, and every refusal, in order.
fn trace(params: Params, seed: u64, shapes: &[Shape], label: impl Fn(usize) -> Label) -> Vec<String> {
    let mut state = prepared(params, seed);
    let event = |(at, shape): (usize, &Shape)| match *shape {
        Shape::Query => Event::Query,
        Shape::Answer { slot } => match label(at) {
            // What decodes to no label is content too.
            Label(3) => Event::Undecodable { slot },
            label => Event::Answer { slot, label },
        },
        Shape::Garbage => Event::Garbage,
        Shape::ServerStop => Event::ServerStop,
        Shape::Timeout => Event::Timeout,
        Shape::ClientStop => Event::ClientStop,
    };
    shapes.iter().enumerate().map(event).map(|event| format!("{:?}", step(&mut state, event))).collect()
}

proptest! {
    #[test]
    fn effects_before_the_check_ignore_the_answers(
        (R, B, T, seed) in (1..=3_u64, 1..=2_u64, 0..=3_u64, any::<u64>()),
        shapes in shapes(),
        labels in prop::collection::vec(0..4_u32, 40),
    ) {
        let params = Params::new(R, B, T, 0).expect("legal");
        let honest = trace(params, seed, &shapes, |_| Label(0));
        let cheating = trace(params, seed, &shapes, |at| Label(labels[at]));
        prop_assert_eq!(honest, cheating);
    }

    /// Whatever happens first, nothing is accepted without a check, and a session that ended stays ended.
    #[test]
    fn acceptance_needs_every_answer((R, B, T, seed) in (1..=3_u64, 1..=2_u64, 0..=3_u64, any::<u64>()), shapes in shapes()) {
        let params = Params::new(R, B, T, 0).expect("legal");
        for effects in trace(params, seed, &shapes, |_| Label(0)) {
            prop_assert!(!effects.contains("Accepted"), "{}", effects);
        }
        let mut state = prepared(params, seed);
        for slot in 0..u32::try_from(params.N()).expect("small") {
            prop_assert!(step(&mut state, Event::Check).is_err());
            step(&mut state, Event::Query).expect("a slot is left");
            step(&mut state, Event::Answer { slot, label: Label(0) }).expect("legal");
        }
        let accepted = Verdict::Accepted(vec![Label(0); usize::try_from(R).expect("small")]);
        prop_assert_eq!(step(&mut state, Event::Check), Ok(Effect::Conclude(accepted)));
        prop_assert!(step(&mut state, Event::Check).is_err());
    }
}
