//! The network in floating point, for comparison with fixed point. Weights are as stored, and sums are in double precision.

use crate::kernel;
use crate::model::{Model, Op, Value};

/// Evaluates a network on an image, which is given as the network expects it, already scaled. Returns every layer's output, in the order of the layers.
#[must_use]
pub fn evaluate(model: &Model, input: &[f64]) -> Vec<Vec<f64>> {
    let mut values: Vec<Vec<f64>> = Vec::with_capacity(model.layers().len());
    for layer in model.layers() {
        let inputs: Vec<(&[f64], &[usize])> = layer
            .inputs
            .iter()
            .map(|&value| match value {
                Value::Input => (input, model.shape(value)),
                Value::Layer(index) => (values[index].as_slice(), model.shape(value)),
            })
            .collect();
        let (data, shape) = inputs[0];
        let multiply_add = |sum: f64, weight: &f32, x: f64| sum + f64::from(*weight) * x;
        let output = match &layer.op {
            Op::Conv { weights, bias, window, groups } => {
                let start: Vec<f64> = bias.iter().map(|&b| b.into()).collect();
                let filters = kernel::Filters { weights: weights.data(), start: &start, groups: *groups };
                kernel::convolve(data, shape, &filters, window, &layer.shape, multiply_add)
            }
            Op::Gemm { weights, bias } => {
                let start: Vec<f64> = bias.iter().map(|&b| b.into()).collect();
                kernel::multiply(weights.data(), &start, data, multiply_add)
            }
            Op::Relu => data.iter().map(|x| x.max(0.0)).collect(),
            Op::Clip { low, high } => data.iter().map(|x| x.clamp((*low).into(), (*high).into())).collect(),
            Op::MaxPool(window) => kernel::pool(data, shape, window, &layer.shape, f64::NEG_INFINITY, f64::max),
            Op::AveragePool(window) => {
                let cells = window.size[0] * window.size[1];
                let sums = kernel::pool(data, shape, window, &layer.shape, 0.0, |sum, x| sum + x);
                #[expect(clippy::cast_precision_loss, reason = "a window has few cells")]
                sums.into_iter().map(|sum| sum / cells as f64).collect()
            }
            Op::Add => data.iter().zip(inputs[1].0).map(|(x, y)| x + y).collect(),
            Op::Concat => inputs.iter().flat_map(|(data, _)| data.iter().copied()).collect(),
            Op::Flatten => data.to_vec(),
        };
        values.push(output);
    }
    values
}
