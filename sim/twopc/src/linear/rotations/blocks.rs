//! Convolutions: a channel is a block of slots, and outputs are rotated by whole blocks.
//!
//! An image with its padding has its rows one after another in a block of the next power of two, and a half-row of slots has as many channels as fit.
//! If a channel is shifted to the left by a cell of the window, the slot of an output has the number that this cell sees. A product with the
//! weights of one pair of an input and an output channel in each block, for all shifts, leaves in each block a part of an output channel that
//! stands some blocks, and perhaps a row, away. One group of products for each such distance is brought home by rotations of the outputs.
//! Where both numbers of channels leave blocks free, the channels are repeated there, so that distances count modulo that number.
//! Images that exceed a row are cut into bands of output rows, each with ciphertexts of its own.

use super::super::shape::Convolution;
use crate::he::slots::{SLOT_ROW, SLOTS, Work, signed_digits};
use fusion_nn::model::Window;

/// Who makes the shifted copies of an image that the cells of a window see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// The server, by rotations.
    ByServer,
    /// The client, which encrypts each by itself.
    ByClient,
}

/// How a convolution is packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blocks {
    layer: Convolution,
    copies: Copies,
    /// The output rows of a band.
    rows: usize,
    /// The rows and columns of a band's image, with padding.
    plane: [usize; 2],
    /// The slots of a block.
    pub size: usize,
    /// The distances in blocks.
    pub turns: usize,
    /// The distances in rows: two if channels stand in both.
    pub swaps: usize,
}

impl Blocks {
    /// `None` if a row of outputs exceeds a row of slots.
    pub fn new(layer: Convolution, copies: Copies) -> Option<Self> {
        let height = layer.output[0];
        let fits = |rows: &usize| layer.plane(*rows).iter().product::<usize>() <= SLOT_ROW;
        let bands = height.div_ceil((1..=height).take_while(fits).last()?);
        let rows = height.div_ceil(bands);
        let plane = layer.plane(rows);
        let size = (plane[0] * plane[1]).next_power_of_two();
        let (each, most) = (SLOT_ROW / size, layer.channels.max(layer.filters));
        let (turns, swaps) = (each.min(most.next_power_of_two()), if most > each { 2 } else { 1 });
        Some(Self { layer, copies, rows, plane, size, turns, swaps })
    }

    /// The blocks in a row.
    fn each(&self) -> usize {
        SLOT_ROW / self.size
    }

    /// The bands.
    pub fn bands(&self) -> usize {
        self.layer.output[0].div_ceil(self.rows)
    }

    /// The ciphertexts of a band that the input channels, or the output channels, fill.
    fn ciphertexts(&self, channels: usize) -> usize {
        channels.div_ceil(2 * self.each())
    }

    /// The ciphertexts of a band's input, each counted once.
    pub fn images(&self) -> usize {
        self.ciphertexts(self.layer.channels)
    }

    /// The responses of a band.
    pub fn answers(&self) -> usize {
        self.ciphertexts(self.layer.filters)
    }

    /// The cells of the window.
    pub fn cells(&self) -> usize {
        self.layer.cells()
    }

    /// By how much the input is shifted for a cell.
    pub fn shift(&self, cell: usize) -> usize {
        let columns = self.layer.window.size[1];
        cell / columns * self.plane[1] + cell % columns
    }

    /// The shift from the previous cell of a column, and from one row of cells to the next.
    pub fn pace(&self, cell: usize) -> (usize, usize) {
        let columns = self.layer.window.size[1];
        if cell.is_multiple_of(columns) { (cell - columns, self.plane[1]) } else { (cell - 1, 1) }
    }

    /// The ciphertexts that the client sends for a band, each for an image and perhaps a cell.
    pub fn asked(&self) -> usize {
        match self.copies {
            Copies::ByServer => self.images(),
            Copies::ByClient => self.images() * self.cells(),
        }
    }

    /// Whether the client makes the copies.
    pub fn are_asked(&self) -> bool {
        self.copies == Copies::ByClient
    }

