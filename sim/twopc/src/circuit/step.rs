//! The functionalities of a circuit, and the circuit as their list.

use crate::address::Address;
use crate::he::parameters::Bound;
use crate::linear::Shape;
use crate::share::clip::Clip;
use crate::share::extend::{Sign, Widening};
use crate::share::truncate::{Rescaling, Truncation};
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

impl Circuit {
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
