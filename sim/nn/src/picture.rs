//! How an image lies in an array of which only the sizes are known. Graphs of ONNX and arrays of NPY follow the same rule.

/// Whether sizes are those of an image with few channels, which come last.
pub(crate) fn is_channels_last(sizes: &[usize]) -> bool {
    matches!(*sizes, [height, width, 1..=4] if height > 4 && width > 4)
}

/// The image that a vector of features is: a square of one channel or of three, or else a row.
pub(crate) fn of_vector(features: usize) -> [usize; 3] {
    let square = |area: usize| Some(area.isqrt()).filter(|side| side * side == area);
    match (square(features), features.is_multiple_of(3).then(|| square(features / 3)).flatten()) {
        (Some(side), _) => [1, side, side],
        (None, Some(side)) if side > 4 => [3, side, side],
        _ => [1, 1, features],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_squares_where_they_can_be() {
        for (features, image) in [
            (784, [1, 28, 28]),
            (64, [1, 8, 8]),
            (3072, [3, 32, 32]),
            (12, [1, 1, 12]),
            (30, [1, 1, 30]),
            (4, [1, 2, 2]),
        ] {
            assert_eq!(of_vector(features), image);
        }
    }

    #[test]
    fn few_channels_at_the_end_are_channels() {
        assert!([[28, 28, 1], [32, 32, 3], [5, 9, 4]].iter().all(|sizes| is_channels_last(sizes)));
        assert!(![[3, 32, 32], [1, 28, 28], [3, 5, 3], [8, 8, 8]].iter().any(|sizes| is_channels_last(sizes)));
    }
}
