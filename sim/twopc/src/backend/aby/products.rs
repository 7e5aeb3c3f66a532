//! The products of a linear layer, one by one: which weight meets which input.

use crate::linear::Shape;
use fusion_nn::model::Window;

/// A linear layer as a list of products. Padding is zero in public, and is multiplied by nothing.
#[derive(Clone, Debug)]
pub struct Products {
    inputs: usize,
    filters: usize,
    weights: usize,
    groups: usize,
    /// For each position of a filter of the first group: the place of a weight in its filter, and of the input it meets.
    positions: Vec<Vec<[u32; 2]>>,
}

impl Products {
    /// Lists the products of a layer.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        match shape {
            Shape::Gemm { inputs, outputs } => {
                let row = (0..inputs as u32).map(|input| [input, input]).collect();
                Self { inputs, filters: outputs, weights: inputs, groups: 1, positions: vec![row] }
            }
            Shape::Conv { image: [channels, height, width], filters, window, groups } => {
                let (depth, [rows, columns]) = (channels / groups, window.size);
                let (inputs, weights) = (channels * height * width, depth * rows * columns);
                Self { inputs, filters, weights, groups, positions: positions([depth, height, width], window) }
            }
        }
    }

    /// The number of products, for one sample.
    #[must_use]
    pub fn count(&self) -> usize {
        self.filters * self.positions.iter().map(Vec::len).sum::<usize>()
    }

    /// The number of inputs, for one sample.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The products of each output: the places of a weight and of an input.
    pub fn outputs(&self) -> impl Iterator<Item = impl Iterator<Item = [usize; 2]>> {
        (0..self.filters).flat_map(move |filter| {
            let first = filter / (self.filters / self.groups) * (self.inputs / self.groups);
            let at =
                move |[weight, input]: &[u32; 2]| [filter * self.weights + *weight as usize, first + *input as usize];
            self.positions.iter().map(move |products| products.iter().map(at))
        })
    }
}

/// For each position of a filter, the places of weights and of inputs.
#[expect(clippy::expect_used, reason = "a network is read only if its windows fit its images")]
fn positions([channels, height, width]: [usize; 3], window: Window) -> Vec<Vec<[u32; 2]>> {
    let (size, cells) = ([height, width], window.size[0] * window.size[1]);
    let [rows, columns] = window.output(size).expect("an image as large as the window");
    let products = |at: [usize; 2]| {
        let of = move |channel: usize| {
            let product = move |(cell, row, column): (usize, usize, usize)| {
                [channel * cells + cell, (channel * height + row) * width + column].map(|place| place as u32)
            };
            window.cells(at, size).map(product)
        };
        (0..channels).flat_map(of).collect()
    };
    (0..rows).flat_map(|row| (0..columns).map(move |column| [row, column])).map(products).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenet_has_as_many_products_as_its_layers_say() {
        let window = |size: usize, pad: usize| Window { size: [size; 2], stride: [1; 2], pads: [pad; 4] };
        let conv =
            |image, filters, pad| Products::new(Shape::Conv { image, filters, window: window(5, pad), groups: 1 });
        // With what meets the padding of two rows and columns on each side, 117,600.
        assert_eq!(conv([1, 28, 28], 6, 2).count(), 6 * 134 * 134);
        assert_eq!(conv([1, 32, 32], 6, 0).count(), 117_600);
        assert_eq!(conv([6, 14, 14], 16, 0).count(), 240_000);
        assert_eq!(Products::new(Shape::Gemm { inputs: 400, outputs: 120 }).count(), 48_000);
    }

    #[test]
    fn each_output_is_the_sum_of_its_products() {
        let shape = Shape::Conv {
            image: [2, 4, 5],
            filters: 3,
            window: Window { size: [3, 2], stride: [2, 1], pads: [1, 0, 1, 1] },
            groups: 1,
        };
        let products = Products::new(shape);
        let weight = |place: usize| place * place + 3;
        let input = |place: usize| 2 * place + 7;
        let sums: Vec<usize> = products.outputs().map(|terms| terms.map(|[w, x]| weight(w) * input(x)).sum()).collect();
        let mut expected = Vec::new();
        for filter in 0..3 {
            for (y, x) in (0..2).flat_map(|y| (0..5).map(move |x| (y, x))) {
                let mut sum = 0;
                for (channel, row, column) in
                    (0..2).flat_map(|c| (0..3).flat_map(move |r| (0..2).map(move |column| (c, r, column))))
                {
                    let (down, right) = (2 * y + row, x + column);
                    if (1..5).contains(&down) && right < 5 {
                        let place = ((filter * 2 + channel) * 3 + row) * 2 + column;
                        sum += weight(place) * input((channel * 4 + down - 1) * 5 + right);
                    }
                }
                expected.push(sum);
            }
        }
        assert_eq!(sums, expected);
        assert_eq!(products.inputs(), 40);
    }

    /// Two filters of one cell for each of three channels: each output has one product, with its own weight and its own channel.
    #[test]
    fn a_filter_meets_the_channels_of_its_group() {
        let window = Window { size: [1; 2], stride: [1; 2], pads: [0; 4] };
        let products = Products::new(Shape::Conv { image: [3, 1, 2], filters: 6, window, groups: 3 });
        let terms: Vec<Vec<[usize; 2]>> = products.outputs().map(Iterator::collect).collect();
        let expected = (0..12).map(|at| vec![[at / 2, at / 4 * 2 + at % 2]]);
        assert_eq!((terms, products.count()), (expected.collect(), 12));
    }
}
