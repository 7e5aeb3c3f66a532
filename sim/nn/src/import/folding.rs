//! What a graph computes of constants and of the shapes of its values, which is constant too.

use super::affine::Arithmetic;
use super::arrays::{combined, reshaped, sliced, taken, together, transposed};
use super::attributes::Attributes;
use super::constant::{Constant, Extent};
use super::elements::{is_float, is_integer, single, to_single};
use super::importer::{At, Importer};
use super::notes::Notes;
use super::relaying::{with_ones, without_ones};
use super::view::Known;
use crate::onnx;
use crate::tensor::{MAX_RANK, Tensor, elements};
use std::rc::Rc;

/// The most numbers that a shape has, or what is computed of one.
const LONGEST_SHAPE: usize = 64;

/// The most elements that constants are computed of, each as often as it is read.
const MOST_FOLDED: usize = 1 << 28;

/// The most elements of a constant that is computed.
const LARGEST: usize = 1 << 26;

/// Operators that are computed where all their inputs are constants.
const COMPUTED: [&str; 17] = [
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Neg",
    "Sqrt",
    "Reciprocal",
    "Cast",
    "Concat",
    "ConstantOfShape",
    "Gather",
    "ReduceProd",
    "Reshape",
    "Slice",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
];

impl<'a> Importer<'a, '_> {
    /// Whether a node computes a constant.
    pub(super) fn is_constant(&self, node: &onnx::Node) -> bool {
        let known = |name: &String| matches!(self.names.get(name.as_str()), Some(Known::Constant(_)));
        let mut inputs = node.input.iter().filter(|name| !name.is_empty()).peekable();
        COMPUTED.contains(&node.op_type.as_str()) && inputs.peek().is_some() && inputs.all(known)
    }

    /// Computes a constant of constants. What nothing reads is not computed.
    pub(super) fn fold(&mut self, at: At<'a>, attributes: &Attributes<'a>, notes: &mut Notes) -> Option<Known> {
        let name = at.node.output.first()?;
        if !self.uses.contains_key(name.as_str()) || self.too_large {
            return None;
        }
        let mut inputs = Vec::with_capacity(at.node.input.len());
        for (place, name) in at.node.input.iter().enumerate() {
            inputs.push(if name.is_empty() { None } else { Some(self.constant_of(at.node, place, notes)?) });
        }
        let inputs: Vec<Option<&Constant>> = inputs.iter().map(Option::as_ref).collect();
        self.folded += inputs.iter().flatten().map(|constant| constant.elements()).sum::<usize>();
        if self.folded > MOST_FOLDED {
            return notes.wrong("constants are computed of too many elements: export with constants folded");
        }
        let first = inputs.first().copied().flatten()?;
        let integers = |place: usize| inputs.get(place).copied().flatten().and_then(whole_numbers);
        let found = match at.node.op_type.as_str() {
            "Add" => self.combined(Arithmetic::Add, &inputs),
            "Sub" => self.combined(Arithmetic::Sub, &inputs),
            "Mul" => self.combined(Arithmetic::Mul, &inputs),
            "Div" => self.combined(Arithmetic::Div, &inputs),
            "Neg" => each(first, |x| -x),
            "Sqrt" => each(first, f32::sqrt),
            "Reciprocal" => each(first, f32::recip),
            "Cast" => cast(first, attributes.integer("to", 0)),
            "Concat" => joined(&inputs),
            "ConstantOfShape" => self.filled(first, attributes),
            "Gather" => {
                integers(1).filter(|_| attributes.integer("axis", 0) == 0).and_then(|places| at_places(first, &places))
            }
            "ReduceProd" => product(first, attributes.integer("keepdims", 1) != 0),
            "Slice" => part(first, &inputs, attributes),
            _ if inputs.len() > 1 && integers(1).is_none() => None,
            _ => self.relaid_constant(at.node, first, integers(1).as_ref(), attributes),
        };
        let Some(constant) = found else {
            return notes.wrong("what it computes of constants is not supported: export with constants folded");
        };
        let bad = match &constant {
            Constant::Floats(tensor) => tensor.data().iter().find(|number| !number.is_finite()).copied(),
            _ => None,
        };
        if let Some(bad) = bad {
            return notes.wrong(format!("it computes {bad} of constants"));
        }
        self.constants.computed(name, constant, notes).map(Known::Constant)
    }

    fn constant_of(&mut self, node: &onnx::Node, place: usize, notes: &mut Notes) -> Option<Constant> {
        match self.known(node, place, notes)? {
            Known::Constant(constant) => self.constants.get(constant, notes),
            _ => None,
        }
    }

    /// Whether so many elements may be computed.
    fn fits(&self, count: usize) -> Option<()> {
        (count <= LARGEST).then_some(())?;
        self.constants.check(count).ok()
    }

    fn combined(&self, kind: Arithmetic, inputs: &[Option<&Constant>]) -> Option<Constant> {
        let [Some(one), Some(other)] = inputs else { return None };
        let shape = together(&shape_of(one), &shape_of(other))?;
        self.fits(elements(&shape)?)?;
        if let (Constant::Floats(one), Constant::Floats(other)) = (one, other) {
            let operator = |x: f32, y: f32| {
                Some(match kind {
                    Arithmetic::Add => x + y,
                    Arithmetic::Sub => x - y,
                    Arithmetic::Mul => x * y,
                    Arithmetic::Div => x / y,
                })
            };
            return Some(Constant::Floats(Rc::new(combined(one, other, operator)?)));
        }
        let operator = match kind {
            Arithmetic::Add => i64::checked_add,
            Arithmetic::Sub => i64::checked_sub,
            Arithmetic::Mul => i64::checked_mul,
            // Rounded towards 0, as in ONNX.
            Arithmetic::Div => i64::checked_div,
        };
        Some(Constant::Integers(Rc::new(combined(&whole_numbers(one)?, &whole_numbers(other)?, operator)?)))
    }

    fn filled(&self, shape: &Constant, attributes: &Attributes<'a>) -> Option<Constant> {
        let sizes = whole_numbers(shape)?;
        let shape = sizes.data().iter().map(|size| usize::try_from(*size).ok()).collect::<Option<Vec<_>>>()?;
        let count = elements(&shape).filter(|_| shape.len() <= MAX_RANK)?;
        self.fits(count)?;
        let Some(value) = attributes.tensor("value") else {
            return Some(Constant::Floats(Rc::new(Tensor::new(shape, vec![0.0; count])?)));
        };
        match (single(value)?, count) {
            (Constant::Floats(one), count) => {
                Some(Constant::Floats(Rc::new(Tensor::new(shape, vec![*one.data().first()?; count])?)))
            }
            (Constant::Integers(one), count) => {
                Some(Constant::Integers(Rc::new(Tensor::new(shape, vec![*one.data().first()?; count])?)))
            }
            _ => None,
        }
    }

    /// Constants in another shape or order.
    fn relaid_constant(
        &self,
        node: &onnx::Node,
        first: &Constant,
        second: Option<&Tensor<i64>>,
        attributes: &Attributes<'a>,
    ) -> Option<Constant> {
        self.fits(elements(&shape_of(first))?)?;
        let axes = || match (second, attributes.get("axes")) {
            (Some(axes), _) => axes.data().to_vec(),
            (None, Some(axes)) => axes.ints.clone(),
            (None, None) => Vec::new(),
        };
        let signed =
            |shape: Vec<usize>| shape.into_iter().map(|size| i64::try_from(size).ok()).collect::<Option<Vec<_>>>();
        let (sizes, copies) = match node.op_type.as_str() {
            "Reshape" => (second?.data().to_vec(), attributes.integer("allowzero", 0) == 0),
            "Squeeze" => (signed(without_ones(shape_of(first), &axes())?)?, false),
            "Unsqueeze" => (signed(with_ones(shape_of(first), &axes())?)?, false),
            "Transpose" => return turned(first, attributes),
            _ => return None,
        };
        match first {
            Constant::Floats(array) => Some(Constant::Floats(Rc::new(reshaped(array, &sizes, copies)?))),
            Constant::Integers(array) => Some(Constant::Integers(Rc::new(reshaped(array, &sizes, copies)?))),
            Constant::Sizes(array) => Some(Constant::Sizes(Rc::new(reshaped(array, &sizes, copies)?))),
            Constant::Booleans(_) => None,
        }
    }

    /// Reads the shape of a value or of a constant.
    pub(super) fn shape_constant(
        &mut self,
        at: At<'a>,
        attributes: &Attributes<'_>,
        notes: &mut Notes,
    ) -> Option<Known> {
        attributes.only(&["start", "end"], notes);
        let sizes: Vec<usize> = match self.known(at.node, 0, notes)? {
            Known::View(view) => {
                // It reads the shape alone, so that the value has no reader more.
                self.named.entry(view.value).or_default().0 += 1;
                view.dims().to_vec()
            }
            Known::Constant(constant) => {
                let shape: Vec<Extent> = shape_of(&self.constants.get(constant, notes)?)
                    .iter()
                    .map(|size| known(*size))
                    .collect::<Option<_>>()?;
                return self.part_of_shape(at, shape, attributes, notes);
            }
            _ => return notes.wrong("the shape of a label is not supported"),
        };
        let shape: Option<Vec<Extent>> =
            std::iter::once(Some(Extent::Batch)).chain(sizes.into_iter().map(known)).collect();
        self.part_of_shape(at, shape?, attributes, notes)
    }

    fn part_of_shape(
        &mut self,
        at: At<'a>,
        shape: Vec<Extent>,
        attributes: &Attributes<'_>,
        notes: &mut Notes,
    ) -> Option<Known> {
        let whole = Tensor::new(vec![shape.len()], shape)?;
        let part = sliced(&whole, attributes.integer("start", 0), attributes.integer("end", i64::MAX))?;
        let name = at.node.output.first()?;
        self.constants.computed(name, Constant::Sizes(Rc::new(part)), notes).map(Known::Constant)
    }

    /// The sizes that an input holds, which may be computed of shapes.
    pub(super) fn sizes(
        &mut self,
        node: &onnx::Node,
        input: usize,
        what: &str,
        notes: &mut Notes,
    ) -> Option<Vec<Extent>> {
        let Known::Constant(constant) = self.known(node, input, notes)? else {
            return notes.wrong(format!("{what} must be a constant"));
        };
        match self.constants.get(constant, notes)? {
            Constant::Sizes(sizes) => Some(sizes.data().to_vec()),
            Constant::Integers(sizes) if sizes.data().len() <= LONGEST_SHAPE => {
                Some(sizes.data().iter().map(|size| Extent::Known(*size)).collect())
            }
            _ => notes.wrong(format!("{what} must be a constant of integers")),
        }
    }

    /// The integers that an input holds, of which there are few.
    pub(super) fn integers(
        &mut self,
        node: &onnx::Node,
        input: usize,
        what: &str,
        notes: &mut Notes,
    ) -> Option<Vec<i64>> {
        let sizes = self.sizes(node, input, what, notes)?;
        let whole = sizes.iter().map(|size| match size {
            Extent::Known(size) => Some(*size),
            Extent::Batch => None,
        });
        whole.collect::<Option<_>>().or_else(|| notes.wrong(format!("{what} must not depend on the batch")))
    }
}

