//! Which secret of which block is what, for linear layers: products are taken share by share, so that a block has one product of each of `w` outputs.
//!
//! A group is `w` outputs of a layer, of all images one after the other. It has as many pairs of blocks, of weights and of inputs, as its outputs have products, and a block of outputs.
//! Weights and inputs are in several blocks, and copies must be the same. What fills up a group's outputs must be 0; what is beyond them in a block
//! enters no output, and is not tested.

use crate::leviosa::packed::Code;
use crate::linear::Linear;

/// What each secret of a block is: a place among weights or inputs; `None` for 0.
pub(crate) type Places = Vec<Option<usize>>;

/// A pair of blocks that are multiplied secret by secret.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    /// The group of outputs that the products are summed for.
    pub group: usize,
    pub weights: Places,
    pub inputs: Places,
}

/// The blocks of products of linear layers, all of them computed at once.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(crate) pairs: Vec<Pair>,
    /// The number of outputs of each group.
    pub(crate) groups: Vec<usize>,
    /// The number of weights, and that of inputs.
    pub(crate) counts: [usize; 2],
    products: usize,
}

impl Layout {
    /// The layout of layers for so many images. Weights are those of one layer after the other, inputs and outputs those of all images for the first layer, and so on.
    #[must_use]
    pub fn of(layers: &[Linear], images: usize, code: &Code) -> Self {
        let mut layout = Self { pairs: Vec::new(), groups: Vec::new(), counts: [0; 2], products: 0 };
        for layer in layers {
            let [weights, inputs] = layout.counts;
            let of_image = |image: usize| {
                let place = move |(weight, input)| [weights + weight, inputs + image * layer.inputs() + input];
                layer.terms().map(move |(_, pairs)| pairs.into_iter().map(place).collect())
            };
            let outputs: Vec<Vec<[usize; 2]>> = (0..images).flat_map(of_image).collect();
            outputs.chunks(code.block()).for_each(|outputs| layout.push(outputs));
            layout.counts = [weights + layer.weights(), inputs + images * layer.inputs()];
        }
        layout
    }

    /// Adds a group of outputs, each with the places of what it multiplies.
    fn push(&mut self, outputs: &[Vec<[usize; 2]>]) {
        let group = self.groups.len();
        self.groups.push(outputs.len());
        self.products += outputs.iter().map(Vec::len).sum::<usize>();
        let most = outputs.iter().map(Vec::len).max().map_or(0, |most| most);
        for term in 0..most {
            let places = |which: usize| outputs.iter().map(|terms| Some(terms.get(term)?[which])).collect();
            self.pairs.push(Pair { group, weights: places(0), inputs: places(1) });
        }
    }

    /// The number of products.
    #[must_use]
    pub const fn products(&self) -> usize {
        self.products
    }

    /// The number of pairs of blocks.
    #[must_use]
    pub const fn blocks(&self) -> usize {
        self.pairs.len()
    }

    /// The number of blocks of outputs.
    #[must_use]
    pub const fn outputs(&self) -> usize {
        self.groups.len()
    }
}
