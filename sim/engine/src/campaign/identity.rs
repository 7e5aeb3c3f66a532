//! The hash of everything that decides a trial, and of nothing else. A campaign can be continued with more time or more trials,
//! but not with another strategy, seed, model or data.

use crate::simulate::EarlyEnd;
use fusion_adversaries::script::{Backend, Fidelity, HONEST, Script, SetupRule};
use fusion_spec::evidence::PassRule;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The version of the rules that turn a script and a seed into counts. It changes whenever the same script and seed would give
/// other counts. Version 5 has shorter rows at `real`, so that decisions are taken after other numbers of the same trials. Version 6 has a sharper rule
/// for what passes, so that a campaign ends after fewer of the same trials. Version 7 calls a failed proof of the server's cheating, and not malformed.
pub const SEMANTICS: u32 = 7;
/// The first version by which claims pass by a likelihood ratio.
const RATIO: u32 = 6;
/// The first version by which a proof of the server's that does not hold is cheating.
const CHEATING: u32 = 7;
/// The version of the rules that turn a script, a seed and a number into a trial, which is that of [`SEMANTICS`] when trials last changed otherwise than in the name of
/// a reason. It is part of the hash, so that older runs can be continued.
const TRIALS: u32 = 4;

/// Returns the rule by which claims of exact rates pass in runs of a version.
#[must_use]
pub fn pass_rule(semantics: u32) -> PassRule {
    if semantics < RATIO { PassRule::UniformMixture } else { PassRule::LikelihoodRatio }
}

/// Returns the end of a session in which a proof of the server's does not hold, in runs of a version.
#[must_use]
pub fn failed_proof(semantics: u32) -> EarlyEnd {
    if semantics < CHEATING { EarlyEnd::Malformed } else { EarlyEnd::Cheating }
}

/// The hash of everything that decides a campaign's trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(blake3::Hash);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_hex().fmt(f)
    }
}

impl Id {
    /// Hashes a resolved script together with the contents of the files that it names.
    ///
    /// # Errors
    /// [`serde_json::Error`] for a path that is not UTF-8. Scripts with such paths are refused when they are resolved.
    pub fn new(script: &Script, contents: &Contents) -> Result<Self, serde_json::Error> {
        let strategies = script
            .strategies
            .iter()
            .map(|section| {
                let mut value = serde_json::to_value(section)?;
                if let Value::Object(map) = &mut value {
                    for undecided in ["about", "trials", "expect"] {
                        map.remove(undecided);
                    }
                    let fidelity = script.fidelity_of(section);
                    map.insert("fidelity".into(), fidelity.name().into());
                    note_setup(map, fidelity, script.setup_of(Some(section)));
                }
                contents.replace_paths(&mut value);
                Ok(value)
            })
            .collect::<Result<Vec<Value>, serde_json::Error>>()?;
        // What was not read, because every strategy is `plain`, decides nothing.
        let model = script.model.as_ref().filter(|model| contents.has(&model.path.value));
        let data = script.data.as_ref().filter(|data| contents.has(&data.images.value));
        let (mut model, mut data) = (serde_json::to_value(model)?, serde_json::to_value(data)?);
        contents.replace_paths(&mut model);
        contents.replace_paths(&mut data);
        let fidelity = script.fidelity.value;
        let mut control = Map::new();
        control.insert("name".into(), HONEST.into());
        control.insert("fidelity".into(), fidelity.name().into());
        note_setup(&mut control, fidelity, script.setup_of(None));
        // Keys are sorted. The default backend has no key, so that campaigns from before there were others keep their hashes.
        let mut decides = json!({
            "semantics": TRIALS,
            "protocol": script.protocol,
            "control": control,
            "seed": script.trials.seed,
            "estimator": script.test.estimator,
            "model": model,
            "data": data,
            "strategies": strategies,
        });
        if !decides["model"].is_null() && script.backend != Backend::default() {
            decides["backend"] = serde_json::to_value(script.backend)?;
        }
        Ok(Self(blake3::hash(decides.to_string().as_bytes())))
    }

    /// Returns the first eight digits of the hash.
    #[must_use]
    pub fn short(&self) -> String {
        self.0.to_hex().chars().take(8).collect()
    }
}

/// Notes that sessions have set-ups of their own. A set-up that is kept has no key, so that campaigns from before there were others keep their
/// hashes.
fn note_setup(decides: &mut Map<String, Value>, fidelity: Fidelity, setup: SetupRule) {
    if fidelity == Fidelity::Real && setup == SetupRule::Session {
        decides.insert("setup".into(), setup.name().into());
    }
}

/// The hashes of the files that a script names.
#[derive(Clone, Debug, Default)]
pub struct Contents(BTreeMap<PathBuf, String>);

impl Contents {
    /// Records the content of a file.
    pub fn insert(&mut self, path: &Path, bytes: &[u8]) {
        self.insert_hash(path, blake3::hash(bytes).to_string());
    }

    /// Records the hash of a file's content together with that of the files that belong to it.
    pub fn insert_hash(&mut self, path: &Path, hash: String) {
        self.0.insert(path.to_path_buf(), hash);
    }

    fn has(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// Replaces every string that is the path of a known file by the hash of that file.
    fn replace_paths(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(hash) = self.0.get(Path::new(text.as_str())) {
                    text.clone_from(hash);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace_paths(item)),
            Value::Object(map) => map.values_mut().for_each(|item| self.replace_paths(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(backend: &str, is_read: bool) -> Id {
        id_of(backend, "", is_read)
    }

    fn id_of(keys: &str, of_strategy: &str, is_read: bool) -> Id {
        let text = format!(
            "schema: fusion/campaign/v1\nname: one\nprotocol: {{ R: 2, B: 1, T: 1 }}\n{keys}\n\
             model: {{ path: model.onnx }}\nstrategies: [{{ name: nothing, do: []{of_strategy} }}]\n"
        );
        let script = Script::read(&text).unwrap();
        let mut contents = Contents::default();
        if is_read {
            contents.insert(Path::new("model.onnx"), b"a model");
        }
        Id::new(&script, &contents).unwrap()
    }

    #[test]
    fn the_backend_and_its_options_decide_where_a_model_is_read() {
        let all = [
            "",
            "backend: aby",
            "backend: { aby: { extension: ferret } }",
            "backend: { delphi: { extension: ferret } }",
        ];
        for (at, one) in all.iter().enumerate() {
            for other in &all[..at] {
                assert_ne!(id(one, true), id(other, true), "{one} and {other}");
                assert_eq!(id(one, false), id(other, false), "{one} and {other}, of a model that nobody reads");
            }
        }
        assert_eq!(id("backend: cheetah", true), id("", true));
        assert_eq!(id("backend: { aby: { extension: iknp } }", true), id("backend: aby", true));
    }

    /// A kept set-up is what campaigns had before there was another, so that their hashes stay.
    #[test]
    fn set_ups_of_sessions_decide_at_real_alone() {
        let ids = |fidelity: &str, of_strategy: &str| {
            ["", "\nsetup: kept", "\nsetup: session"]
                .map(|setup| id_of(&format!("fidelity: {fidelity}{setup}"), of_strategy, true))
        };
        let [default, kept, session] = ids("real", "");
        assert!(default == kept && kept != session, "one session");
        let [default, kept, session] = ids("real", ", sessions: { until: max, max: 2 }");
        assert!(default != kept && kept != session && default != session, "several: the control has one session");
        let [default, kept, session] = ids("ideal", ", sessions: { until: max, max: 2 }");
        assert!(default == kept && kept == session, "nobody sets up");
    }
}