fn known(size: usize) -> Option<Extent> {
    i64::try_from(size).ok().map(Extent::Known)
}

fn shape_of(constant: &Constant) -> Vec<usize> {
    match constant {
        Constant::Floats(tensor) => tensor.shape().to_vec(),
        Constant::Integers(tensor) => tensor.shape().to_vec(),
        Constant::Sizes(tensor) => tensor.shape().to_vec(),
        Constant::Booleans(data) => vec![data.len()],
    }
}

/// A constant as integers, if it is of integers none of which is the batch.
fn whole_numbers(constant: &Constant) -> Option<Tensor<i64>> {
    match constant {
        Constant::Integers(tensor) => Some(Tensor::clone(tensor)),
        Constant::Sizes(tensor) => {
            let size = |size: &Extent| match size {
                Extent::Known(size) => Some(*size),
                Extent::Batch => None,
            };
            Tensor::new(tensor.shape().to_vec(), tensor.data().iter().map(size).collect::<Option<_>>()?)
        }
        Constant::Floats(_) | Constant::Booleans(_) => None,
    }
}

/// A constant of few integers as sizes.
fn few_sizes(constant: &Constant) -> Option<Tensor<Extent>> {
    match constant {
        Constant::Sizes(tensor) => Some(Tensor::clone(tensor)),
        Constant::Integers(tensor) if tensor.data().len() <= LONGEST_SHAPE => {
            Some(tensor.map(|size| Extent::Known(*size)))
        }
        _ => None,
    }
}

