//! Arrays of any kind of element: other shapes, other orders of axes, parts, and operators with broadcasting.

use super::pooling::place_of;
use crate::tensor::{MAX_RANK, Tensor, elements};

/// The distance between neighbours along each axis.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// The elements of a row-major array along axes of these sizes and distances.
fn gathered<T: Copy>(data: &[T], sizes: &[usize], distances: &[usize]) -> Vec<T> {
    if sizes.contains(&0) {
        return Vec::new();
    }
    let mut places = vec![0];
    for (size, distance) in sizes.iter().zip(distances) {
        places = places.iter().flat_map(|from| (0..*size).map(move |step| from + step * distance)).collect();
    }
    places.into_iter().map(|place| data[place]).collect()
}

/// The array with its axes in another order.
pub(super) fn transposed<T: Copy>(array: &Tensor<T>, perm: &[usize]) -> Option<Tensor<T>> {
    let shape = array.shape();
    if perm.len() != shape.len() || (0..shape.len()).any(|axis| !perm.contains(&axis)) {
        return None;
    }
    let own = strides(shape);
    let sizes: Vec<usize> = perm.iter().map(|axis| shape[*axis]).collect();
    let distances: Vec<usize> = perm.iter().map(|axis| own[*axis]).collect();
    let data = gathered(array.data(), &sizes, &distances);
    Tensor::new(sizes, data)
}

/// The shape that two shapes have together, where sizes of 1 are repeated.
pub(super) fn together(one: &[usize], other: &[usize]) -> Option<Vec<usize>> {
    let rank = one.len().max(other.len());
    let size = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    let sizes = (0..rank).map(|axis| match (size(one, axis), size(other, axis)) {
        (1, size) | (size, 1) => Some(size),
        (one, other) => (one == other).then_some(one),
    });
    sizes.collect::<Option<Vec<_>>>().filter(|shape| elements(shape).is_some())
}

/// An array repeated along its axes of 1 so that it has a shape.
fn repeated<T: Copy>(array: &Tensor<T>, shape: &[usize]) -> Vec<T> {
    let (own, missing) = (array.shape(), shape.len() - array.shape().len());
    let distances: Vec<usize> = std::iter::repeat_n(0, missing)
        .chain(strides(own).into_iter().zip(own).map(|(stride, size)| if *size == 1 { 0 } else { stride }))
        .collect();
    gathered(array.data(), shape, &distances)
}

/// An operator on the elements of two arrays, with broadcasting to the shape that they have together.
pub(super) fn combined<T: Copy>(
    one: &Tensor<T>,
    other: &Tensor<T>,
    operator: impl Fn(T, T) -> Option<T>,
) -> Option<Tensor<T>> {
    let shape = together(one.shape(), other.shape())?;
    let pairs = repeated(one, &shape).into_iter().zip(repeated(other, &shape));
    let data = pairs.map(|(one, other)| operator(one, other)).collect::<Option<Vec<_>>>()?;
    Tensor::new(shape, data)
}

/// The array in another shape, where 0 copies a size and -1 is what is left.
pub(super) fn reshaped<T: Copy>(array: &Tensor<T>, sizes: &[i64], copies: bool) -> Option<Tensor<T>> {
    if sizes.len() > MAX_RANK {
        return None;
    }
    let mut shape = Vec::with_capacity(sizes.len());
    for (axis, size) in sizes.iter().enumerate() {
        shape.push(match size {
            -1 => None,
            0 if copies => Some(*array.shape().get(axis)?),
            size => Some(usize::try_from(*size).ok()?),
        });
    }
    let known = elements(&shape.iter().copied().flatten().collect::<Vec<_>>())?;
    let open = shape.iter().filter(|size| size.is_none()).count();
    if open > 1 || (open == 1 && known == 0) {
        return None;
    }
    let left = array.data().len().checked_div(known).unwrap_or(0);
    let shape = shape.into_iter().map(|size| size.unwrap_or(left)).collect();
    Tensor::new(shape, array.data().to_vec())
}

/// The elements of a vector at places, which may be counted from its end.
pub(super) fn taken<T: Copy>(vector: &Tensor<T>, places: &Tensor<i64>) -> Option<Tensor<T>> {
    let &[length] = vector.shape() else { return None };
    let place = |place: &i64| place_of(*place, length).map(|place| vector.data()[place]);
    let data = places.data().iter().map(place).collect::<Option<Vec<_>>>()?;
    Tensor::new(places.shape().to_vec(), data)
}

/// The elements of a vector from a start to before an end, which are cut to its length.
pub(super) fn sliced<T: Copy>(vector: &Tensor<T>, start: i64, end: i64) -> Option<Tensor<T>> {
    let &[length] = vector.shape() else { return None };
    let length = i64::try_from(length).ok()?;
    let cut = |place: i64| {
        let place = if place < 0 { place.saturating_add(length) } else { place };
        usize::try_from(place.clamp(0, length)).ok()
    };
    let (start, end) = (cut(start)?, cut(end)?);
    let data = vector.data().get(start..end.max(start))?.to_vec();
    Tensor::new(vec![data.len()], data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(shape: &[usize]) -> Tensor<i64> {
        let count = elements(shape).expect("small");
        Tensor::new(shape.to_vec(), (0..i64::try_from(count).expect("small")).collect()).expect("fills")
    }

    #[test]
    fn axes_are_moved() {
        let turned = transposed(&ramp(&[2, 3]), &[1, 0]).expect("two axes");
        assert_eq!((turned.shape(), turned.data()), (&[3, 2][..], &[0, 3, 1, 4, 2, 5][..]));
        assert_eq!(transposed(&turned, &[1, 0]), Some(ramp(&[2, 3])));
        for perm in [&[0][..], &[0, 0], &[0, 2], &[0, 1, 2]] {
            assert_eq!(transposed(&turned, perm), None);
        }
    }

    #[test]
    fn sizes_of_one_are_repeated() {
        let sum = |one: &[usize], other: &[usize]| combined(&ramp(one), &ramp(other), i64::checked_add);
        assert_eq!(sum(&[2, 1], &[3]).expect("fit").data(), [0, 1, 2, 1, 2, 3]);
        assert_eq!(sum(&[], &[2]).expect("fit").data(), [0, 1]);
        assert_eq!(sum(&[2], &[3]), None);
        assert_eq!(combined(&ramp(&[2]), &ramp(&[1]), i64::checked_div), None, "by zero");
    }

    #[test]
    fn shapes_and_parts_are_those_of_the_sizes() {
        let shape = |sizes: &[i64], copies| reshaped(&ramp(&[2, 3]), sizes, copies).map(|array| array.shape().to_vec());
        assert_eq!(shape(&[3, -1], true), Some(vec![3, 2]));
        assert_eq!(shape(&[0, 3, 1], true), Some(vec![2, 3, 1]));
        for (sizes, copies) in
            [(&[-1, -1][..], true), (&[4, -1], true), (&[0, -1], false), (&[-2, 3], true), (&[7], true)]
        {
            assert_eq!(shape(sizes, copies), None, "{sizes:?}");
        }
        let part = |start, end| sliced(&ramp(&[4]), start, end).map(|part| part.data().to_vec());
        assert_eq!([part(1, 3), part(-1, i64::MAX), part(3, 1)], [Some(vec![1, 2]), Some(vec![3]), Some(vec![])]);
        let place =
            |place| taken(&ramp(&[4]), &Tensor::new(vec![], vec![place]).expect("one")).map(|one| one.data()[0]);
        assert_eq!([place(2), place(-1), place(4), place(-5)], [Some(2), Some(3), None, None]);
    }
}
