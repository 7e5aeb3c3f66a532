//! The exact arithmetic of how an approximate inference disagrees with itself.

use fusion_spec::bound::quality;
use fusion_spec::evidence::Evidence;
use fusion_spec::rug::Rational;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

fn number(text: &str) -> PyResult<Rational> {
    text.parse().map_err(|error| PyValueError::new_err(format!("{text}: {error}")))
}

fn value_error(error: impl std::error::Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The ends of the confidence interval of a rate that occurred `count` times in `trials`, which misses the rate with probability at most `alpha`.
#[pyfunction]
pub fn rate_interval(py: Python<'_>, trials: u64, count: u64, alpha: &str) -> PyResult<(String, String)> {
    let evidence = Evidence::new(trials, count, number(alpha)?).map_err(value_error)?;
    let (low, high) = py.detach(|| evidence.interval());
    Ok((low.to_string(), high.to_string()))
}

/// The probability that more than `slack` of `T` publics are wrong where each is right with probability `accuracy`.
#[pyfunction]
#[pyo3(signature = (T, slack, accuracy))]
pub fn false_abort(py: Python<'_>, T: u64, slack: u64, accuracy: &str) -> PyResult<String> {
    let accuracy = number(accuracy)?;
    py.detach(|| quality::false_abort(T, slack, &accuracy)).map(|rate| rate.to_string()).map_err(value_error)
}
