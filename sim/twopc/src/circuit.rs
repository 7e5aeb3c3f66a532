//! A network as the parties compute it: every functionality with its rings. Public: it holds no weight.
//!
//! Each value is held in the smallest ring that the next functionality can do with, and extended where a larger one is needed.
//! Rectified values are held in few bits; a sum over a window needs two more, and only its pooled values go on to the next
//! layer's ring.
//!
//! Invariant: a value here is the integer of [`fusion_nn::fixed`], whose rule for wrapping is the only one. A layer that may wrap is
//! computed in exactly its own ring, so that its residue, read as signed, is the reference's; every other layer is computed in
//! some ring that its integers fit. A comparison gets the ring that also holds the difference.

use crate::address::{Address, Component};
use crate::he::parameters::Bound;
use crate::linear::{MAX_DENSE_WEIGHTS, Shape};
use crate::share::clip::Clip;
use crate::share::extend::{Sign, Widening};
use crate::share::truncate::{Rescaling, Truncation};
use fusion_nn::fixed::{FixedLayer, FixedModel, FixedOp};
use fusion_nn::model::{Value, Window};

/// The step after the last of a circuit, in which the client gets its labels.
pub const ARGMAX: &str = "argmax";

/// What one functionality does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A linear layer, from values modulo the ring of its output.
    Linear {
        /// Its shape.
        shape: Shape,
        /// How large a filter's weights are, in any of the networks.
        bound: Bound,
    },
    /// `max(x, 0) >> shift`, from values modulo `2^from`.
    Relu {
        /// The ring of the input.
        from: u32,
        /// Bits dropped.
        shift: u32,
    },
    /// `min(max(x, low), high) >> shift`, from values modulo `2^from`.
    Clip {
        /// The ring of the input; it has one bit more than its values need.
        from: u32,
        /// The lower and the upper end, which may lie beyond any ring.
        ends: [i64; 2],
        /// Bits dropped.
        shift: u32,
    },
    /// `x >> shift`, from values modulo `2^from`.
    Truncate {
        /// The ring of the input.
        from: u32,
        /// Bits dropped.
        shift: u32,
    },
    /// To a larger ring.
    Extend {
        /// The ring of the input.
        from: u32,
        /// What is known of the values.
        sign: Sign,
    },
    /// The sum of each window, modulo the ring of the output.
    Sum {
        /// The windows.
        window: Window,
        /// Channels, height and width of the input.
        image: [usize; 3],
    },
    /// The largest of each window; the ring of the output holds the difference of any two.
    Largest {
        /// The windows.
        window: Window,
        /// Channels, height and width of the input.
        image: [usize; 3],
    },
    /// Element by element.
    Add,
    /// One after another.
    Concat,
}

/// One functionality of a circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The layer of the network it belongs to.
    pub layer: usize,
    /// The node that layer comes from, as messages name it.
    pub node: String,
    /// Its address below the slots.
    pub address: Address,
    /// What it does.
    pub op: Op,
    /// The steps whose outputs it reads.
    pub inputs: Vec<Value>,
    /// Elements of its output.
    pub count: usize,
    /// Bits of the ring its output is shared in.
    pub ring: u32,
}

impl Step {
    /// From a ring of `from` bits to the output's, `shift` bits dropped.
    #[must_use]
    pub fn rescaling(&self, from: u32, shift: u32, truncation: Truncation) -> Rescaling {
        Rescaling { from, shift, out: self.ring, truncation }
    }

    /// From a ring of `from` bits to the output's, clipped and `shift` bits dropped.
    #[must_use]
    pub fn clip(&self, ends: [i64; 2], from: u32, shift: u32, truncation: Truncation) -> Clip {
        Clip { ends, how: self.rescaling(from, shift, truncation) }
    }

    /// From a ring of `from` bits to the output's.
    #[must_use]
    pub fn widening(&self, from: u32, sign: Sign) -> Widening {
        Widening { from, to: self.ring, sign }
    }
}

/// A network as functionalities, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// Elements of the input.
    pub pixels: usize,
    /// Bits of a ring that holds the difference of any two integers of the input.
    pub pixel_bits: u32,
    /// The steps.
    pub steps: Vec<Step>,
    /// Whose output the logits are.
    pub output: Value,
    /// How many logits.
    pub classes: usize,
    /// How bits are dropped.
    pub truncation: Truncation,
}

