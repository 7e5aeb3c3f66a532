//! A finished run, read from the files of its folder alone: neither the model nor the samples need to exist any more.

use crate::text;
use fusion_adversaries::script::{Script, Sizes};
use fusion_adversaries::yaml::MAX_BYTES;
use fusion_engine::campaign::verdict::CampaignVerdict;
use fusion_engine::documents::replay::ReplayDocument;
use fusion_engine::documents::result::ResultDocument;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::store::{Environment, RESULT};
use fusion_spec::params::Params;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// The size in bytes of the largest JSON file of a run that is read.
const MOST_JSON: u64 = 1 << 26;

/// A finished run, as its folder describes it.
pub struct Run {
    /// The folder of the run.
    pub folder: PathBuf,
    /// The resolved script of the campaign.
    pub script: Script,
    /// The script as YAML.
    pub script_text: String,
    /// The parameters of the script.
    pub params: Params,
    /// The content of `env.json`.
    pub environment: Environment,
    /// The content of `result.json`.
    pub result: ResultDocument,
    /// The trials in `exemplars/`, in the order of the files' names.
    pub exemplars: Vec<ReplayDocument>,
}

/// Corrects results from before 2026-11-26, which said `pass` in spite of errors, by their counts.
fn with_errors(mut result: ResultDocument) -> ResultDocument {
    for strategy in result.strategies.iter_mut().filter(|strategy| strategy.error > 0) {
        strategy.verdict = CampaignVerdict::Error;
        result.verdict = CampaignVerdict::Error;
    }
    result
}

impl Run {
    /// Reads a folder, or a link to one.
    ///
    /// # Errors
    /// [`Failure::Usage`] for what is not the folder of a finished run; [`Failure::Io`].
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let problem = |what: &str| Failure::Usage(format!("{}: {what}", files::name(path)));
        let folder = files::run(path)?.ok_or_else(|| problem("not the folder of a run"))?;
        if !files::is_there(&folder.join(RESULT))? {
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
        let Sizes::Given { B, T, slack } = protocol.sizes else {
            return Err(unreadable("not the resolved script of a run: B, T and slack are numbers there"));
        };
        let params = Params::new(protocol.R, B, T, slack).map_err(|error| unreadable(&error.to_string()))?;
        let environment = Environment::read(&folder)?;
        let result = with_errors(rebuilt(&folder, &folder.join(RESULT))?);
        let exemplars = exemplars(&folder)?;
        Ok(Self { folder, script, script_text, params, environment, result, exemplars })
    }
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let bytes = files::read(path, MOST_JSON)?;
    serde_json::from_slice(&bytes).map_err(|error| Failure::Usage(format!("{}: {error}", files::name(path))))
}

/// Reads a file that a run can write again from its counts.
fn rebuilt<T: DeserializeOwned>(run: &Path, path: &Path) -> Result<T, Failure> {
    json(path).map_err(|failure| match failure {
        Failure::Usage(what) => Failure::Usage(format!("{what}; sim attack --resume {} rebuilds it", text::shell(run))),
        other => other,
    })
}

/// Reads the exemplars. There are none without a folder, where every strategy is estimated stage by stage.
fn exemplars(run: &Path) -> Result<Vec<ReplayDocument>, Failure> {
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
