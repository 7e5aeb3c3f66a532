//! What a run costs, exactly to the byte, without running it.

use crate::commit::COMMITMENT_BYTES;
use crate::cost::{COIN, Cost, open};
use crate::leviosa::layout::Layout;
use crate::leviosa::ole::{ANSWER_BYTES, CIPHERTEXT_BYTES, SLOTS, most_ciphertexts};
use crate::leviosa::packed::Code;
use crate::linear::Linear;

/// The masks of the three tests.
pub(crate) const MASKS: usize = 3;

/// The bytes of a point of a base transfer.
const POINT_BYTES: usize = 32;

/// How much is multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The number of pairs of blocks that are multiplied.
    pub blocks: usize,
    /// The number of blocks that hold outputs.
    pub outputs: usize,
    /// Whether the server has a part of the inputs too.
    pub shared: bool,
}

impl Size {
    /// The size of a layout.
    #[must_use]
    pub const fn of(layout: &Layout, shared: bool) -> Self {
        Self { blocks: layout.blocks(), outputs: layout.outputs(), shared }
    }

    /// The size of layers for so many images in blocks of `block`, as a layout has it, on inputs shared between both parties; with the number of products.
    fn of_layers(layers: &[Linear], images: usize, block: usize) -> (Self, usize) {
        let mut size = Self { blocks: 0, outputs: 0, shared: true };
        let mut products = 0;
        for layer in layers {
            let terms: Vec<usize> = layer.terms().map(|(_, pairs)| pairs.len()).collect();
            let of_all: Vec<usize> = terms.iter().copied().cycle().take(images * terms.len()).collect();
            products += of_all.iter().sum::<usize>();
            for group in of_all.chunks(block) {
                size.outputs += 1;
                size.blocks += group.iter().max().map_or(0, |&most| most);
            }
        }
        (size, products)
    }

    /// The ciphertexts for each emulated server.
    #[must_use]
    pub const fn ciphertexts(self) -> usize {
        self.blocks.div_ceil(SLOTS)
    }

    /// The most blocks that the code multiplies in a run: what the noise of answers hides.
    #[must_use]
    pub const fn most_blocks(code: &Code) -> usize {
        most_ciphertexts(code) * SLOTS
    }
}

/// The bytes of the client and of the server, and the rounds.
#[must_use]
pub fn cost(code: &Code, size: Size) -> Cost {
    let servers = code.servers();
    // The seeds of one party, offered and chosen.
    let lent = POINT_BYTES + open(servers) + open(servers - code.watched);
    let chosen = POINT_BYTES * servers + 2 * COMMITMENT_BYTES + open(1);
    let keys = servers * (size.ciphertexts() + 1) * CIPHERTEXT_BYTES;
    let answers = servers * size.ciphertexts() * ANSWER_BYTES;
    let dealt = |blocks: usize| open(blocks * servers);
    let inputs = if size.shared { size.blocks } else { 0 };
    let tests = open(code.size() + code.product_size() + servers);
    let both = lent + chosen + 2 * COIN + dealt(size.outputs) + tests;
    let sent = [both + keys + dealt(MASKS), both + answers + dealt(inputs + MASKS)];
    // Two lists of seeds of six messages each, a coin of two, a message each, outputs, a coin, and the tests.
    Cost { sent, rounds: 2 * 6 + 2 + 2 + 1 + 2 + 1 }
}

/// The sizes of codes, and their blocks, of which [`cheapest`] takes one.
const CODES: [(usize, usize); 4] = [(512, 64), (512, 128), (1024, 500), (4096, 2928)];

/// A run of linear layers before it is made.
#[derive(Clone, Debug)]
pub struct Planned {
    /// How blocks are shared.
    pub code: Code,
    /// How much is multiplied.
    pub size: Size,
    /// The products of the layers, of all images.
    pub products: usize,
    /// The bytes that each party sends, and the rounds.
    pub cost: Cost,
}

/// The run of linear layers for so many images, on inputs shared between both parties, by the code of a few that takes the fewest bytes. `None` if the noise of answers hides none of them.
#[must_use]
pub fn cheapest(layers: &[Linear], images: usize) -> Option<Planned> {
    let planned = |(size, block)| {
        let code = Code::new(size, block)?;
        let (size, products) = Size::of_layers(layers, images, block);
        let cost = cost(&code, size);
        (size.ciphertexts() <= most_ciphertexts(&code)).then_some(Planned { code, size, products, cost })
    };
    CODES.into_iter().filter_map(planned).min_by_key(|planned| planned.cost.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_nn::model::Window;

    /// The layout of a padded convolution and a matrix has the size that is counted without it.
    #[test]
    fn sizes_are_those_of_layouts() {
        let window = Window { size: [3; 2], stride: [1; 2], pads: [1; 4] };
        let convolution = Linear { groups: 1, filters: 3, depth: 2, size: [5; 2], window, output: [5; 2] };
        let whole = Window { size: [1; 2], stride: [1; 2], pads: [0; 4] };
        let matrix = Linear { groups: 1, filters: 4, depth: 7, size: [1; 2], window: whole, output: [1; 2] };
        let (code, layers) = (Code::of(32, [5, 3]), [convolution, matrix]);
        for images in 1..4 {
            let layout = Layout::of(&layers, images, &code);
            assert_eq!(Size::of_layers(&layers, images, code.block()), (Size::of(&layout, true), layout.products()));
        }
        // Few products take the smallest block, many a large one.
        let cheapest = |images| cheapest(&layers, images).map(|planned| (planned.code.block(), planned.size.blocks));
        assert_eq!(cheapest(1), Some((64, 18 + 18 + 7)));
        assert_eq!(cheapest(40_000).map(|(block, _)| block), Some(2928));
    }
}