fn each(constant: &Constant, operator: impl Fn(f32) -> f32) -> Option<Constant> {
    match constant {
        Constant::Floats(tensor) => Some(Constant::Floats(Rc::new(tensor.map(|x| operator(*x))))),
        _ => None,
    }
}

fn cast(constant: &Constant, to: i64) -> Option<Constant> {
    let to = i32::try_from(to).ok()?;
    match constant {
        Constant::Floats(_) if is_float(to) => Some(constant.clone()),
        Constant::Integers(_) | Constant::Sizes(_) if is_integer(to) => Some(constant.clone()),
        Constant::Integers(tensor) if is_float(to) => {
            #[expect(clippy::cast_precision_loss, reason = "the nearest number is what is wanted")]
            let floats = tensor.map(|number| to_single(*number as f64));
            Some(Constant::Floats(Rc::new(floats)))
        }
        _ => None,
    }
}

/// Vectors one after the other, of sizes.
fn joined(inputs: &[Option<&Constant>]) -> Option<Constant> {
    let parts = inputs.iter().map(|part| few_sizes((*part)?)).collect::<Option<Vec<_>>>()?;
    let all: Vec<Extent> = parts.iter().flat_map(|part| part.data().iter().copied()).collect();
    let fits = all.len() <= LONGEST_SHAPE && parts.iter().all(|part| part.shape().len() == 1);
    Some(Constant::Sizes(Rc::new(Tensor::new(vec![all.len()], all)?))).filter(|_| fits)
}

