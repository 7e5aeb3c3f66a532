//! The cost of a query in bytes and seconds, if a model was named. It is measured once for each size of session and each network.

use crate::answers::cost::PerQuery;
use crate::answers::plan::PlanAnswer;
use crate::args::bench::{InferenceArgs, TruncationArg};
use crate::explore::query::{Query, QueryProblem};
use crate::text;
use fusion_2pc::backend::Family;
use fusion_2pc::ot::Extension;
use fusion_adversaries::problem::one_line;
use fusion_nn::fixed::Ring;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The largest number of measurements that are remembered.
const MAX_KNOWN: usize = 64;

/// A model, how it is run, and the costs that were measured so far.
pub struct MeasuredModel {
    file: PathBuf,
    inference: InferenceArgs,
    known: Mutex<Vec<(String, PerQuery)>>,
}

/// The cost of a query under a plan, as the page shows it.
#[derive(Serialize)]
pub struct QueryCost {
    per_query: PerQuery,
    line: String,
    batch: usize,
}

impl MeasuredModel {
    /// Makes a model of which nothing is measured yet.
    pub fn new(file: PathBuf, inference: InferenceArgs) -> Self {
        Self { file, inference, known: Mutex::default() }
    }

    /// Returns the model's file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns how the model is run.
    pub fn inference(&self) -> &InferenceArgs {
        &self.inference
    }

    /// Returns the flags of `sim plan` that name the model and how it computes.
    pub fn words(&self) -> String {
        let InferenceArgs { backend: _, options: _, linear: _, carries: _, network: _, fixed_point, truncation } =
            &self.inference;
        let ring = |ring: &Ring| match ring {
            Ring::Auto => "auto".into(),
            Ring::Bits(bits) => bits.to_string(),
        };
        let flags = [
            ("--model", Some(text::shell(&self.file))),
            ("--frac-bits", fixed_point.frac_bits.map(|bits| bits.to_string())),
            ("--ring", fixed_point.ring.as_ref().map(ring)),
            ("--scale", fixed_point.scale.as_ref().map(ToString::to_string)),
            ("--offset", fixed_point.offset.as_ref().map(ToString::to_string)),
            ("--truncation", matches!(truncation, TruncationArg::OneBit).then(|| "one_bit".into())),
        ];
        let given = flags.into_iter().filter_map(|(flag, value)| Some(format!("{flag} {}", value?)));
        given.collect::<Vec<_>>().join(" ")
    }

    /// Returns the cost of a query under the plan that is asked for.
    pub fn cost(&self, query: &Query) -> Result<QueryCost, QueryProblem> {
        let args = query.plan()?;
        let answer = PlanAnswer::new(&args).map_err(|failure| QueryProblem::of(&failure))?;
        let inference = InferenceArgs {
            backend: args.inference.backend,
            options: args.inference.options,
            network: args.inference.network,
            ..self.inference.clone()
        };
        let N = answer.plan.params.N();
        let protocols = inference.protocols().map_err(|failure| QueryProblem::of(&failure))?;
        let name = format!("{} {protocols:?} {:?}", PerQuery::batch(N), inference.network.network);
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, each)| *each);
        let each = match known {
            Some(each) => each,
            None => self.measure(name, &inference, N)?,
        };
        let per_query = each.times(answer.cost());
        Ok(QueryCost { per_query, line: per_query.line(&inference), batch: PerQuery::batch(N) })
    }

    fn measure(&self, name: String, inference: &InferenceArgs, N: u128) -> Result<PerQuery, QueryProblem> {
        let each = PerQuery::measure(&self.file, inference, N, 1).map_err(|failure| QueryProblem::of(&failure))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.truncate(MAX_KNOWN - 1);
        known.insert(0, (name, each));
        Ok(each)
    }
}

/// What the page must know before it asks for a plan.
#[derive(Serialize)]
pub struct About {
    version: &'static str,
    model: Option<String>,
    backends: Vec<String>,
    backend: String,
    extensions: Vec<String>,
    /// Empty if none is named.
    extension: String,
    /// Empty if none is named.
    checks: String,
    network: String,
}

impl About {
    /// Describes a server by its model and its flags.
    pub fn new(model: Option<&MeasuredModel>, inference: &InferenceArgs) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            model: model.map(|model| one_line(&model.file.display().to_string())),
            backends: Family::ALL.map(|family| family.name().into()).into(),
            backend: inference.backend.name().into(),
            extensions: Extension::ALL.map(|extension| extension.name().into()).into(),
            extension: inference.options.extension.map_or_else(String::new, |extension| extension.name().into()),
            checks: inference
                .options
                .checks
                .filter(|checks| checks.is_active())
                .map_or_else(String::new, |checks| checks.name().into()),
            network: inference.network.name.clone(),
        }
    }
}
