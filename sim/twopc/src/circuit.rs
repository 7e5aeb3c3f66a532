//! A network as the parties compute it: every functionality with its rings. Public: it holds no weight.
//!
//! Each value is held in the smallest ring that the next functionality can do with, and extended where a larger one is needed.
//! Rectified values are held in few bits; a sum over a window needs two more, and only its pooled values go on to the next
//! layer's ring. Where the network's own ring is too small for its values, they wrap here as they do there.

use crate::bits::mask;
use crate::he::parameters::Bound;
use crate::linear::Shape;
use crate::truncate::Truncation;
use fusion_nn::fixed::{FixedLayer, FixedModel, FixedOp};
use fusion_nn::model::{Value, Window};

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
        /// The ring of the input; it holds the difference of a value and an end.
        from: u32,
        /// The lower and the upper end.
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
    /// The sum of each window.
    Sum {
        /// The windows.
        window: Window,
        /// Channels, height and width of the input.
        image: [usize; 3],
    },
    /// The largest of each window.
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

/// What is known of values in a ring of `l` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// In `0 .. 2^(l-1)`.
    Positive,
    /// In `-2^(l-2) .. 2^(l-2)`.
    WithRoom,
    /// Anything.
    Any,
}

/// One functionality of a circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The layer of the network it belongs to.
    pub layer: usize,
    /// Its address below the slots.
    pub address: String,
    /// What it does.
    pub op: Op,
    /// The steps whose outputs it reads.
    pub inputs: Vec<Value>,
    /// Elements of its output.
    pub count: usize,
    /// Bits of the ring its output is shared in.
    pub ring: u32,
}

/// A network as functionalities, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// Elements of the input.
    pub pixels: usize,
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
        let mut builder = Builder { models, image: first.image(), steps: Vec::new(), wraps: false };
        let mut values: Vec<Held> = Vec::with_capacity(first.layers().len());
        for index in 0..first.layers().len() {
            let held = builder.layer(index, &values)?;
            values.push(held);
        }
        let output = values[first.output()];
        let last = Place { layer: first.output(), address: "argmax".into() };
        let output = builder.with_room(output, &last);
        Ok(Self {
            pixels: first.image().iter().product(),
            steps: builder.steps,
            output: output.value,
            classes: first.classes() as usize,
            truncation,
        })
    }

    /// The ring of a value; the input's integers are as they are.
    #[must_use]
    pub fn ring(&self, value: Value) -> u32 {
        match value {
            Value::Input => u64::BITS,
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
        ops && a.shape == b.shape && a.inputs == b.inputs
    };
    if a.image() != b.image() || a.layers().len() != b.layers().len() {
        return Err(Unsupported("the networks have different architectures".into()));
    }
    match a.layers().iter().zip(b.layers()).find(|(a, b)| !same(a, b)) {
        Some((layer, _)) => Err(Unsupported(format!("the networks differ in architecture at {}", layer.step()))),
        None => Ok(()),
    }
}

/// A value while the circuit is made: no integer it stands for exceeds `bound` in size.
#[derive(Clone, Copy)]
struct Held {
    value: Value,
    ring: u32,
    bound: u64,
    positive: bool,
}

impl Held {
    /// The smallest ring that holds it.
    fn least(self) -> u32 {
        signed_bits(self.bound)
    }

    fn sign(self) -> Sign {
        if self.positive && self.least() <= self.ring {
            Sign::Positive
        } else if self.least() < self.ring {
            Sign::WithRoom
        } else {
            Sign::Any
        }
    }
}

/// The input is the client's own: any ring holds its integers.
fn held(value: Value, values: &[Held]) -> Held {
    match value {
        Value::Input => Held { value, ring: u64::BITS, bound: u64::MAX >> 1, positive: false },
        Value::Layer(index) => values[index],
    }
}

fn signed_bits(bound: u64) -> u32 {
    u64::BITS - bound.leading_zeros() + 1
}

/// Where a step belongs.
struct Place {
    layer: usize,
    address: String,
}

struct Builder<'a> {
    models: &'a [&'a FixedModel],
    /// Channels, height and width.
    image: [usize; 3],
    steps: Vec<Step>,
    /// Some value before may have wrapped, so that proved bounds hold no more.
    wraps: bool,
}

