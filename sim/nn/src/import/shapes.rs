//! Shapes of outputs, without the batch, because each row of a batch belongs to one image from the first layer to the last.

use super::notes::Notes;
use crate::model::{Op, Window};
use crate::tensor::{Tensor, elements};

/// Computes the shape of an operator's output, and notes why there is none.
pub(super) fn output_shape(op: &Op, inputs: &[&[usize]], notes: &mut Notes) -> Option<Vec<usize>> {
    let input = *inputs.first()?;
    match op {
        Op::Conv { weights, window, .. } => {
            image(input, notes).and_then(|[_, size @ ..]| slide(weights.shape()[0], window, size, notes))
        }
        Op::MaxPool(window) => {
            let covers = (0..2).all(|axis| window.pads[axis].max(window.pads[axis + 2]) < window.size[axis]);
            if !covers {
                notes.note("its padding is as large as its window");
            }
            image(input, notes).and_then(|[channels, size @ ..]| slide(channels, window, size, notes))
        }
        Op::AveragePool(window) => {
            image(input, notes).and_then(|[channels, size @ ..]| slide(channels, window, size, notes))
        }
        Op::Gemm { weights, .. } => match input {
            [features] if weights.shape()[1] == *features => Some(vec![weights.shape()[0]]),
            _ => notes.wrong(format!("weights {:?} do not fit its input {input:?}", weights.shape())),
        },
        Op::Relu | Op::Clip { .. } => Some(input.to_vec()),
        Op::Add if input == inputs[1] => Some(input.to_vec()),
        Op::Add => notes.wrong(format!("{input:?} and {:?} cannot be added: broadcasting is not supported", inputs[1])),
        Op::Concat => {
            let rest = &input[1..];
            let channels = inputs.iter().try_fold(0_usize, |sum, shape| {
                (shape.len() == input.len() && &shape[1..] == rest).then(|| sum.checked_add(shape[0])).flatten()
            });
            match channels {
                Some(channels) => Some(std::iter::once(channels).chain(rest.iter().copied()).collect()),
                None => notes.wrong(format!("its inputs {inputs:?} do not fit together")),
            }
        }
        Op::Flatten => elements(input).map(|count| vec![count]).or_else(|| notes.wrong("its input is too large")),
    }
}

/// Whether the filters of a convolution fit the channels that they read.
pub(super) fn filters_fit(weights: &Tensor<f32>, groups: usize, input: &[usize], notes: &mut Notes) {
    // What is no image is noted with the output's shape.
    let &[channels, _, _] = input else { return };
    let (filters, depth) = (weights.shape()[0], weights.shape()[1]);
    if depth.checked_mul(groups) != Some(channels) || filters % groups != 0 || filters == 0 {
        notes.note(format!("weights {:?} in {groups} groups do not fit the input {input:?}", weights.shape()));
    }
}

/// The channels, height and width of a shape that must be an image's.
fn image(shape: &[usize], notes: &mut Notes) -> Option<[usize; 3]> {
    shape.try_into().ok().or_else(|| notes.wrong(format!("its input {shape:?} must have rank 4")))
}

/// The window that slides as far as its last start within the input, or within the padding before it, lets it: with so much more padding at the end. This is
/// what `ceil_mode` asks for. `None` where the window does not fit.
pub(super) fn rounded_up(window: Window, shape: &[usize]) -> Option<Window> {
    let &[_, height, width] = shape else { return None };
    let mut pads = window.pads;
    for (axis, size) in [height, width].into_iter().enumerate() {
        let (own, stride) = (window.size[axis], window.stride[axis]);
        let before = size.checked_add(pads[axis])?;
        let over = before.checked_add(pads[axis + 2])?.checked_sub(own)?;
        let more = over.next_multiple_of(stride) - over;
        let last_start = over + more;
        if last_start < before {
            pads[axis + 2] = pads[axis + 2].checked_add(more)?;
        }
    }
    Some(Window { pads, ..window })
}

fn slide(channels: usize, window: &Window, size: [usize; 2], notes: &mut Notes) -> Option<Vec<usize>> {
    match window.output(size) {
        Some([height, width]) => Some(vec![channels, height, width]),
        None => notes.wrong(format!("its window {:?} does not fit into {size:?}", window.size)),
    }
}

/// The matrix with its rows as columns.
pub(super) fn transposed(matrix: &Tensor<f32>) -> Option<Tensor<f32>> {
    let &[rows, columns] = matrix.shape() else { return None };
    let data = matrix.data();
    let turned = (0..columns).flat_map(|column| (0..rows).map(move |row| data[row * columns + column])).collect();
    Tensor::new(vec![columns, rows], turned)
}

/// One number for each channel of a value, from a constant that is broadcast over a batch of values of this shape; `None` where
/// it differs within a channel or a batch, or makes the value larger.
pub(super) fn by_channel(constant: &Tensor<f32>, value: &[usize]) -> Option<Vec<f32>> {
    let missing = (value.len() + 1).checked_sub(constant.shape().len())?;
    let whole: Vec<usize> = std::iter::repeat_n(1, missing).chain(constant.shape().iter().copied()).collect();
    let (&channels, rest) = value.split_first()?;
    match (&whole[..], constant.data()) {
        ([1, 1, ones @ ..], &[number]) if ones.iter().all(|size| *size == 1) => Some(vec![number; channels]),
        ([1, own, ones @ ..], numbers) if *own == channels && ones.len() == rest.len() => {
            ones.iter().all(|size| *size == 1).then(|| numbers.to_vec())
        }
        _ => None,
    }
}

/// A shape with its batch, as messages have it.
pub(super) fn rows(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    format!("[N, {}]", sizes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_broadcast_by_channel_or_not_at_all() {
        let by = |shape: &[usize], value: &[usize]| {
            let count = elements(shape).expect("small");
            let numbers: Vec<f32> = (0..count).map(|i| f32::from(u8::try_from(i).expect("small"))).collect();
            by_channel(&Tensor::new(shape.to_vec(), numbers).expect("fills"), value)
        };
        let three = Some(vec![0.0, 1.0, 2.0]);
        for shape in [&[3][..], &[1, 3]] {
            assert_eq!(by(shape, &[3]), three, "{shape:?}");
        }
        for shape in [&[3, 1, 1][..], &[1, 3, 1, 1]] {
            assert_eq!(by(shape, &[3, 4, 5]), three, "{shape:?}");
        }
        for shape in [&[][..], &[1], &[1, 1]] {
            assert_eq!(by(shape, &[3]), Some(vec![0.0; 3]), "{shape:?}");
            assert_eq!(by(shape, &[3, 4, 5]), Some(vec![0.0; 3]), "{shape:?}");
        }
        assert_eq!(by(&[1], &[1]), Some(vec![0.0]));
        // A larger output, other sizes, along the batch, along rows and columns, another rank.
        for (shape, value) in [
            (&[3][..], &[1][..]),
            (&[2], &[3]),
            (&[0], &[3]),
            (&[3, 1], &[3]),
            (&[3, 3], &[3]),
            (&[1, 1, 3], &[3]),
            (&[3], &[3, 4, 3]),
            (&[3, 4, 5], &[3, 4, 5]),
            (&[2, 1, 1, 1], &[3, 4, 5]),
            (&[1, 1, 4, 1], &[3, 4, 5]),
        ] {
            assert_eq!(by(shape, value), None, "{shape:?} {value:?}");
        }
    }
}
