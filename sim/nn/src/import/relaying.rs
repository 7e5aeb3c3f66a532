//! Operators that compute nothing: they lay a value out anew, or rename it.

use super::attributes::Attributes;
use super::constant::{Constant, Extent};
use super::elements::is_float;
use super::importer::{At, Importer};
use super::layout::{CHANNELS_LAST, Layout, ORDERS};
use super::notes::Notes;
use super::pooling::place_of;
use super::shapes::rows;
use super::view::{Known, View};
use crate::model::{Op, Value};
use crate::onnx;
use crate::picture::is_channels_last;
use crate::tensor::{MAX_RANK, elements};

/// The last version of the operators whose `Dropout` trains unless it is told otherwise.
const DROPOUT_TRAINED: i64 = 6;

impl<'a> Importer<'a, '_> {
    /// Reads `[N, .., ..]` as `[N, all the rest]`.
    pub(super) fn flatten(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["axis"], notes);
        let view = self.view(at.node, 0, notes);
        let axis = attributes.integer("axis", 1);
        let rank = view.as_ref().map_or(2, |view| view.dims().len() + 1);
        if place_of(axis, rank) != Some(1) {
            notes.note(format!("axis {axis} is not supported: only 1, which keeps the batch"));
        }
        let view = view?;
        let layout = view.layout.reshaped(&[elements(view.dims())?])?;
        self.relaid(at, &view, layout, notes)
    }

    /// Reads a change of shape that keeps the images of a batch apart.
    pub(super) fn reshape(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["allowzero", "shape"], notes);
        let view = self.view(at.node, 0, notes);
        let shape = match attributes.get("shape") {
            Some(shape) => shape.ints.iter().map(|size| Extent::Known(*size)).collect(),
            None => self.sizes(at.node, 1, "its shape", notes)?,
        };
        let view = view?;
        // 0 copies a size, unless it is said to mean 0.
        let copies = attributes.integer("allowzero", 0) == 0;
        let found = self.resolved(&shape, view.dims(), copies);
        let Some((dims, layout)) = found.and_then(|dims| view.layout.reshaped(&dims).map(|layout| (dims, layout)))
        else {
            let batch = self.batch.map_or_else(String::new, |batch| format!(" of a batch of {batch}"));
            let shape = written(&shape);
            return notes.wrong(format!("the shape {shape} is not supported: only [N, all the rest]{batch}"));
        };
        match self.opened(&view, &dims) {
            Some(image) => Some(Known::View(image)),
            None => self.relaid(at, &view, layout, notes),
        }
    }

    /// The sizes without the batch that a reshape of these sizes asks for. `None` where images would mix.
    fn resolved(&self, shape: &[Extent], own: &[usize], copies: bool) -> Option<Vec<usize>> {
        let (batch, rest) = shape.split_first().filter(|(_, rest)| rest.len() < MAX_RANK && !rest.is_empty())?;
        let features = elements(own)?;
        let mut dims: Vec<Option<usize>> = Vec::with_capacity(rest.len());
        for (place, size) in rest.iter().enumerate() {
            dims.push(match size {
                Extent::Known(-1) => None,
                Extent::Known(0) if copies => Some(*own.get(place)?),
                Extent::Known(size) => Some(usize::try_from(*size).ok()?),
                Extent::Batch => return None,
            });
        }
        let known = elements(&dims.iter().copied().flatten().collect::<Vec<_>>())?;
        let keeps_batch = match batch {
            Extent::Batch => true,
            Extent::Known(0) => copies,
            Extent::Known(-1) => known == features && dims.iter().all(Option::is_some),
            Extent::Known(rows) => *rows == self.batch.unwrap_or(1),
        };
        let open = dims.iter().filter(|size| size.is_none()).count();
        if !keeps_batch || open > 1 || known == 0 || features % known != 0 {
            return None;
        }
        Some(dims.into_iter().map(|size| size.unwrap_or(features / known)).collect())
    }

    /// The image that a graph which reads vectors makes of them, if this is where it does.
    fn opened(&mut self, view: &View, dims: &[usize]) -> Option<View> {
        let &[first, second, last] = dims else { return None };
        if !self.image_is_open || view.value != Value::Input || !view.layout.is_in_order() {
            return None;
        }
        if is_channels_last(dims) && self.readers(view.value) == 1 {
            self.image = Some([last, first, second]);
            let layout = Layout::whole(&[last, first, second]).transposed(&CHANNELS_LAST)?;
            return Some(view.laid(layout));
        }
        self.image = Some([first, second, last]);
        Some(View::whole(view.value, dims))
    }

    pub(super) fn transpose(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["perm"], notes);
        let view = self.view(at.node, 0, notes)?;
        let rank = view.dims().len() + 1;
        let perm: Option<Vec<usize>> = match attributes.get("perm") {
            None => Some((0..rank).rev().collect()),
            Some(perm) => perm.ints.iter().map(|axis| usize::try_from(*axis).ok()).collect(),
        };
        let is_order = |perm: &Vec<usize>| perm.len() == rank && (0..rank).all(|axis| perm.contains(&axis));
        let Some(perm) = perm.filter(is_order) else {
            return notes.wrong(format!("its perm is not an order of the {rank} axes of {}", rows(view.dims())));
        };
        if perm[0] != 0 {
            return notes.wrong("it moves the batch, which must stay the first axis");
        }
        let axes: Vec<usize> = perm[1..].iter().map(|axis| axis - 1).collect();
        let Some(layout) = view.layout.transposed(&axes) else {
            return notes
                .wrong(format!("the axes of {} cannot be told apart after what was flattened", rows(view.dims())));
        };
        self.relaid(at, &view, layout, notes)
    }

    /// Reads axes of size 1 that are left out or put in.
    pub(super) fn squeeze(
        &mut self,
        at: At<'a>,
        attributes: &Attributes<'_>,
        is_inverse: bool,
        notes: &mut Notes,
    ) -> Option<Known> {
        attributes.only(&["axes"], notes);
        let view = self.view(at.node, 0, notes);
        let axes = self.axes_of(at.node, attributes, notes);
        let (view, axes) = (view?, axes?);
        let own = std::iter::once(0).chain(view.dims().iter().copied());
        if axes.is_empty() && self.batch == Some(1) {
            return notes.wrong("it leaves out a batch of 1: its axes must be given, or the batch left open");
        }
        let dims = if is_inverse { with_ones(own.collect(), &axes) } else { without_ones(own.collect(), &axes) };
        let dims = dims.filter(|dims| dims.first() == Some(&0) && (2..=MAX_RANK).contains(&dims.len()));
        let Some(dims) = dims else {
            return notes.wrong(format!("axes {axes:?} of {} are not supported", rows(view.dims())));
        };
        let layout = view.layout.reshaped(&dims[1..])?;
        self.relaid(at, &view, layout, notes)
    }

    /// The axes of a node, as an attribute or as its second input. There are none where they are left out.
    pub(super) fn axes_of(
        &mut self,
        node: &onnx::Node,
        attributes: &Attributes<'_>,
        notes: &mut Notes,
    ) -> Option<Vec<i64>> {
        match node.input.get(1).filter(|name| !name.is_empty()) {
            Some(_) => self.integers(node, 1, "its axes", notes),
            None => Some(attributes.get("axes").map_or_else(Vec::new, |axes| axes.ints.clone())),
        }
    }

    pub(super) fn identity(
        &mut self,
        node: &onnx::Node,
        attributes: &Attributes<'_>,
        notes: &mut Notes,
    ) -> Option<Known> {
        attributes.only(&[], notes);
        self.known(node, 0, notes)
    }

    /// Reads a change of element type, which is none for values: they are numbers of one kind.
    pub(super) fn cast(&mut self, node: &onnx::Node, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["to", "saturate"], notes);
        let view = self.view(node, 0, notes)?;
        let to = i32::try_from(attributes.integer("to", 0)).unwrap_or(0);
        if !is_float(to) {
            let to = onnx::element_type(to);
            return notes.wrong(format!("a cast of values to {to} is not supported: only to a type of floats"));
        }
        Some(Known::View(view))
    }

    /// Reads a dropout, which drops nothing at inference.
    pub(super) fn dropout(
        &mut self,
        node: &onnx::Node,
        attributes: &Attributes<'_>,
        notes: &mut Notes,
    ) -> Option<Known> {
        attributes.only(&["ratio", "seed", "is_test", "consumed_inputs"], notes);
        if attributes.integer("is_test", i64::from(self.opset > DROPOUT_TRAINED)) == 0 {
            notes.note("it drops at random, as in training: is_test must be 1");
        }
        if let Some(mode) = self.optional(node, 2, notes).flatten() {
            let mode = match mode {
                Known::Constant(constant) => self.constants.get(constant, notes),
                _ => notes.wrong("its training_mode must be a constant"),
            };
            match mode {
                Some(Constant::Booleans(mode)) if *mode == [false] => {}
                Some(Constant::Booleans(mode)) if *mode == [true] => {
                    notes.note("it drops at random: training_mode must be false");
                }
                Some(_) => notes.note("its training_mode must be one truth value"),
                None => {}
            }
        }
        self.known(node, 0, notes)
    }

    pub(super) fn concat(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["axis"], notes);
        let inputs: Vec<_> = (0..at.node.input.len()).map(|input| self.settled_view(at, input, notes)).collect();
        let Some(first) = inputs.first() else { return notes.wrong("it has no inputs") };
        let axis = attributes.integer("axis", 1);
        let rank = first.as_ref().map_or(2, |first| first.dims().len() + 1);
        let place = place_of(axis, rank).and_then(|place| place.checked_sub(1));
        let views = inputs.into_iter().collect::<Option<Vec<_>>>();
        let Some(views) = views else {
            if place.is_none() {
                notes.note(format!("axis {axis} is not supported: only 1, the channels"));
            }
            return None;
        };
        self.joined(at, views, axis, place, notes)
    }

    fn joined(
        &mut self,
        at: At<'a>,
        views: Vec<View>,
        axis: i64,
        place: Option<usize>,
        notes: &mut Notes,
    ) -> Option<Known> {
        let views = if views[0].dims().len() == 1 {
            views.into_iter().map(|view| self.vector(at, view, notes)).collect::<Option<Vec<_>>>()?
        } else {
            views
        };
        let shape = self.shape(views[0].value).to_vec();
        let fits = |axes: &&&[usize]| {
            place.is_some_and(|place| axes.get(place) == Some(&0))
                && views.iter().all(|view| view.layout.is_turned(self.shape(view.value), axes))
        };
        let Some(axes) = ORDERS.iter().find(fits).filter(|axes| axes.len() == shape.len()) else {
            return notes.wrong(format!("axis {axis} is not supported: only 1, the channels"));
        };
        let values = views.iter().map(|view| view.value).collect();
        let value = self.layer(at, Op::Concat, values, notes)?;
        let layout = Layout::whole(self.shape(value)).transposed(axes)?;
        Some(Known::View(View::whole(value, &[]).laid(layout)))
    }
}

