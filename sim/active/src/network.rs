//! Whole inferences: the client enters images, the server a network's weights, and the client learns the logits.
//!
//! The architecture is public, with the proved range of every layer; weights and biases are not. Products of linear layers have a triple each, or each layer has a triple of matrices. Several images
//! go through the layers side by side, so that rounds, keys, and the weights' inputs and openings are paid once.
//!
//! Invariant: the logits are those of [`FixedModel::logits`], if what both enter is within the architecture's ranges.

use crate::cheat::Cheat;
use crate::failure::Failure;
use crate::field::{element, integer};
use crate::linear::Linear;
use crate::lowgear::matrices::packing;
use crate::lowgear::parameters::DEGREE;
use crate::online::compare::MOST_BITS;
use crate::online::values::Input;
use crate::party::Party;
use crate::share::Share;
use crate::steps::Steps;
use fusion_2pc::address::Component;
use fusion_2pc::role::Role;
use fusion_nn::fixed::{FixedLayer, FixedModel, FixedOp, WrongSize};
use fusion_nn::model::{Value, Window};

/// What both parties know of a network: its layers without their weights.
#[derive(Clone, Debug)]
pub struct Architecture {
    image: [usize; 3],
    pixel: Vec<i64>,
    layers: Vec<FixedLayer>,
    output: usize,
    triples: Triples,
    images: usize,
}

/// Why a network is not evaluated: every reason, by layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Unsupported(pub Vec<String>);

/// What a party holds of an inference.
#[derive(Clone, Copy, Debug)]
pub enum Holding<'a> {
    /// The client's images, one after the other, each as [`Architecture::pixels`] gives it.
    Image(&'a [i64]),
    /// The server's network.
    Network(&'a FixedModel),
}

/// By what triples linear layers are evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Triples {
    /// A triple for each product of two numbers.
    #[default]
    Elements,
    /// A triple for each layer, of all its weights and of the inputs of all images ([`crate::lowgear::matrices`]).
    Matrices,
}

impl Triples {
    /// Both, from the documented one.
    pub const ALL: [Self; 2] = [Self::Elements, Self::Matrices];

    /// Returns the word for these triples in scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Elements => "elements",
            Self::Matrices => "matrices",
        }
    }

    /// What it is, in a sentence.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Elements => "A triple for each product of two numbers",
            Self::Matrices => {
                "A triple for each layer, of all its weights and of the inputs of all images: those are opened once"
            }
        }
    }
}

impl Architecture {
    /// The architecture of a network.
    ///
    /// # Errors
    /// [`Unsupported`] names every layer that clips, wraps, or has integers of more than 56 bits.
    pub fn of(model: &FixedModel) -> Result<Self, Unsupported> {
        Self::shared_by(model, &[])
    }

    /// The architecture that a network and others share. The range of a layer is that of all of them together, so that the server may enter any one.
    ///
    /// # Errors
    /// As [`Architecture::of`], and [`Unsupported`] names where the networks differ in more than their weights.
    pub fn shared_by(first: &FixedModel, others: &[FixedModel]) -> Result<Self, Unsupported> {
        let mut layers: Vec<FixedLayer> = first.layers().iter().map(erased).collect();
        for other in others {
            let apart = differences(&layers, first, other);
            if !apart.is_empty() {
                return Err(Unsupported(apart));
            }
            for (layer, FixedLayer { range: [low, high], wraps, .. }) in layers.iter_mut().zip(other.layers()) {
                layer.range = [layer.range[0].min(*low), layer.range[1].max(*high)];
                layer.wraps |= wraps;
            }
        }
        let mut reasons = Vec::new();
        for layer in &layers {
            let refused = match &layer.op {
                FixedOp::Clip { .. } => Some("it clips"),
                _ if layer.wraps => Some("it wraps"),
                _ if bits(layer.range) >= MOST_BITS => Some("its integers have more than 56 bits"),
                _ => None,
            };
            reasons.extend(refused.map(|reason| at(layer, reason)));
        }
        let known = Self {
            image: first.image(),
            pixel: first.pixel_integers().to_vec(),
            layers,
            output: first.output(),
            triples: Triples::Elements,
            images: 1,
        };
        if reasons.is_empty() { Ok(known) } else { Err(Unsupported(reasons)) }
    }

