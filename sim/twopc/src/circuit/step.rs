//! A circuit, and the steps that it consists of.

use crate::address::Address;
use crate::he::parameters::Bound;
use crate::linear::Shape;
use crate::modulus::Modulus;
use crate::share::clip::Clip;
use crate::share::extend::{Sign, Widening};
use crate::share::truncate::{Rescaling, Truncation};
use crate::share::uniform::Uniform;
use fusion_nn::model::{Value, Window};
use serde::{Deserialize, Serialize};

/// The name of the step that follows the last one of a circuit: in it the client gets its labels.
pub const ARGMAX: &str = "argmax";

/// The functionality of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Op {
    /// A linear layer, on values modulo the ring of its output.
    Linear {
        /// The shape of the layer.
        shape: Shape,
        /// A bound on the weights of each filter, in all of the networks.
        bound: Bound,
    },
    /// Computes `max(x, 0) >> shift` of values modulo `2^from`.
    Relu {
        /// The number of bits of the ring of the input.
        from: u32,
        /// The number of bits dropped.
        shift: u32,
    },
    /// Computes `min(max(x, low), high) >> shift` of values modulo `2^from`.
    Clip {
        /// The number of bits of the ring of the input, one more than its values need.
        from: u32,
        /// The lower and the upper end, which may lie beyond any ring.
        ends: [i64; 2],
        /// The number of bits dropped.
        shift: u32,
    },
    /// Computes `x >> shift` of values modulo `2^from`.
    Truncate {
        /// The number of bits of the ring of the input.
        from: u32,
        /// The number of bits dropped.
        shift: u32,
    },
    /// Extends values to the larger ring of the output.
    Extend {
        /// The number of bits of the ring of the input.
        from: u32,
        /// What is known of the values.
        sign: Sign,
    },
    /// Sums each window, modulo the ring of the output.
    Sum {
        /// The windows that slide over the input.
        window: Window,
        /// The channels, the height and the width of the input.
        image: [usize; 3],
    },
    /// Takes the largest value of each window. The ring of the output holds the difference of any two values.
    Largest {
        /// The windows that slide over the input.
        window: Window,
        /// The channels, the height and the width of the input.
        image: [usize; 3],
    },
    /// Adds two values element by element.
    Add,
    /// Puts values one after another.
    Concat,
}

/// One step of a circuit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The place of the layer that it belongs to among the layers of the network.
    pub layer: usize,
    /// The name, in errors, of the node that this layer comes from. It is the server's own, and does not travel.
    #[serde(skip)]
    pub node: String,
    /// The address of the step, without slots.
    pub address: Address,
    /// The functionality that it computes.
    pub op: Op,
    /// The values that it reads.
    pub inputs: Vec<Value>,
    /// The number of elements of its output, for one slot.
    pub count: usize,
    /// The number of bits of the ring in which its output is shared.
    pub ring: u32,
}

impl Step {
    /// The rescaling from a ring of `from` bits to the ring of the output that drops `shift` bits.
    #[must_use]
    pub fn rescaling(&self, from: u32, shift: u32, truncation: Truncation) -> Rescaling {
        Rescaling { from, shift, out: self.ring, truncation }
    }

    /// The clipping from a ring of `from` bits to the ring of the output that drops `shift` bits.
    #[must_use]
    pub fn clip(&self, ends: [i64; 2], from: u32, shift: u32, truncation: Truncation) -> Clip {
        Clip { ends, how: self.rescaling(from, shift, truncation) }
    }

    /// The extension from a ring of `from` bits to the ring of the output.
    #[must_use]
    pub fn widening(&self, from: u32, sign: Sign) -> Widening {
        Widening { from, to: self.ring, sign }
    }
}

/// A network as a list of functionalities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circuit {
    /// The number of elements of the input.
    pub pixels: usize,
    /// The number of bits of a ring that holds the difference of any two integers of the input.
    pub pixel_bits: u32,
    /// The steps, in the order in which they are computed.
    pub steps: Vec<Step>,
    /// The value that the logits are.
    pub output: Value,
    /// The number of logits.
    pub classes: usize,
    /// How steps drop bits.
    pub truncation: Truncation,
    /// The one modulus of all values; `None` if each is shared in a ring of its own.
    pub uniform: Option<Uniform>,
}

impl Circuit {
    /// The steps that drop bits, each with how many.
    pub fn dropped(&self) -> impl Iterator<Item = (u32, &Step)> {
        let dropped = |step: &Step| match step.op {
            Op::Relu { shift, .. } | Op::Clip { shift, .. } | Op::Truncate { shift, .. } => shift,
            Op::Linear { .. } | Op::Extend { .. } | Op::Sum { .. } | Op::Largest { .. } | Op::Add | Op::Concat => 0,
        };
        self.steps.iter().map(move |step| (dropped(step), step)).filter(|(shift, _)| *shift > 0)
    }

    /// The most bits that a step drops, and that step; `None` if none drops any.
    #[must_use]
    pub fn most_dropped(&self) -> Option<(u32, &Step)> {
        self.dropped().max_by_key(|(shift, _)| *shift)
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

    /// The modulus of values that are shared in so many bits.
    #[must_use]
    pub fn modulus(&self, bits: u32) -> Modulus {
        self.uniform.map_or(Modulus::TwoTo(bits), |uniform| uniform.modulus)
    }

    /// An integer of the input as the client shares it.
    #[must_use]
    pub fn pixel(&self, integer: i64) -> u64 {
        self.uniform.map_or(integer.cast_unsigned(), |uniform| uniform.modulus.element(integer))
    }

    /// An integer that a value stands for; where each value is shared in a ring of its own, any that is congruent to it.
    #[must_use]
    pub fn integer(&self, value: u64) -> i64 {
        self.uniform.map_or(value.cast_signed(), |uniform| uniform.modulus.integer(uniform.modulus.reduce(value)))
    }

    /// The logits that both parties' shares stand for.
    ///
    /// # Panics
    /// If the parties have different numbers of shares.
    #[must_use]
    pub fn logits(&self, [client, server]: [&[u64]; 2]) -> Vec<i64> {
        assert_eq!(client.len(), server.len(), "a share of each party");
        let modulus = self.modulus(self.ring(self.output));
        client.iter().zip(server).map(|(a, b)| modulus.integer(modulus.add(*a, *b))).collect()
    }

    /// The number of bits of the ring of a value. The integers of the input are the client's own and may be read in any ring.
    #[must_use]
    pub fn ring(&self, value: Value) -> u32 {
        match value {
            Value::Input => self.pixel_bits,
            Value::Layer(index) => self.steps[index].ring,
        }
    }
}
