//! A finished run, from the files of its folder alone: neither the model nor the samples need to be there any more.

use crate::text;
use fusion_adversaries::script::{Auto, Script};
use fusion_adversaries::yaml::MAX_BYTES;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::store::RESULT;
use fusion_spec::params::Params;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Largest JSON file of a run that is read.
const MOST_JSON: u64 = 1 << 26;

/// What a run's folder says.
pub struct Run {
    /// Where it is.
    pub folder: PathBuf,
    /// The campaign, resolved.
    pub script: Script,
    /// As YAML.
    pub script_text: String,
    /// `script`'s.
    pub params: Params,
    /// `env.json`.
    pub environment: Environment,
    /// `result.json`.
    pub result: Outcome,
    /// `exemplars/`, by name.
    pub exemplars: Vec<Exemplar>,
}

/// What made a run.
#[derive(Debug, Deserialize)]
pub struct Environment {
    /// Of the campaign: what decides a trial, hashed.
    pub id: String,
    /// The version of what a trial is.
    pub semantics: u32,
    /// Of the program.
    pub version: String,
    /// The commit that the program was built from, where it was built from a checkout.
    #[serde(default)]
    pub commit: Option<String>,
    /// In UTC.
    pub created: String,
    /// The operating system.
    pub os: String,
    /// The processor's architecture.
    pub arch: String,
}

/// The last line of `sim attack --json`.
#[derive(Debug, Deserialize)]
pub struct Outcome {
    /// `pass`, `refuted`, `inconclusive` or `error`.
    pub verdict: String,
    /// Bugs of ours that the campaign found.
    #[serde(default)]
    pub errors: Vec<Fault>,
    /// The error probability of each clause.
    pub alpha: f64,
    /// In script order, the control first.
    pub strategies: Vec<Strategy>,
    /// Of one honest session.
    pub cost: Option<Cost>,
}

/// A bug of ours.
#[derive(Debug, Deserialize)]
pub struct Fault {
    pub strategy: String,
    pub says: String,
    pub replay: Option<String>,
}

/// What came of a strategy.
#[derive(Debug, Deserialize)]
pub struct Strategy {
    pub name: String,
    pub trials: u64,
    pub win: u64,
    pub harmless: u64,
    pub error: u64,
    pub rate: Option<f64>,
    pub interval: [f64; 2],
    pub events: BTreeMap<String, Claim>,
    pub expectations: Vec<Claim>,
    pub verdict: String,
    pub reasons: BTreeMap<String, u64>,
    /// Those that fail.
    pub hypotheses: Vec<String>,
    pub stopped_by: String,
    #[serde(default)]
    pub stages: Vec<Stage>,
}

impl Strategy {
    /// Its verdict; `measured` where nothing is claimed, and nothing went wrong.
    pub fn shown_verdict(&self) -> &str {
        if self.expectations.is_empty() && self.verdict == "pass" { "measured" } else { &self.verdict }
    }
}

/// A stage of a rare event.
#[derive(Debug, Deserialize)]
pub struct Stage {
    pub name: String,
    pub trials: u64,
    pub successes: u64,
}

/// A clause or an event held against its counts.
#[derive(Debug, Deserialize)]
pub struct Claim {
    /// `None` of an event.
    pub clause: Option<String>,
    /// An exact fraction; `None` of reasons.
    pub expected: Option<String>,
    pub count: u64,
    pub trials: u64,
    pub interval: [f64; 2],
    pub verdict: String,
}

impl Outcome {
    /// Results of before 2026-11-26 said `pass` in spite of errors: their counts tell.
    fn with_errors(mut self) -> Self {
        let erring = self.strategies.iter_mut().filter(|strategy| strategy.error > 0);
        for strategy in erring {
            strategy.verdict = "error".into();
            self.verdict = "error".into();
        }
        self
    }
}

impl Claim {
    /// What it is of: its clause without the claimed rate.
    pub fn label(&self) -> String {
        let clause = self.clause.as_deref().unwrap_or_default();
        [" equals", " at_most"].iter().fold(clause, |text, word| text.split(word).next().unwrap_or(text)).into()
    }

    /// It is a bound from above.
    pub fn is_bound(&self) -> bool {
        self.clause.as_deref().is_some_and(|clause| clause.contains(" at_most "))
    }
}

