//! From networks of one architecture to their circuit.

use super::step::{ARGMAX, Circuit, Op, Step};
use super::unsupported::{Draft, Unsupported};
use crate::address::{Address, Component};
use crate::he::parameters::Bound;
use crate::linear::Shape;
use crate::share::extend::Sign;
use crate::share::truncate::Truncation;
use crate::share::uniform::Uniform;
use fusion_nn::fixed::{FixedLayer, FixedModel, FixedOp};
use fusion_nn::model::Value;

impl Circuit {
    /// Makes the circuit of networks of one architecture, with rings that hold the values of all of them.
    ///
    /// # Errors
    /// [`Unsupported`] for networks of different architectures, and for layers without a protocol.
    pub fn new(models: &[&FixedModel], truncation: Truncation) -> Result<Self, Unsupported> {
        Self::draft(models, truncation, None).finished()
    }

    /// Makes the circuit of networks of one architecture whose values are all shared modulo one number. Whether it holds them is for
    /// [`demands`](super::demands) to say.
    ///
    /// # Errors
    /// [`Unsupported`] for networks of different architectures, for layers without a protocol, and for layers that are defined modulo a ring of their own.
    pub fn over(models: &[&FixedModel], truncation: Truncation, uniform: Uniform) -> Result<Self, Unsupported> {
        Self::draft(models, truncation, Some(uniform)).finished()
    }

    /// Makes the circuit of networks of one architecture as far as it goes, over one modulus if there is one, with every reason against it.
    #[must_use]
    pub fn draft(models: &[&FixedModel], truncation: Truncation, uniform: Option<Uniform>) -> Draft {
        let [first, others @ ..] = models else { return Draft::none(Unsupported::new("there is no network")) };
        let apart = others.iter().flat_map(|other| differences(first, other));
        if let Err(apart) = Unsupported::unless_none(apart) {
            return Draft::none(apart);
        }
        let mut builder = Builder { models, image: first.image(), steps: Vec::new(), uniform, reasons: Vec::new() };
        let mut values: Vec<Held> = Vec::with_capacity(first.layers().len());
        for index in 0..first.layers().len() {
            let held = builder.layer(index, &values);
            values.push(held);
        }
        let output = values[first.output()];
        let last = Place { layer: first.output(), address: ARGMAX.into() };
        let output = builder.fit(output, output.with_room(), &last);
        let reasons = std::mem::take(&mut builder.reasons);
        let circuit = Self {
            pixels: first.image().iter().product(),
            pixel_bits: builder.bits(builder.pixels().with_room()),
            steps: builder.steps,
            output: output.value,
            classes: first.classes() as usize,
            truncation,
            uniform,
        };
        Draft { circuit: Some(circuit), reasons }
    }
}

/// In what the architectures of two networks differ.
fn differences(a: &FixedModel, b: &FixedModel) -> Vec<String> {
    let same = |a: &FixedLayer, b: &FixedLayer| {
        let ops = match (&a.op, &b.op) {
            (FixedOp::Conv { window, groups, .. }, FixedOp::Conv { window: w, groups: g, .. }) => {
                (window, groups) == (w, g)
            }
            (FixedOp::Gemm { .. }, FixedOp::Gemm { .. }) => true,
            (a, b) => a == b,
        };
        let rings = a.ring_bits == b.ring_bits || !(a.wraps || b.wraps);
        ops && rings && a.shape == b.shape && a.inputs == b.inputs
    };
    if a.image() != b.image() || a.layers().len() != b.layers().len() {
        return vec!["the networks have different architectures".into()];
    }
    let apart = a.layers().iter().zip(b.layers()).filter(|(a, b)| !same(a, b));
    apart.map(|(layer, _)| format!("the networks differ in architecture at {}", Component::of(layer))).collect()
}

/// A value while the circuit is made.
#[derive(Clone, Copy)]
struct Held {
    value: Value,
    /// Of its shares.
    ring: u32,
    /// Of the smallest ring that holds its integers.
    least: u32,
    /// No integer is below 0.
    positive: bool,
}

impl Held {
    fn sign(self) -> Sign {
        if self.positive {
            Sign::Positive
        } else if self.least < self.ring {
            Sign::WithRoom
        } else {
            Sign::Any
        }
    }

    /// The smallest ring that also holds the difference of any two, at least a sign and a bit.
    fn with_room(self) -> u32 {
        (self.least + u32::from(!self.positive)).max(2)
    }
}