/// Why networks have no common circuit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsupported(pub String);

impl Circuit {
    /// The circuit of networks of one architecture, with rings that fit the values of all.
    ///
    /// # Errors
    /// [`Unsupported`] for networks of different architectures, and for layers without a protocol.
    pub fn new(models: &[&FixedModel], truncation: Truncation) -> Result<Self, Unsupported> {
        let [first, others @ ..] = models else { return Err(Unsupported("there is no network".into())) };
        for other in others {
            same_architecture(first, other)?;
        }
        let mut builder = Builder { models, image: first.image(), steps: Vec::new() };
        let mut values: Vec<Held> = Vec::with_capacity(first.layers().len());
        for index in 0..first.layers().len() {
            let held = builder.layer(index, &values)?;
            values.push(held);
        }
        let output = values[first.output()];
        let last = Place { layer: first.output(), address: ARGMAX.into() };
        let output = builder.fit(output, output.with_room(), &last);
        Ok(Self {
            pixels: first.image().iter().product(),
            pixel_bits: builder.pixels().with_room(),
            steps: builder.steps,
            output: output.value,
            classes: first.classes() as usize,
            truncation,
        })
    }

    /// For each step how many elements a party holds of one slot while it runs: those of the step's output, and of every earlier value that
    /// this step or a later one reads.
    #[must_use]
    pub fn held(&self) -> Vec<usize> {
        let steps = self.steps.len();
        // The image, and the output of each step: the step after the last that reads it.
        let mut ends: Vec<usize> = std::iter::once(0).chain(1..=steps).collect();
        let place = |value: &Value| match value {
            Value::Input => 0,
            Value::Layer(index) => index + 1,
        };
        for (index, step) in self.steps.iter().enumerate() {
            step.inputs.iter().for_each(|value| ends[place(value)] = index + 1);
        }
        ends[place(&self.output)] = steps;
        let counts = std::iter::once(self.pixels).chain(self.steps.iter().map(|step| step.count));
        let (mut come, mut go) = (vec![0; steps + 1], vec![0; steps + 1]);
        for (value, (count, end)) in counts.zip(ends).enumerate() {
            come[value.saturating_sub(1)] += count;
            go[end] += count;
        }
        let mut held = 0;
        let after = |(come, go): (&usize, &usize)| {
            held = held + come - go;
            held
        };
        come.iter().zip(&go).map(after).take(steps).collect()
    }

    /// The ring of a value. The input's integers are the client's own and may be read in any ring.
    #[must_use]
    pub fn ring(&self, value: Value) -> u32 {
        match value {
            Value::Input => self.pixel_bits,
            Value::Layer(index) => self.steps[index].ring,
        }
    }
}

fn same_architecture(a: &FixedModel, b: &FixedModel) -> Result<(), Unsupported> {
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
        return Err(Unsupported("the networks have different architectures".into()));
    }
    match a.layers().iter().zip(b.layers()).find(|(a, b)| !same(a, b)) {
        Some((layer, _)) => {
            Err(Unsupported(format!("the networks differ in architecture at {}", Component::of(layer))))
        }
        None => Ok(()),
    }
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
    range.map(bits).into_iter().max().unwrap_or_default()
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
}