    /// The same network with linear layers by these triples, in place of one for each product.
    ///
    /// # Errors
    /// [`Unsupported`] names every layer that has too wide a channel for triples of matrices.
    pub fn by(self, triples: Triples) -> Result<Self, Unsupported> {
        let too_wide = |layer: &&FixedLayer| self.linear(layer).is_some_and(|linear| packing(&linear, 1).is_none());
        let refused = self.layers.iter().filter(too_wide).filter(|_| triples == Triples::Matrices);
        let reason = |layer: &FixedLayer| {
            at(layer, &format!("a channel has more than {DEGREE} pixels, which is too many for triples of matrices"))
        };
        let reasons: Vec<String> = refused.map(reason).collect();
        if reasons.is_empty() { Ok(Self { triples, ..self }) } else { Err(Unsupported(reasons)) }
    }

    /// The same network for so many images at once, under one set-up: each round has the messages of all, and the weights enter once.
    ///
    /// # Panics
    /// If there are no images.
    #[must_use]
    pub fn at_once(self, images: usize) -> Self {
        assert!(images > 0, "an inference has an image");
        Self { images, ..self }
    }

    /// How many images are evaluated at once.
    #[must_use]
    pub const fn images(&self) -> usize {
        self.images
    }

    /// By what triples linear layers are evaluated.
    #[must_use]
    pub const fn triples_of_layers(&self) -> Triples {
        self.triples
    }

    /// Whether a server has what it deviates with. [`Cheat::WrongPacking`] takes a triple of matrices with a coefficient that no input has.
    #[must_use]
    pub fn admits(&self, cheat: Cheat) -> bool {
        let has_spare = |linear| packing(linear, self.images).is_some_and(|packing| packing.spare().is_some());
        !cheat.is_of_matrices() || self.matrices().iter().any(has_spare)
    }

    /// The integers that enter for an image of 8-bit pixels.
    ///
    /// # Errors
    /// [`WrongSize`] for another number of pixels.
    pub fn pixels(&self, image: &[u8]) -> Result<Vec<i64>, WrongSize> {
        let (found, needed) = (image.len(), self.count(Value::Input));
        let pixels = || image.iter().map(|&pixel| self.pixel[usize::from(pixel)]).collect();
        if found == needed { Ok(pixels()) } else { Err(WrongSize { found, needed }) }
    }

    /// The number of weights and biases that the server enters.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.layers.iter().filter_map(|layer| self.linear(layer)).map(|linear| linear.weights() + linear.biases()).sum()
    }

    /// The products of linear layers, of all images.
    #[must_use]
    pub fn products(&self) -> usize {
        let products = |layer| self.linear(layer).map_or(0, |linear| linear.products());
        self.images * self.layers.iter().map(products).sum::<usize>()
    }

    /// All triples of an inference, where no mask of a comparison is too close to the end of the field.
    #[must_use]
    pub fn triples(&self) -> usize {
        self.steps().triples
    }

    /// The inputs of the client, with a mask for each of its outputs, and those of the server.
    pub(crate) fn inputs(&self) -> [usize; 2] {
        [self.of_all(Value::Input) + self.of_all(Value::Layer(self.output)), self.weights()]
    }

    /// What the steps of an inference take, without making triples and masks of inputs.
    pub(crate) fn steps(&self) -> Steps {
        let mut steps = Steps::default();
        steps.enter(Role::Client, self.of_all(Value::Input));
        steps.enter(Role::Server, self.weights());
        for layer in &self.layers {
            let (count, bits) = (self.of_all(layer.inputs[0]), self.bits(layer.inputs[0]));
            match &layer.op {
                FixedOp::Conv { .. } | FixedOp::Gemm { .. } => {
                    let Some(linear) = self.linear(layer) else { unreachable!("the layer is linear") };
                    match self.triples {
                        Triples::Elements => steps.multiply(self.images * linear.products()),
                        Triples::Matrices => steps.multiply_matrices(linear.weights(), count),
                    }
                }
                FixedOp::Relu { shift } => steps.relu(count, bits, *shift),
                FixedOp::Truncate { shift } => steps.truncate(count, *shift),
                FixedOp::MaxPool(window) => {
                    let cells = self.windows(layer, window).iter().map(Vec::len).collect::<Vec<_>>();
                    steps.largest(&cells, bits);
                }
                FixedOp::SumPool(_) | FixedOp::Add | FixedOp::Concat | FixedOp::Flatten => {}
                FixedOp::Clip { .. } => unreachable!("an architecture has no clipping"),
            }
        }
        steps.reveal(self.of_all(Value::Layer(self.output)));
        steps
    }

    /// The shape of a linear layer; `None` for another layer.
    fn linear(&self, layer: &FixedLayer) -> Option<Linear> {
        Linear::of(layer, self.shape(layer.inputs[0]))
    }

    /// The shapes of all linear layers.
    #[must_use]
    pub fn linear_layers(&self) -> Vec<Linear> {
        self.layers.iter().filter_map(|layer| self.linear(layer)).collect()
    }

    /// The linear layers for which triples of matrices are made: none, where products have a triple each.
    pub(crate) fn matrices(&self) -> Vec<Linear> {
        if self.triples == Triples::Matrices { self.linear_layers() } else { Vec::new() }
    }

    fn count(&self, value: Value) -> usize {
        self.shape(value).iter().product()
    }

    /// The elements of a value of all images.
    fn of_all(&self, value: Value) -> usize {
        self.images * self.count(value)
    }

    fn shape(&self, value: Value) -> &[usize] {
        match value {
            Value::Input => &self.image,
            Value::Layer(index) => &self.layers[index].shape,
        }
    }

    /// The bits that hold every integer of a value.
    fn bits(&self, value: Value) -> u32 {
        let ends = self.pixel.iter().fold([0, 0], |[low, high], &x| [low.min(x), high.max(x)]);
        bits(if let Value::Layer(index) = value { self.layers[index].range } else { ends })
    }

    /// The places in the inputs of all images that each window covers.
    fn windows(&self, layer: &FixedLayer, window: &Window) -> Vec<Vec<usize>> {
        let input = self.shape(layer.inputs[0]);
        let size = [input[1], input[2]];
        let places = (0..self.images * input[0])
            .flat_map(|c| (0..layer.shape[1]).flat_map(move |y| (0..layer.shape[2]).map(move |x| (c, y, x))));
        let cells = |(channel, y, x): (usize, usize, usize)| {
            let plane = channel * size[0] * size[1];
            window.cells([y, x], size).map(|(_, row, column)| plane + row * size[1] + column).collect()
        };
        places.map(cells).collect()
    }
}

