//! The places of the elements of a batch in polynomials.
//!
//! A polynomial's product with another is a convolution of their coefficients: with an image's rows one after another, and the filter's
//! in reverse, it holds every sum of the layer (Cheetah, USENIX Security 2022, section 4). Samples, channels and filters are blocks
//! around that, as in a blocked matrix product (Hao et al., "Iron", 2022, section 3.1); a fully connected layer is a convolution of images
//! of one cell. Wide images are cut into bands of output rows, which then count as samples.
//!
//! With a plane of `P` cells, `c` channels and `f` filters in a polynomial, a cell stands at
//!
//! - input: `(sample * f * c + channel) * P + cell`,
//! - weight: `(filter * c + c - 1 - channel) * P + last - cell`, `last` being the window's last cell in the plane,
//! - output: `((sample * f + filter) * c + c - 1) * P + last + cell`.
//!
//! Sums over other channels, other windows, and whatever exceeds the degree stand below an output's place in its block, or above.

use crate::he::cipher::{RingPair, fresh_bytes, response_bytes};
use crate::he::parameters::{Bound, Norm, Parameters, Released, Response};
use fusion_nn::fixed::FixedOp;
use fusion_nn::model::Window;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::Range;

/// The shape of a linear layer, for one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// A convolution in one group, with weights `[filters, channels, height, width]`, as [`dense`] returns them.
    Conv {
        /// The channels, the height and the width of the input.
        image: [usize; 3],
        /// The number of channels of the output.
        filters: usize,
        /// The size, the stride and the padding of the filters.
        window: Window,
    },
    /// A fully connected layer, with weights `[outputs, inputs]`.
    Gemm {
        /// The length of the input.
        inputs: usize,
        /// The length of the output.
        outputs: usize,
    },
}

impl Shape {
    /// The shape of a layer on an input; `None` if the layer is not linear, or if it has more than [`MAX_DENSE_WEIGHTS`] with zeros between its
    /// groups.
    #[must_use]
    pub fn of(op: &FixedOp, input: &[usize]) -> Option<Self> {
        match (op, input) {
            (FixedOp::Conv { weights, start, window, groups }, &[channels, height, width]) => {
                let fits = *groups == 1 || weights.len().saturating_mul(*groups) <= MAX_DENSE_WEIGHTS;
                let image = [channels, height, width];
                fits.then_some(Self::Conv { image, filters: start.len(), window: *window })
            }
            (FixedOp::Gemm { start, .. }, &[inputs]) => Some(Self::Gemm { inputs, outputs: start.len() }),
            _ => None,
        }
    }

    /// The dimensions of the input.
    #[must_use]
    pub fn input(&self) -> Vec<usize> {
        match self {
            Self::Conv { image, .. } => image.to_vec(),
            Self::Gemm { inputs, .. } => vec![*inputs],
        }
    }
}

/// The most weights of a convolution in several groups, counted with the zeros between the groups: they take 128 MiB.
pub const MAX_DENSE_WEIGHTS: usize = 1 << 24;

/// The weights and biases of a layer in the form of [`Shape::of`]; `None` if the layer is not linear.
///
/// A convolution in several groups becomes one over all channels, with zeros where a filter does not look. That takes no more bytes and no
/// more noise, but the server multiplies as many times more often as there are groups.
#[must_use]
pub fn dense(op: &FixedOp) -> Option<(Cow<'_, [i64]>, &[i64])> {
    match op {
        FixedOp::Conv { weights, start, groups, .. } if *groups > 1 => {
            let filter = weights.len() / start.len().max(1);
            let mut all = vec![0; weights.len() * groups];
            for (index, weights) in weights.chunks_exact(filter.max(1)).enumerate() {
                let group = index * groups / start.len();
                all[(index * groups + group) * filter..][..filter].copy_from_slice(weights);
            }
            Some((Cow::Owned(all), start))
        }
        FixedOp::Conv { weights, start, .. } | FixedOp::Gemm { weights, start } => {
            Some((Cow::Borrowed(weights), start))
        }
        _ => None,
    }
}

