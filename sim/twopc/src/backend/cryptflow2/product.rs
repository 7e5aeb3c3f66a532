//! Linear layers by correlated transfers (Rathee et al., CCS 2020, section 3.1.3 and appendix; SCI's OT variant): convolutions as matrix products.
//!
//! Of `W (x0 + x1)` the server computes `W x1` by itself. For `W x0` the client's bits choose: bit `i` of an entry multiplies all
//! weights that meet it, modulo `2^(l-i)`, since it counts `2^i` times. One transfer serves a whole column of `W`.

use super::cost::Messages;
use super::transfers::Transfers;
use crate::bits::{Packer, Unpacker, mask, packed_bytes};
use crate::linear::Shape;
use crate::ot::vectors::blocks;
use crate::party::Party;
use crate::role::Role;
use crate::wire::link::Halt;
use fusion_nn::model::Window;
use std::ops::Range;

/// What the columns and the answer of a piece of a layer take at most, in bits: 64 MiB.
const PIECE_BITS: usize = 1 << 29;

/// A linear layer as the product of a matrix of weights with one of inputs, for one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    ring: u32,
    /// The number of inputs of the layer.
    inputs: usize,
    /// The rows of the matrix of inputs.
    rows: usize,
    /// The filters that see a row: those of its group.
    filters: usize,
    groups: usize,
    /// The input at each entry, column by column; `None` in the padding. A column is a position of the output.
    entries: Vec<Option<usize>>,
}

impl Matrix {
    /// The product of a layer in a ring of so many bits; `None` where the window does not fit the image.
    pub fn new(shape: Shape, ring: u32) -> Option<Self> {
        match shape {
            Shape::Gemm { inputs, outputs } => {
                let entries = (0..inputs).map(Some).collect();
                Some(Self { ring, inputs, rows: inputs, filters: outputs, groups: 1, entries })
            }
            Shape::Conv { image: [channels, height, width], filters, window, groups } => {
                let (size, [down, across]) = ([height, width], window.output([height, width])?);
                let positions = (0..down).flat_map(|y| (0..across).map(move |x| [y, x]));
                let entries = positions.flat_map(|at| column(&window, at, channels, size)).collect();
                let rows = channels * window.size[0] * window.size[1];
                Some(Self { ring, inputs: channels * height * width, rows, filters: filters / groups, groups, entries })
            }
        }
    }

    /// The number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The number of weights of a filter.
    pub fn weights(&self) -> usize {
        self.rows / self.groups
    }

    fn columns(&self) -> usize {
        self.entries.len() / self.rows
    }

    fn outputs(&self) -> usize {
        self.filters * self.groups * self.columns()
    }

    /// The entries of all slots, in pieces that are transferred together.
    fn pieces(&self, slots: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let (each, all) = (128 * self.ring as usize + self.answer_bits(1), slots * self.entries.len());
        let piece = (PIECE_BITS / each).max(1);
        (0..all).step_by(piece).map(move |from| from..all.min(from + piece))
    }

    /// The bits of the server's messages for so many entries.
    fn answer_bits(&self, entries: usize) -> usize {
        let l = self.ring as usize;
        entries * self.filters * l * (l + 1) / 2
    }

    /// The share that a party has of an entry.
    fn share(&self, numbers: &[u64], entry: usize) -> u64 {
        let (slot, place) = (entry / self.entries.len(), entry % self.entries.len());
        self.entries[place].map_or(0, |input| numbers[slot * self.inputs + input])
    }

    /// Where an entry counts: its row of weights, and its first output, that of the first filter of its group.
    fn place(&self, entry: usize) -> (usize, usize) {
        let (slot, place) = (entry / self.entries.len(), entry % self.entries.len());
        let (row, column) = (place % self.rows, place / self.rows);
        let first = row / self.weights() * self.filters;
        (row, slot * self.outputs() + first * self.columns() + column)
    }

    /// Adds the messages of the product of so many slots.
    pub fn cost(&self, slots: usize, cost: &mut Messages<'_>) {
        for piece in self.pieces(slots) {
            cost.choose(piece.len() * self.ring as usize);
            cost.send(Role::Server, packed_bytes(self.answer_bits(piece.len()), 1));
        }
    }
}

/// The inputs under a window, channel by channel.
fn column(window: &Window, at: [usize; 2], channels: usize, [height, width]: [usize; 2]) -> Vec<Option<usize>> {
    let cells = window.size[0] * window.size[1];
    let mut column = vec![None; channels * cells];
    for (channel, column) in column.chunks_exact_mut(cells).enumerate() {
        for (cell, row, along) in window.cells(at, [height, width]) {
            column[cell] = Some((channel * height + row) * width + along);
        }
    }
    column
}

/// The weights of a layer as the server multiplies with them.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Modulo the ring, for each row those of all filters that see it.
    by_row: Vec<u64>,
    filters: usize,
    start: Vec<u64>,
}