/// A reason with the place of a layer.
fn at(FixedLayer { node, name, .. }: &FixedLayer, reason: &str) -> String {
    format!("node {node} '{name}': {reason}")
}

/// A layer without its weights.
fn erased(layer: &FixedLayer) -> FixedLayer {
    let mut layer = layer.clone();
    if let FixedOp::Conv { weights, start, .. } | FixedOp::Gemm { weights, start } = &mut layer.op {
        weights.iter_mut().chain(start).for_each(|weight| *weight = 0);
    }
    layer
}

/// In what another network differs from the first, whose layers are given without their weights.
fn differences(layers: &[FixedLayer], first: &FixedModel, other: &FixedModel) -> Vec<String> {
    let outside =
        |model: &FixedModel| (model.image(), model.pixel_integers().to_vec(), model.output(), model.layers().len());
    if outside(first) != outside(other) {
        return vec!["the networks have different architectures".into()];
    }
    let same = |a: &FixedLayer, b: &FixedLayer| (&a.op, &a.inputs, &a.shape) == (&b.op, &b.inputs, &b.shape);
    let apart = layers.iter().zip(other.layers()).filter(|(a, b)| !same(a, &erased(b)));
    apart.map(|(layer, _)| at(layer, "the networks differ in architecture here")).collect()
}

/// The bits of the smallest signed word that holds a range.
fn bits(range: [i64; 2]) -> u32 {
    range.map(|end| i64::BITS - (if end < 0 { !end } else { end }).leading_zeros() + 1).into_iter().fold(1, u32::max)
}

fn entered(op: &FixedOp) -> Option<(&[i64], &[i64])> {
    match op {
        FixedOp::Conv { weights, start, .. } | FixedOp::Gemm { weights, start } => Some((weights, start)),
        _ => None,
    }
}

