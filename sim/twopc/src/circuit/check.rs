//! The check of a circuit that comes from a peer: one that passes can be planned and evaluated, whoever made it.
//!
//! The check is about sizes and rings alone. Whether a circuit computes what its maker says is not for it to tell: a client that takes a server's circuit takes the
//! server's answers, and mix-and-check holds them against public samples and against each other. A circuit has no step that reveals anything but its labels.

use super::step::{Circuit, Op, Step};
use super::unsupported::Unsupported;
use crate::he::parameters::Bound;
use crate::linear::Shape;
use crate::share::extend::Sign;
use crate::share::uniform::Uniform;
use fusion_nn::model::{Value, Window};

/// The most elements of all values of one slot together.
const MOST_ELEMENTS: usize = 1 << 26;
/// The most products of all linear layers together, for one slot.
const MOST_WORK: usize = 1 << 36;
/// The most cells of all windows of a pooling layer, for one slot: a party holds them at once.
const MOST_CELLS: usize = 1 << 26;
/// The largest side of an image, a window or a vector.
const MOST_SIDE: usize = 1 << 18;
/// The most steps, and the most values that all of them read.
const MOST_STEPS: usize = 1 << 12;
/// The most components of the address of a step.
const MOST_COMPONENTS: usize = 8;
/// The end of a clipping is cut at this size, which no value of a ring exceeds.
const MOST_END: u64 = 1 << 61;
/// The most bits of a sum of sizes of weights.
const MOST_SUM_BITS: u32 = 126;

impl Circuit {
    /// Checks that every step reads earlier values of the sizes that it needs, that its rings are large enough for what it does, and that nothing is larger than a network
    /// may be.
    ///
    /// # Errors
    /// [`Unsupported`] names the first step that is amiss by its address.
    pub fn check(&self) -> Result<(), Unsupported> {
        let reads: usize = self.steps.iter().map(|step| step.inputs.len()).sum();
        if self.steps.len().max(reads) > MOST_STEPS {
            return Err(Unsupported::new(format!("it has more than {MOST_STEPS} steps, or they read more values")));
        }
        let sizes = Sizes::of(self)?;
        let mut work = 0_usize;
        let refuse = |step: &Step, what: &str| Err(Unsupported::new(format!("{}: {what}", step.address)));
        for (index, step) in self.steps.iter().enumerate() {
            if step.address.components().len() > MOST_COMPONENTS {
                return Err(Unsupported::new(format!("the address of step {index} is long")));
            }
            let inputs: Option<Vec<usize>> = step.inputs.iter().map(|value| sizes.before(index, *value)).collect();
            let Some(inputs) = inputs else { return refuse(step, "it reads a value that is not there yet") };
            if outputs(&step.op, &inputs) != Some(step.count) {
                return refuse(step, "the sizes of its values do not fit");
            }
            if !self.has_room(step) {
                return refuse(step, "its rings do not fit");
            }
            work = work.saturating_add(products(&step.op));
        }
        if work > MOST_WORK {
            return Err(Unsupported::new(format!("its linear layers take more than {MOST_WORK} products")));
        }
        let end = self.steps.len();
        if self.classes == 0 || sizes.before(end, self.output) != Some(self.classes) {
            return Err(Unsupported::new("the output is not one value for each class"));
        }
        // The largest of some values is found by a comparison, which needs a sign and a bit.
        if self.ring(self.output) < 2 && self.classes > 1 {
            return Err(Unsupported::new("the output has no room for a comparison"));
        }
        Ok(())
    }

    /// Passes a circuit whose values are shared as a family shares them.
    ///
    /// # Errors
    /// [`Unsupported`] if they are not.
    pub(crate) fn shared_where(&self, alike: impl FnOnce(Option<Uniform>) -> bool) -> Result<(), Unsupported> {
        if alike(self.uniform) {
            Ok(())
        } else {
            Err(Unsupported::new("its values are not shared as the family shares them"))
        }
    }

    /// The bits of the ring that a value is read from: an integer of the image is the client's own, and is read in any.
    fn available(&self, value: Value) -> u32 {
        match value {
            Value::Input => u64::BITS,
            Value::Layer(_) => self.ring(value),
        }
    }

    /// Whether the rings of a step are such that its functionality is defined.
    fn has_room(&self, step: &Step) -> bool {
        let bits = self.uniform.map(|uniform| uniform.modulus.bits());
        let ring = step.ring;
        let is_ring = |ring: u32| bits.map_or((1..=u64::BITS).contains(&ring), |bits| ring == bits);
        let available = step.inputs.iter().map(|value| self.available(*value)).min();
        let holds = |needed: u32| available.is_some_and(|available| available >= needed);
        // Above what is dropped, a sign and a bit must be left.
        let drops = |from: u32, shift: u32| {
            let left = bits.map_or(ring.max(2), |_| 2);
            is_ring(from) && holds(from) && shift.checked_add(left).is_some_and(|needed| from >= needed)
        };
        is_ring(ring)
            && match step.op {
                Op::Relu { from, shift } | Op::Truncate { from, shift } => drops(from, shift),
                Op::Clip { from, ends, shift } => {
                    let are_ends = ends[0] <= ends[1] && ends.iter().all(|end| end.unsigned_abs() <= MOST_END);
                    drops(from, shift) && are_ends
                }
                Op::Extend { from, sign } => {
                    let least = if sign == Sign::WithRoom { 2 } else { 1 };
                    bits.is_none() && (least..ring).contains(&from) && available == Some(from)
                }
                Op::Largest { .. } => ring >= 2 && holds(ring),
                Op::Linear { .. } | Op::Sum { .. } | Op::Add | Op::Concat => holds(ring),
            }
    }
}