/// A linear layer: its shape, its ring, and a bound on its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinearLayer {
    /// The shape of the layer.
    pub shape: Shape,
    /// The number of bits of the ring of its inputs and outputs.
    pub ring_bits: u32,
    /// A bound on the weights of each output channel.
    pub bound: Bound,
}

impl LinearLayer {
    /// The number of elements of the output.
    #[must_use]
    pub fn outputs(&self) -> usize {
        Convolution::new(self.shape).map_or(0, |convolution| convolution.outputs())
    }
}

/// The reason why a layer has no layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The layer or the batch is empty.
    #[error("the window does not fit the image, or there is nothing to compute")]
    Empty,
    /// The rows of a window exceed every polynomial, or the noise exceeds every modulus.
    #[error("no secure parameters hold a row of the layer with exact answers in a ring of {ring_bits} bits")]
    TooLarge {
        /// The number of bits of the ring of the layer.
        ring_bits: u32,
    },
}

/// The messages of one batch of a linear layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinearCost {
    /// The bytes that the client sends.
    pub client_bytes: usize,
    /// The bytes that the server sends.
    pub server_bytes: usize,
    /// The number of messages that both parties send together.
    pub messages: usize,
}

impl LinearCost {
    /// The bytes that both parties send together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.client_bytes + self.server_bytes
    }
}

/// What one polynomial holds, and how much of it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// The parameters of the ring of polynomials.
    pub parameters: Parameters,
    /// The widths of the coefficients of a response.
    pub response: Response,
    /// The number of output rows in a band.
    pub rows: usize,
    /// The number of bands in a polynomial.
    pub samples: usize,
    /// The number of input channels in a polynomial.
    pub channels: usize,
    /// The number of filters in a polynomial.
    pub filters: usize,
}

/// A layer as a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Convolution {
    pub channels: usize,
    pub image: [usize; 2],
    pub filters: usize,
    pub window: Window,
    pub output: [usize; 2],
}

/// How a batch of a linear layer is packed. It depends on public facts alone.
#[derive(Clone, Debug)]
pub struct Layout {
    layer: Convolution,
    ring_bits: u32,
    bound: Bound,
    batch: usize,
    geometry: Geometry,
    rings: RingPair,
}

impl Convolution {
    pub fn new(shape: Shape) -> Option<Self> {
        let cell = Window { size: [1, 1], stride: [1, 1], pads: [0; 4] };
        let (channels, image, filters, window) = match shape {
            Shape::Conv { image: [channels, height, width], filters, window } => {
                (channels, [height, width], filters, window)
            }
            Shape::Gemm { inputs, outputs } => (inputs, [1, 1], outputs, cell),
        };
        let output = window.output(image)?;
        let whole = channels * filters * image[0] * image[1] * window.size[0] * window.size[1] > 0;
        whole.then_some(Self { channels, image, filters, window, output })
    }

    pub fn inputs(&self) -> usize {
        self.channels * self.image[0] * self.image[1]
    }

    pub fn outputs(&self) -> usize {
        self.filters * self.output[0] * self.output[1]
    }

    /// Of one filter.
    pub fn weights(&self) -> usize {
        self.channels * self.window.size[0] * self.window.size[1]
    }

    /// Rows and columns of the image, padding included, that some output rows depend on.
    pub fn plane(&self, rows: usize) -> [usize; 2] {
        let along = |axis: usize, outputs: usize| (outputs - 1) * self.window.stride[axis] + self.window.size[axis];
        [along(0, rows), along(1, self.output[1])]
    }
}

/// The sizes into which a whole is cut, in as many parts as there can be: each the least for its number of parts.
fn cuts(whole: usize) -> Vec<usize> {
    let mut sizes: Vec<usize> = (1..=whole).map(|parts| whole.div_ceil(parts)).collect();
    sizes.dedup();
    sizes
}

