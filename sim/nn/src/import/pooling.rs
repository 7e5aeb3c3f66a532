//! Pooling, and means over whole images.

use super::attributes::{Attributes, Size};
use super::importer::{At, Importer};
use super::layout::Layout;
use super::notes::Notes;
use super::shapes::{rounded_up, rows};
use super::view::{Affine, Change, Known, Pending, View};
use crate::model::{Op, Value, Window};

impl<'a> Importer<'a, '_> {
    pub(super) fn max_pool(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        let input = self.view(at.node, 0, notes);
        let shape = input.as_ref().map(|view| self.shape_under(view));
        let window = pool(attributes, &[], shape.as_deref(), notes);
        let (view, shape, mut window) = (input?, shape?, window?);
        if attributes.integer("ceil_mode", 0) != 0 {
            // What is beyond the end is less than any element, as padding is.
            window = rounded_up(window, &shape).or_else(|| notes.wrong("its window does not fit its input"))?;
        }
        let (view, zeros) = self.without_harmless_zeros(view, &window, notes)?;
        let value = self.as_image(&view, notes)?;
        for (pad, more) in window.pads.iter_mut().zip(zeros) {
            *pad += more;
        }
        let value = self.layer(at, Op::MaxPool(window), vec![value], notes)?;
        Some(self.whole(value))
    }

    /// A view without the zeros around it, which are returned, where a maximum over windows is the same without them: no element is negative, and no
    /// window lies in the zeros alone. Otherwise the view with its zeros as a layer.
    fn without_harmless_zeros(&mut self, view: View, window: &Window, notes: &mut Notes) -> Option<(View, [usize; 4])> {
        let Some(Pending { what: Change::Zeros(zeros), .. }) = &view.pending else {
            return Some((self.settle(view, notes)?, [0; 4]));
        };
        let zeros = *zeros;
        let covers = (0..2).all(|axis| {
            let (before, after) = (zeros[axis] + window.pads[axis], zeros[axis + 2] + window.pads[axis + 2]);
            before.max(after) < window.size[axis]
        });
        if covers && self.is_never_negative(view.value) && view.layout.is_turned(&self.shape_under(&view), &[0, 1, 2]) {
            return Some((View::whole(view.value, self.shape(view.value)), zeros));
        }
        Some((self.settle(view, notes)?, [0; 4]))
    }

    /// Whether the operators that compute a value give no negative number.
    fn is_never_negative(&self, mut value: Value) -> bool {
        while let Value::Layer(index) = value {
            let layer = &self.layers[index];
            value = match &layer.op {
                Op::Relu => return true,
                Op::Clip { low, .. } => return *low >= 0.0,
                Op::MaxPool(_) | Op::AveragePool(_) => layer.inputs[0],
                Op::Conv { .. } | Op::Gemm { .. } | Op::Add | Op::Concat | Op::Flatten => return false,
            };
        }
        false
    }

    pub(super) fn average_pool(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        let input = self.view(at.node, 0, notes);
        let shape = input.as_ref().map(|view| self.shape_under(view));
        let window = pool(attributes, &["count_include_pad"], shape.as_deref(), notes);
        if let (Some(window), Some(shape)) = (window, &shape)
            && attributes.integer("ceil_mode", 0) != 0
            && rounded_up(window, shape) != Some(window)
        {
            notes
                .note("ceil_mode other than 0 is not supported where it changes the size: export with ceil_mode=False");
        }
        let counts = attributes.integer("count_include_pad", 0) != 0;
        if window.is_some_and(|window| window.pads != [0; 4]) && !counts {
            notes.note(
                "pads other than 0 are not supported unless they are counted: export with count_include_pad=True",
            );
        }
        let mut window = window?;
        let view = self.settle(input?, notes)?;
        let mut value = self.as_image(&view, notes)?;
        if window.pads != [0; 4] {
            // The zeros count as any other cells: they are a layer of their own, which adds nothing else.
            let channels = self.shape(value)[0];
            let one = Window { size: [1, 1], stride: [1, 1], pads: std::mem::take(&mut window.pads) };
            let (factor, offset) = (vec![1.0; channels], vec![0.0; channels]);
            value = self.depthwise(at, value, Affine { factor, offset }, one, notes)?;
        }
        let value = self.layer(at, Op::AveragePool(window), vec![value], notes)?;
        Some(self.whole(value))
    }

    /// Reads a mean or a maximum of each channel, whose height and width become 1.
    pub(super) fn global_pool(
        &mut self,
        at: At<'a>,
        attributes: &Attributes<'_>,
        op: fn(Window) -> Op,
        notes: &mut Notes,
    ) -> Option<Known> {
        attributes.only(&[], notes);
        let value = self.image(at, 0, notes)?;
        let value = self.over_all(at, value, op, notes)?;
        Some(self.whole(value))
    }

    fn over_all(&mut self, at: At<'a>, value: Value, op: fn(Window) -> Op, notes: &mut Notes) -> Option<Value> {
        let &[_, height, width] = self.shape(value) else { return None };
        let window = Window { size: [height, width], stride: [1, 1], pads: [0; 4] };
        self.layer(at, op(window), vec![value], notes)
    }

    /// Reads a mean or a maximum over height and width, wherever these axes are.
    pub(super) fn reduce(
        &mut self,
        at: At<'a>,
        attributes: &Attributes<'_>,
        op: fn(Window) -> Op,
        notes: &mut Notes,
    ) -> Option<Known> {
        attributes.only(&["axes", "keepdims", "noop_with_empty_axes"], notes);
        let view = self.settled_view(at, 0, notes);
        let axes = match at.node.input.get(1).filter(|name| !name.is_empty()) {
            Some(_) => self.integers(at.node, 1, "its axes", notes),
            None => Some(attributes.get("axes").map_or_else(Vec::new, |axes| axes.ints.clone())),
        };
        let (view, axes) = (view?, axes?);
        let shape = self.shape(view.value).to_vec();
        let rank = view.dims().len() + 1;
        let reduced: Option<Vec<usize>> = axes.iter().map(|axis| place_of(*axis, rank)).collect();
        let turned = view.layout.axes(&shape).filter(|turned| turned.len() == 3);
        let whole = turned.zip(reduced).filter(|(turned, reduced)| {
            (0..3).all(|axis| reduced.contains(&(axis + 1)) == (turned[axis] != 0)) && !reduced.contains(&0)
        });
        let Some((turned, _)) = whole else {
            let dims = rows(view.dims());
            return notes.wrong(format!("axes {axes:?} of {dims} are not supported: only height and width together"));
        };
        let value = self.over_all(at, view.value, op, notes)?;
        let layout = Layout::whole(self.shape(value)).transposed(turned)?;
        let kept = view_of(value, layout);
        if attributes.integer("keepdims", 1) != 0 {
            return Some(Known::View(kept));
        }
        let channels = kept.layout.reshaped(&[shape[0]])?;
        self.relaid(at, &kept, channels, notes)
    }
}

fn view_of(value: Value, layout: Layout) -> View {
    View::whole(value, &[]).laid(layout)
}

/// An axis of a tensor of a rank, which may be counted from the end.
pub(super) fn place_of(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    let place = if axis < 0 { axis.checked_add(rank)? } else { axis };
    usize::try_from(place).ok().filter(|_| place < rank)
}

fn pool(attributes: &Attributes<'_>, more: &[&str], shape: Option<&[usize]>, notes: &mut Notes) -> Option<Window> {
    let own = ["kernel_shape", "pads", "strides", "dilations", "auto_pad", "ceil_mode", "storage_order"];
    attributes.only(&[&own, more].concat(), notes);
    attributes.fixed("storage_order", 0, notes);
    attributes.window(Size::Needed, shape, notes)
}