impl Party {
    /// Evaluates a network. The client holds images, the server the network, and the client learns the logits, those of one image after the other.
    ///
    /// # Errors
    /// [`Failure`] of every step.
    ///
    /// # Panics
    /// If the images or the network are not of the architecture.
    pub fn infer(&mut self, known: &Architecture, holding: Holding) -> Result<Option<Vec<i64>>, Failure> {
        self.prepare_masks(known.inputs())?;
        self.prepare_triples(known.triples())?;
        let mut matrices = self.prepare_matrices(&known.matrices(), known.images)?.into_iter();
        let own: Vec<u64> = match holding {
            Holding::Image(pixels) => pixels.iter().map(|&x| element(x)).collect(),
            Holding::Network(model) => {
                let all = model.layers().iter().filter_map(|layer| entered(&layer.op));
                all.flat_map(|(weights, start)| weights.iter().chain(start)).map(|&x| element(x)).collect()
            }
        };
        let mut enter = |of: Role, count: usize| {
            let is_own = self.role() == of;
            assert!(!is_own || own.len() == count, "an input of this architecture");
            self.step("inputs", |party| party.enter(if is_own { Input::Own(&own) } else { Input::Peer(count) }))
        };
        let image = enter(Role::Client, known.of_all(Value::Input))?;
        let weights = enter(Role::Server, known.weights())?;
        let mut weights = &weights[..];
        let mut values: Vec<Vec<Share>> = Vec::with_capacity(known.layers.len());
        for layer in &known.layers {
            let read = |value: &Value| if let Value::Layer(index) = value { &values[*index][..] } else { &image[..] };
            let inputs: Vec<&[Share]> = layer.inputs.iter().map(read).collect();
            let output = if let Some(linear) = known.linear(layer) {
                let (own, rest) = weights.split_at(linear.weights());
                let (start, rest) = rest.split_at(linear.biases());
                weights = rest;
                let sums = self.step(Component::of(layer), |party| match known.triples {
                    Triples::Elements => party.multiply_linear(&linear, own, inputs[0]),
                    Triples::Matrices => {
                        let Some(triple) = matrices.next() else { unreachable!("each linear layer has a triple") };
                        party.multiply_matrices(&linear, &triple, own, inputs[0])
                    }
                })?;
                with_biases(&linear, sums, start)
            } else {
                self.step(Component::of(layer), |party| party.layer(known, layer, &inputs))?
            };
            values.push(output);
        }
        let logits = self.step("logits", |party| party.reveal(Role::Client, &values[known.output]))?;
        Ok(logits.map(|logits| logits.into_iter().map(integer).collect()))
    }

    fn layer(&mut self, known: &Architecture, layer: &FixedLayer, inputs: &[&[Share]]) -> Result<Vec<Share>, Failure> {
        let (input, bits) = (inputs[0], known.bits(layer.inputs[0]));
        match &layer.op {
            FixedOp::Conv { .. } | FixedOp::Gemm { .. } => unreachable!("linear layers have weights"),
            FixedOp::Relu { shift } => self.relu(input, bits, *shift),
            FixedOp::Truncate { shift } => self.truncate(input, bits, *shift),
            FixedOp::MaxPool(window) => self.largest(&known.windows(layer, window), input, bits),
            FixedOp::SumPool(window) => {
                let sum = |cells: Vec<usize>| cells.into_iter().fold(Share::ZERO, |sum, at| sum.plus(input[at]));
                Ok(known.windows(layer, window).into_iter().map(sum).collect())
            }
            FixedOp::Add => Ok(input.iter().zip(inputs[1]).map(|(x, y)| x.plus(*y)).collect()),
            FixedOp::Concat => {
                let of_image = |input: &[Share], image: usize| {
                    let count = input.len() / known.images;
                    input[image * count..(image + 1) * count].to_vec()
                };
                let images = (0..known.images).flat_map(|image| inputs.iter().map(move |input| of_image(input, image)));
                Ok(images.flatten().collect())
            }
            FixedOp::Flatten => Ok(input.to_vec()),
            FixedOp::Clip { .. } => unreachable!("an architecture has no clipping"),
        }
    }

    fn largest(&mut self, windows: &[Vec<usize>], input: &[Share], bits: u32) -> Result<Vec<Share>, Failure> {
        let mut best: Vec<Share> = windows.iter().map(|cells| input[cells[0]]).collect();
        let most = windows.iter().map(Vec::len).max().map_or(0, |most| most);
        for round in 1..most {
            let open: Vec<usize> = (0..windows.len()).filter(|&at| windows[at].len() > round).collect();
            let others: Vec<Share> = open.iter().map(|&at| input[windows[at][round]]).collect();
            let apart: Vec<Share> = open.iter().zip(&others).map(|(&at, other)| best[at].minus(*other)).collect();
            let signs = self.not_negative(&apart, bits + 1)?;
            let kept = self.multiply(&signs.into_iter().zip(apart).collect::<Vec<_>>())?;
            for ((at, other), kept) in open.into_iter().zip(others).zip(kept) {
                best[at] = other.plus(kept);
            }
        }
        Ok(best)
    }
}

/// The sums of a linear layer, of one image after the other, with the biases of their filters.
fn with_biases(linear: &Linear, sums: Vec<Share>, start: &[Share]) -> Vec<Share> {
    let per_filter = linear.output[0] * linear.output[1];
    let biased = |(at, sum): (usize, Share)| sum.plus(start[at / per_filter % start.len()]);
    sums.into_iter().enumerate().map(biased).collect()
}

#[cfg(test)]
mod tests;
