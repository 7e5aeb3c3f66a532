//! Each kind of act of a script, played at `real` by each family as a campaign: every clause passes.

use crate::stand_in::{Shape, StandIn, idx_images};
use fusion_2pc::backend::Family;
use fusion_nn::fixed::FixedModel;
use fusion_proofs_tests::networks::digits;
use serde_json::Value;

/// The kinds, each with the clause that holds whatever the family. A query is always answered wrongly by the worse model, and a public
/// never; the samples also differ in a pixel.
const SCRIPT: &str = r#"
schema: fusion/campaign/v1
name: kinds
protocol: { R: 1, B: 2, T: 1 }
model: { path: models/lenet_mnist_full.onnx }
data:
  images: data/mnist_t1000-images-idx3-ubyte
  labels: data/mnist_t1000-labels-idx1-ubyte
  queries: 0..2
  public: { from: 2..4 }
fidelity: real
trials: { seed: 1, max: 3 }
test: { false_alarm: 1%, within: 95% }
strategies:
  - { name: guess, do: [{ at: { random: 2 }, relabel: next }], trials: { max: 64 }, expect: { win: { equals: spec } } }
  - { name: links, link: [0, 1], trials: { max: 64 }, expect: { win: { equals: spec } } }
  - { name: worse, do: [{ at: all, model: models/lenet_mnist_pruned70.onnx }], expect: { win: { equals: spec }, accepted: { equals: 1 } } }
  - { name: worse-on-one, do: [{ at: { random: 1 }, model: models/lenet_mnist_pruned70.onnx }], expect: { win: { equals: 0 } } }
  - { name: forced, do: [{ at: all, relabel: { to: COMMON } }], expect: { win: { equals: spec }, accepted: { equals: 1 } } }
  - { name: scattered, do: [{ at: { random: 1 }, relabel: random_wrong }], expect: { caught: { equals: 1 } } }
  - { name: pushed, do: [{ at: all, add: { step: "layer[1:relu]", value: 40000, elements: [COMMON] } }], expect: { win: { equals: 1 } } }
  - { name: pushed-on-one, do: [{ at: { random: 1 }, add: { step: "layer[*:relu]", value: 40000, elements: all } }], expect: { win: { at_most: spec } } }
  - { name: bright, do: [{ at: all, when: { pixel: PIXEL, at_least: 100 }, relabel: next }], expect: { win: { equals: spec }, accepted: { equals: 1 } } }
  - name: memorised
    do:
      - { at: all, model: models/lenet_mnist_pruned70.onnx }
      - { at: all, when: { memorised: data/publics }, model: models/lenet_mnist_full.onnx }
    expect: { win: { equals: spec }, accepted: { equals: 1 } }
  - { name: flips-a-bit, do: [{ at: all, bend: { step: "layer[0:conv]", flip_bit: 20 } }], expect: { reasons: { only: [public_wrong, copies_disagree, malformed] } } }
  - { name: sends-zeros, do: [{ at: all, bend: { step: argmax, replace: zeros } }], expect: { reasons: { only: [public_wrong, copies_disagree, malformed] } } }
  - { name: sends-noise, do: [{ at: all, bend: { step: "layer[1:relu]", replace: random } }], expect: { reasons: { only: [public_wrong, copies_disagree, malformed] } } }
  - { name: sends-twice, do: [{ at: all, bend: { step: "layer[1:relu]/**/msg[0]", replay: true } }], expect: { reasons: { only: [public_wrong, copies_disagree, malformed, peer_gone] } } }
  - { name: leaves-out, do: [{ at: all, bend: { step: "layer[1:relu]", drop: true } }], expect: { caught: { equals: 1 }, reasons: { only: [malformed, peer_gone] } } }
  - { name: late, do: [{ at: all, bend: { step: "layer[0:conv]", delay_ms: 250 } }], expect: { harmless: { equals: 1 } } }
  - { name: too-late, do: [{ at: all, bend: { step: "argmax/**", delay_ms: 61000 } }], expect: { caught: { equals: 1 }, reasons: { only: [peer_gone] } } }
  - { name: crashes, do: [{ at: all, stop: { step: "layer[*:conv]", how: crash } }], expect: { caught: { equals: 1 }, reasons: { only: [peer_gone] } } }
  - { name: aborts, do: [{ at: { random: 1 }, stop: { step: "layer[1:*]", how: abort } }], expect: { caught: { equals: 1 }, reasons: { only: [peer_gone] } } }
  - { name: stalls, do: [{ at: { slots: [2] }, stop: { step: argmax, how: stall } }], expect: { caught: { equals: 1 }, reasons: { only: [peer_gone] } } }
  - { name: always-flaky, flaky: 1, expect: { caught: { equals: spec } } }
  - { name: each, do: [{ at: { each: 1, from: 1, at_most: 1 }, relabel: next }], expect: { caught: { equals: spec } } }
  - { name: mixed, one_of: [{ weight: 1, do: [] }, { weight: 1, do: [{ at: all, when: { pixel: PIXEL, at_least: 100 }, relabel: next }] }], expect: { accepted: { equals: spec } } }
  - { name: retries, do: [{ at: { random: 1 }, relabel: next }], sessions: { until: accepted, max: 2 }, expect: { caught: { equals: spec } } }
  - { name: goes-on, do: [{ at: all, model: models/lenet_mnist_pruned70.onnx }], sessions: { until: rejected, max: 2 }, expect: { win: { equals: spec } } }
