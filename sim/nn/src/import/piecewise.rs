//! Activations that are linear in pieces, or stand for smooth ones, written in the layers that there are: a linear layer that gives each channel one copy
//! for each piece, a ReLU or a clip of all of them, and a linear layer that adds each channel's pieces up.
//!
//! A sigmoid *is* the function of the table below, in the honest answer and everywhere else. Decision 19 has the reasons.

use super::affine::MAX_PENDING;
use super::attributes::Attributes;
use super::importer::{At, Importer};
use super::notes::Notes;
use super::view::{Known, View};
use crate::model::{Op, Window};
use crate::tensor::Tensor;

/// Where the pieces of the sigmoid end right of 0, with its values there. They are symmetric about (0, 1/2), and constant beyond the last.
///
/// The table is the best of nine pieces: the error is the same, and alternates in sign, at each end of a piece, once within each piece, and in the limit.
/// For that the ends lie over the sigmoid by the error where it bends down. `the_table_is_the_best_of_nine_pieces` checks it.
const ENDS: [(f64, f64); 5] = [
    (0.854_396_426, 0.704_462_942),
    (1.563_937_695, 0.829_892_024),
    (2.326_666_972, 0.914_036_000),
    (3.328_935_241, 0.968_382_593),
    (5.118_611_676, 0.997_025_637),
];

/// The most weights of a fully connected layer that spreads or gathers the pieces of a vector.
const MOST_WEIGHTS: usize = 1 << 24;

/// A smooth function that the table stands for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Smooth {
    Sigmoid,
    /// `tanh(x) = 2 sigmoid(2x) - 1`.
    Tanh,
}

/// One piece of a function: `height * act(factor * x + offset)`.
#[derive(Clone, Copy)]
struct Piece {
    factor: f32,
    offset: f32,
    height: f32,
}

/// A function of one channel: a number, and the sum of its pieces.
struct Function {
    start: f32,
    pieces: Vec<Piece>,
}

impl Smooth {
    /// The function as clips to `[0, 1]`, one for each piece, in the order of the number line. Each rises from 0 to 1 along its piece.
    #[expect(clippy::cast_possible_truncation, reason = "weights are in single precision")]
    fn function(self) -> Function {
        let (along, up) = if self == Self::Tanh { (0.5, 2.0) } else { (1.0, 1.0) };
        let left = ENDS.iter().rev().map(|(x, y)| (-x, 1.0 - y));
        let ends: Vec<(f64, f64)> = left.chain(ENDS).map(|(x, y)| (along * x, up * (y - 0.5))).collect();
        let piece = |ends: &[(f64, f64)]| {
            let ((start, low), (end, high)) = (ends[0], ends[1]);
            let factor = (end - start).recip();
            Piece { factor: factor as f32, offset: (-start * factor) as f32, height: (high - low) as f32 }
        };
        let middle = if self == Self::Tanh { 0.0 } else { 0.5 };
        Function { start: (middle + ends[0].1) as f32, pieces: ends.windows(2).map(piece).collect() }
    }
}