    pub fn work(&self) -> Work {
        let [height, width] = self.layer.window.size;
        let groups = self.turns * self.swaps;
        let path = (height - 1) * signed_digits(self.plane[1]).len() + width - 1;
        Work {
            switches_before: if self.are_asked() { 0 } else { path },
            products: groups * self.images() * self.cells(),
            switches_after: groups,
        }
    }

    /// The slots of a ciphertext that the client sends, of all bands.
    pub fn input(&self, x: &[u64], index: usize) -> Vec<u64> {
        let (band, index) = (index / self.asked(), index % self.asked());
        if !self.are_asked() {
            return self.image(x, band, index);
        }
        let mut slots = self.image(x, band, index / self.cells());
        slots.chunks_exact_mut(SLOT_ROW).for_each(|row| row.rotate_left(self.shift(index % self.cells())));
        slots
    }

    /// The channel in a block, if there is one.
    fn channel(&self, image: usize, row: usize, block: usize) -> Option<usize> {
        let channel = (image * 2 + row) * self.each() + block % self.turns;
        (row < self.swaps && channel < self.layer.channels).then_some(channel)
    }

    fn image(&self, x: &[u64], band: usize, image: usize) -> Vec<u64> {
        let Convolution { image: [height, width], window: Window { stride, pads, .. }, .. } = self.layer;
        let top = band * self.rows * stride[0];
        let left = pads[1].min(self.plane[1]);
        let copied = width.min(self.plane[1] - left);
        let mut slots = vec![0; SLOTS];
        for (at, block) in slots.chunks_exact_mut(self.size).enumerate() {
            let Some(channel) = self.channel(image, at / self.each(), at % self.each()) else { continue };
            let source = &x[channel * height * width..][..height * width];
            for (row, line) in block.chunks_exact_mut(self.plane[1]).take(self.plane[0]).enumerate() {
                if let Some(y) = (top + row).checked_sub(pads[0]).filter(|&y| y < height) {
                    line[left..left + copied].copy_from_slice(&source[y * width..][..copied]);
                }
            }
        }
        slots
    }

    /// The slots, in a block, of a band's outputs, row by row.
    fn cells_of_outputs(&self) -> impl Iterator<Item = usize> + use<> {
        let ([down, right], columns, width) = (self.layer.window.stride, self.plane[1], self.layer.output[1]);
        (0..self.rows).flat_map(move |row| (0..width).map(move |column| row * down * columns + column * right))
    }

    /// The weights for an answer, a distance, and a copy of the input, slot by slot.
    pub fn weight(&self, weights: &[u64], answer: usize, group: usize, copy: usize) -> Vec<u64> {
        let (image, cell) = (copy / self.cells(), copy % self.cells());
        let (swap, turn) = (group / self.turns, group % self.turns);
        let mut slots = vec![0; SLOTS];
        for (at, block) in slots.chunks_exact_mut(self.size).enumerate() {
            let (row, place) = (at / self.each(), at % self.each());
            let filter = (answer * 2 + (row ^ swap)) * self.each() + (place + self.each() - turn) % self.each();
            let channel = self.channel(image, row, place).filter(|_| filter < self.layer.filters);
            if let Some(weights) = channel.and_then(|channel| self.layer.filter_cells(weights, filter, channel)) {
                self.cells_of_outputs().for_each(|slot| block[slot] = weights[cell]);
            }
        }
        slots
    }

    /// The response and the slot of each output.
    pub fn places(&self) -> Vec<(usize, usize)> {
        let [height, width] = self.layer.output;
        let cells: Vec<usize> = self.cells_of_outputs().collect();
        let outputs = (0..self.layer.filters).flat_map(|filter| (0..height * width).map(move |at| (filter, at)));
        let place = |(filter, at): (usize, usize)| {
            let (band, cell) = (at / (self.rows * width), at % (self.rows * width));
            let (answer, block) = (filter / (2 * self.each()), filter % (2 * self.each()));
            (band * self.answers() + answer, block * self.size + cells[cell])
        };
        outputs.map(place).collect()
    }
}