impl Weights {
    /// Puts weights in order that are given filter by filter.
    pub fn new(matrix: &Matrix, weights: &[i64], start: &[i64]) -> Self {
        let element = |x: &i64| x.cast_unsigned() & mask(matrix.ring);
        let each = matrix.weights();
        let row = |row: usize| {
            let group = &weights[row / each * matrix.filters * each..][..matrix.filters * each];
            group.iter().skip(row % each).step_by(each).map(element)
        };
        let by_row = (0..matrix.rows).flat_map(row).collect();
        Self { by_row, filters: matrix.filters, start: start.iter().map(element).collect() }
    }

    fn row(&self, row: usize) -> &[u64] {
        &self.by_row[row * self.filters..][..self.filters]
    }
}

/// The client's side: shares of the product, slot by slot.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn ask(party: &mut Party<Transfers>, matrix: &Matrix, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
    let (ring, filters) = (matrix.ring, matrix.filters);
    let slots = numbers.len() / matrix.inputs;
    let (mut sums, columns) = (vec![0_u64; slots * matrix.outputs()], matrix.columns());
    for piece in matrix.pieces(slots) {
        let shares: Vec<u64> = piece.clone().map(|entry| matrix.share(numbers, entry)).collect();
        let choices = (0..ring).flat_map(|bit| shares.iter().map(move |share| (share >> bit & 1) as u8)).collect();
        let asked = party.transfers.two.receiver.ask_long(&mut party.link, choices, blocks(filters, ring))?;
        let sent = party.link.receive(packed_bytes(matrix.answer_bits(piece.len()), 1))?;
        let mut sent = Unpacker::new(&sent);
        let outputs: Vec<usize> = piece.map(|entry| matrix.place(entry).1).collect();
        for bit in 0..ring {
            let from = bit as usize * shares.len();
            asked.take_vectors(from..from + shares.len(), (filters, ring - bit), &mut sent, |at, filter, number| {
                let sum = &mut sums[outputs[at] + filter * columns];
                *sum = sum.wrapping_add(number << bit);
            });
        }
    }
    Ok(sums.into_iter().map(|sum| sum & mask(ring)).collect())
}

/// The server's side, with the weights of each group of slots: shares of the product, and of what it adds by itself.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn answer(
    party: &mut Party<Transfers>,
    matrix: &Matrix,
    weights: &[&Weights],
    numbers: &[u64],
) -> Result<Vec<u64>, Halt> {
    let (ring, filters) = (matrix.ring, matrix.filters);
    let slots = numbers.len() / matrix.inputs;
    let group = slots / weights.len() * matrix.entries.len();
    let mut sums = clear(matrix, weights, numbers);
    let columns = matrix.columns();
    for piece in matrix.pieces(slots) {
        let (start, count) = (piece.start, piece.len());
        let heard =
            party.transfers.two.sender.hear_long(&mut party.link, count * ring as usize, blocks(filters, ring))?;
        let mut sent = Packer::with_capacity(packed_bytes(matrix.answer_bits(count), 1));
        let (rows, outputs): (Vec<usize>, Vec<usize>) = piece.map(|entry| matrix.place(entry)).unzip();
        for bit in 0..ring {
            let from = bit as usize * count;
            heard.offer_vectors(
                from..from + count,
                (filters, ring - bit),
                &mut sent,
                |at| weights[(start + at) / group].row(rows[at]),
                |at, filter, number| {
                    let sum = &mut sums[outputs[at] + filter * columns];
                    *sum = sum.wrapping_add(number << bit);
                },
            );
        }
        party.link.send(sent.finish())?;
    }
    Ok(sums.into_iter().map(|sum| sum & mask(ring)).collect())
}

