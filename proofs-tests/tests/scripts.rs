//! Malformed campaign scripts: each is refused with its place and advice, and all problems of one come out at once.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_nn::onnx::{Dimension, Graph, ModelProto, Node, Tensor, TensorShape, TensorType, Type, ValueInfo};
use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::{CommandOutput, run};
use prost::Message;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Every key, at `ideal`.
const IDEAL: &str = "\
schema: fusion/campaign/v1
name: every-key
about: What can be said.
protocol: { R: 8, B: 2, T: 4, slack: 0, compare: label }
goal: { lambda: 40, kappa: 20, min_T: 3, accuracy: { honest: 0.99, reject: 0.80 } }
model:
  path: full.onnx
  input: { scale: 1/255, offset: 0 }
  fixed_point: { ring_bits: auto, frac_bits: 12, truncation: faithful }
data:
  images: images
  labels: labels
  queries: 0..40
  public: { from: 40..80, keep: honest_right }
  draw: fresh
fidelity: ideal
backend: cheetah
network: { rtt_ms: 40, mbit_per_s: 400 }
trials: { seed: 1, max: 2048, wall: 20m }
test: { false_alarm: 1e-6, within: 10%, estimator: counting }
strategies:
  - name: weak
    fidelity: ideal
    do: [{ at: all, model: weak.onnx }]
    expect: { accepted: { equals: spec } }
  - name: guess
    about: One group, by luck.
    do: [{ at: { random: 2 }, relabel: next }]
    trials: { max: 1024, wall: 1m }
    expect: { win: { equals: spec }, reasons: { only: [public_wrong, copies_disagree] } }
  - name: seven
    do: [{ at: { slots: [0, 7] }, relabel: { to: 7 } }]
    sessions: { until: accepted, max: 3 }
    expect: { harmless: { at_most: 99% } }
  - name: bright
    do: [{ at: { each: 1/20, from: 1, to: 9, at_most: 4 }, when: { pixel: [14, 15], at_least: 200 }, relabel: next }]
    expect: { win: { at_most: spec }, caught: { at_most: 1 } }
  - name: known
    do: [{ at: all, when: { memorised: images }, relabel: random_wrong }]
  - name: mixed
    one_of:
      - { weight: 5, do: [] }
      - { weight: 1, do: [{ at: { random: 4 }, relabel: next }] }
    expect: { win: { equals: spec } }
  - name: errs
    flaky: 1/1000
  - name: links
    link: [3, 4]
";

/// As little as there can be, at `plain`.
const PLAIN: &str = "\
schema: fusion/campaign/v1
name: positions
protocol: { R: 8, B: 2, T: 4 }
fidelity: plain
test: { estimator: conditional }
strategies:
  - name: guess
    do: [{ at: { random: 2 }, relabel: next }]
    expect: { win: { equals: spec } }
";

