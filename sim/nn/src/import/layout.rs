//! Layouts: which element of a value of the network stands at each place of a tensor of the graph.
//!
//! Exporters turn values between channels-first and channels-last, and flatten and unflatten them. None of this computes anything, so that it is kept as a
//! layout and makes no layer. Invariant: a layout is a permutation of the elements of the value that it is over.

use crate::tensor::elements;

/// So many steps of one distance through the elements of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    size: usize,
    stride: usize,
}

/// The places of a tensor's elements in a value, which is row-major. Sizes are without the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    dims: Vec<usize>,
    /// Nested runs, the outermost first. None has the size 1, and no two that follow each other could be one.
    runs: Vec<Run>,
}

impl Layout {
    /// The layout of a value as it is.
    pub(super) fn whole(shape: &[usize]) -> Self {
        let size = shape.iter().product();
        Self { dims: shape.to_vec(), runs: joined([Run { size, stride: 1 }]) }
    }

    /// The sizes of the tensor.
    pub(super) fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// The same elements in the same order, with other sizes. `None` where these have another number of elements.
    pub(super) fn reshaped(&self, dims: &[usize]) -> Option<Self> {
        (elements(dims) == elements(&self.dims)).then(|| Self { dims: dims.to_vec(), runs: self.runs.clone() })
    }

    /// The tensor with its axes in another order, by the axis of this one that each is. `None` where an axis does not lie in whole steps.
    pub(super) fn transposed(&self, axes: &[usize]) -> Option<Self> {
        let parts = self.by_axis()?;
        let dims = axes.iter().map(|&axis| self.dims.get(axis).copied()).collect::<Option<Vec<_>>>()?;
        let runs = axes.iter().flat_map(|&axis| parts[axis].iter().copied());
        Some(Self { dims, runs: joined(runs) })
    }

    /// The runs of each axis.
    fn by_axis(&self) -> Option<Vec<Vec<Run>>> {
        let mut left = self.runs.iter().copied();
        let mut open: Option<Run> = None;
        let mut parts = Vec::with_capacity(self.dims.len());
        for &size in &self.dims {
            let (mut needed, mut part) = (size, Vec::new());
            while needed > 1 {
                let run = open.take().or_else(|| left.next())?;
                if needed % run.size == 0 {
                    needed /= run.size;
                    part.push(run);
                } else if run.size % needed == 0 {
                    let inner = run.size / needed;
                    part.push(Run { size: needed, stride: run.stride * inner });
                    open = Some(Run { size: inner, stride: run.stride });
                    needed = 1;
                } else {
                    return None;
                }
            }
            parts.push(part);
        }
        Some(parts)
    }

    /// Whether the elements lie in the value's own order, whatever the sizes are.
    pub(super) fn is_in_order(&self) -> bool {
        matches!(self.runs[..], [] | [Run { stride: 1, .. }])
    }

    /// The place in the value of each element of the tensor, in the tensor's order.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut places = vec![0];
        for run in &self.runs {
            places = places.iter().flat_map(|from| (0..run.size).map(move |step| from + step * run.stride)).collect();
        }
        places
    }

    /// The axis of the value that each axis of the tensor is, tried in the order of [`ORDERS`]. `None` where the tensor is more than the value with its
    /// axes in another order.
    pub(super) fn axes(&self, shape: &[usize]) -> Option<&'static [usize]> {
        ORDERS.into_iter().find(|axes| self.is_turned(shape, axes))
    }

    /// Whether the tensor is a value of a shape with its axes in an order.
    pub(super) fn is_turned(&self, shape: &[usize], axes: &[usize]) -> bool {
        axes.len() == shape.len() && Self::whole(shape).transposed(axes).as_ref() == Some(self)
    }
}

/// The orders of the axes of an image and of a vector. The first of each is the order as it is.
pub(super) const ORDERS: [&[usize]; 7] =
    [&[0], &[0, 1, 2], &CHANNELS_LAST, &[0, 2, 1], &[1, 0, 2], &[2, 0, 1], &[2, 1, 0]];

/// The axes of an image whose channels come last: height, width, channels.
pub(super) const CHANNELS_LAST: [usize; 3] = [1, 2, 0];

/// The runs without those of one step, and with those joined that are one.
fn joined(runs: impl IntoIterator<Item = Run>) -> Vec<Run> {
    let mut joined: Vec<Run> = Vec::new();
    for run in runs.into_iter().filter(|run| run.size != 1) {
        match joined.last_mut() {
            Some(last) if last.stride == run.size * run.stride => {
                *last = Run { size: last.size * run.size, stride: run.stride };
            }
            _ => joined.push(run),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 3] = [2, 3, 4];

    #[test]
    fn a_round_trip_is_nothing() {
        let whole = Layout::whole(&SHAPE);
        let last = whole.transposed(&CHANNELS_LAST).expect("three axes");
        assert_eq!((last.dims(), last.is_in_order(), last.axes(&SHAPE)), (&[3, 4, 2][..], false, Some(&[1, 2, 0][..])));
        assert_eq!(last.transposed(&[2, 0, 1]).as_ref(), Some(&whole));
        let flat = last.reshaped(&[24]).expect("as many");
        assert_eq!((flat.axes(&SHAPE), flat.reshaped(&[3, 4, 2])), (None, Some(last)));
        assert_eq!(whole.reshaped(&[5, 5]), None);
    }

    /// The order is that of indices worked out one by one.
    #[test]
    fn the_order_is_that_of_the_elements() {
        let last = Layout::whole(&SHAPE).transposed(&CHANNELS_LAST).expect("three axes");
        let mut expected = Vec::new();
        for row in 0..3 {
            for column in 0..4 {
                expected.extend((0..2).map(|channel| channel * 12 + row * 4 + column));
            }
        }
        assert_eq!(last.order(), expected);
        assert_eq!(Layout::whole(&[1, 1, 1]).order(), [0]);
        // Split otherwise than it was joined: [3, 4, 2] as [6, 4], then turned.
        let turned = last.reshaped(&[3, 2, 4]).and_then(|split| split.transposed(&[1, 0, 2]));
        let order = turned.expect("3 by 2 by 2 by 2").order();
        assert_eq!(order[..6], [0, 12, 1, 13, 4, 16]);
        assert_eq!(last.reshaped(&[8, 3]).and_then(|split| split.transposed(&[1, 0])), None, "8 is no multiple of 3");
    }

    /// An image of one pixel or one channel looks the same in several orders.
    #[test]
    fn sizes_of_one_lie_anywhere() {
        assert!(Layout::whole(&[1, 3, 4]).transposed(&CHANNELS_LAST).expect("three axes").is_in_order());
        let pixel = Layout::whole(&[5, 1, 1]);
        assert!(pixel.reshaped(&[1, 1, 5]).expect("as many").is_turned(&[5, 1, 1], &CHANNELS_LAST));
        assert!(pixel.is_turned(&[5, 1, 1], &[0, 2, 1]) && pixel.is_turned(&[5, 1, 1], &[0, 1, 2]));
    }
}