/// What a session takes.
#[derive(Debug, Deserialize)]
pub struct Cost {
    pub client_sent_bytes: u64,
    pub server_sent_bytes: u64,
    pub rounds: u32,
    pub virtual_s: f64,
    pub cpu_s: f64,
    #[serde(default)]
    pub by_layer: Vec<Layer>,
}

/// A layer's share.
#[derive(Debug, Deserialize)]
pub struct Layer {
    pub step: String,
    pub client_sent_bytes: u64,
    pub server_sent_bytes: u64,
    pub rounds: u32,
    pub lan_s: f64,
    pub wan_s: f64,
}

/// A trial that was played again.
#[derive(Debug, Deserialize)]
pub struct Exemplar {
    pub strategy: String,
    pub outcome: String,
    pub trial: u64,
    pub sessions: Vec<Session>,
}

/// One of its sessions.
#[derive(Debug, Deserialize)]
pub struct Session {
    pub outcome: String,
    pub slots: Vec<Slot>,
}

/// What a slot held, and what became of it.
#[derive(Debug, Deserialize)]
pub struct Slot {
    #[serde(rename = "slot")]
    pub index: u32,
    pub query: Option<u32>,
    pub public: Option<u32>,
    pub honest: Option<u32>,
    pub answer: Option<u32>,
    pub touched: bool,
    #[serde(default)]
    pub named: bool,
    pub wrong: bool,
}

impl Slot {
    /// The server touched it or, in the linking game, named it.
    pub fn is_marked(&self) -> bool {
        self.touched || self.named
    }
}

impl Run {
    /// Reads a folder, or a link to one.
    ///
    /// # Errors
    /// [`Failure::Usage`] for what is not the folder of a finished run; [`Failure::Io`].
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let problem = |what: &str| Failure::Usage(format!("{}: {what}", files::name(path)));
        let folder = path.canonicalize().ok().filter(|folder| folder.join("env.json").is_file());
        let folder = folder.ok_or_else(|| problem("not the folder of a run"))?;
        if !folder.join(RESULT).is_file() {
            return Err(problem(
                "not finished: continue it with sim attack --resume, or join its shards with sim merge",
            ));
        }
        let script_file = folder.join("script.yaml");
        let bytes = files::read(&script_file, MAX_BYTES as u64)?;
        let script_text = String::from_utf8_lossy(&bytes).into_owned();
        let unreadable = |what: &str| Failure::Usage(format!("{}: {what}", files::name(&script_file)));
        let script = Script::read(&script_text).map_err(|problems| {
            let first = problems.first();
            unreadable(
                &first.map_or_else(String::new, |problem| format!("line {}: {}", problem.mark.line, problem.message)),
            )
        })?;
        let protocol = &script.protocol;
        let (Auto::Value(B), Auto::Value(T), Auto::Value(slack)) = (protocol.B, protocol.T, protocol.slack) else {
            return Err(unreadable("not the resolved script of a run: B, T and slack are numbers there"));
        };
        let params = Params::new(protocol.R, B, T, slack).map_err(|error| unreadable(&error.to_string()))?;
        let environment = json(&folder.join("env.json"))?;
        let result = rebuilt::<Outcome>(&folder, &folder.join(RESULT))?.with_errors();
        let exemplars = exemplars(&folder)?;
        Ok(Self { folder, script, script_text, params, environment, result, exemplars })
    }
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let bytes = files::read(path, MOST_JSON)?;
    serde_json::from_slice(&bytes).map_err(|error| Failure::Usage(format!("{}: {error}", files::name(path))))
}

/// What a run can write again from its counts.
fn rebuilt<T: DeserializeOwned>(run: &Path, path: &Path) -> Result<T, Failure> {
    json(path).map_err(|failure| match failure {
        Failure::Usage(what) => Failure::Usage(format!("{what}; sim attack --resume {} rebuilds it", text::shell(run))),
        other => other,
    })
}

/// None where there is no folder: every strategy is estimated stage by stage.
fn exemplars(run: &Path) -> Result<Vec<Exemplar>, Failure> {
    let folder = &run.join("exemplars");
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(|error| Failure::Io(format!("reading {}", files::name(folder)), error))?;
    paths.sort();
    paths
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| rebuilt(run, path))
        .collect()
}
