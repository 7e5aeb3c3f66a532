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

use super::geometry::{Encrypted, Geometry, LinearCost, cost, groups, network_bytes};
use super::shape::{Convolution, LinearLayer};
use crate::he::cipher::RingPair;
use crate::he::parameters::{Bound, Parameters, Response};
use fusion_nn::model::Window;
use std::ops::Range;

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

impl Layout {
    pub(super) fn with(layer: LinearLayer, convolution: Convolution, batch: usize, geometry: Geometry) -> Self {
        let LinearLayer { ring_bits, bound, .. } = layer;
        Self { layer: convolution, ring_bits, bound, batch, geometry, rings: RingPair::new(geometry.parameters) }
    }

    /// The same layout for another number of samples. The same [`Weights`](super::Weights), or encrypted weights, serve both.
    #[must_use]
    pub fn with_batch(&self, batch: usize) -> Self {
        Self { batch, ..self.clone() }
    }

    /// The exact messages of [`client`](super::client) and [`server`](super::server).
    #[must_use]
    pub fn cost(&self) -> LinearCost {
        cost(&self.layer, &self.geometry, self.batch)
    }

    /// The bytes of the layer's encrypted weights, with encryptions of zero under as many secrets, if weights are what is encrypted; otherwise 0.
    #[must_use]
    pub fn network_bytes(&self) -> usize {
        match self.encrypted() {
            Encrypted::Images => 0,
            Encrypted::Weights => network_bytes(&self.layer, &self.geometry),
        }
    }

    /// The memory of [`Weights`](super::Weights) that are transformed once, in bytes.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        let Parameters { degree, primes, .. } = self.geometry.parameters;
        self.blocks() * degree * primes as usize * size_of::<u64>()
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

    /// What is encrypted.
    #[must_use]
    pub fn encrypted(&self) -> Encrypted {
        self.geometry.encrypted
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

    /// The polynomial of a group of samples and one of channels, each share taken for the integer next to 0 that stands for it.
    pub(super) fn centred(&self, x: &[u64], samples: usize, channels: usize) -> Vec<i64> {
        let unused = u64::BITS - self.ring_bits;
        let centred = |x: u64| (x << unused).cast_signed() >> unused;
        self.input(x, samples, channels).into_iter().map(centred).collect()
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
                let Some(cells) = self.layer.filter_cells(weights, filter, channel) else { continue };
                let end = (place * depth + depth - 1 - at) * plane + last;
                for (cell, &weight) in cells.iter().enumerate() {
                    polynomial[end - cell / size[1] * columns - cell % size[1]] = weight;
                }
            }
        }
        polynomial
    }

    /// Whether a filter of a group of filters sees a channel of a group of channels. The product of their polynomials is zero otherwise, and nobody computes it.
    pub(super) fn meets(&self, channels: usize, filters: usize) -> bool {
        let Geometry { channels: depth, filters: width, .. } = self.geometry;
        let channels = Self::members(channels, depth, self.layer.channels);
        Self::members(filters, width, self.layer.filters).any(|filter| {
            let seen = self.layer.seen(filter);
            seen.start < channels.end && channels.start < seen.end
        })
    }

    /// The number of products of a polynomial of weights with a ciphertext that the server computes for the batch, if it is images that are encrypted. A convolution in groups has about as many times
    /// fewer than one over all channels as there are groups: fewer times where a polynomial holds channels of several groups.
    #[must_use]
    pub fn multiplications(&self) -> usize {
        let [samples, _, _] = self.groups();
        samples * self.blocks()
    }

    /// The polynomials of weights that are not zero.
    fn blocks(&self) -> usize {
        let [_, channels, filters] = self.groups();
        (0..filters).map(|filter| (0..channels).filter(|channel| self.meets(*channel, filter)).count()).sum()
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
