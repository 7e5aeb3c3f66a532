//! The curated attack library: `adversaries/scripts/`.
//!
//! ```
//! use fusion_adversaries::{library::SCRIPTS, script::Script};
//! assert!(SCRIPTS.iter().all(|(_name, text)| Script::read(text).is_ok()));
//! ```

/// The file name and the text of each of the examples that the README begins with, and of the one for the network of CIFAR-10. They name files in `models/` and
/// `data/` of their folder.
pub const EXAMPLES: &[(&str, &str)] = &[
    ("cifar10-synthetic.yaml", include_str!("../../examples/cifar10-synthetic.yaml")),
    ("quickstart.yaml", include_str!("../../examples/quickstart.yaml")),
    ("real.yaml", include_str!("../../examples/real.yaml")),
];

/// The file name and the text of every curated script, sorted by name.
pub const SCRIPTS: &[(&str, &str)] = &[
    ("adaptive.yaml", include_str!("../scripts/adaptive.yaml")),
    ("backdoor.yaml", include_str!("../scripts/backdoor.yaml")),
    ("cheating.yaml", include_str!("../scripts/cheating.yaml")),
    ("consistent.yaml", include_str!("../scripts/consistent.yaml")),
    ("constant-label.yaml", include_str!("../scripts/constant-label.yaml")),
    ("encrypted-weights.yaml", include_str!("../scripts/encrypted-weights.yaml")),
    ("flaky.yaml", include_str!("../scripts/flaky.yaml")),
    ("forced-label.yaml", include_str!("../scripts/forced-label.yaml")),
    ("full-active-security.yaml", include_str!("../scripts/full-active-security.yaml")),
    ("linking.yaml", include_str!("../scripts/linking.yaml")),
    ("look-alikes.yaml", include_str!("../scripts/look-alikes.yaml")),
    ("low-quality.yaml", include_str!("../scripts/low-quality.yaml")),
    ("memorised.yaml", include_str!("../scripts/memorised.yaml")),
    ("mixed.yaml", include_str!("../scripts/mixed.yaml")),
    ("moved-share.yaml", include_str!("../scripts/moved-share.yaml")),
    ("one-bit.yaml", include_str!("../scripts/one-bit.yaml")),
    ("own-choice.yaml", include_str!("../scripts/own-choice.yaml")),
    ("predicate.yaml", include_str!("../scripts/predicate.yaml")),
    ("probe-delta-fresh.yaml", include_str!("../scripts/probe-delta-fresh.yaml")),
    ("probe-delta.yaml", include_str!("../scripts/probe-delta.yaml")),
    ("probe-key.yaml", include_str!("../scripts/probe-key.yaml")),
    ("rare-event.yaml", include_str!("../scripts/rare-event.yaml")),
    ("replay-ciphertext.yaml", include_str!("../scripts/replay-ciphertext.yaml")),
    ("retries.yaml", include_str!("../scripts/retries.yaml")),
    ("scatter.yaml", include_str!("../scripts/scatter.yaml")),
    ("selective-failure.yaml", include_str!("../scripts/selective-failure.yaml")),
    ("selective.yaml", include_str!("../scripts/selective.yaml")),
    ("slack.yaml", include_str!("../scripts/slack.yaml")),
    ("three-copies-real.yaml", include_str!("../scripts/three-copies-real.yaml")),
    ("three-copies.yaml", include_str!("../scripts/three-copies.yaml")),
    ("trojan-garbler.yaml", include_str!("../scripts/trojan-garbler.yaml")),
    ("undecodable.yaml", include_str!("../scripts/undecodable.yaml")),
    ("unmask-as-released.yaml", include_str!("../scripts/unmask-as-released.yaml")),
    ("unmask-batch.yaml", include_str!("../scripts/unmask-batch.yaml")),
    ("unmask-slot-by-slot.yaml", include_str!("../scripts/unmask-slot-by-slot.yaml")),
    ("unmask.yaml", include_str!("../scripts/unmask.yaml")),
    ("wrong-sign.yaml", include_str!("../scripts/wrong-sign.yaml")),
];
