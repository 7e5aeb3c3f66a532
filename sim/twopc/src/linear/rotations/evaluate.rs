//! What the server does with the ciphertexts of a sample.

use super::blocks::Blocks;
use super::diagonals::Diagonals;
use super::layout::{Layout, Packing};
use crate::he::cipher::Ciphertext;
use crate::he::slots::{Scheme, ServerKeys};
use std::borrow::Cow;

/// The most memory that the encoded weights of a layer take, in bytes. A larger layer encodes its weights whenever it uses them.
const WEIGHT_MEMORY: usize = 1 << 27;

/// The operations of the server on a sample, besides key switches: a rotation has one for each of its signed digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// The rotations of inputs.
    pub input_rotations: usize,
    /// The rotations of sums of products, with swaps of rows.
    pub output_rotations: usize,
    /// The products of a ciphertext with a vector of weights.
    pub products: usize,
}

/// A layer's weights, as vectors of slots.
#[derive(Clone)]
pub struct Weights {
    packing: Packing,
    vectors: Vectors,
}

#[derive(Clone)]
enum Vectors {
    /// Encoded once: by answer, by group, by copy of the input.
    Kept(Vec<Vec<u64>>),
    /// Encoded whenever they are used: elements modulo `p`.
    Made(Vec<u64>),
}

impl Weights {
    /// Encodes the weights of a layer, `[outputs, inputs]` or `[filters, channels / groups, height, width]`.
    ///
    /// # Panics
    /// If the number of weights is not that of the layout.
    #[must_use]
    pub fn new(layout: &Layout, scheme: &Scheme, weights: &[i64]) -> Self {
        Self::within(WEIGHT_MEMORY, layout, scheme, weights)
    }

    pub(super) fn within(memory: usize, layout: &Layout, scheme: &Scheme, weights: &[i64]) -> Self {
        assert_eq!(weights.len(), layout.weights(), "each weight once");
        let weights: Vec<u64> = weights.iter().map(|&weight| layout.modulus().element(weight)).collect();
        let packing = layout.packing.clone();
        let count = packing.vectors();
        let vectors = if count * Scheme::factor_bytes() <= memory {
            Vectors::Kept((0..count).map(|index| scheme.factor(&packing.vector(&weights, index))).collect())
        } else {
            Vectors::Made(weights)
        };
        Self { packing, vectors }
    }

    fn vector(&self, scheme: &Scheme, index: usize) -> Cow<'_, [u64]> {
        match &self.vectors {
            Vectors::Kept(vectors) => Cow::Borrowed(&vectors[index]),
            Vectors::Made(weights) => Cow::Owned(scheme.factor(&self.packing.vector(weights, index))),
        }
    }
}

impl Packing {
    /// The answers of a band, the groups of products in an answer, and the copies of the input that each is over.
    fn dimensions(&self) -> [usize; 3] {
        match self {
            Self::Blocks(blocks) => [blocks.answers(), blocks.turns * blocks.swaps, blocks.images() * blocks.cells()],
            Self::Diagonals(diagonals) => [diagonals.answers(), 1, diagonals.chunks() * diagonals.count],
        }
    }

    /// The number of vectors of weights.
    fn vectors(&self) -> usize {
        self.dimensions().iter().product()
    }

    /// The weights of a vector, slot by slot.
    fn vector(&self, weights: &[u64], index: usize) -> Vec<u64> {
        let [_, groups, copies] = self.dimensions();
        let (answer, group, copy) = (index / (groups * copies), index / copies % groups, index % copies);
        match self {
            Self::Blocks(blocks) => blocks.weight(weights, answer, group, copy),
            Self::Diagonals(diagonals) => diagonals.weight(weights, answer, copy),
        }
    }
}

impl Layout {
    /// What the server does for a sample.
    #[must_use]
    pub fn operations(&self) -> Operations {
        let [answers, groups, copies] = self.packing.dimensions();
        let products = answers * groups * copies;
        match &self.packing {
            Packing::Blocks(blocks) => Operations {
                input_rotations: if blocks.are_asked() { 0 } else { blocks.bands() * (copies - blocks.images()) },
                output_rotations: blocks.bands() * answers * (groups - 1),
                products: blocks.bands() * products,
            },
            Packing::Diagonals(diagonals) => Operations {
                input_rotations: copies - diagonals.chunks(),
                output_rotations: answers * diagonals.doublings().count(),
                products,
            },
        }
    }
}