/// `W x1`, and the biases, of all slots.
fn clear(matrix: &Matrix, weights: &[&Weights], numbers: &[u64]) -> Vec<u64> {
    let slots = numbers.len() / matrix.inputs;
    let group = slots / weights.len();
    let columns = matrix.columns();
    let mut sums = Vec::with_capacity(slots * matrix.outputs());
    for slot in 0..slots {
        sums.extend(weights[slot / group].start.iter().flat_map(|start| std::iter::repeat_n(*start, columns)));
    }
    for entry in 0..slots * matrix.entries.len() {
        let x = matrix.share(numbers, entry);
        if x == 0 {
            continue;
        }
        let (row, output) = matrix.place(entry);
        let weights = weights[entry / matrix.entries.len() / group].row(row);
        for (sum, weight) in sums[output..].iter_mut().step_by(columns).zip(weights) {
            *sum = sum.wrapping_add(weight.wrapping_mul(x));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cryptflow2::testing::{assert_cost, both};
    use crate::cost::Cost;
    use crate::ot::Extension;
    use crate::party::rehearsal::{opened, shared};
    use crate::random::{Seed, uniform};
    use fusion_nn::model::Window;

    /// LeNet's layers.
    fn layers() -> Vec<Shape> {
        let conv = |image, filters, pad| {
            let window = Window { size: [5, 5], stride: [1, 1], pads: [pad; 4] };
            Shape::Conv { image, filters, window, groups: 1 }
        };
        let gemm = |inputs, outputs| Shape::Gemm { inputs, outputs };
        vec![conv([1, 28, 28], 6, 2), conv([6, 14, 14], 16, 0), gemm(400, 120), gemm(120, 84), gemm(84, 10)]
    }

    /// The plain product, with the weight of each cell of a window found anew.
    fn naive(shape: Shape, weights: &[i64], start: &[i64], x: &[u64]) -> Vec<u64> {
        let (channels, size, filters, window, groups) = match shape {
            Shape::Gemm { inputs, outputs } => {
                (inputs, [1, 1], outputs, Window { size: [1, 1], stride: [1, 1], pads: [0; 4] }, 1)
            }
            Shape::Conv { image: [channels, height, width], filters, window, groups } => {
                (channels, [height, width], filters, window, groups)
            }
        };
        let depth = channels / groups;
        let ([down, across], cells) = (window.output(size).unwrap(), window.size[0] * window.size[1]);
        let mut y = Vec::new();
        for filter in 0..filters {
            for at in (0..down).flat_map(|y| (0..across).map(move |x| [y, x])) {
                let mut sum = start[filter].cast_unsigned();
                for channel in 0..depth {
                    for (cell, row, column) in window.cells(at, size) {
                        let weight = weights[(filter * depth + channel) * cells + cell].cast_unsigned();
                        let channel = filter * groups / filters * depth + channel;
                        let input = x[(channel * size[0] + row) * size[1] + column];
                        sum = sum.wrapping_add(weight.wrapping_mul(input));
                    }
                }
                y.push(sum);
            }
        }
        y
    }

    #[test]
    fn products_are_those_of_the_layer_with_a_network_for_each_group() {
        let odd = Window { size: [3, 2], stride: [2, 1], pads: [1, 0, 0, 1] };
        let conv = |channels, filters, groups| Shape::Conv { image: [channels, 7, 6], filters, window: odd, groups };
        let shapes = [Shape::Gemm { inputs: 30, outputs: 7 }, conv(2, 3, 1), conv(6, 4, 2), conv(3, 3, 3)];
        for (shape, ring) in shapes.into_iter().flat_map(|shape| [(shape, 41), (shape, 9), (shape, 64)]) {
            let matrix = Matrix::new(shape, ring).unwrap();
            let mut rng = Seed([6; 32]).stream();
            let mut signed =
                |count| -> Vec<i64> { uniform(&mut rng, 14, count).iter().map(|x| x.cast_signed() - 8192).collect() };
            let networks: Vec<(Vec<i64>, Vec<i64>)> = (0..2)
                .map(|_| (signed(matrix.rows * matrix.filters), signed(matrix.filters * matrix.groups)))
                .collect();
            let made: Vec<Weights> = networks.iter().map(|(w, start)| Weights::new(&matrix, w, start)).collect();
            let slots = 4;
            let [x, x0, x1] = shared(ring, slots * matrix.inputs, 8);
            let weights: Vec<&Weights> = made.iter().collect();
            let (shares, party) = both(|party| ask(party, &matrix, &x0), |party| answer(party, &matrix, &weights, &x1));
            let slot = |(slot, x): (usize, &[u64])| naive(shape, &networks[slot / 2].0, &networks[slot / 2].1, x);
            let expected = x.chunks_exact(matrix.inputs).enumerate().flat_map(slot).map(|y| y & mask(ring));
            assert_eq!(opened(&shares, ring), expected.collect::<Vec<_>>());
            assert_cost(&party, |cost| matrix.cost(slots, cost));
        }
    }

    /// The published formula, `n_R (128 l + n_S l (l + 1) / 2)` bits, and its megabytes for LeNet-5.
    #[test]
    fn layers_of_lenet_cost_what_the_formula_says() {
        for (ring, expected) in [
            (37, [21_940_000, 29_970_000, 4_455_000, 957_000, 124_000]),
            (41, [25_510_000, 35_670_000, 5_430_000, 1_160_000, 146_000]),
        ] {
            for (shape, expected) in layers().into_iter().zip(expected) {
                let (matrix, mut cost) = (Matrix::new(shape, ring).unwrap(), Cost::default());
                matrix.cost(1, &mut Messages { cost: &mut cost, scheme: Extension::Iknp.into() });
                let l = ring as usize;
                let bits = matrix.entries.len() * (128 * l + matrix.filters * l * (l + 1) / 2);
                let pieces = matrix.pieces(1).count();
                // Columns fill bytes, 128 of them a piece, and so do messages.
                assert!(cost.bytes() - bits / 8 <= 129 * pieces);
                assert!(cost.bytes().abs_diff(expected) * 1000 < 6 * expected, "{shape:?}: {}", cost.bytes());
            }
        }
    }

    #[test]
    fn large_layers_go_in_pieces() {
        let matrix = Matrix::new(layers()[1], 41).unwrap();
        let pieces: Vec<_> = matrix.pieces(3).collect();
        assert!(pieces.len() > 1);
        assert_eq!(pieces.iter().map(ExactSizeIterator::len).sum::<usize>(), 3 * matrix.entries.len());
    }
}