impl<'a> Importer<'a, '_> {
    /// Reads a sigmoid or a hyperbolic tangent. At the end it is left out, because it grows with the logit and changes no label.
    pub(super) fn smooth(
        &mut self,
        at: At<'a>,
        attributes: &Attributes<'_>,
        kind: Smooth,
        notes: &mut Notes,
    ) -> Option<Known> {
        attributes.only(&[], notes);
        let view = self.view(at.node, 0, notes)?;
        if view.dims().len() == 1 && self.ends(at.node) {
            // The largest of one logit is always the first.
            return match view.dims() {
                [1] => notes.wrong("one output stands for two classes: export two logits, which may be 0 and this one"),
                _ => Some(Known::View(view)),
            };
        }
        let view = self.settle(view, notes)?;
        let Function { start, pieces } = kind.function();
        let channels = self.within(&view, pieces.len(), notes)?;
        let all = pieces.iter().copied().cycle().take(channels * pieces.len()).collect();
        self.in_pieces(at, &view, Op::Clip { low: 0.0, high: 1.0 }, (start, all), notes)
    }

    /// Reads a ReLU that multiplies negative elements by `alpha` instead of 0.
    pub(super) fn leaky_relu(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["alpha"], notes);
        let view = self.settled_view(at, 0, notes)?;
        let channels = self.within(&view, 2, notes)?;
        self.leaking(at, &view, &vec![attributes.float("alpha", 0.01); channels], notes)
    }

    /// Reads a ReLU that multiplies negative elements by a number for each channel.
    pub(super) fn prelu(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&[], notes);
        let view = self.settled_view(at, 0, notes);
        let slopes = self.optional_floats(at.node, 1, notes)?;
        let Some(slopes) = slopes else { return notes.wrong("its slope is missing") };
        let view = view?;
        let view = if view.dims().len() == 1 { self.vector(at, view, notes)? } else { view };
        self.within(&view, 2, notes)?;
        let Some(slopes) = self.by_channel_under(&slopes, &view) else {
            let (slope, dims) = (slopes.shape(), view.dims());
            return notes.wrong(format!("its slope {slope:?} is not one number for each channel of {dims:?}"));
        };
        self.leaking(at, &view, &slopes, notes)
    }

    /// Reads `min(max(alpha * x + beta, 0), 1)`.
    pub(super) fn hard_sigmoid(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["alpha", "beta"], notes);
        let view = self.settled_view(at, 0, notes)?;
        let channels = self.within(&view, 1, notes)?;
        let (alpha, beta) = (attributes.float("alpha", 0.2), attributes.float("beta", 0.5));
        let scaled = self.affine(at, &view, Some(vec![alpha; channels]), vec![beta; channels], notes)?;
        let Known::View(scaled) = scaled else { return None };
        let scaled = self.settle(scaled, notes)?;
        let value = self.layer(at, Op::Clip { low: 0.0, high: 1.0 }, vec![scaled.value], notes)?;
        Some(Known::View(View { value, ..scaled }))
    }

    /// `ReLU(x) - slope * ReLU(-x)` in each channel.
    fn leaking(&mut self, at: At<'a>, view: &View, slopes: &[f32], notes: &mut Notes) -> Option<Known> {
        let piece = |factor, height| Piece { factor, offset: 0.0, height };
        let pieces = slopes.iter().flat_map(|slope| [piece(1.0, 1.0), piece(-1.0, -slope)]).collect();
        self.in_pieces(at, view, Op::Relu, (0.0, pieces), notes)
    }

    /// The number of channels of the value under a view, if each may have so many pieces. Nothing is allocated for them before.
    fn within(&mut self, view: &View, each: usize, notes: &mut Notes) -> Option<usize> {
        let (channels, is_vector) = (*self.shape(view.value).first()?, self.shape(view.value).len() == 1);
        let pieces = channels.saturating_mul(each);
        if is_vector && pieces.saturating_mul(channels) > MOST_WEIGHTS {
            return notes.wrong(format!(
                "{each} pieces of each of {channels} elements take over {MOST_WEIGHTS} weights: use Relu or Clip"
            ));
        }
        self.pending = self.pending.saturating_add(pieces);
        if self.pending > MAX_PENDING {
            return notes.wrong(format!("with it there are over {MAX_PENDING} factors and offsets of elements"));
        }
        Some(channels)
    }

    /// Applies a function to each channel of a value, wherever its elements lie in the view: all pieces of one channel after the other.
    fn in_pieces(
        &mut self,
        at: At<'a>,
        view: &View,
        act: Op,
        (start, pieces): (f32, Vec<Piece>),
        notes: &mut Notes,
    ) -> Option<Known> {
        let shape = self.shape(view.value);
        let (channels, is_vector) = (*shape.first()?, shape.len() == 1);
        let linear = if is_vector { fully_connected } else { grouped };
        let (factors, offsets) = pieces.iter().map(|piece| (piece.factor, piece.offset)).unzip();
        let heights = pieces.iter().map(|piece| piece.height).collect();
        let value = self.layer(at, linear(factors, offsets, channels)?, vec![view.value], notes)?;
        let value = self.layer(at, act, vec![value], notes)?;
        let value = self.layer(at, linear(heights, vec![start; channels], channels)?, vec![value], notes)?;
        self.layers.last_mut()?.gathers = true;
        Some(Known::View(View { value, ..view.clone() }))
    }
}

/// A convolution of one pixel with a group for each channel, from one channel to its pieces or back.
fn grouped(weights: Vec<f32>, bias: Vec<f32>, groups: usize) -> Option<Op> {
    let window = Window { size: [1, 1], stride: [1, 1], pads: [0; 4] };
    let depth = weights.len() / bias.len();
    Some(Op::Conv { weights: Tensor::new(vec![bias.len(), depth, 1, 1], weights)?, bias, window, groups })
}