/// The server at work on a sample.
struct Evaluator<'a> {
    keys: &'a ServerKeys,
    weights: &'a Weights,
    done: Operations,
}

/// The sums of a layer, still without masks, and what it took.
pub(super) fn evaluate(
    keys: &ServerKeys,
    layout: &Layout,
    weights: &Weights,
    fresh: Vec<Ciphertext>,
) -> (Vec<Ciphertext>, Operations) {
    assert_eq!(weights.packing, layout.packing, "weights are for one layout");
    let mut evaluator = Evaluator { keys, weights, done: Operations::default() };
    let sums = match &layout.packing {
        Packing::Blocks(blocks) => {
            fresh.chunks(blocks.asked()).flat_map(|band| evaluator.convolution(blocks, band)).collect()
        }
        Packing::Diagonals(diagonals) => evaluator.matrix(diagonals, fresh),
    };
    (sums, evaluator.done)
}

impl Evaluator<'_> {
    fn scheme(&self) -> &Scheme {
        self.keys.scheme()
    }

    fn rotate_input(&mut self, cipher: &Ciphertext, steps: usize) -> Ciphertext {
        self.done.input_rotations += 1;
        self.keys.rotate(cipher, steps)
    }

    fn rotate_output(&mut self, cipher: &Ciphertext, steps: usize) -> Ciphertext {
        self.done.output_rotations += 1;
        self.keys.rotate(cipher, steps)
    }

    /// The sum of the products of one group.
    fn products(&mut self, answer: usize, group: usize, copies: &[Ciphertext]) -> Ciphertext {
        let [_, groups, _] = self.weights.packing.dimensions();
        let first = (answer * groups + group) * copies.len();
        let mut sum = self.scheme().nothing();
        for (index, copy) in copies.iter().enumerate() {
            let vector = self.weights.vector(self.scheme(), first + index);
            self.scheme().multiply_add(&mut sum, &vector, copy);
        }
        self.done.products += copies.len();
        sum
    }

    /// The answers of one band of a convolution.
    fn convolution(&mut self, blocks: &Blocks, fresh: &[Ciphertext]) -> Vec<Ciphertext> {
        let copies: Vec<Ciphertext> = if blocks.are_asked() {
            fresh.to_vec()
        } else {
            fresh.iter().flat_map(|image| self.shifts(blocks, image)).collect()
        };
        (0..blocks.answers()).map(|answer| self.channels(blocks, answer, &copies)).collect()
    }

    /// An image as each cell of the window sees it, each made from the cell before.
    fn shifts(&mut self, blocks: &Blocks, image: &Ciphertext) -> Vec<Ciphertext> {
        let mut copies = vec![image.clone()];
        for cell in 1..blocks.cells() {
            let (from, steps) = blocks.pace(cell);
            copies.push(self.rotate_input(&copies[from], steps));
        }
        copies
    }

    /// One answer: the groups of each row's distance, the farthest first, are added up from block to block.
    fn channels(&mut self, blocks: &Blocks, answer: usize, copies: &[Ciphertext]) -> Ciphertext {
        let mut rows = (0..blocks.swaps).map(|swap| {
            let group = swap * blocks.turns;
            let mut sum = self.products(answer, group + blocks.turns - 1, copies);
            for turn in (0..blocks.turns - 1).rev() {
                sum = self.rotate_output(&sum, blocks.size);
                let products = self.products(answer, group + turn, copies);
                self.scheme().add(&mut sum, &products);
            }
            sum
        });
        let (mut sum, other) = (rows.next().unwrap_or_else(|| unreachable!("a row at least")), rows.next());
        if let Some(other) = other {
            self.done.output_rotations += 1;
            let swapped = self.keys.swap(&other);
            self.scheme().add(&mut sum, &swapped);
        }
        sum
    }

    /// The answers of a matrix.
    fn matrix(&mut self, diagonals: &Diagonals, fresh: Vec<Ciphertext>) -> Vec<Ciphertext> {
        let mut copies = Vec::with_capacity(diagonals.chunks() * diagonals.count);
        for chunk in fresh {
            copies.push(chunk);
            for _ in 1..diagonals.count {
                let next = self.rotate_input(&copies[copies.len() - 1], 1);
                copies.push(next);
            }
        }
        let answer = |answer| {
            let mut sum = self.products(answer, 0, &copies);
            for steps in diagonals.doublings() {
                let rotated = self.rotate_output(&sum, steps);
                self.scheme().add(&mut sum, &rotated);
            }
            sum
        };
        (0..diagonals.answers()).map(answer).collect()
    }
}