impl Builder<'_> {
    fn layer(&mut self, index: usize, values: &[Held]) -> Result<Held, Unsupported> {
        let layer = &self.models[0].layers()[index];
        let bound = self.models.iter().map(|model| model.layers()[index].bound).max().unwrap_or_default();
        let place = Place { layer: index, address: layer.step() };
        let count = layer.shape.iter().product();
        let inputs: Vec<Held> = layer.inputs.iter().map(|value| held(*value, values)).collect();
        let input = inputs[0];
        let refuse = |what: &str| Err(Unsupported(format!("node {} '{}': {what}", layer.node, layer.name)));
        let own = matches!(layer.op, FixedOp::Conv { .. } | FixedOp::Gemm { .. } | FixedOp::Flatten);
        if inputs.iter().any(|input| input.value == Value::Input) && !own {
            return refuse("the first layer must be linear");
        }
        Ok(match &layer.op {
            FixedOp::Conv { .. } | FixedOp::Gemm { .. } => match Shape::of(&layer.op, self.shape(layer.inputs[0])) {
                Some(shape) => self.linear(&place, shape, input, bound, count),
                None => return refuse("grouped convolutions have no protocol yet"),
            },
            FixedOp::Relu { shift } | FixedOp::Truncate { shift } => {
                let positive = matches!(layer.op, FixedOp::Relu { .. });
                self.activation(&place, *shift, input, bound, count, positive)
            }
            FixedOp::Clip { low, high, shift } => self.clip(&place, [*low, *high], *shift, input, count),
            FixedOp::SumPool(window) => {
                let cells = (window.size[0] * window.size[1]) as u64;
                let bound = input.bound.saturating_mul(cells);
                let input = self.fit(input, signed_bits(bound), &place);
                let op = Op::Sum { window: *window, image: self.image(layer) };
                self.push(&place, op, &[input], count, Held { bound, ..input })
            }
            FixedOp::MaxPool(window) => {
                let input = self.with_room(input, &place);
                let op = Op::Largest { window: *window, image: self.image(layer) };
                self.push(&place, op, &[input], count, input)
            }
            FixedOp::Add => {
                let bound = inputs.iter().map(|held| held.bound).fold(0, u64::saturating_add);
                self.joined(&place, Op::Add, &inputs, bound, count)
            }
            FixedOp::Concat => {
                let bound = inputs.iter().map(|held| held.bound).max().unwrap_or_default();
                self.joined(&place, Op::Concat, &inputs, bound, count)
            }
            FixedOp::Flatten => input,
        })
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

    fn linear(&mut self, place: &Place, shape: Shape, input: Held, bound: u64, count: usize) -> Held {
        let own_ring = self.models[0].layers()[place.layer].ring_bits;
        self.wraps |= self.models.iter().any(|model| model.layers()[place.layer].may_wrap());
        let (ring, bound) = if self.wraps { (own_ring, mask(own_ring - 1)) } else { (signed_bits(bound), bound) };
        // Room for the difference of two, where the next to read it compares.
        let ring = ring + u32::from(!self.wraps && self.is_compared(place.layer));
        let input = self.fit(input, ring, place);
        let filters = self.models.iter().flat_map(|model| filters(&model.layers()[place.layer].op));
        let weights = Bound::of(filters);
        let output = Held { value: input.value, ring, bound, positive: false };
        self.push(place, Op::Linear { shape, bound: weights }, &[input], count, output)
    }

    /// Whether the output of a layer is the logits, or goes into max pooling or clipping.
    fn is_compared(&self, layer: usize) -> bool {
        let reads = |other: &FixedLayer| {
            matches!(other.op, FixedOp::MaxPool(_) | FixedOp::Clip { .. }) && other.inputs[0] == Value::Layer(layer)
        };
        layer == self.models[0].output() || self.models[0].layers().iter().any(reads)
    }

    fn activation(&mut self, place: &Place, shift: u32, input: Held, bound: u64, count: usize, positive: bool) -> Held {
        let bound = if self.wraps { input.bound >> shift } else { bound };
        // One-bit truncation may add one to the largest. Above what is dropped, a sign and a bit must be left.
        let input = self.fit(input, signed_bits(bound).max(2) + shift, place);
        let ring = signed_bits(bound).min(input.ring - shift);
        let from = input.ring;
        let op = if positive { Op::Relu { from, shift } } else { Op::Truncate { from, shift } };
        let positive = positive || input.positive;
        self.push(place, op, &[input], count, Held { value: input.value, ring, bound, positive })
    }

    fn clip(&mut self, place: &Place, ends: [i64; 2], shift: u32, input: Held, count: usize) -> Held {
        let most = input.bound.min(u64::MAX >> 2).cast_signed();
        let ends = ends.map(|end| end.clamp(-most - 1, most));
        let input = self.fit(input, (signed_bits(input.bound) + 1).max(shift + 2), place);
        // One-bit truncation may add one to the largest.
        let bound = ends.map(|end| (end >> shift).unsigned_abs() + 1).into_iter().max().unwrap_or_default();
        let ring = signed_bits(bound).min(input.ring - shift);
        let output = Held { value: input.value, ring, bound, positive: ends[0] >= 0 };
        self.push(place, Op::Clip { from: input.ring, ends, shift }, &[input], count, output)
    }

    fn joined(&mut self, place: &Place, op: Op, inputs: &[Held], bound: u64, count: usize) -> Held {
        let ring = signed_bits(bound);
        let positive = inputs.iter().all(|held| held.positive);
        let inputs: Vec<Held> = inputs.iter().map(|held| self.fit(*held, ring, place)).collect();
        self.push(place, op, &inputs, count, Held { value: inputs[0].value, ring, bound, positive })
    }

    /// The value in a ring that also holds the difference of any two.
    fn with_room(&mut self, held: Held, place: &Place) -> Held {
        self.fit(held, held.least() + u32::from(!held.positive), place)
    }

    /// The value in a ring of so many bits at least.
    fn fit(&mut self, held: Held, ring: u32, place: &Place) -> Held {
        if held.ring >= ring {
            return held;
        }
        let op = Op::Extend { from: held.ring, sign: held.sign() };
        let place = Place { layer: place.layer, address: format!("{}/extend", place.address) };
        let count = self.count(held.value);
        self.push(&place, op, &[held], count, Held { ring, ..held })
    }

    fn push(&mut self, place: &Place, op: Op, inputs: &[Held], count: usize, output: Held) -> Held {
        self.steps.push(Step {
            layer: place.layer,
            address: place.address.clone(),
            op,
            inputs: inputs.iter().map(|held| held.value).collect(),
            count,
            ring: output.ring,
        });
        Held { value: Value::Layer(self.steps.len() - 1), ..output }
    }
}

/// The weights of each filter, or of each output.
fn filters(op: &FixedOp) -> impl Iterator<Item = &[i64]> {
    let (weights, count) = match op {
        FixedOp::Conv { weights, start, .. } | FixedOp::Gemm { weights, start } => (&weights[..], start.len()),
        _ => (&[][..], 0),
    };
    weights.chunks((weights.len() / count.max(1)).max(1))
}