impl Layout {
    pub(super) fn with(layer: LinearLayer, convolution: Convolution, batch: usize, geometry: Geometry) -> Self {
        let LinearLayer { ring_bits, bound, .. } = layer;
        Self { layer: convolution, ring_bits, bound, batch, geometry, rings: RingPair::new(geometry.parameters) }
    }

    /// The same layout for another number of samples. The same [`Weights`](super::Weights) serve both.
    #[must_use]
    pub fn with_batch(&self, batch: usize) -> Self {
        Self { batch, ..self.clone() }
    }

    /// The exact messages of [`client`](super::client) and [`server`](super::server).
    #[must_use]
    pub fn cost(&self) -> LinearCost {
        cost(&self.layer, &self.geometry, self.batch)
    }

    /// The memory of [`Weights`](super::Weights) that are transformed once, in bytes.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        let Parameters { degree, primes, .. } = self.geometry.parameters;
        let [_, channels, filters] = self.groups();
        channels * filters * degree * primes as usize * size_of::<u64>()
    }

    /// The number of bits of the ring of inputs and outputs.
    #[must_use]
    pub fn ring_bits(&self) -> u32 {
        self.ring_bits
    }

    /// The bound on the weights of each output channel.
    #[must_use]
    pub fn bound(&self) -> Bound {
        self.bound
    }

    /// The number of samples of the batch.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The number of elements of the input, for the whole batch.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.batch * self.layer.inputs()
    }

    /// The number of elements of the output, for the whole batch.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.batch * self.layer.outputs()
    }

    /// What one polynomial holds.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    pub(super) fn rings(&self) -> &RingPair {
        &self.rings
    }

    pub(super) fn layer(&self) -> &Convolution {
        &self.layer
    }

    /// How a response is rounded, and of what ring.
    pub(super) fn response(&self) -> (Response, u32) {
        (self.geometry.response, self.ring_bits)
    }

    /// The numbers of polynomials over which the samples, the channels and the filters are spread.
    #[must_use]
    pub fn groups(&self) -> [usize; 3] {
        groups(&self.layer, &self.geometry, self.batch)
    }

    /// Cells of a plane, and where in it the window ends.
    fn plane(&self) -> (usize, usize) {
        let [rows, columns] = self.layer.plane(self.geometry.rows);
        let [height, width] = self.layer.window.size;
        (rows * columns, (height - 1) * columns + width - 1)
    }

    fn members(group: usize, size: usize, whole: usize) -> Range<usize> {
        group * size..((group + 1) * size).min(whole)
    }

    /// The bands of a group: place in the polynomial, sample, first output row.
    fn bands(&self, group: usize) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let Geometry { rows, samples, .. } = self.geometry;
        let bands = self.layer.output[0].div_ceil(rows);
        let members = Self::members(group, samples, self.batch * bands);
        members.enumerate().map(move |(place, band)| (place, band / bands, band % bands * rows))
    }

    /// The polynomial of a group of samples and one of channels.
    pub(super) fn input(&self, x: &[u64], samples: usize, channels: usize) -> Vec<u64> {
        let Convolution { image: [height, width], window: Window { stride, pads, .. }, .. } = self.layer;
        let Geometry { parameters, rows, channels: depth, filters, .. } = self.geometry;
        let [plane_rows, columns] = self.layer.plane(rows);
        let mut polynomial = vec![0; parameters.degree];
        let left = pads[1].min(columns);
        let copied = width.min(columns - left);
        for (place, sample, top) in self.bands(samples) {
            for (at, channel) in Self::members(channels, depth, self.layer.channels).enumerate() {
                let source = &x[(sample * self.layer.channels + channel) * height * width..][..height * width];
                let plane = (place * filters * depth + at) * plane_rows * columns + left;
                for row in 0..plane_rows {
                    let Some(y) = (top * stride[0] + row).checked_sub(pads[0]).filter(|&y| y < height) else {
                        continue;
                    };
                    polynomial[plane + row * columns..][..copied].copy_from_slice(&source[y * width..][..copied]);
                }
            }
        }
        polynomial
    }

    /// The polynomial of a group of channels and one of filters.
    pub(super) fn weight(&self, weights: &[i64], channels: usize, filters: usize) -> Vec<i64> {
        let Geometry { parameters, channels: depth, filters: width, rows, .. } = self.geometry;
        let Window { size, .. } = self.layer.window;
        let columns = self.layer.plane(rows)[1];
        let (plane, last) = self.plane();
        let mut polynomial = vec![0; parameters.degree];
        for (place, filter) in Self::members(filters, width, self.layer.filters).enumerate() {
            for (at, channel) in Self::members(channels, depth, self.layer.channels).enumerate() {
                let cells =
                    &weights[(filter * self.layer.channels + channel) * size[0] * size[1]..][..size[0] * size[1]];
                let end = (place * depth + depth - 1 - at) * plane + last;
                for (cell, &weight) in cells.iter().enumerate() {
                    polynomial[end - cell / size[1] * columns - cell % size[1]] = weight;
                }
            }
        }
        polynomial
    }

    /// The outputs in the product of a group of samples and one of filters: coefficient, and index in the batch's output.
    pub(super) fn products(&self, samples: usize, filters: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let Convolution { window: Window { stride, .. }, output: [height, width], filters: all, .. } = self.layer;
        let Geometry { channels, filters: size, rows, .. } = self.geometry;
        let columns = self.layer.plane(rows)[1];
        let (plane, last) = self.plane();
        let members = Self::members(filters, size, all);
        let cells = self.bands(samples).flat_map(move |(place, sample, top)| {
            members.clone().enumerate().flat_map(move |(at, filter)| {
                let block = ((place * size + at) * channels + channels - 1) * plane + last;
                let first = (sample * all + filter) * height;
                (0..rows.min(height - top))
                    .map(move |row| (block + row * stride[0] * columns, (first + top + row) * width))
            })
        });
        cells.flat_map(move |(coefficient, index)| (0..width).map(move |x| (coefficient + x * stride[1], index + x)))
    }
}

