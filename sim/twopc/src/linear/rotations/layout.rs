//! The packing of a layer, which both parties know.

use super::super::geometry::LinearCost;
use super::super::shape::{Convolution, Shape, Unfit};
use super::blocks::{Blocks, Copies};
use super::diagonals::Diagonals;
use crate::he::parameters::Released;
use crate::he::slots::{Form, Response, SLOTS, Scheme, Work, ciphertext_bytes};
use crate::modulus::Modulus;
use std::sync::Arc;

/// What the systems do differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Who makes the copies of images.
    pub copies: Copies,
    /// The form of responses.
    pub form: Form,
}

impl Style {
    /// The server rotates, and switches the modulus of its response.
    pub const CRYPTFLOW2: Self = Self { copies: Copies::ByServer, form: Form::Switched };

    /// The client rotates, and the server sends its response as it is. DELPHI does not flood it, this does.
    pub const DELPHI: Self = Self { copies: Copies::ByClient, form: Form::Whole };
}

/// The packing of a convolution or of a matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Blocks(Blocks),
    Diagonals(Diagonals),
}

/// How a linear layer is packed into slots. It depends on public facts alone.
#[derive(Clone, Debug)]
pub struct Layout {
    layer: Convolution,
    modulus: Modulus,
    pub(super) packing: Packing,
    response: Response,
    places: Arc<[(usize, usize)]>,
}

/// Packs the layers of a network. `slots` is the number of samples in all batches that together are to reveal nothing of the weights; each layer
/// has an equal part in what they may reveal.
///
/// # Errors
/// The place of every layer that cannot be packed, with the reason.
pub fn layouts(
    shapes: &[Shape],
    scheme: &Scheme,
    style: Style,
    slots: u64,
) -> Result<Vec<Layout>, Vec<(usize, Unfit)>> {
    let mut unfit: Vec<(usize, Unfit)> = Vec::new();
    let share = slots.saturating_mul(shapes.len() as u64);
    let layout =
        |(place, shape): (usize, &Shape)| Layout::new(*shape, scheme, style, share).map_err(|unfit| (place, unfit));
    let packed: Vec<Layout> =
        shapes.iter().enumerate().filter_map(|layer| layout(layer).map_err(|at| unfit.push(at)).ok()).collect();
    if unfit.is_empty() { Ok(packed) } else { Err(unfit) }
}

impl Layout {
    /// Packs a layer whose responses for so many samples together are to reveal nothing of the weights.
    ///
    /// # Errors
    /// [`Unfit`] if it is empty, has an output row that exceeds a row of slots, or takes so much work that noise would exceed the modulus.
    pub fn new(shape: Shape, scheme: &Scheme, style: Style, samples: u64) -> Result<Self, Unfit> {
        let layer = Convolution::new(shape).ok_or(Unfit::Empty)?;
        let modulus = Modulus::Prime(scheme.modulus());
        let too_large = Unfit::TooLarge { ring_bits: modulus.bits() };
        let packing = match shape {
            Shape::Conv { .. } => Packing::Blocks(Blocks::new(layer, style.copies).ok_or(too_large)?),
            Shape::Gemm { inputs, outputs } => Packing::Diagonals(Diagonals::new(inputs, outputs)),
        };
        let released = Released(samples.saturating_mul((packing.answered() * SLOTS) as u64));
        let response = Response::new(scheme.modulus(), packing.work(), style.form, released).ok_or(too_large)?;
        let places = packing.places().into();
        Ok(Self { layer, modulus, packing, response, places })
    }

    /// The number of elements of the input of a sample.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.layer.inputs()
    }

    /// The number of elements of the output of a sample.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.layer.outputs()
    }

    /// The number of ciphertexts that the client sends for a sample.
    #[must_use]
    pub fn asked(&self) -> usize {
        match &self.packing {
            Packing::Blocks(blocks) => blocks.bands() * blocks.asked(),
            Packing::Diagonals(diagonals) => diagonals.chunks(),
        }
    }

    /// The number of ciphertexts that the server sends for a sample.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.packing.answered()
    }

    /// How responses are flooded and sent.
    #[must_use]
    pub fn response(&self) -> Response {
        self.response
    }

    /// The exact messages for a number of samples of one network.
    #[must_use]
    pub fn cost(&self, samples: usize) -> LinearCost {
        LinearCost {
            client_bytes: ciphertext_bytes(samples * self.asked()),
            server_bytes: self.response.form.bytes(samples * self.answered()),
            messages: 2,
        }
    }

    /// The number of weights.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.layer.weights() * self.layer.filters
    }

    pub(super) fn modulus(&self) -> Modulus {
        self.modulus
    }

    /// The slots of one of the ciphertexts that the client sends.
    pub(super) fn input(&self, x: &[u64], index: usize) -> Vec<u64> {
        match &self.packing {
            Packing::Blocks(blocks) => blocks.input(x, index),
            Packing::Diagonals(diagonals) => diagonals.input(x, index),
        }
    }

    /// The response and the slot of each output of a sample.
    pub(super) fn places(&self) -> &[(usize, usize)] {
        &self.places
    }

    /// Computes `W x + start` modulo `p` in the clear, sample by sample. It is immediate where `x` is 0, as the server's share of an image is.
    #[must_use]
    pub fn clear(&self, weights: &[i64], start: &[i64], x: &[u64]) -> Vec<u64> {
        let mut y = Vec::with_capacity(x.len() / self.inputs() * self.outputs());
        for sample in x.chunks_exact(self.inputs()) {
            for (filter, (weights, start)) in weights.chunks(self.layer.weights()).zip(start).enumerate() {
                self.filter((filter, weights), *start, sample, &mut y);
            }
        }
        y
    }

    /// Appends one filter's outputs.
    fn filter(&self, (filter, weights): (usize, &[i64]), start: i64, x: &[u64], y: &mut Vec<u64>) {
        let Convolution { image: [height, width], window, output: [rows, columns], .. } = self.layer;
        let start = i128::from(self.modulus.integer(self.modulus.element(start)));
        if x.iter().all(|&x| x == 0) {
            y.extend(std::iter::repeat_n(self.residue(start), rows * columns));
            return;
        }
        let (size, plane, seen) = (self.layer.cells(), height * width, self.layer.seen(filter));
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let mut sum = start;
            for (cell, row, column) in window.cells([row, column], [height, width]) {
                for (at, channel) in seen.clone().enumerate() {
                    let x = x[channel * plane + row * width + column];
                    sum += i128::from(weights[at * size + cell]) * i128::from(x);
                }
            }
            y.push(self.residue(sum));
        }
    }

    fn residue(&self, sum: i128) -> u64 {
        let Modulus::Prime(p) = self.modulus else { unreachable!("slots are modulo a prime") };
        sum.rem_euclid(i128::from(p)) as u64
    }
}

impl Packing {
    fn answered(&self) -> usize {
        match self {
            Self::Blocks(blocks) => blocks.bands() * blocks.answers(),
            Self::Diagonals(diagonals) => diagonals.answers(),
        }
    }

    fn work(&self) -> Work {
        match self {
            Self::Blocks(blocks) => blocks.work(),
            Self::Diagonals(diagonals) => diagonals.work(),
        }
    }

    fn places(&self) -> Vec<(usize, usize)> {
        match self {
            Self::Blocks(blocks) => blocks.places(),
            Self::Diagonals(diagonals) => diagonals.places(),
        }
    }
}