fn at_places(constant: &Constant, places: &Tensor<i64>) -> Option<Constant> {
    Some(Constant::Sizes(Rc::new(taken(&few_sizes(constant)?, places)?)))
        .filter(|_| places.data().len() <= LONGEST_SHAPE)
}

fn product(constant: &Constant, keeps: bool) -> Option<Constant> {
    let numbers = whole_numbers(constant)?;
    let product = numbers.data().iter().try_fold(1_i64, |product, number| product.checked_mul(*number))?;
    let shape = if keeps { vec![1; numbers.shape().len()] } else { vec![] };
    Some(Constant::Integers(Rc::new(Tensor::new(shape, vec![product])?)))
}

/// A part of a vector of sizes, by steps of one.
fn part(constant: &Constant, inputs: &[Option<&Constant>], attributes: &Attributes<'_>) -> Option<Constant> {
    // The one number of an input or an attribute, or its default where both are left out.
    let one = |place: usize, name: &str, default: Option<i64>| {
        let numbers = match (inputs.get(place).copied().flatten(), attributes.get(name)) {
            (Some(constant), _) => whole_numbers(constant)?.data().to_vec(),
            (None, Some(attribute)) => attribute.ints.clone(),
            (None, None) => return default,
        };
        <[i64; 1]>::try_from(numbers).ok().map(|[number]| number)
    };
    let (start, end) = (one(1, "starts", None)?, one(2, "ends", None)?);
    let (axis, step) = (one(3, "axes", Some(0))?, one(4, "steps", Some(1))?);
    let part = sliced(&few_sizes(constant)?, start, end)?;
    Some(Constant::Sizes(Rc::new(part))).filter(|_| matches!(axis, 0 | -1) && step == 1)
}

fn turned(constant: &Constant, attributes: &Attributes<'_>) -> Option<Constant> {
    let rank = shape_of(constant).len();
    let perm: Vec<usize> = match attributes.get("perm") {
        None => (0..rank).rev().collect(),
        Some(perm) => perm.ints.iter().map(|axis| usize::try_from(*axis).ok()).collect::<Option<_>>()?,
    };
    match constant {
        Constant::Floats(array) => Some(Constant::Floats(Rc::new(transposed(array, &perm)?))),
        Constant::Integers(array) => Some(Constant::Integers(Rc::new(transposed(array, &perm)?))),
        Constant::Sizes(_) | Constant::Booleans(_) => None,
    }
}
