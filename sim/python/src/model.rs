//! Models in fixed point, as the simulator and its two-party protocols compute them.

use crate::errors::of_failure;
use fusion_engine::failure::Failure;
use fusion_engine::models;
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring, argmax};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::path::PathBuf;

/// A model in fixed point. The Python class around it turns arrays into bytes.
#[pyclass(module = "fusion._native", frozen)]
pub struct Model {
    model: FixedModel,
}

#[pymethods]
impl Model {
    #[new]
    fn new(py: Python<'_>, path: PathBuf, frac_bits: u32, scale: f64, offset: f64) -> PyResult<Self> {
        let precision = Precision { frac_bits, ring: Ring::Auto };
        let shown = path.display().to_string();
        let failure = |message: String| Failure::Usage(format!("{shown}: {message}"));
        let read = move || {
            let model = models::load(&path)?.model.map_err(|error| failure(error.to_string()))?;
            FixedModel::new(&model, precision, Pixels { scale, offset }).map_err(|error| failure(error.to_string()))
        };
        Ok(Self { model: py.detach(read).map_err(|failure| of_failure(&failure))? })
    }

    /// Channels, height and width of an image.
    #[getter]
    fn image(&self) -> [usize; 3] {
        self.model.image()
    }

    /// The number of classes.
    #[getter]
    fn classes(&self) -> u32 {
        self.model.classes()
    }

    /// The labels and the logits of images that lie one after another, a byte a pixel.
    fn answer(&self, py: Python<'_>, pixels: &[u8]) -> PyResult<(Vec<u32>, Vec<Vec<i64>>)> {
        let size: usize = self.model.image().iter().product();
        let all = py.detach(|| {
            let logits = pixels.chunks(size).map(|image| self.model.logits(image));
            logits.collect::<Result<Vec<_>, _>>()
        });
        let all = all.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok((all.iter().map(|logits| argmax(logits)).collect(), all))
    }
}