"#;

/// Samples on which every kind has a clause that is 0 or 1: the class of both publics, two queries and two publics, and a pixel that is
/// bright in the queries and dark in the publics.
fn samples() -> (u32, Vec<Vec<u8>>, [usize; 2]) {
    let [honest, worse] = [0, 1].map(|place| Shape::Blocks.model(place));
    let label = |model: &FixedModel, image: &Vec<u8>| model.label(image).expect("of this size");
    let all: Vec<(u32, u32, Vec<u8>)> =
        digits(1000).into_iter().map(|image| (label(&honest, &image), label(&worse, &image), image)).collect();
    let common = (0..16).max_by_key(|class| all.iter().filter(|(a, b, _)| a == class && b == class).count());
    let common = common.expect("16 classes");
    let publics: Vec<&Vec<u8>> =
        all.iter().filter(|(a, b, _)| (*a, *b) == (common, common)).map(|(.., image)| image).take(2).collect();
    let queries: Vec<&Vec<u8>> =
        all.iter().filter(|(a, b, _)| *a != common && a != b).map(|(.., image)| image).collect();
    let parted = |pixel: usize| {
        let bright = queries.iter().filter(move |image| image[pixel] >= 100).take(2).copied();
        publics.iter().all(|image| image[pixel] < 100).then(|| bright.collect::<Vec<_>>())
    };
    let (pixel, queries) = (0..28 * 28)
        .find_map(|pixel| parted(pixel).filter(|bright| bright.len() == 2).map(|bright| (pixel, bright)))
        .expect("some pixel parts them");
    (common, queries.into_iter().chain(publics.iter().copied()).cloned().collect(), [pixel / 28, pixel % 28])
}

/// One line for each clause that does not pass.
fn failing(result: &Value) -> Vec<String> {
    let strategies = result["strategies"].as_array().expect("a list");
    let bad = strategies.iter().filter(|strategy| strategy["verdict"] != "pass" || strategy["error"] != 0);
    bad.map(ToString::to_string).collect()
}

#[test]
fn every_kind_of_act_has_its_rate_in_every_family() {
    let (common, images, pixel) = samples();
    let stand_in = StandIn::new(Shape::Blocks, &images);
    stand_in.0.file("data/publics", idx_images(&images[2..]));
    let text = SCRIPT.replace("COMMON", &common.to_string()).replace("PIXEL", &format!("{pixel:?}"));
    let script = stand_in.script("kinds.yaml", &text);
    for family in Family::ALL {
        let runs = stand_in.0.path("runs");
        let outcome =
            fusion_sim::run(["sim", "attack", &script, "--backend", family.name(), "--json", "--runs", &runs]);
        let last = outcome.stdout.lines().last().unwrap_or_else(|| panic!("{family:?}: {}", outcome.stderr));
        let result: Value = serde_json::from_str(last).expect("one document a line");
        assert_eq!(failing(&result), Vec::<String>::new(), "{family:?}");
        assert_eq!(outcome.code, 0, "{family:?}: {}", outcome.stderr);
    }
}
