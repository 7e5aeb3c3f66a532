//! The native part of the Python package `fusion`. It passes values between Python and the simulator; the classes that users see are in the
//! folder `fusion`.

mod attack;
mod disagreement;
mod errors;
mod model;
mod protect;

use crate::errors::of_command;
use pyo3::prelude::*;

/// Runs `sim` in this process and returns what it prints, which is JSON where the arguments say so.
#[pyfunction]
fn command(py: Python<'_>, arguments: Vec<String>) -> PyResult<String> {
    let output = py.detach(|| fusion_sim::run(["sim".to_owned()].into_iter().chain(arguments)));
    if output.code == 0 { Ok(output.stdout) } else { Err(of_command(&output)) }
}

/// The module as Python imports it.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<protect::MixAndCheck>()?;
    module.add_class::<model::Model>()?;
    module.add_function(wrap_pyfunction!(command, module)?)?;
    module.add_function(wrap_pyfunction!(attack::attack, module)?)?;
    module.add_function(wrap_pyfunction!(disagreement::rate_interval, module)?)?;
    module.add_function(wrap_pyfunction!(disagreement::false_abort, module)?)?;
    Ok(())
}