/// All that fit a ring.
pub(super) fn geometries(
    layer: Convolution,
    parameters: Parameters,
    (ring_bits, bound): (u32, Bound),
    released: Released,
) -> impl Iterator<Item = Geometry> {
    cuts(layer.filters).into_iter().flat_map(move |filters| {
        let norm = Norm::of_filters(filters, bound);
        Response::exact(parameters, ring_bits, norm, released).flat_map(move |response| {
            cuts(layer.output[0]).into_iter().flat_map(move |rows| {
                let plane: usize = layer.plane(rows).iter().product();
                cuts(layer.channels).into_iter().filter_map(move |channels| {
                    let one = plane.checked_mul(channels)?.checked_mul(filters)?;
                    let samples = parameters.degree / one;
                    let geometry = Geometry { parameters, response, rows, samples, channels, filters };
                    (samples > 0).then_some(geometry)
                })
            })
        })
    })
}

fn groups(layer: &Convolution, geometry: &Geometry, batch: usize) -> [usize; 3] {
    let bands = batch * layer.output[0].div_ceil(geometry.rows);
    let channels = layer.channels.div_ceil(geometry.channels);
    [bands.div_ceil(geometry.samples), channels, layer.filters.div_ceil(geometry.filters)]
}

pub(super) fn cost(layer: &Convolution, geometry: &Geometry, batch: usize) -> LinearCost {
    let Geometry { parameters, response, .. } = *geometry;
    let [samples, channels, filters] = groups(layer, geometry, batch);
    LinearCost {
        client_bytes: fresh_bytes(parameters, samples * channels),
        server_bytes: response_bytes(parameters, response, samples * filters, batch * layer.outputs()),
        messages: 2,
    }
}