/// The matrix of such a convolution, for the elements of a vector.
fn fully_connected(weights: Vec<f32>, bias: Vec<f32>, groups: usize) -> Option<Op> {
    let (rows, depth) = (bias.len(), weights.len() / bias.len());
    let (columns, per_group) = (groups * depth, rows / groups);
    let mut matrix = vec![0.0; rows * columns];
    for (place, weight) in weights.into_iter().enumerate() {
        let row = place / depth;
        matrix[row * columns + row / per_group * depth + place % depth] = weight;
    }
    Some(Op::Gemm { weights: Tensor::new(vec![rows, columns], matrix)?, bias })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error, rounded up, that docs/models.md states for the sigmoid. That of the hyperbolic tangent is twice as large.
    const ERROR: f64 = 0.002_975;

    fn sigmoid(x: f64) -> f64 {
        (1.0 + (-x).exp()).recip()
    }

    fn value(function: &Function, x: f64) -> f64 {
        let pieces = function.pieces.iter().map(|piece| {
            f64::from(piece.height) * (f64::from(piece.factor) * x + f64::from(piece.offset)).clamp(0.0, 1.0)
        });
        f64::from(function.start) + pieces.sum::<f64>()
    }

    fn places() -> impl Iterator<Item = f64> {
        (-20_000..=20_000).map(|step| f64::from(step) / 1000.0)
    }

    #[test]
    fn the_stated_errors_hold_and_are_met() {
        let largest = |kind: Smooth, truth: fn(f64) -> f64| {
            let function = kind.function();
            places().map(|x| (value(&function, x) - truth(x)).abs()).fold(0.0, f64::max)
        };
        let (sigmoid, tanh) = (largest(Smooth::Sigmoid, sigmoid), largest(Smooth::Tanh, f64::tanh));
        assert!((ERROR - 1e-5..=ERROR).contains(&sigmoid), "{sigmoid}");
        assert!((2.0 * ERROR - 2e-5..=2.0 * ERROR).contains(&tanh), "{tanh}");
    }

    /// The error alternates, with one size: over the sigmoid at each end, under it once within each piece right of 0, and under it in the limit. So no
    /// other nine pieces that are continuous and symmetric have a smaller one.
    #[test]
    fn the_table_is_the_best_of_nine_pieces() {
        let error = 1.0 - ENDS[4].1;
        let function = Smooth::Sigmoid.function();
        let mut start = 0.0;
        for (end, y) in ENDS {
            assert!((y - sigmoid(end) - error).abs() < 1e-6, "{end}");
            let steps = (0..=10_000).map(|step| start + (end - start) * f64::from(step) / 10_000.0);
            let under = steps.map(|x| sigmoid(x) - value(&function, x)).fold(0.0, f64::max);
            assert!((under - error).abs() < 1e-6, "{end}: {under} {error}");
            start = end;
        }
    }

    /// Functions are symmetric about 0, grow, and stay between their ends, to single precision.
    #[test]
    fn the_functions_are_symmetric_and_grow() {
        for (kind, middle) in [(Smooth::Sigmoid, 0.5), (Smooth::Tanh, 0.0)] {
            let function = kind.function();
            assert_eq!(function.pieces.len(), 9);
            let mut before = f64::NEG_INFINITY;
            for x in places() {
                let (here, there) = (value(&function, x), value(&function, -x));
                assert!((here + there - 2.0 * middle).abs() < 1e-6 && here >= before, "{x}");
                before = here;
            }
        }
    }

    #[test]
    fn a_matrix_does_what_the_groups_do() {
        let Some(Op::Gemm { weights, .. }) = fully_connected(vec![1.0, 2.0, 3.0, 4.0], vec![0.0; 4], 2) else {
            panic!("a matrix");
        };
        assert_eq!((weights.shape(), weights.data()), (&[4, 2][..], &[1.0, 0.0, 2.0, 0.0, 0.0, 3.0, 0.0, 4.0][..]));
        let Some(Op::Gemm { weights, .. }) = fully_connected(vec![1.0, 2.0, 3.0, 4.0], vec![0.0; 2], 2) else {
            panic!("a matrix");
        };
        assert_eq!((weights.shape(), weights.data()), (&[2, 4][..], &[1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 3.0, 4.0][..]));
    }
}
