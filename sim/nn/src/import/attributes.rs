//! The attributes of a node. Every one that cannot be used is noted, and the rest is read on.

use super::notes::Notes;
use crate::model::Window;
use crate::onnx;
use crate::tensor::MAX_ELEMENTS;

/// The attributes of a node.
pub(super) struct Attributes<'a>(pub(super) &'a [onnx::Attribute]);

impl<'a> Attributes<'a> {
    /// Notes the attributes that are not among those known.
    pub(super) fn only(&self, known: &[&str], notes: &mut Notes) {
        let unknown: Vec<_> =
            self.0.iter().map(|attribute| attribute.name.as_str()).filter(|name| !known.contains(name)).collect();
        if !unknown.is_empty() {
            notes.note(format!("attributes not supported: {}", unknown.join(", ")));
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&onnx::Attribute> {
        self.0.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn tensor(&self, name: &str) -> Option<&'a onnx::Tensor> {
        self.0.iter().find(|attribute| attribute.name == name)?.t.as_ref()
    }

    pub(super) fn integer(&self, name: &str, default: i64) -> i64 {
        self.get(name).map_or(default, |attribute| attribute.i)
    }

    pub(super) fn float(&self, name: &str, default: f32) -> f32 {
        self.get(name).map_or(default, |attribute| attribute.f)
    }

    /// Notes an attribute that has another value than the only one supported.
    pub(super) fn fixed(&self, name: &str, only: i64, notes: &mut Notes) {
        if self.integer(name, only) != only {
            notes.note(format!("{name} other than {only} is not supported"));
        }
    }

    fn sizes<const N: usize>(
        &self,
        name: &str,
        default: [usize; N],
        least: usize,
        notes: &mut Notes,
    ) -> Option<[usize; N]> {
        let Some(attribute) = self.get(name) else { return Some(default) };
        let sizes: Option<Vec<usize>> =
            attribute.ints.iter().map(|&size| usize::try_from(size).ok().filter(|size| *size >= least)).collect();
        let sizes = sizes.filter(|sizes| sizes.iter().all(|size| *size <= MAX_ELEMENTS));
        let sizes = sizes.and_then(|sizes| sizes.try_into().ok());
        sizes.or_else(|| notes.wrong(format!("{name} = {:?} is not usable", attribute.ints)))
    }

    /// Reads a sliding window over an image of a shape, if it can be read completely. Its size is that of the weights where there are some, with what
    /// lies between them where they are dilated.
    pub(super) fn window(&self, size: Size, shape: Option<&[usize]>, notes: &mut Notes) -> Option<Window> {
        let dilations = self.sizes("dilations", [1, 1], 1, notes);
        if matches!(size, Size::Needed) && dilations.is_some_and(|dilations| dilations != [1, 1]) {
            notes.note("dilations other than 1 are not supported");
        }
        let size = match (self.get("kernel_shape").map(|_| self.sizes("kernel_shape", [1, 1], 1, notes)), size) {
            (None, Size::Needed) => notes.wrong("kernel_shape is missing"),
            (Some(Some(size)), Size::OfWeights(Some(weights))) if weights != size => {
                notes.wrong(format!("kernel_shape {size:?} is not that of its weights"))
            }
            (None, Size::OfWeights(size)) | (Some(size), _) => size,
        };
        let size = match (size, dilations) {
            (Some(size), Some(dilations)) => dilated(size, dilations)
                .or_else(|| notes.wrong(format!("dilations = {dilations:?} are not usable: the window is too large"))),
            _ => None,
        };
        let stride = self.sizes("strides", [1, 1], 1, notes);
        let pads = match self.get("auto_pad").map_or(&b"NOTSET"[..], |attribute| &attribute.s) {
            b"NOTSET" | b"" => self.sizes("pads", [0; 4], 0, notes),
            b"VALID" => Some([0; 4]),
            kind @ (b"SAME_UPPER" | b"SAME_LOWER") => match (size, stride, shape) {
                (Some(size), Some(stride), Some(&[_, height, width])) => {
                    Some(same([height, width], size, stride, kind == b"SAME_UPPER"))
                }
                // What is missing is noted.
                _ => None,
            },
            other => notes.wrong(format!("auto_pad {} is not known", String::from_utf8_lossy(other))),
        };
        Some(Window { size: size?, stride: stride?, pads: pads? })
    }
}

/// The size of a window between whose cells, `dilation - 1` each, others are left out.
fn dilated(size: [usize; 2], dilations: [usize; 2]) -> Option<[usize; 2]> {
    let along = |axis: usize| {
        let reach = size[axis].checked_sub(1)?.checked_mul(dilations[axis])?.checked_add(1)?;
        Some(reach).filter(|reach| *reach <= MAX_ELEMENTS)
    };
    Some([along(0)?, along(1)?])
}

/// The padding with which a window of a stride has as many places as the input has strides, the odd one at the end or at the start.
fn same(input: [usize; 2], size: [usize; 2], stride: [usize; 2], is_upper: bool) -> [usize; 4] {
    let mut pads = [0; 4];
    for axis in 0..2 {
        let places = input[axis].div_ceil(stride[axis]);
        let reach = places.saturating_sub(1).saturating_mul(stride[axis]).saturating_add(size[axis]);
        let needed = reach.saturating_sub(input[axis]);
        let (less, more) = (needed / 2, needed - needed / 2);
        [pads[axis], pads[axis + 2]] = if is_upper { [less, more] } else { [more, less] };
    }
    pads
}

/// Where a window's size comes from.
#[derive(Clone, Copy)]
pub(super) enum Size {
    /// From `kernel_shape`.
    Needed,
    /// From the weights, where these could be read; `kernel_shape` may repeat it.
    OfWeights(Option<[usize; 2]>),
}