/// Bits of the smallest ring that holds all integers of a range.
fn signed_bits(range: [i64; 2]) -> u32 {
    let bits = |end: i64| u64::BITS - (if end < 0 { !end } else { end }).leading_zeros() + 1;
    {
        let [low, high] = range.map(bits);
        low.max(high)
    }
}

/// The largest of one number for each network.
#[expect(clippy::expect_used, reason = "a circuit is of at least one network")]
fn most(each: impl Iterator<Item = u32>) -> u32 {
    each.max().expect("at least one network")
}

/// Where a step belongs.
struct Place {
    layer: usize,
    address: Address,
}

/// What is known of a layer's output in public: over all networks.
#[derive(Clone, Copy)]
struct Known {
    /// Of the smallest ring that holds its integers.
    least: u32,
    /// The layer's own ring, where the integers are residues of it.
    wraps: Option<u32>,
    count: usize,
}

impl Known {
    /// The ring to add in.
    fn ring(self) -> u32 {
        self.wraps.unwrap_or(self.least)
    }
}

struct Builder<'a> {
    models: &'a [&'a FixedModel],
    /// Channels, height and width.
    image: [usize; 3],
    steps: Vec<Step>,
    uniform: Option<Uniform>,
    /// What speaks against the circuit so far.
    reasons: Vec<String>,
}

