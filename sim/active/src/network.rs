//! Whole inferences: the client enters an image, the server a network's weights, and the client learns the logits.
//!
//! The architecture is public, with the proved range of every layer; weights and biases are not. Products are element by element, with a triple each.
//!
//! Invariant: the logits are those of [`FixedModel::logits`], if what both enter is within the architecture's ranges.

use crate::failure::Failure;
use crate::field::{element, integer};
use crate::online::compare::MOST_BITS;
use crate::online::values::Input;
use crate::party::Party;
use crate::share::Share;
use crate::steps::Steps;
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
}

/// Why a network is not evaluated: every reason, by layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Unsupported(pub Vec<String>);

/// What a party holds of an inference.
#[derive(Clone, Copy, Debug)]
pub enum Holding<'a> {
    /// The client's image, as [`Architecture::pixels`] gives it.
    Image(&'a [i64]),
    /// The server's network.
    Network(&'a FixedModel),
}

/// The products of a linear layer: for each output the bias, and the pairs of weight and input.
type Terms = Vec<(usize, Vec<(usize, usize)>)>;

impl Architecture {
    /// The architecture of a network.
    ///
    /// # Errors
    /// [`Unsupported`] names every layer that clips, wraps, or has integers of more than 56 bits.
    pub fn of(model: &FixedModel) -> Result<Self, Unsupported> {
        let mut reasons = Vec::new();
        for layer in model.layers() {
            let refused = match &layer.op {
                FixedOp::Clip { .. } => Some("it clips"),
                _ if layer.wraps => Some("it wraps"),
                _ if bits(layer.range) >= MOST_BITS => Some("its integers have more than 56 bits"),
                _ => None,
            };
            reasons.extend(refused.map(|reason| format!("node {} '{}': {reason}", layer.node, layer.name)));
        }
        let erased = |layer: &FixedLayer| {
            let mut layer = layer.clone();
            if let FixedOp::Conv { weights, start, .. } | FixedOp::Gemm { weights, start } = &mut layer.op {
                weights.iter_mut().chain(start).for_each(|weight| *weight = 0);
            }
            layer
        };
        let layers = model.layers().iter().map(erased).collect();
        let known =
            Self { image: model.image(), pixel: model.pixel_integers().to_vec(), layers, output: model.output() };
        if reasons.is_empty() { Ok(known) } else { Err(Unsupported(reasons)) }
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
        self.layers
            .iter()
            .map(|layer| linear(&layer.op).map_or(0, |(weights, start)| weights.len() + start.len()))
            .sum()
    }

    /// The triples of the products of linear layers.
    #[must_use]
    pub fn products(&self) -> usize {
        self.layers.iter().map(|layer| self.products_of(layer)).sum()
    }

    /// All triples of an inference, where no mask of a comparison is too close to the end of the field.
    #[must_use]
    pub fn triples(&self) -> usize {
        self.steps().triples
    }

    /// The inputs of the client, with a mask for each of its outputs, and those of the server.
    pub(crate) fn inputs(&self) -> [usize; 2] {
        [self.count(Value::Input) + self.count(Value::Layer(self.output)), self.weights()]
    }

    /// What the steps of an inference take, without making triples and masks of inputs.
    pub(crate) fn steps(&self) -> Steps {
        let mut steps = Steps::default();
        steps.enter(Role::Client, self.count(Value::Input));
        steps.enter(Role::Server, self.weights());
        for layer in &self.layers {
            let (count, bits) = (self.count(layer.inputs[0]), self.bits(layer.inputs[0]));
            match &layer.op {
                FixedOp::Conv { .. } | FixedOp::Gemm { .. } => steps.multiply(self.products_of(layer)),
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
        steps.reveal(self.count(Value::Layer(self.output)));
        steps
    }

    /// The products of a linear layer, and 0 of another one: those with padding are left out.
    fn products_of(&self, layer: &FixedLayer) -> usize {
        let input = self.shape(layer.inputs[0]);
        match &layer.op {
            FixedOp::Gemm { start, .. } => start.len() * input.iter().product::<usize>(),
            FixedOp::Conv { start, window, groups, .. } => {
                let places = (0..layer.shape[1]).flat_map(|y| (0..layer.shape[2]).map(move |x| [y, x]));
                let cells: usize = places.map(|at| window.cells(at, [input[1], input[2]]).count()).sum();
                start.len() * (input[0] / groups) * cells
            }
            _ => 0,
        }
    }

    fn count(&self, value: Value) -> usize {
        self.shape(value).iter().product()
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

    /// What each output of a linear layer sums: nothing for another layer.
    fn terms(&self, layer: &FixedLayer) -> Terms {
        let input = self.shape(layer.inputs[0]);
        match &layer.op {
            FixedOp::Gemm { start, .. } => {
                let width = input.iter().product();
                (0..start.len()).map(|row| (row, (0..width).map(|at| (row * width + at, at)).collect())).collect()
            }
            FixedOp::Conv { start, window, groups, .. } => {
                let (size, cells) = ([input[1], input[2]], window.size[0] * window.size[1]);
                let (depth, per_group) = (input[0] / groups, start.len() / groups);
                let places = (0..layer.shape[1]).flat_map(|y| (0..layer.shape[2]).map(move |x| [y, x]));
                let output = |filter: usize, at: [usize; 2]| {
                    let under = window.cells(at, size).flat_map(|(offset, row, column)| {
                        (0..depth).map(move |channel| {
                            let plane = (filter / per_group * depth + channel) * size[0] * size[1];
                            ((filter * depth + channel) * cells + offset, plane + row * size[1] + column)
                        })
                    });
                    (filter, under.collect())
                };
                (0..start.len())
                    .flat_map(|filter| places.clone().map(move |at| (filter, at)))
                    .map(|(f, at)| output(f, at))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// The places in the input that each window covers.
    fn windows(&self, layer: &FixedLayer, window: &Window) -> Vec<Vec<usize>> {
        let input = self.shape(layer.inputs[0]);
        let size = [input[1], input[2]];
        let places = (0..input[0])
            .flat_map(|c| (0..layer.shape[1]).flat_map(move |y| (0..layer.shape[2]).map(move |x| (c, y, x))));
        let cells = |(channel, y, x): (usize, usize, usize)| {
            let plane = channel * size[0] * size[1];
            window.cells([y, x], size).map(|(_, row, column)| plane + row * size[1] + column).collect()
        };
        places.map(cells).collect()
    }
}

/// The bits of the smallest signed word that holds a range.
fn bits(range: [i64; 2]) -> u32 {
    range.map(|end| i64::BITS - (if end < 0 { !end } else { end }).leading_zeros() + 1).into_iter().fold(1, u32::max)
}

fn linear(op: &FixedOp) -> Option<(&[i64], &[i64])> {
    match op {
        FixedOp::Conv { weights, start, .. } | FixedOp::Gemm { weights, start } => Some((weights, start)),
        _ => None,
    }
}

impl Party {
    /// Evaluates a network. The client holds an image, the server the network, and the client learns its logits.
    ///
    /// # Errors
    /// [`Failure`] of every step.
    ///
    /// # Panics
    /// If the image or the network is not one of the architecture.
    pub fn infer(&mut self, known: &Architecture, holding: Holding) -> Result<Option<Vec<i64>>, Failure> {
        self.prepare_masks(known.inputs())?;
        self.prepare_triples(known.triples())?;
        let own: Vec<u64> = match holding {
            Holding::Image(pixels) => pixels.iter().map(|&x| element(x)).collect(),
            Holding::Network(model) => {
                let all = model.layers().iter().filter_map(|layer| linear(&layer.op));
                all.flat_map(|(weights, start)| weights.iter().chain(start)).map(|&x| element(x)).collect()
            }
        };
        let mut enter = |of: Role, count: usize| {
            if self.role() != of {
                return self.enter(Input::Peer(count));
            }
            assert_eq!(own.len(), count, "an input of this architecture");
            self.enter(Input::Own(&own))
        };
        let image = enter(Role::Client, known.count(Value::Input))?;
        let weights = enter(Role::Server, known.weights())?;
        let mut weights = &weights[..];
        let mut values: Vec<Vec<Share>> = Vec::with_capacity(known.layers.len());
        for layer in &known.layers {
            let read = |value: &Value| if let Value::Layer(index) = value { &values[*index][..] } else { &image[..] };
            let inputs: Vec<&[Share]> = layer.inputs.iter().map(read).collect();
            let count = linear(&layer.op).map_or(0, |(weights, start)| weights.len() + start.len());
            let (own, rest) = weights.split_at(count);
            weights = rest;
            let output = self.layer(known, layer, &inputs, own)?;
            values.push(output);
        }
        let logits = self.reveal(Role::Client, &values[known.output])?;
        Ok(logits.map(|logits| logits.into_iter().map(integer).collect()))
    }

    fn layer(
        &mut self,
        known: &Architecture,
        layer: &FixedLayer,
        inputs: &[&[Share]],
        weights: &[Share],
    ) -> Result<Vec<Share>, Failure> {
        let (input, bits) = (inputs[0], known.bits(layer.inputs[0]));
        match &layer.op {
            FixedOp::Conv { .. } | FixedOp::Gemm { .. } => self.linear(&known.terms(layer), input, weights),
            FixedOp::Relu { shift } => self.relu(input, bits, *shift),
            FixedOp::Truncate { shift } => self.truncate(input, bits, *shift),
            FixedOp::MaxPool(window) => self.largest(&known.windows(layer, window), input, bits),
            FixedOp::SumPool(window) => {
                let sum = |cells: Vec<usize>| cells.into_iter().fold(Share::ZERO, |sum, at| sum.plus(input[at]));
                Ok(known.windows(layer, window).into_iter().map(sum).collect())
            }
            FixedOp::Add => Ok(input.iter().zip(inputs[1]).map(|(x, y)| x.plus(*y)).collect()),
            FixedOp::Concat => Ok(inputs.concat()),
            FixedOp::Flatten => Ok(input.to_vec()),
            FixedOp::Clip { .. } => unreachable!("an architecture has no clipping"),
        }
    }

    fn linear(&mut self, terms: &Terms, input: &[Share], weights: &[Share]) -> Result<Vec<Share>, Failure> {
        let pairs = terms.iter().flat_map(|(_, pairs)| pairs).map(|&(weight, at)| (weights[weight], input[at]));
        let products = self.multiply(&pairs.collect::<Vec<_>>())?;
        let (mut products, outputs) = (products.into_iter(), terms.iter().map(|(bias, _)| bias + 1).max());
        let start = &weights[weights.len() - outputs.map_or(0, |count| count)..];
        let sum = |(bias, pairs): &(usize, Vec<_>)| products.by_ref().take(pairs.len()).fold(start[*bias], Share::plus);
        Ok(terms.iter().map(sum).collect())
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