/// Sizes with those of 1 at some axes left out, or all of them where no axes are given. `None` where another size is there.
pub(super) fn without_ones(dims: Vec<usize>, axes: &[i64]) -> Option<Vec<usize>> {
    let places = axes.iter().map(|axis| place_of(*axis, dims.len())).collect::<Option<Vec<_>>>()?;
    if places.iter().any(|place| dims[*place] != 1) {
        return None;
    }
    let goes = |place: usize, size: usize| if axes.is_empty() { size == 1 } else { places.contains(&place) };
    Some(dims.into_iter().enumerate().filter(|(place, size)| !goes(*place, *size)).map(|(_, size)| size).collect())
}

/// Sizes with ones put in, where the result has these axes. `None` where an axis is none of it, or is named twice.
pub(super) fn with_ones(dims: Vec<usize>, axes: &[i64]) -> Option<Vec<usize>> {
    let rank = dims.len() + axes.len();
    if axes.is_empty() || rank > MAX_RANK {
        return None;
    }
    let mut places = axes.iter().map(|axis| place_of(*axis, rank)).collect::<Option<Vec<_>>>()?;
    places.sort_unstable();
    places.dedup();
    let mut rest = dims.into_iter();
    let all: Vec<usize> =
        (0..rank).map(|place| if places.contains(&place) { Some(1) } else { rest.next() }).collect::<Option<_>>()?;
    Some(all)
}

/// Sizes as messages have them.
fn written(sizes: &[Extent]) -> String {
    let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
    format!("[{}]", sizes.join(", "))
}