impl Builder<'_> {
    fn layer(&mut self, index: usize, values: &[Held]) -> Held {
        let layer = &self.models[0].layers()[index];
        let known = self.known(index);
        if self.uniform.is_some() && known.wraps.is_some() {
            self.reasons.push(format!("{}: it wraps in a ring of its own, and all values share one", node(layer)));
        }
        let place = Place { layer: index, address: Component::of(layer).into() };
        let held = |value: &Value| match value {
            Value::Input => self.pixels(),
            Value::Layer(index) => values[*index],
        };
        let inputs: Vec<Held> = layer.inputs.iter().map(held).collect();
        let input = inputs[0];
        match &layer.op {
            FixedOp::Conv { .. } | FixedOp::Gemm { .. } => {
                let shape = Shape::of(&layer.op, self.shape(layer.inputs[0]));
                let shape = shape.unwrap_or_else(|| unreachable!("a linear layer of a checked network has a shape"));
                self.linear(&place, shape, input, known)
            }
            FixedOp::Relu { shift } | FixedOp::Truncate { shift } => {
                let positive = matches!(layer.op, FixedOp::Relu { .. });
                self.activation(&place, *shift, input, known, positive)
            }
            FixedOp::Clip { low, high, shift } => self.clip(&place, [*low, *high], *shift, input, known),
            FixedOp::SumPool(window) => {
                let op = Op::Sum { window: *window, image: self.image(layer) };
                self.added(&place, op, &inputs, known)
            }
            FixedOp::MaxPool(window) => {
                let ring = self.bits(input.with_room());
                let input = self.fit(input, ring, &place);
                let op = Op::Largest { window: *window, image: self.image(layer) };
                self.push(&place, op, &[input], known.count, Held { ring, ..input })
            }
            FixedOp::Add => self.added(&place, Op::Add, &inputs, known),
            FixedOp::Concat => self.added(&place, Op::Concat, &inputs, known),
            FixedOp::Flatten => input,
        }
    }

    /// The bits in which a value is shared that needs so many.
    fn bits(&self, needed: u32) -> u32 {
        self.uniform.map_or(needed, |uniform| uniform.modulus.bits())
    }

    fn known(&self, index: usize) -> Known {
        let layers = || self.models.iter().map(|model| &model.layers()[index]);
        Known {
            least: most(layers().map(|layer| signed_bits(layer.range))),
            wraps: layers().find(|layer| layer.wraps).map(|layer| layer.ring_bits),
            count: self.models[0].layers()[index].shape.iter().product(),
        }
    }

    /// The image: the client's own, so that any ring holds it as it is.
    fn pixels(&self) -> Held {
        let ranges = || self.models.iter().map(|model| model.pixel_range());
        Held {
            value: Value::Input,
            ring: u64::BITS,
            least: most(ranges().map(signed_bits)),
            positive: ranges().all(|[least, _]| least >= 0),
        }
    }

    /// Of a layer's output, or of the image.
    fn shape(&self, value: Value) -> &[usize] {
        match value {
            Value::Input => &self.image,
            Value::Layer(index) => &self.models[0].layers()[index].shape,
        }
    }

    /// Channels, height and width of what a layer pools.
    fn image(&self, layer: &FixedLayer) -> [usize; 3] {
        let &[channels, height, width] = self.shape(layer.inputs[0]) else {
            unreachable!("what is pooled is an image")
        };
        [channels, height, width]
    }

    fn count(&self, value: Value) -> usize {
        match value {
            Value::Input => self.models[0].image().iter().product(),
            Value::Layer(index) => self.steps[index].count,
        }
    }

    fn linear(&mut self, place: &Place, shape: Shape, input: Held, known: Known) -> Held {
        let Known { least, wraps, count } = known;
        // Room for the difference of two, where the next to read it compares.
        let ring = self.bits(wraps.unwrap_or(least + u32::from(self.is_compared(place.layer))));
        let input = self.fit(input, ring, place);
        let filters = self.models.iter().flat_map(|model| filters(&model.layers()[place.layer].op));
        let weights = Bound::of(filters);
        let output = Held { value: input.value, ring, least, positive: false };
        self.push(place, Op::Linear { shape, bound: weights }, &[input], count, output)
    }

    fn is_compared(&self, layer: usize) -> bool {
        is_compared(self.models[0], layer)
    }

    fn activation(&mut self, place: &Place, shift: u32, input: Held, known: Known, rectified: bool) -> Held {
        let Known { least: ring, count, .. } = known;
        // Above what is dropped, a sign and a bit must be left.
        let from = self.bits(input.least.max(ring.max(2) + shift));
        let input = self.fit(input, from, place);
        let op = if rectified { Op::Relu { from, shift } } else { Op::Truncate { from, shift } };
        let positive = rectified || input.positive;
        let output = Held { value: input.value, ring: self.bits(ring), least: ring, positive };
        self.push(place, op, &[input], count, output)
    }

    fn clip(&mut self, place: &Place, ends: [i64; 2], shift: u32, input: Held, known: Known) -> Held {
        let (ring, Known { least, wraps, count }) = (known.ring(), known);
        let from = self.bits((input.least + 1).max(ring.max(2) + shift));
        let input = self.fit(input, from, place);
        let output =
            Held { value: input.value, ring: self.bits(ring), least, positive: ends[0] >= 0 && wraps.is_none() };
        self.push(place, Op::Clip { from, ends, shift }, &[input], count, output)
    }

    /// What is no more than sums of its inputs, or these side by side.
    fn added(&mut self, place: &Place, op: Op, inputs: &[Held], known: Known) -> Held {
        let (ring, Known { least, wraps, count }) = (self.bits(known.ring()), known);
        let positive = wraps.is_none() && inputs.iter().all(|held| held.positive);
        let inputs: Vec<Held> = inputs.iter().map(|held| self.fit(*held, ring, place)).collect();
        self.push(place, op, &inputs, count, Held { value: inputs[0].value, ring, least, positive })
    }

    /// The value in a ring of so many bits at least.
    fn fit(&mut self, held: Held, ring: u32, place: &Place) -> Held {
        if held.ring >= ring || self.uniform.is_some() {
            return held;
        }
        let op = Op::Extend { from: held.ring, sign: held.sign() };
        let place = Place { layer: place.layer, address: place.address.join(&"extend".into()) };
        let count = self.count(held.value);
        self.push(&place, op, &[held], count, Held { ring, ..held })
    }

    fn push(&mut self, place: &Place, op: Op, inputs: &[Held], count: usize, output: Held) -> Held {
        self.steps.push(Step {
            layer: place.layer,
            node: node(&self.models[0].layers()[place.layer]),
            address: place.address.clone(),
            op,
            inputs: inputs.iter().map(|held| held.value).collect(),
            count,
            ring: output.ring,
        });
        Held { value: Value::Layer(self.steps.len() - 1), ..output }
    }
}

/// How messages name a layer.
pub(super) fn node(layer: &FixedLayer) -> String {
    format!("node {} '{}' ({})", layer.node, layer.name, layer.operator())
}

/// Whether the output of a layer is the logits, or goes into max pooling or clipping.
pub(super) fn is_compared(model: &FixedModel, layer: usize) -> bool {
    let reads = |other: &FixedLayer| {
        matches!(other.op, FixedOp::MaxPool(_) | FixedOp::Clip { .. }) && other.inputs[0] == Value::Layer(layer)
    };
    layer == model.output() || model.layers().iter().any(reads)
}

/// The weights of each filter, or of each output.
fn filters(op: &FixedOp) -> impl Iterator<Item = &[i64]> {
    let (weights, count) = match op {
        FixedOp::Conv { weights, start, .. } | FixedOp::Gemm { weights, start } => (&weights[..], start.len()),
        _ => unreachable!("a layer that is linear"),
    };
    weights.chunks((weights.len() / count.max(1)).max(1))
}