/// What only `real` has.
const REAL: &str = "\
schema: fusion/campaign/v1
name: shares-and-messages
protocol: { R: 8, B: 2, T: 4 }
model: { path: full.onnx }
data: { images: images, labels: labels, queries: 0..40, public: { from: 40..80 } }
fidelity: real
trials: { max: 64 }
strategies:
  - name: add
    do: [{ at: { random: 3 }, add: { step: \"layer[4:relu]\", value: 4096, elements: all } }]
    expect: { win: { at_most: spec } }
  - name: bend
    do: [{ at: { random: 1 }, bend: { step: \"layer[*:relu]/msb/round[1]/msg[0]\", flip_bit: 20 } }]
    expect: { caught: { at_most: 1 } }
  - name: stop
    do: [{ at: { slots: [0] }, stop: { step: \"layer[*:*]\", how: crash } }]
    expect: { reasons: { only: [peer_gone] } }
  - name: some
    do: [{ at: all, when: { pixel: [14, 15], at_least: 200 }, add: { step: \"layer[0:conv]\", value: -1, elements: [0, 7] } }]
  - name: nothing
    do: [{ at: { random: 0 }, bend: { step: \"**\", replay: true } }]
    expect: { accepted: { equals: spec } }
";

/// One text instead of another, which is there once, and the lines of the problems: the one that changed, if none are given.
struct Edit(&'static str, &'static str, &'static [usize]);

const fn edit(old: &'static str, new: &'static str) -> Edit {
    Edit(old, new, &[])
}

const fn at(lines: &'static [usize], old: &'static str, new: &'static str) -> Edit {
    Edit(old, new, lines)
}

const HEAVY: &str = "\
      - { weight: 1073741824, do: [] }
      - { weight: 1073741824, do: [] }
      - { weight: 1073741824, do: [] }
      - { weight: 1073741824, do: [] }
";

/// Groups, each a snapshot.
const EDITS: &[(&str, &str, &[Edit])] = &[
    (
        "top",
        IDEAL,
        &[
            edit("schema: ", "shcema: "),
            edit("campaign/v1", "campaign/v2"),
            edit("name: every-key", "nmae: every-key"),
            edit("every-key", "Every Key"),
            edit("every-key", ""),
            edit("every-key", "[every, key]"),
            edit("every-key", "an-endless-name-of-more-than-sixty-four-letters-is-no-name-for-a-folder"),
            edit("What can be said.", "''"),
            edit("What can be said.", "{ what: ever }"),
            edit("about: What", "name: twice\nabout: What"),
            edit("about: What can be said.", "colour: red"),
            at(&[1], "name: every-key\n", ""),
            edit("fidelity: ideal\nbackend", "fidelty: ideal\nbackend"),
            edit("fidelity: ideal\nbackend", "fidelity: idael\nbackend"),
            edit("fidelity: ideal\nbackend", "fidelity: [ideal]\nbackend"),
            edit("cheetah", "cheeta"),
            edit("cheetah", "gazelle"),
            edit("{ rtt_ms: 40, mbit_per_s: 400 }", "dsl"),
            edit("{ rtt_ms: 40, mbit_per_s: 400 }", "wam"),
            edit("rtt_ms: 40, ", ""),
            edit("rtt_ms: 40", "rtt_s: 40"),
            edit("mbit_per_s: 400", "mbit_per_s: 0"),
        ],
    ),
    (
        "protocol_and_goal",
        IDEAL,
        &[
            edit("R: 8, ", ""),
            edit("R: 8", "R: 0"),
            edit("R: 8", "R: -8"),
            edit("R: 8", "R: 9223372036854775808"),
            edit("R: 8", "R: 8.5"),
            edit("R: 8", "R: 1e3"),
            edit("R: 8", "R: eight"),
            edit("R: 8", "R: auto"),
            edit("R: 8", "r: 8"),
            edit("R: 8", "R: [8]"),
            edit("R: 8", "R: 8, R: 9"),
            edit("B: 2", "B: 2000000"),
            edit("B: 2", "B: "),
            edit("T: 4", "T: -1"),
            edit("slack: 0", "slack: 5"),
            edit("slack: 0", "slak: 0"),
            edit("compare: label", "compare: logits"),
            edit("{ R: 8, B: 2, T: 4, slack: 0, compare: label }", "8"),
            edit("{ R: 8, B: 2, T: 4, slack: 0, compare: label }", "[8, 2, 4]"),
            edit("{ R: 8, B: 2, T: 4, slack: 0, compare: label }", ""),
            edit("B: 2", "B: auto"),
            edit("slack: 0", "slack: auto"),
            edit("R: 8", "R: 67108864"),
            edit("lambda: 40", "lambda: 0"),
            edit("lambda: 40", "lambda: 1025"),
            edit("lambda: 40, ", ""),
            edit("kappa: 20", "kapa: 20"),
            edit("kappa: 20, ", ""),
            edit("honest: 0.99, ", ""),
            edit("honest: 0.99", "honset: 0.99"),
            edit("0.99", "0.70"),
            edit("0.99", "1.01"),
            edit("0.80", "80"),
            edit("0.80", "eighty"),
            edit(", reject: 0.80", ""),
            edit("min_T: 3", "min_T: 3.0"),
            edit("accuracy: { honest: 0.99, reject: 0.80 }", "accuracy: 0.99"),
        ],
    ),
    (
        "model_and_data",
        IDEAL,
        &[
            edit("path: full.onnx", "paht: full.onnx"),
            edit("full.onnx", ""),
            edit("full.onnx", "[full.onnx]"),
            at(
                &[6, 7],
                "model:\n  path: full.onnx\n  input: { scale: 1/255, offset: 0 }\n  fixed_point:",
                "model: full.onnx\nfixed:",
            ),
            edit("scale: 1/255", "scale: 0"),
            edit("scale: 1/255", "scale: -1/255"),
            edit("scale: 1/255", "scale: 1/0"),
            edit("scale: 1/255", "scale: 1e99"),
            edit("scale: 1/255", "scael: 1/255"),
            edit("offset: 0", "offset: none"),
            edit("offset: 0", "offset: 1e7"),
            edit("ring_bits: auto", "ring_bits: 63"),
            edit("ring_bits: auto", "ring_bits: Auto"),
            edit("frac_bits: 12", "frac_bits: 0"),
            edit("frac_bits: 12", "frac_bits: 25"),
            edit("frac_bits", "fractional_bits"),
            edit("truncation: faithful", "truncation: faithfull"),
            edit("images: images\n", "image: images\n"),
            at(&[11], "  labels: labels\n", ""),
            edit("0..40", "0-40"),
            edit("0..40", "40..0"),
            edit("0..40", "7..7"),
            edit("0..40", "0..=40"),
            edit("0..40", "0..5000000000"),
            edit("0..40", "40"),
            edit("0..40", "[0, 40]"),
            edit("from: 40..80", "from: 39..80"),
            edit("from: 40..80, ", ""),
            edit("honest_right", "right"),
            edit("honest_right", "honest-right"),
            edit("{ from: 40..80, keep: honest_right }", "40..80"),
            edit("draw: fresh", "draw: once"),
        ],
    ),
    (
        "trials_and_test",
        IDEAL,
        &[
            edit("seed: 1", "seed: 18446744073709551616"),
            edit("seed: 1", "seed: one"),
            edit("max: 2048", "max: 1e6"),
            edit("max: 2048", "max: 562949953421312"),
            edit("wall: 20m", "wall: 20"),
            edit("wall: 20m", "wall: 20 minutes"),
            edit("wall: 20m", "wall: 0s"),
            edit("wall: 20m", "wall: +1h"),
            edit("wall: 20m", "wall: 99999999999999999999h"),
            edit("wall: 20m", "time: 20m"),
            edit("{ seed: 1, max: 2048, wall: 20m }", "2048"),
            edit("false_alarm: 1e-6", "false_alarm: 0"),
            edit("false_alarm: 1e-6", "false_alarm: 1"),
            edit("false_alarm: 1e-6", "false_alarm: 1e-300"),
            edit("false_alarm: 1e-6", "alpha: 1e-6"),
            edit("within: 10%", "within: 10 %"),
            edit("within: 10%", "within: 110%"),
            edit("estimator: counting", "estimator: count"),
            edit("estimator: counting", "estimator: importance"),
        ],
    ),
    (
        "strategies",
        IDEAL,
        &[
            at(&[21, 22], "strategies:\n", "strategies: { weak: no }\nabouts:\n"),
            edit("name: weak", "nam: weak"),
            edit("name: weak", "name: Weak"),
            edit("name: weak", "name: honest"),
            edit("name: seven", "name: guess"),
            edit("name: seven", "nmae: guess"),
            edit("about: One group, by luck.", "abuot: One group, by luck."),
            edit("    fidelity: ideal\n    do", "    fidelity: full\n    do"),
            at(&[26, 28], "do: [{ at: { random: 2 }", "todo: [{ at: { random: 2 }"),
            at(&[26], "    do: [{ at: { random: 2 }, relabel: next }]\n", ""),
            edit("do: [{ at: { random: 2 }", "flaky: 1/2\n    do: [{ at: { random: 2 }"),
            at(&[46, 47, 48], "    flaky: 1/1000", "    flaky: 1/1000\n    one_of: []\n    link: [0, 1]"),
            edit("do: [{ at: { random: 2 }, relabel: next }]", "do: { at: { random: 2 }, relabel: next }"),
            edit("do: [{ at: { random: 2 }, relabel: next }]", "do: relabel"),
            edit("max: 1024", "seed: 1024"),
            edit("max: 1024", "max: -1"),
            edit("flaky: 1/1000", "flaky: 1.5"),
            edit("flaky: 1/1000", "flaky: often"),
            edit("flaky: 1/1000", "flaky: 1/10000000000"),
            edit("link: [3, 4]", "link: 3"),
            edit("link: [3, 4]", "link: [3]"),
            edit("link: [3, 4]", "link: [3, 3]"),
            edit("link: [3, 4]", "link: [3, 20]"),
            edit("link: [3, 4]", "link: [3, four]"),
            edit("link: [3, 4]", "link: [3, 4]\n    sessions: { until: rejected, max: 2 }"),
            edit("until: accepted", "until: bored"),
            edit("until: accepted, ", ""),
            edit("max: 3 }", "max: 0 }"),
            edit("max: 3 }", "most: 3 }"),
            edit("weight: 5", "weight: 0"),
            edit("weight: 5", "wieght: 5"),
            edit("weight: 5, do: []", "weight: 5"),
            edit(
                "      - { weight: 5, do: [] }\n      - { weight: 1, do: [{ at: { random: 4 }, relabel: next }] }\n",
                "      []\n",
            ),
            edit("weight: 5", "weight: 4294967296"),
            edit("      - { weight: 5, do: [] }\n", HEAVY),
        ],
    ),
    (
        "acts",
        IDEAL,
        &[
            edit("at: all, model", "att: all, model"),
            edit("at: all, model: weak.onnx", "model: weak.onnx"),
            edit("at: all, model", "at: al, model"),
            edit("at: all, model", "at: 3, model"),
            edit("at: all, model", "at: [3], model"),
            edit("at: all, model", "at: {}, model"),
            edit("random: 2", "random: 21"),
            edit("random: 2", "random: two"),
            edit("random: 2", "randm: 2"),
            edit("random: 2", "random: 2, from: 3"),
            edit("random: 2", "random: 2, slots: [1]"),
            edit("slots: [0, 7]", "slots: [0, 20]"),
            edit("slots: [0, 7]", "slots: [7, 7]"),
            edit("slots: [0, 7]", "slots: 7"),
            edit("slots: [0, 7]", "slots: [0, 1..7]"),
            edit("each: 1/20", "each: 2"),
            edit("each: 1/20, from", "from"),
            edit("from: 1,", "from: 9,"),
            edit("from: 1, to: 9", "from: 20"),
            edit("at_most: 4", "atmost: 4"),
            edit("relabel: { to: 7 }", "relabl: { to: 7 }"),
            edit("relabel: { to: 7 }", "relabel: 7"),
            edit("relabel: { to: 7 }", "relabel: nxet"),
            edit("relabel: { to: 7 }", "relabel: { too: 7 }"),
            edit("relabel: { to: 7 }", "relabel: { to: seven }"),
            edit("relabel: { to: 7 }", "relabel: { to: 7 }, model: weak.onnx"),
            edit(", relabel: { to: 7 }", ""),
            edit("relabel: { to: 7 }", "add: { step: \"layer[3:relu]\", value: 4096, elements: all }"),
            edit("relabel: { to: 7 }", "bend: { step: \"layer[*:relu]/**\", flip_bit: 20 }"),
            edit("relabel: { to: 7 }", "stop: { step: \"layer[4:*]\", how: crash }"),
            edit("when: { pixel: [14, 15], at_least: 200 }", "when: bright"),
            edit("pixel: [14, 15]", "pxiel: [14, 15]"),
            edit("pixel: [14, 15]", "pixel: [14]"),
            edit("pixel: [14, 15]", "pixel: []"),
            edit("pixel: [14, 15]", "pixel: [14, -1]"),
            edit(", at_least: 200", ""),
            edit("at_least: 200", "at_least: 256"),
            edit("memorised: images", "memorised: images, at_least: 3"),
            edit("memorised: images", "memorised: images, pixel: [1, 2]"),
            edit("memorised: images", "memorised: [images]"),
        ],
    ),
    (
        "expectations",
        IDEAL,
        &[
            edit("expect: { accepted", "expects: { accepted"),
            edit("accepted: { equals: spec }", "acepted: { equals: spec }"),
            edit("accepted: { equals: spec }", "accepted: spec"),
            edit("accepted: { equals: spec }", "accepted: { equal: spec }"),
            edit("accepted: { equals: spec }", "accepted: { equals: spce }"),
            edit("accepted: { equals: spec }", "accepted: { equals: 1.5 }"),
            edit("accepted: { equals: spec }", "accepted: { equals: }"),
            edit("accepted: { equals: spec }", "accepted: { equals: spec, at_most: 1/2 }"),
            edit("accepted: { equals: spec }", "accepted: {}"),
            edit("accepted: { equals: spec }", "accepted: { at_least: 1/2 }"),
            edit("public_wrong", "public-wrong"),
            edit("public_wrong", "bad_luck"),
            edit("only: [public_wrong, copies_disagree]", "only: public_wrong"),
            edit("only: [public_wrong, copies_disagree]", "[public_wrong]"),
            edit("only: [public_wrong, copies_disagree]", ""),
        ],
    ),
    (
        "files",
        IDEAL,
        &[
            edit("path: full.onnx", "path: ful.onnx"),
            edit("path: full.onnx", "path: folder"),
            edit("path: full.onnx", "path: full.onnx/inside"),
            edit("path: full.onnx", "path: images"),
            edit("path: full.onnx", "path: soft.onnx"),
            at(&[14], "ring_bits: auto, frac_bits: 12", "ring_bits: 20, frac_bits: 20"),
            edit("images: images\n", "images: imgs\n"),
            edit("images: images\n", "images: folder\n"),
            edit("images: images\n", "images: labels\n"),
            edit("images: images\n", "images: full.onnx\n"),
            at(&[12], "images: images\n", "images: tiny\n"),
            edit("labels: labels\n", "labels: images\n"),
            edit("labels: labels\n", "labels: three\n"),
            edit("queries: 0..40", "queries: 0..7"),
            edit("queries: 0..40", "queries: 990..1001"),
            edit("from: 40..80", "from: 40..43"),
            edit("from: 40..80", "from: 997..1001"),
            edit("model: weak.onnx", "model: week.onnx"),
            edit("model: weak.onnx", "model: labels"),
            edit("model: weak.onnx", "model: two.onnx"),
            edit("model: weak.onnx", "model: small.onnx"),
            edit("relabel: { to: 7 }", "relabel: { to: 10 }"),
            edit("pixel: [14, 15]", "pixel: [14, 28]"),
            edit("pixel: [14, 15]", "pixel: [1, 14, 15]"),
            edit("memorised: images", "memorised: nowhere"),
            edit("memorised: images", "memorised: labels"),
            edit("memorised: images", "memorised: tiny"),
        ],
    ),
    (
        "claims",
        IDEAL,
        &[
            at(&[25, 30, 37, 44], "truncation: faithful", "truncation: one_bit"),
            at(
                &[30],
                "do: [{ at: { random: 2 }, relabel: next }]",
                "do: [{ at: { random: 2 }, relabel: next }, { at: { random: 3 }, relabel: next }]",
            ),
            edit(
                "relabel: random_wrong }]",
                "relabel: random_wrong }]\n    expect: { win: { equals: spec }, caught: { equals: spec } }",
            ),
            at(&[25, 30, 34, 37, 38, 44, 45, 47], "estimator: counting", "estimator: conditional"),
        ],
    ),
    (
        "plain",
        PLAIN,
        &[
            at(&[1, 8], "fidelity: plain\n", ""),
            at(&[4, 9], "fidelity: plain", "fidelity: ideal"),
            at(&[8, 10], "- name: guess\n", "- name: guess\n    fidelity: ideal\n"),
            edit("relabel: next", "relabel: random_wrong"),
            edit("relabel: next", "model: full.onnx"),
            edit("relabel: next", "when: { pixel: [1, 2], at_least: 3 }, relabel: next"),
            edit("relabel: next }", "relabel: next }, { at: { random: 1 }, relabel: next }"),
            edit("B: 2, T: 4", "B: auto, T: auto"),
            edit("B: 2, T: 4", "B: 2, T: auto"),
            edit("B: 2, T: 4", "B: auto, T: auto, slack: auto }\ngoal: { lambda: 40"),
            edit("B: 2, T: 4", "B: 2, T: 100000000"),
            at(&[9], "random: 2", "random: 3"),
            at(&[9], "random: 2", "each: 1/2"),
            edit("relabel: next", "relabel: { to: 1 }"),
            at(&[9], "T: 4", "T: 4, slack: 1"),
            at(&[9], "win: { equals: spec }", "accepted: { equals: spec }"),
            at(&[7], "    expect: { win: { equals: spec } }\n", "    sessions: { until: accepted, max: 2 }\n"),
        ],
    ),
    (
        "real",
        REAL,
        &[
            at(&[13, 16, 21], "fidelity: real", "fidelity: ideal"),
            at(&[10, 13, 16, 19, 21], "fidelity: real", "fidelity: plain"),
            edit("at: { random: 3 }", "at: { random: 21 }"),
            edit("add: { step: \"layer[4", "ad: { step: \"layer[4"),
            edit("step: \"layer[4", "stpe: \"layer[4"),
            edit("step: \"layer[4:relu]\", ", ""),
            edit("layer[4:relu]", ""),
            edit("layer[4:relu]", "layer[4]"),
            edit("layer[4:relu]", "lyaer[4:relu]"),
            edit("layer[4:relu]", "layer[4:relu]//msb"),
            edit("layer[4:relu]", "Layer 4"),
            edit("layer[4:relu]", "slot[3]/layer[4:relu]"),
            edit("\"layer[4:relu]\"", "[layer]"),
            edit("value: 4096", "value: 9223372036854775808"),
            edit("value: 4096", "value: 4e3"),
            edit("value: 4096", "value: one"),
            edit(", value: 4096", ""),
            edit("elements: all", "elements: al"),
            edit("elements: all", "elements: 7"),
            edit("elements: [0, 7]", "elements: [7, 7]"),
            edit("elements: [0, 7]", "elements: [0, -7]"),
            edit(", elements: [0, 7]", ""),
            edit("{ step: \"layer[4:relu]\", value: 4096, elements: all }", "4096"),
            edit("elements: all }", "elements: all }, relabel: next"),
            edit("round[1]", "rond[1]"),
            edit("round[1]", "round[one]"),
            edit("flip_bit: 20", "flip_bits: 20"),
            edit("flip_bit: 20", "flip_bit: -1"),
            edit("flip_bit: 20", "replace: ones"),
            edit("flip_bit: 20", "replay: false"),
            edit("flip_bit: 20", "drop: 1"),
            edit("flip_bit: 20", "delay_ms: 4294967296"),
            edit("flip_bit: 20", "flip_bit: 20, drop: true"),
            edit(", flip_bit: 20", ""),
            edit("random: 1 }, bend", "random: 1 }, when: { pixel: [14, 15], at_least: 200 }, bend"),
            edit("stop: {", "when: { memorised: images }, stop: {"),
            edit("how: crash", "how: crahs"),
            edit("how: crash", "how: leave"),
            edit(", how: crash", ""),
            edit("value: 4096, elements: all", "value: 4096, elements: all, where: kpet"),
            edit("elements: [0, 7] }", "elements: [0, 7], where: kept }"),
            edit("caught: { at_most: 1 }", "win: { equals: spec }, harmless: { equals: spec }"),
            at(&[22], "random: 0", "random: 1"),
        ],
    ),
    (
        "yaml",
        PLAIN,
        &[
            at(&[1], PLAIN, ""),
            at(&[1], PLAIN, "# nothing\n"),
            at(&[1], PLAIN, "attack!\n"),
            at(&[1], PLAIN, "- schema: fusion/campaign/v1\n"),
            at(&[3], "name: positions", "name positions"),
            edit("name: positions", "name: 'positions"),
            at(&[3], "name: positions", "name: [positions"),
            edit("name: positions", "name: positions: all"),
            edit("name: positions", "\tname: positions"),
            edit("name: positions", "name: &n positions"),
            edit("name: positions", "name: *n"),
            edit("name: positions", "name: !!str positions"),
            edit("name: positions", "name: po\u{0}sitions"),
            edit("name: positions", "name: \u{1b}[31mpositions"),
            edit("name: positions", "name: \"\\e[31m\\n\""),
            edit("name: positions", "? [name]\n: positions"),
            at(&[1, 2], "name: positions", "名前: positions"),
            edit("    do: [", "   do: ["),
            edit("strategies:", "---\nstrategies:"),
            at(&[4], "{ R: 8, B: 2, T: 4 }", "{ R: 8, B: 2, T: 4"),
        ],
    ),
];

/// A folder with scripts and what they name.
struct Folder(Scratch);

impl Folder {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(&format!("scripts-{name}"));
        fs::create_dir(scratch.join("folder")).expect("made");
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        for (from, to) in [
            ("models/lenet_mnist_full.onnx", "full.onnx"),
            ("models/lenet_mnist_pruned70.onnx", "weak.onnx"),
            ("data/mnist_t1000-images-idx3-ubyte", "images"),
            ("data/mnist_t1000-labels-idx1-ubyte", "labels"),
        ] {
            fs::copy(examples.join(from), scratch.join(to)).expect("copied");
        }
        for (name, bytes) in [
            ("two.onnx", linear([28, 28], 2, "MatMul")),
            ("small.onnx", linear([2, 2], 10, "MatMul")),
            ("soft.onnx", linear([28, 28], 10, "Hardmax")),
            ("tiny", [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2][..], &[7; 4]].concat()),
            ("three", vec![0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3]),
        ] {
            fs::write(scratch.join(name), bytes).expect("written");
        }
        Self(scratch)
    }

    /// Puts a script in and runs a command on it. The folder is left out of what it says.
    fn sim(&self, command: &str, script: &[u8], flags: &[&str]) -> CommandOutput {
        let (folder, file) = (self.0.display().to_string() + "/", self.0.join("case.yaml"));
        fs::write(&file, script).expect("written");
        let file = file.to_str().expect("a plain path").to_string();
        let CommandOutput { code, stdout, stderr } =
            run(["sim", command, &file].into_iter().chain(flags.iter().copied()).map(String::from));
        CommandOutput { code, stdout: stdout.replace(&folder, ""), stderr: stderr.replace(&folder, "") }
    }

    fn attack(&self, script: &[u8], flags: &[&str]) -> CommandOutput {
        let runs = self.0.join("runs");
        let runs = runs.to_str().expect("a plain path");
        let outcome = self.sim("attack", script, &[&["--runs", runs], flags].concat());
        assert!(!Path::new(runs).exists(), "something was written: {outcome:?}");
        outcome
    }

    /// Everything that is promised of a script with problems; the pictures of them, and each as line, column and message.
    fn refused(&self, script: &[u8]) -> (String, Vec<(usize, usize, String)>) {
        let (attack, error) = self.attacked(script);
        assert_eq!(attack, self.sim("check", script, &[]));
        let json = self.sim("check", script, &["--json"]);
        assert_eq!((json.code, json.stderr.as_str()), (64, ""), "{}", json.stdout);
        let document: Value = serde_json::from_str(&json.stdout).expect("one JSON document");
        assert_eq!((&document["ok"], &document["clauses"]), (&false.into(), &Value::Array(Vec::new())));
        assert_eq!(document["problems"], error["problems"]);
        told(script, attack, &error)
    }

    /// What is promised of an attack by a script with problems, and the same of them.
    fn not_attacked(&self, script: &[u8]) -> (String, Vec<(usize, usize, String)>) {
        let (attack, error) = self.attacked(script);
        told(script, attack, &error)
    }

    /// How an attack by a script with problems ends, for people and as JSON.
    fn attacked(&self, script: &[u8]) -> (CommandOutput, Value) {
        let attack = self.attack(script, &[]);
        assert_eq!((attack.code, attack.stdout.as_str()), (64, ""), "{}", attack.stderr);
        let json = self.attack(script, &["--json"]);
        assert_eq!((json.code, json.stdout.as_str()), (64, ""), "{}", json.stderr);
        let error: Value = serde_json::from_str(&json.stderr).expect("one JSON object");
        assert_eq!(error["exit_code"], 64);
        (attack, error)
    }
}

/// The pictures of a script's problems, and each as line, column and message: both forms tell of the same ones.
fn told(script: &[u8], attack: CommandOutput, error: &Value) -> (String, Vec<(usize, usize, String)>) {
    let mut rest = attack.stderr.as_str();
    let text = String::from_utf8_lossy(script);
    let lines: Vec<&str> = text.lines().collect();
    let mut problems = Vec::new();
    for problem in error["problems"].as_array().expect("a list") {
        let number = |key: &str| usize::try_from(problem[key].as_u64().expect("a number")).expect("small");
        let (line, column) = (number("line"), number("column"));
        let message = problem["message"].as_str().expect("text");
        assert_eq!(problem["file"], "case.yaml");
        assert!(problem["help"].is_null() || problem["help"].is_string());
        assert!(!message.ends_with('.') && !message.contains('\n'), "{message}");
        let header = format!("╭─[case.yaml:{line}:{column}]");
        let (_, after) = rest.split_once(&header).unwrap_or_else(|| panic!("{header} in {rest}"));
        let offending = lines.get(line - 1).copied().unwrap_or_default();
        let as_is = offending.len() < 100 && !offending.contains(|c: char| c.is_control());
        assert!(!as_is || after.contains(offending), "{after}");
        rest = after;
        problems.push((line, column, message.to_string()));
    }
    assert!(!problems.is_empty() && !rest.contains("╭─["), "{}", attack.stderr);
    let count = if problems.len() == 1 { "1 problem".into() } else { format!("{} problems", problems.len()) };
    assert_eq!(error["error"], format!("case.yaml has {count}"));
    assert!(rest.ends_with(&format!("error: case.yaml has {count}\n")), "{rest}");
    assert!(!attack.stderr.contains('\u{1b}'));
    (attack.stderr, problems)
}

/// Images of one channel through one layer.
fn linear([height, width]: [i64; 2], classes: i64, op: &str) -> Vec<u8> {
    let value = |name: &str, sizes: &[i64]| {
        let dim = sizes.iter().map(|&dim_value| Dimension { dim_value }).collect();
        let tensor_type = Some(TensorType { elem_type: 1, shape: Some(TensorShape { dim }) });
        ValueInfo { name: name.into(), r#type: Some(Type { tensor_type }) }
    };
    let node = |op: &str, input: &[&str], output: &str| {
        let input = input.iter().map(ToString::to_string).collect();
        Node { op_type: op.into(), name: output.into(), input, output: vec![output.into()], ..Node::default() }
    };
    let pixels = height * width;
    let weights = Tensor {
        name: "w".into(),
        dims: vec![pixels, classes],
        data_type: 1,
        float_data: (0..pixels * classes).map(|_| 0.5).collect(),
        ..Tensor::default()
    };
    let graph = Graph {
        node: vec![node("Flatten", &["in"], "flat"), node(op, &["flat", "w"], "out")],
        initializer: vec![weights],
        input: vec![value("in", &[0, 1, height, width])],
        output: vec![value("out", &[])],
    };
    ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec()
}

/// The line in which two texts begin to differ, from 1.
fn changed(before: &str, after: &str) -> usize {
    1 + before.lines().zip(after.lines()).take_while(|(a, b)| a == b).count()
}

#[test]
fn the_scripts_that_are_edited_are_good() {
    let scratch = Folder::new("good");
    for script in [IDEAL, PLAIN, REAL] {
        let outcome = scratch.sim("check", script.as_bytes(), &[]);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{}", outcome.stdout);
    }
}

/// A bound on three slots by an act on shares, and on every slot by one on messages: a chunk has more than N = 20.
#[test]
fn bounds_of_acts_at_real_are_told() {
    let script = REAL.replace("caught: { at_most: 1 }", "win: { at_most: spec }");
    let outcome = Folder::new("real").sim("check", script.as_bytes(), &[]);
    for [name, expected, needed] in [["add", "12/95", "(max is 64)"], ["bend", "1", "says nothing"]] {
        let line = outcome.stdout.lines().find(|line| line.trim_start().starts_with(name)).expect("a row");
        assert!(line.contains(&format!(" {expected} ")) && line.contains(&format!("{needed} ")), "{line}");
    }
}

#[test]
fn each_malformed_script_is_refused_in_its_place() {
    assert!(EDITS.iter().map(|(.., edits)| edits.len()).sum::<usize>() >= 110);
    let scratch = Folder::new("edits");
    let mut astray = String::new();
    for (group, base, edits) in EDITS {
        let mut snapshot = String::new();
        for (number, Edit(old, new, lines)) in edits.iter().enumerate() {
            assert_eq!(base.matches(old).count(), 1, "{group}: {old:?} is not there once");
            let script = base.replacen(old, new, 1);
            // The commands agree on every kind of problem: each costs some inferences, so that all of them read a few scripts of each group.
            let refused = if number % 8 == 0 { Folder::refused } else { Folder::not_attacked };
            let (pictures, problems) = refused(&scratch, script.as_bytes());
            let found: Vec<usize> = problems.iter().map(|(line, ..)| *line).collect();
            let expected = if lines.is_empty() { vec![changed(base, &script)] } else { lines.to_vec() };
            writeln!(snapshot, "{} -> {}\n{pictures}", shown(old), shown(new)).expect("to memory");
            let mut distinct = found.clone();
            distinct.dedup();
            if distinct != expected {
                writeln!(astray, "{group}: {old:?} -> {new:?}: {found:?}, not {expected:?}").expect("to memory");
            }
        }
        insta::assert_snapshot!(*group, snapshot);
    }
    assert!(astray.is_empty(), "problems in other lines than those of the edit:\n{astray}");
}

fn shown(text: &str) -> String {
    if text.len() > 200 { "the whole script".into() } else { format!("{text:?}") }
}

/// Mistakes that have nothing to do with one another: each is there, once, in the order of the text.
#[test]
fn all_problems_come_out_at_once() {
    let mut script = IDEAL.to_string();
    for (old, new) in [
        ("campaign/v1", "campaign/v0"),
        ("every-key", "Every key"),
        ("compare: label", "compare: logits"),
        ("lambda: 40", "lambda: 4000"),
        ("0.80", "0.999"),
        ("path: full", "paht: full"),
        ("1/255", "255/0"),
        ("faithful", "fatihful"),
        ("0..40", "0..41"),
        ("cheetah", "gazelle"),
        ("rtt_ms: 40", "rtt_ms: 40ms"),
        ("wall: 20m", "wall: 20min"),
        ("1e-6", "0"),
        ("at: all, model", "at: everywhere, model"),
        ("name: seven", "name: guess"),
        ("slots: [0, 7]", "slots: [0, 70]"),
        ("until: accepted", "until: acepted"),
        ("at_most: 99%", "at_most: 101%"),
        ("pixel: [14, 15]", "pixel: [14]"),
        ("relabel: random_wrong", "relable: random_wrong"),
        ("weight: 1,", ""),
        ("link: [3, 4]", "link: [3, 4]\n    flaky: 1/2"),
    ] {
        assert_eq!(script.matches(old).count(), 1, "{old}");
        script = script.replacen(old, new, 1);
    }
    let (_, problems) = Folder::new("twenty").refused(script.as_bytes());
    let found: Vec<String> = problems.iter().map(|(l, c, message)| format!("{l}:{c} {message}")).collect();
    assert_eq!(
        found,
        [
            "1:9 `fusion/campaign/v0` is no schema",
            "2:7 `Every key` is no name",
            "4:50 `logits` is no comparison",
            "5:17 lambda must be from 1 to 1024, not 4000",
            "5:56 honest must exceed reject, or the two models cannot be told apart",
            "7:3 unknown key `paht` in model",
            "8:19 scale must be a number, not `255/0`",
            "9:62 `fatihful` is no truncation",
            "14:19 publics 40..80 overlap the queries 0..41",
            "17:10 `gazelle` is no backend",
            "18:20 rtt_ms must be a whole number, not `40ms`",
            "19:37 wall must be a duration, not `20min`",
            "20:22 false_alarm must be between 0 and 1, not 0",
            "24:16 `everywhere` is no place",
            "31:11 two strategies are called `guess`",
            "32:25 slot 70 does not exist: there are N = 20, from 0",
            "33:24 `acepted` is no end of sessions",
            "34:36 a rate must be from 0 to 1, not 101%",
            "36:75 a pixel is [row, column] or [channel, row, column]",
            "39:50 unknown key `relable` in an act",
            "43:9 a branch needs the key `weight`",
            "48:5 `flaky` and `link` exclude each other",
        ]
    );
}

/// A script whose edits each bring in one problem, and what is said of it.
struct Faulty {
    scratch: Folder,
    script: String,
}

impl Faulty {
    fn new(name: &str, base: &str, edits: &[(&str, &str)]) -> Self {
        let mut script = base.to_string();
        for (old, new) in edits {
            assert_eq!(script.matches(old).count(), 1, "{old}");
            script = script.replacen(old, new, 1);
        }
        Self { scratch: Folder::new(name), script }
    }

    fn problems(&self) -> Vec<String> {
        let (_, problems) = self.scratch.refused(self.script.as_bytes());
        problems.iter().map(|(l, c, message)| format!("{l}:{c} {message}")).collect()
    }
}

/// A claim that has no exact rate at `plain`, as two places vary.
const IMPOSSIBLE: (&str, &str) = (
    "  - name: errs\n",
    "  - name: vague
    fidelity: plain
    do: [{ at: { random: 1 }, relabel: next }, { at: { random: 2 }, relabel: next }]
    expect: { win: { equals: spec } }
  - name: errs
",
);

/// Faults of the text hide none of the files, of the acts, of the pools or of the claims.
#[test]
fn problems_of_every_stage_come_out_at_once() {
    let edits = [
        ("name: every-key", "name: Every Key"),
        ("queries: 0..40", "queries: 0..7"),
        ("wall: 20m", "wall: 20min"),
        ("within: 10%", "within: none"),
        ("model: weak.onnx }]", "model: week.onnx }, { at: all, relable: next }]"),
        ("reasons: { only: [public_wrong,", "reasons: { only: [public-wrong,"),
        ("slots: [0, 7]", "slots: [0, 7, 20]"),
        ("{ to: 7 }", "{ to: 7 } }, { at: all, relabel: { to: 12 }"),
        ("pixel: [14, 15]", "pixel: [14, 99]"),
        ("memorised: images", "memorised: tiny"),
        ("weight: 5", "weight: 0"),
        IMPOSSIBLE,
    ];
    assert_eq!(
        Faulty::new("stages", IDEAL, &edits).problems(),
        [
            "2:7 `Every Key` is no name",
            "13:12 a session draws R = 8 queries, and the pool has 7",
            "19:37 wall must be a duration, not `20min`",
            "20:36 within must be a number, not `none`",
            "24:28 week.onnx: there is no such file",
            "24:52 unknown key `relable` in an act",
            "30:56 `public-wrong` is no reason",
            "32:25 slot 20 does not exist: there are N = 20, from 0",
            "32:81 there is no class 12: the model has 10",
            "36:66 no pixel [14, 99] in images of [1, 28, 28]",
            "39:27 memorised images are [1, 2, 2], and the data [1, 28, 28]",
            "42:19 weight must be from 1 to 2^30, not 0",
            "48:30 there is no exact rate of `win` for this strategy",
        ]
    );
}

/// A file that cannot be read at all hides nothing that was found before: the problems are the user's, and so is the exit code.
#[test]
fn an_unreadable_file_hides_no_problem() {
    let faulty = Faulty::new("loop", IDEAL, &[("path: full.onnx", "path: loop.onnx"), ("wall: 20m", "wall: 20min")]);
    std::os::unix::fs::symlink("loop.onnx", faulty.scratch.0.join("loop.onnx")).unwrap();
    assert_eq!(faulty.problems(), ["19:37 wall must be a duration, not `20min`"]);
}

/// A model that no strategy can use is told once, however many name it.
#[test]
fn a_wrong_model_is_told_once() {
    let edits = [("model: weak.onnx }]", "model: two.onnx }, { at: { random: 1 }, model: two.onnx }]")];
    let problems = Faulty::new("twice", IDEAL, &edits).problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
}

/// Without the honest model it is still known what images there are, and what has no rate at `plain`.
#[test]
fn a_missing_model_hides_nothing_that_does_not_need_it() {
    let edits = [
        ("path: full.onnx", "path: fool.onnx"),
        ("labels: labels", "labels: three"),
        ("from: 40..80", "from: 998..1002"),
        ("model: weak.onnx", "model: soft.onnx"),
        ("{ to: 7 }", "{ to: 12 }"),
        IMPOSSIBLE,
    ];
    assert_eq!(
        Faulty::new("no-model", IDEAL, &edits).problems(),
        [
            "7:9 fool.onnx: there is no such file",
            "12:11 there are 3 labels and 1000 images",
            "24:28 node 1 'out' (Hardmax): the operator is not supported",
            "48:30 there is no exact rate of `win` for this strategy",
        ],
        "how many samples there are, and of how many classes, is not known"
    );
    let edits = [("path: full.onnx", "paht: full.onnx"), ("from: 40..80", "from: 998..1002"), IMPOSSIBLE];
    assert_eq!(
        Faulty::new("no-path", IDEAL, &edits).problems(),
        [
            "7:3 unknown key `paht` in model",
            "14:19 samples 998..1002 are asked for, and there are 1000",
            "48:30 there is no exact rate of `win` for this strategy",
        ]
    );
}

/// What acts are aimed at, and whether two parties can run the models, is asked although the text has a fault.
#[test]
fn acts_at_real_are_checked_beside_other_faults() {
    let edits = [
        ("max: 64", "max: many"),
        ("layer[4:relu]", "layer[3:relu]"),
        ("msb/round[1]", "msb/round[99]"),
        ("accepted: { equals: spec }", "caught: { at_most: spec }, win: { equals: 1/2, at_most: 1 }"),
    ];
    assert_eq!(
        Faulty::new("real-faults", REAL, &edits).problems(),
        [
            "7:16 max must be a whole number, not `many`",
            "10:31 `step` matches no step by `cheetah`: `layer[3:relu]`",
            "13:31 `step` matches no message of the server by `cheetah`: `layer[*:relu]/msb/round[99]/msg[0]`",
            "22:62 `equals` and `at_most` exclude each other",
        ]
    );
}

/// A server that has encrypted its weights cannot put another network on a slot: it is told where, unless the script leaves the choice of what is encrypted.
#[test]
fn encrypted_weights_serve_one_network() {
    let other = (
        "do: [{ at: { slots: [0] }, stop: { step: \"layer[*:*]\", how: crash } }]",
        "do: [{ at: all, model: weak.onnx }]",
    );
    let claim = ("expect: { reasons: { only: [peer_gone] } }", "expect: { caught: { at_most: 1 } }");
    let by = |linear| ("fidelity: real", format!("fidelity: real\nbackend: {{ cheetah: {{ linear: {linear} }} }}"));
    let (weights, auto) = (by("weights"), by("auto"));
    assert_eq!(
        Faulty::new("bound", REAL, &[(weights.0, &weights.1), other, claim, ("msb/round[1]", "msb/round[0]")])
            .problems(),
        ["17:28 a server whose weights are encrypted cannot put another model on a slot"]
    );
    let script = [other, claim, (auto.0, auto.1.as_str())]
        .into_iter()
        .fold(REAL.to_string(), |script, (old, new)| script.replace(old, new));
    let outcome = Folder::new("unbound").sim("check", script.as_bytes(), &[]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{}", outcome.stdout);
}

/// In a chain no act turns a sign by a digit: `wrong_sign` is refused by name, unless the script leaves how carries are found.
#[test]
fn chains_turn_no_sign() {
    let stop = "do: [{ at: { slots: [0] }, stop: { step: \"layer[*:*]\", how: crash } }]";
    let turn = "do: [{ at: all, wrong_sign: { step: \"layer[1:relu]\", elements: [0], from: 0, bits: 3, are: [1] } }]";
    let claim = ("expect: { reasons: { only: [peer_gone] } }", "expect: { caught: { at_most: 1 } }");
    let by = |carries| format!("fidelity: real\nbackend: {{ cheetah: {{ carries: {carries} }} }}");
    let script = |carries| {
        [("fidelity: real", by(carries).as_str()), (stop, turn), claim]
            .into_iter()
            .fold(REAL.to_string(), |script, (old, new)| script.replace(old, new))
    };
    let problems = |carries| Folder::new(carries).refused(script(carries).as_bytes()).1;
    let found = |carries| problems(carries).into_iter().map(|(_, _, message)| message).collect::<Vec<_>>();
    assert_eq!(
        found("chain"),
        ["a ReLU at `layer[1:relu]` finds carries by a chain, in which `wrong_sign` is not played"]
    );
    let by_a_tree = found("auto");
    assert!(by_a_tree.len() == 1 && by_a_tree[0].contains("by 3 bits from bit 0"), "{by_a_tree:?}");
}

/// A name that `--only` does not find may be that of the strategy with a problem: that is told, and not the name.
#[test]
fn only_a_strategy_with_a_problem() {
    let scratch = Folder::new("only");
    let script = PLAIN.replace("name: guess", "nmae: guess");
    let outcome = scratch.attack(script.as_bytes(), &["--only", "guess"]);
    assert!(outcome.code == 64 && outcome.stderr.contains("unknown key `nmae` in a strategy"), "{outcome:?}");
    let outcome = scratch.attack(PLAIN.as_bytes(), &["--only", "gess"]);
    assert_eq!(outcome.stderr, "error: --only gess: no such strategy; did you mean `guess`?\n");
}

/// A claim waits for the pools that its rate depends on, and those for the images; nothing else waits.
#[test]
fn what_needs_files_comes_once_they_are_there() {
    let scratch = Folder::new("steps");
    let mut script = IDEAL.to_string();
    let edits = [
        ("images: images\n", "images: imgs\n", "11:11 imgs: there is no such file"),
        ("labels: labels", "labels: lbls", "12:11 lbls: there is no such file"),
        ("from: 40..80", "from: 998..1002", "14:19 samples 998..1002 are asked for, and there are 1000"),
        ("model: weak.onnx", "model: week.onnx", "24:28 week.onnx: there is no such file"),
        ("{ to: 7 }", "{ to: 12 }", "32:44 there is no class 12: the model has 10"),
        (
            "random_wrong }]",
            "random_wrong }]\n    expect: { win: { equals: spec } }",
            "40:30 there is no exact rate of `win` for this strategy",
        ),
    ];
    for (old, new, _) in edits {
        script = script.replacen(old, new, 1);
    }
    for step in [&[0, 1, 3, 4][..], &[2], &[5]] {
        let (_, problems) = scratch.refused(script.as_bytes());
        let found: Vec<String> = problems.iter().map(|(l, c, message)| format!("{l}:{c} {message}")).collect();
        assert_eq!(found, step.iter().map(|&index| edits[index].2).collect::<Vec<_>>());
        for &index in step {
            script = script.replacen(edits[index].1, edits[index].0, 1);
        }
    }
    assert_eq!(scratch.sim("check", script.as_bytes(), &["--quiet"]).stdout, "ok\n");
}

/// The name of an embedded file that does not exist is told in full, before those that do. Of a name that is longer than any path the end is.
#[test]
fn a_message_on_a_name_begins_with_it() {
    let scratch = Folder::new("names");
    let told = |name: &str| {
        let (_, problems) =
            scratch.refused(IDEAL.replacen("model: weak.onnx", &format!("model: {name}"), 1).as_bytes());
        let [(_, _, message)] = &problems[..] else { panic!("{problems:?}") };
        message.clone()
    };
    let unknown = told("'built-in:/nothing.onnx'");
    assert!(
        unknown.starts_with("built-in:/nothing.onnx: there is no such file in this program; one of `"),
        "{unknown}"
    );
    let endless = told(&"n".repeat(10_000));
    assert!(endless.starts_with("...nn") && endless.ends_with("nn: there is no such file"), "{endless}");
    assert!(endless.len() < 300, "{endless}");
}

/// Bytes that are no text have a place too.
#[test]
fn what_is_not_utf8_is_refused_in_its_place() {
    let scratch = Folder::new("bytes");
    let (picture, problems) = scratch.refused(b"schema: fusion/campaign/v1\r\nname: caf\xe9\r\n");
    assert_eq!(problems, [(2, 10, "byte 0xe9 is not UTF-8".to_string())]);
    assert!(picture.contains(" 2 │ name: caf\u{fffd}\n   ·          ─\n"), "{picture}");
    let long = "a".repeat((1 << 20) + 1);
    let outcome = scratch.attack(long.as_bytes(), &[]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (64, ""));
    assert_eq!(outcome.stderr, "error: case.yaml: is larger than 1048576 bytes\n");
}
