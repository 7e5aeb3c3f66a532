//! The integers that values provably stay between.

/// The integers that a channel (or, in one dimension, an element) provably stays between.
pub(super) type Range = [i128; 2];

/// All of a ring.
pub(super) fn whole(bits: u32) -> Range {
    let half = 1_i128 << (bits - 1);
    [-half, half - 1]
}

pub(super) fn is_within([low, high]: Range, [least, most]: Range) -> bool {
    least <= low && high <= most
}

/// What each filter's sums stay between: every cell at the end of its channel's range that the weight's sign makes worst.
pub(super) fn convolved(weights: &[i64], start: &[i64], ranges: &[Range], groups: usize, padded: bool) -> Vec<Range> {
    let (depth, per_group) = (ranges.len() / groups, start.len() / groups);
    let cells = (weights.len() / (start.len() * depth).max(1)).max(1);
    let filter = |(index, (&start, weights)): (usize, (&i64, &[i64]))| {
        let channels = ranges[index / per_group * depth..].iter().zip(weights.chunks_exact(cells));
        channels.fold([i128::from(start); 2], |[lo, hi], (&[low, high], weights)| {
            let (low, high) = if padded { (low.min(0), high.max(0)) } else { (low, high) };
            let rising: i128 = weights.iter().filter(|w| **w > 0).map(|&w| i128::from(w)).sum();
            let falling: i128 = weights.iter().filter(|w| **w < 0).map(|&w| i128::from(w)).sum();
            let end =
                |least: i128, most: i128| rising.saturating_mul(least).saturating_add(falling.saturating_mul(most));
            [lo.saturating_add(end(low, high)), hi.saturating_add(end(high, low))]
        })
    };
    start.iter().zip(weights.chunks_exact((depth * cells).max(1))).enumerate().map(filter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_one_longer_below_zero() {
        assert_eq!(whole(4), [-8, 7]);
        assert!(is_within([-8, 7], whole(4)) && !is_within([-9, 0], whole(4)) && !is_within([0, 8], whole(4)));
    }

    /// The ends are met: by the inputs that each weight's sign makes worst, and by none worse.
    #[test]
    fn ranges_of_sums_are_met_and_never_exceeded() {
        let (weights, start, ranges) = ([2, -3, 0, 1], [10, -10], [[-1, 2], [0, 4]]);
        let inputs = || (-1..=2_i128).flat_map(|x| (0..=4_i128).map(move |y| [x, y]));
        let found = convolved(&weights, &start, &ranges, 1, false);
        for (filter, range) in found.iter().enumerate() {
            let sum = |[x, y]: [i128; 2]| {
                let [a, b] = [weights[2 * filter], weights[2 * filter + 1]].map(i128::from);
                i128::from(start[filter]) + a * x + b * y
            };
            assert_eq!(Some(range[0]), inputs().map(sum).min());
            assert_eq!(Some(range[1]), inputs().map(sum).max());
        }
    }

    /// Padding puts zeros among the inputs, and groups read their own channels alone.
    #[test]
    fn padding_and_groups_are_taken_into_account() {
        assert_eq!(convolved(&[2], &[0], &[[3, 5]], 1, false), [[6, 10]]);
        assert_eq!(convolved(&[2], &[0], &[[3, 5]], 1, true), [[0, 10]]);
        assert_eq!(convolved(&[1, 1], &[0, 0], &[[3, 5], [-7, -6]], 2, false), [[3, 5], [-7, -6]]);
    }
}
