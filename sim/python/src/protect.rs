//! Mix-and-check around any inference: Python's objects are numbered here, and only the numbers are shuffled.

use fusion_engine::protect::{self, ProtectError, Waiting};
use fusion_spec::params::Params;
use fusion_spec::verdict::{Label, Verdict};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// What is said of a session that has ended.
const OVER: &str = "the session is over: make another MixAndCheck";

/// How far a session is.
enum Stage {
    Prepared(protect::MixAndCheck<usize>, Vec<Py<PyAny>>),
    Waiting(Waiting),
    Over,
}

/// A client of one session. The Python class around it takes its public samples apart.
#[pyclass(module = "fusion._native")]
pub struct MixAndCheck {
    params: Params,
    stage: Stage,
}

#[pymethods]
impl MixAndCheck {
    #[new]
    #[pyo3(signature = (R, B, T, slack, samples, labels))]
    fn new(R: u64, B: u64, T: u64, slack: u64, samples: Vec<Py<PyAny>>, labels: Vec<u32>) -> PyResult<Self> {
        let params = Params::new(R, B, T, slack).map_err(|error| PyValueError::new_err(error.to_string()))?;
        // The queries have the numbers below R, and the publics those from there on.
        let first = usize::try_from(R).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let publics = labels.into_iter().enumerate().map(|(index, label)| (first + index, Label(label))).collect();
        let client = protect::MixAndCheck::new(params, publics).map_err(|error| exception(&error))?;
        Ok(Self { params, stage: Stage::Prepared(client, samples) })
    }

    /// The shuffled batch, once.
    fn batch(&mut self, py: Python<'_>, queries: Vec<Py<PyAny>>) -> PyResult<Vec<Py<PyAny>>> {
        let (client, samples) = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Prepared(client, samples) => (client, samples),
            waiting @ Stage::Waiting(_) => {
                self.stage = waiting;
                return Err(PyRuntimeError::new_err("the batch has been given out: make another MixAndCheck"));
            }
            Stage::Over => return Err(PyRuntimeError::new_err(OVER)),
        };
        let numbers: Vec<usize> = (0..queries.len()).collect();
        let (batch, waiting) = py.detach(|| client.batch(&numbers)).map_err(|error| exception(&error))?;
        self.stage = Stage::Waiting(waiting);
        let objects: Vec<Py<PyAny>> = queries.into_iter().chain(samples).collect();
        Ok(batch.into_iter().map(|number| objects[number].clone_ref(py)).collect())
    }

    /// The labels of an accepted session, or the reason of a rejection, once. An answer of `None` is no label.
    fn check(&mut self, answers: Vec<Option<u32>>) -> PyResult<(Option<Vec<u32>>, Option<&'static str>)> {
        let waiting = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Waiting(waiting) => waiting,
            Stage::Prepared(..) => {
                return Err(PyRuntimeError::new_err("no batch has been given out, and the session is now over"));
            }
            Stage::Over => return Err(PyRuntimeError::new_err(OVER)),
        };
        let answers: Vec<Option<Label>> = answers.into_iter().map(|answer| answer.map(Label)).collect();
        Ok(match waiting.check(&answers).map_err(|error| exception(&error))? {
            Verdict::Accepted(labels) => (Some(labels.into_iter().map(|Label(label)| label).collect()), None),
            Verdict::Rejected(reason) => (None, Some(reason.name())),
        })
    }

    /// Ends the session without a verdict.
    fn close(&mut self) {
        self.stage = Stage::Over;
    }

    /// The parameters and the stage; never the order.
    fn __repr__(&self) -> String {
        let stage = match self.stage {
            Stage::Prepared(..) => "no batch given out",
            Stage::Waiting(_) => "waiting for answers",
            Stage::Over => "over",
        };
        format!("MixAndCheck({}: {stage})", self.params)
    }
}

fn exception(error: &ProtectError) -> PyErr {
    match error {
        ProtectError::Publics { .. }
        | ProtectError::Queries { .. }
        | ProtectError::Answers { .. }
        | ProtectError::Mix(_) => PyValueError::new_err(error.to_string()),
        ProtectError::Illegal(_) => PyRuntimeError::new_err(error.to_string()),
        ProtectError::Randomness(_) => PyOSError::new_err(error.to_string()),
    }
}