impl Builder<'_> {
    fn layer(&mut self, index: usize, values: &[Held]) -> Result<Held, Unsupported> {
        let layer = &self.models[0].layers()[index];
        let known = self.known(index);
        let place = Place { layer: index, address: Component::of(layer).into() };
        let held = |value: &Value| match value {
            Value::Input => self.pixels(),
            Value::Layer(index) => values[*index],
        };
        let inputs: Vec<Held> = layer.inputs.iter().map(held).collect();
        let input = inputs[0];
        Ok(match &layer.op {
            FixedOp::Conv { .. } | FixedOp::Gemm { .. } => match Shape::of(&layer.op, self.shape(layer.inputs[0])) {
                Some(shape) => self.linear(&place, shape, input, known),
                None => return Err(Unsupported(format!("{}: {}", node(layer), too_many_groups(&layer.op)))),
            },
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
                let ring = input.with_room();
                let input = self.fit(input, ring, &place);
                let op = Op::Largest { window: *window, image: self.image(layer) };
                self.push(&place, op, &[input], known.count, Held { ring, ..input })
            }
            FixedOp::Add => self.added(&place, Op::Add, &inputs, known),
            FixedOp::Concat => self.added(&place, Op::Concat, &inputs, known),
            FixedOp::Flatten => input,
        })
    }

    fn known(&self, index: usize) -> Known {
        let layers = || self.models.iter().map(|model| &model.layers()[index]);
        Known {
            least: layers().map(|layer| signed_bits(layer.range)).max().unwrap_or_default(),
            wraps: layers().find(|layer| layer.wraps).map(|layer| layer.ring_bits),
            count: layers().next().map_or(0, |layer| layer.shape.iter().product()),
        }
    }

    /// The image: the client's own, so that any ring holds it as it is.
    fn pixels(&self) -> Held {
        let ranges = || self.models.iter().map(|model| model.pixel_range());
        Held {
            value: Value::Input,
            ring: u64::BITS,
            least: ranges().map(signed_bits).max().unwrap_or_default(),
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
        let shape = self.shape(layer.inputs[0]);
        [0, 1, 2].map(|axis| shape.get(axis).copied().unwrap_or(1))
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
        let ring = wraps.unwrap_or(least + u32::from(self.is_compared(place.layer)));
        let input = self.fit(input, ring, place);
        let filters = self.models.iter().flat_map(|model| filters(&model.layers()[place.layer].op));
        let weights = Bound::of(filters);
        let output = Held { value: input.value, ring, least, positive: false };
        self.push(place, Op::Linear { shape, bound: weights }, &[input], count, output)
    }

    /// Whether the output of a layer is the logits, or goes into max pooling or clipping.
    fn is_compared(&self, layer: usize) -> bool {
        let reads = |other: &FixedLayer| {
            matches!(other.op, FixedOp::MaxPool(_) | FixedOp::Clip { .. }) && other.inputs[0] == Value::Layer(layer)
        };
        layer == self.models[0].output() || self.models[0].layers().iter().any(reads)
    }

    fn activation(&mut self, place: &Place, shift: u32, input: Held, known: Known, rectified: bool) -> Held {
        let Known { least: ring, count, .. } = known;
        // Above what is dropped, a sign and a bit must be left.
        let from = input.least.max(ring.max(2) + shift);
        let input = self.fit(input, from, place);
        let op = if rectified { Op::Relu { from, shift } } else { Op::Truncate { from, shift } };
        let positive = rectified || input.positive;
        self.push(place, op, &[input], count, Held { value: input.value, ring, least: ring, positive })
    }

    fn clip(&mut self, place: &Place, ends: [i64; 2], shift: u32, input: Held, known: Known) -> Held {
        let (ring, Known { least, wraps, count }) = (known.ring(), known);
        let from = (input.least + 1).max(ring.max(2) + shift);
        let input = self.fit(input, from, place);
        let output = Held { value: input.value, ring, least, positive: ends[0] >= 0 && wraps.is_none() };
        self.push(place, Op::Clip { from, ends, shift }, &[input], count, output)
    }

    /// What is no more than sums of its inputs, or these side by side.
    fn added(&mut self, place: &Place, op: Op, inputs: &[Held], known: Known) -> Held {
        let (ring, Known { least, wraps, count }) = (known.ring(), known);
        let positive = wraps.is_none() && inputs.iter().all(|held| held.positive);
        let inputs: Vec<Held> = inputs.iter().map(|held| self.fit(*held, ring, place)).collect();
        self.push(place, op, &inputs, count, Held { value: inputs[0].value, ring, least, positive })
    }

    /// The value in a ring of so many bits at least.
    fn fit(&mut self, held: Held, ring: u32, place: &Place) -> Held {
        if held.ring >= ring {
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
fn node(layer: &FixedLayer) -> String {
    format!("node {} '{}' ({})", layer.node, layer.name, layer.op.name())
}

fn too_many_groups(op: &FixedOp) -> String {
    let groups = if let FixedOp::Conv { groups, .. } = op { *groups } else { 1 };
    format!("its {groups} groups, computed as one with zeros between them, take more than {MAX_DENSE_WEIGHTS} weights")
}

/// The weights of each filter, or of each output.
fn filters(op: &FixedOp) -> impl Iterator<Item = &[i64]> {
    let (weights, count) = match op {
        FixedOp::Conv { weights, start, .. } | FixedOp::Gemm { weights, start } => (&weights[..], start.len()),
        _ => (&[][..], 0),
    };
    weights.chunks((weights.len() / count.max(1)).max(1))
}
