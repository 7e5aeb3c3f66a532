//! The loops of both evaluators, over any kind of number: convolution and products from a multiply-and-add, pooling from a fold.

use crate::model::Window;

/// The constants of a convolution: weights `[out, in/groups, height, width]` and what each sum starts from.
pub(crate) struct Filters<'a, W, T> {
    pub weights: &'a [W],
    pub start: &'a [T],
    pub groups: usize,
}

/// Output `[out, height, width]`: each position's patch is gathered once and met by every filter of its group.
pub(crate) fn convolve<W, T: Copy + Default>(
    input: &[T],
    shape: &[usize],
    filters: &Filters<'_, W, T>,
    window: &Window,
    output: &[usize],
    multiply_add: impl Fn(T, &W, T) -> T + Copy,
) -> Vec<T> {
    let (size, cells) = ([shape[1], shape[2]], window.size[0] * window.size[1]);
    let (height, width) = (output[1], output[2]);
    let depth = shape[0] / filters.groups;
    let per_group = output[0] / filters.groups;
    let mut patch = vec![T::default(); depth * cells];
    let mut result = vec![T::default(); output[0] * height * width];
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        for group in 0..filters.groups {
            patch.fill(T::default());
            for (offset, row, column) in window.cells([y, x], size) {
                for channel in 0..depth {
                    let plane = (group * depth + channel) * size[0] * size[1];
                    patch[channel * cells + offset] = input[plane + row * size[1] + column];
                }
            }
            for filter in group * per_group..(group + 1) * per_group {
                let weights = &filters.weights[filter * patch.len()..][..patch.len()];
                result[(filter * height + y) * width + x] = dot(filters.start[filter], weights, &patch, multiply_add);
            }
        }
    }
    result
}

/// `start + weights * input`, the weights row-major.
pub(crate) fn multiply<W, T: Copy>(
    weights: &[W],
    start: &[T],
    input: &[T],
    multiply_add: impl Fn(T, &W, T) -> T + Copy,
) -> Vec<T> {
    let rows = weights.chunks_exact(input.len().max(1));
    start.iter().zip(rows).map(|(&start, row)| dot(start, row, input, multiply_add)).collect()
}

fn dot<W, T: Copy>(start: T, weights: &[W], input: &[T], multiply_add: impl Fn(T, &W, T) -> T) -> T {
    weights.iter().zip(input).fold(start, |sum, (weight, &x)| multiply_add(sum, weight, x))
}

/// Each channel's windows folded into one number; padding is left out.
pub(crate) fn pool<T: Copy>(
    input: &[T],
    shape: &[usize],
    window: &Window,
    output: &[usize],
    start: T,
    fold: impl Fn(T, T) -> T,
) -> Vec<T> {
    let size = [shape[1], shape[2]];
    let mut result = Vec::with_capacity(output.iter().product());
    for plane in input.chunks_exact((size[0] * size[1]).max(1)) {
        for (y, x) in (0..output[1]).flat_map(|y| (0..output[2]).map(move |x| (y, x))) {
            let cells = window.cells([y, x], size).map(|(_, row, column)| plane[row * size[1] + column]);
            result.push(cells.fold(start, &fold));
        }
    }
    result
}