/// How many elements each value has.
struct Sizes<'c>(&'c Circuit);

impl<'c> Sizes<'c> {
    fn of(circuit: &'c Circuit) -> Result<Self, Unsupported> {
        let counts = circuit.steps.iter().map(|step| step.count).chain([circuit.pixels]);
        let total = counts
            .map(|count| Some(count).filter(|count| *count > 0))
            .try_fold(0_usize, |sum, count| sum.checked_add(count?).filter(|sum| *sum <= MOST_ELEMENTS));
        match total {
            Some(_) if (1..=u64::BITS).contains(&circuit.pixel_bits) => Ok(Self(circuit)),
            Some(_) => Err(Unsupported::new(format!("an image has no integers of {} bits", circuit.pixel_bits))),
            None => {
                Err(Unsupported::new(format!("its values have no elements, or more than {MOST_ELEMENTS} together")))
            }
        }
    }

    /// The elements of a value that the step of this index may read.
    fn before(&self, index: usize, value: Value) -> Option<usize> {
        match value {
            Value::Input => Some(self.0.pixels),
            Value::Layer(layer) if layer < index => Some(self.0.steps[layer].count),
            Value::Layer(_) => None,
        }
    }
}

/// The number of elements of what a functionality makes of inputs of these sizes; `None` where it is not defined on them.
fn outputs(op: &Op, inputs: &[usize]) -> Option<usize> {
    match (op, inputs) {
        (Op::Linear { shape, bound }, &[input]) if is_bound(*bound) => linear(*shape, input),
        (Op::Relu { .. } | Op::Clip { .. } | Op::Truncate { .. } | Op::Extend { .. }, &[input]) => Some(input),
        (Op::Sum { window, image }, &[input]) => pooled(window, *image, input),
        (Op::Largest { window, image }, &[input]) if covers(window) => pooled(window, *image, input),
        (Op::Add, &[a, b]) if a == b => Some(a),
        (Op::Concat, [_, ..]) => inputs.iter().try_fold(0_usize, |sum, input| sum.checked_add(*input)),
        _ => None,
    }
}

fn is_bound(Bound { sum_bits, root_bits }: Bound) -> bool {
    sum_bits <= MOST_SUM_BITS && root_bits <= u64::BITS
}

fn linear(shape: Shape, input: usize) -> Option<usize> {
    let (inputs, outputs, weights, filters) = match shape {
        Shape::Gemm { inputs, outputs } => (inputs, outputs, inputs.checked_mul(outputs)?, outputs.max(inputs)),
        Shape::Conv { image, filters, window, groups } => {
            let divides = groups > 0 && image[0].is_multiple_of(groups) && filters.is_multiple_of(groups);
            let (inputs, places) = places(&window, image).filter(|_| divides)?;
            let each = product(&[image[0] / groups, window.size[0], window.size[1]])?;
            (inputs, filters.checked_mul(places)?, each.checked_mul(filters)?, filters)
        }
    };
    let sides = (1..=MOST_SIDE).contains(&filters);
    (sides && inputs == input && weights <= MOST_WEIGHTS).then_some(outputs)
}

/// The products of a step, if it is linear.
fn products(op: &Op) -> usize {
    match op {
        Op::Linear { shape: Shape::Gemm { inputs, outputs }, .. } => inputs.saturating_mul(*outputs),
        Op::Linear { shape: Shape::Conv { image, filters, window, groups }, .. } => {
            let [rows, columns] = window.output([image[1], image[2]]).unwrap_or([0, 0]);
            let [height, width] = window.size;
            [image[0] / groups, height, width, rows, columns].into_iter().fold(*filters, usize::saturating_mul)
        }
        _ => 0,
    }
}

/// The most weights of a linear layer.
const MOST_WEIGHTS: usize = 1 << 28;

fn pooled(window: &Window, image: [usize; 3], input: usize) -> Option<usize> {
    let (inputs, places) = places(window, image)?;
    let outputs = image[0].checked_mul(places)?;
    let cells = product(&[outputs, window.size[0], window.size[1]])?;
    (inputs == input && cells <= MOST_CELLS).then_some(outputs)
}

/// The elements of an image, and how often a window stands on each channel.
fn places(window: &Window, image: [usize; 3]) -> Option<(usize, usize)> {
    let Window { size, stride, pads } = *window;
    let positive = size.iter().chain(&stride).chain(&image);
    let sides =
        positive.copied().all(|side| (1..=MOST_SIDE).contains(&side)) && pads.iter().all(|pad| *pad < MOST_SIDE);
    // A window that moves by nothing has no place to end.
    let [rows, columns] = if sides { window.output([image[1], image[2]])? } else { return None };
    Some((product(&image)?, rows.checked_mul(columns)?))
}

/// Whether every window covers a cell of its image.
fn covers(window: &Window) -> bool {
    let Window { size, pads, .. } = window;
    pads.iter().zip([size[0], size[1], size[0], size[1]]).all(|(pad, size)| *pad < size)
}

fn product(factors: &[usize]) -> Option<usize> {
    factors.iter().try_fold(1_usize, |product, factor| product.checked_mul(*factor))
}
