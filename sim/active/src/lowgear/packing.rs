//! Linear layers as products of polynomials: where weights, inputs and outputs are.
//!
//! It is the packing of Cheetah (Huang, Lu, Hong and Ding, USENIX Security 2022, section 3), with several vectors of inputs beside several filters. Let an input of channel `c`, padded row `y` and column `x` be
//! the coefficient `c H W + y W + x`, below the span `S`; let a weight of that place in its window be the coefficient `O` less that, where `O` is the last weight's place. Then output `(y, x)` is the coefficient
//! `O + y s W + x s'` of the product. Filter `f` is moved up by `f S`, and vector `v` by `v F S`, for `F` filters and `I` vectors with `F I S <= N`.
//!
//! *Nothing else meets an output.* Modulo `X^N + 1` a term beyond `N` would come back below `O`, where no output is. A term of filter `f` and vector `v` at the place of `(f', v')` has
//! `((v - v') F + f - f') S` equal to a difference of two numbers below `S`. So it is 0, and with it the differences of `v` and of `f`. The places in the span have unique digits.

use super::keys::polynomial_bytes;
use super::parameters::DEGREE;
use super::scheme::answer_bytes;
use crate::field;
use crate::linear::Linear;

/// How a linear layer's weights and so many vectors of inputs are packed into polynomials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packing {
    /// The layer.
    pub linear: Linear,
    /// The vectors of inputs.
    vectors: usize,
    /// The channels of a polynomial, and how many polynomials have all.
    channels: usize,
    chunks: usize,
    /// The filters of a factor.
    filters_at_once: usize,
    /// The vectors of a ciphertext.
    vectors_at_once: usize,
}

/// Where something is: in which polynomial, and in which coefficient.
type Place = (usize, usize);

impl Packing {
    /// The packing that takes the fewest bytes; `None` where a channel has more pixels, with padding, than a polynomial has coefficients.
    #[must_use]
    pub fn of(linear: &Linear, vectors: usize) -> Option<Self> {
        let unpacked =
            Self { linear: linear.clone(), vectors, channels: 1, chunks: 1, filters_at_once: 1, vectors_at_once: 1 };
        let most_channels = DEGREE / unpacked.plane();
        if most_channels == 0 {
            return None;
        }
        let channels = most_channels.min(linear.depth);
        let unpacked = Self { channels, chunks: linear.depth.div_ceil(channels), ..unpacked };
        let blocks = DEGREE / unpacked.span();
        let with = |filters_at_once: usize| Self {
            filters_at_once,
            vectors_at_once: (blocks / filters_at_once).min(vectors),
            ..unpacked.clone()
        };
        (1..=blocks.min(linear.filters)).map(with).min_by_key(Self::bytes)
    }

    /// The polynomials that hold all vectors of inputs.
    #[must_use]
    pub const fn ciphertexts(&self) -> usize {
        self.linear.groups * self.vectors.div_ceil(self.vectors_at_once) * self.chunks
    }

    /// The polynomials that hold all weights.
    const fn factors(&self) -> usize {
        self.linear.groups * self.linear.filters.div_ceil(self.filters_at_once) * self.chunks
    }

    /// The products of ciphertexts with factors.
    #[must_use]
    pub const fn products(&self) -> usize {
        self.ciphertexts() * self.linear.filters.div_ceil(self.filters_at_once)
    }

    /// What a party sends of it, but for proofs: ciphertexts, and answers of products with factors and with a key.
    fn bytes(&self) -> usize {
        self.ciphertexts() * polynomial_bytes(2) + answer_bytes(self.ciphertexts() + self.products())
    }

    /// The width of a padded row, and the size of a padded channel.
    const fn width(&self) -> usize {
        self.linear.size[1] + self.linear.window.pads[1] + self.linear.window.pads[3]
    }

    const fn plane(&self) -> usize {
        self.width() * (self.linear.size[0] + self.linear.window.pads[0] + self.linear.window.pads[2])
    }

    const fn span(&self) -> usize {
        self.channels * self.plane()
    }

    /// The place of the last weight of a filter in the span.
    const fn last(&self) -> usize {
        let [rows, columns] = self.linear.window.size;
        (self.channels - 1) * self.plane() + (rows - 1) * self.width() + columns - 1
    }

    /// The place of a weight, by its place in the layer.
    fn weight(&self, at: usize) -> Place {
        let Linear { filters, depth, window: fusion_nn::model::Window { size: [rows, columns], .. }, .. } = self.linear;
        let (at, column) = (at / columns, at % columns);
        let (at, row) = (at / rows, at % rows);
        let (filter, channel) = (at / depth, at % depth);
        let (group, filter) = (filter / filters, filter % filters);
        let block = group * filters.div_ceil(self.filters_at_once) + filter / self.filters_at_once;
        let inside = channel % self.channels * self.plane() + row * self.width() + column;
        let coefficient = filter % self.filters_at_once * self.span() + self.last() - inside;
        (block * self.chunks + channel / self.channels, coefficient)
    }

    /// Where the blocks of a vector begin.
    const fn start(&self, vector: usize) -> usize {
        vector % self.vectors_at_once * self.filters_at_once * self.span()
    }

    /// The place of an input, by its vector and its place there.
    fn input(&self, vector: usize, at: usize) -> Place {
        let Linear { depth, size: [rows, columns], window, .. } = &self.linear;
        let (at, column) = (at / columns, at % columns);
        let (channel, row) = (at / rows, at % rows);
        let (group, channel) = (channel / depth, channel % depth);
        let block = group * self.vectors.div_ceil(self.vectors_at_once) + vector / self.vectors_at_once;
        let inside =
            channel % self.channels * self.plane() + (row + window.pads[0]) * self.width() + column + window.pads[1];
        (block * self.chunks + channel / self.channels, self.start(vector) + inside)
    }

    /// The place of an output, by its vector and its place there: the products of that place's chunks are summed.
    fn output(&self, vector: usize, at: usize) -> Place {
        let Linear { filters, output: [rows, columns], window, .. } = &self.linear;
        let (at, column) = (at / columns, at % columns);
        let (filter, row) = (at / rows, at % rows);
        let (group, filter) = (filter / filters, filter % filters);
        let block = group * self.vectors.div_ceil(self.vectors_at_once) + vector / self.vectors_at_once;
        let sum = block * filters.div_ceil(self.filters_at_once) + filter / self.filters_at_once;
        let inside = self.last() + row * window.stride[0] * self.width() + column * window.stride[1];
        (sum, self.start(vector) + filter % self.filters_at_once * self.span() + inside)
    }

    /// A coefficient of the first ciphertext that no input has and an output reads; `None` where there is none.
    pub(crate) fn spare(&self) -> Option<usize> {
        let first = |(polynomial, coefficient): Place| (polynomial == 0).then_some(coefficient);
        let places = |count: usize| (0..self.vectors).flat_map(move |vector| (0..count).map(move |at| (vector, at)));
        let mut is_input = vec![false; DEGREE];
        let inputs = places(self.linear.inputs()).filter_map(|(vector, at)| first(self.input(vector, at)));
        inputs.for_each(|coefficient| is_input[coefficient] = true);
        let weights: Vec<usize> = (0..self.linear.weights()).filter_map(|at| first(self.weight(at))).collect();
        let outputs = places(self.linear.outputs()).filter_map(|(vector, at)| first(self.output(vector, at)));
        let mut read = outputs.flat_map(|output| weights.iter().map(move |weight| (output + DEGREE - weight) % DEGREE));
        read.find(|&coefficient| !is_input[coefficient])
    }

    /// The coefficients of all factors.
    pub(crate) fn pack_weights(&self, weights: &[u64]) -> Vec<Vec<u64>> {
        let mut factors = vec![vec![0; DEGREE]; self.factors()];
        for (at, &weight) in weights.iter().enumerate() {
            let (factor, coefficient) = self.weight(at);
            factors[factor][coefficient] = weight;
        }
        factors
    }

    /// The coefficients of all polynomials of inputs, of vectors one after the other.
    pub(crate) fn pack_inputs(&self, inputs: &[u64]) -> Vec<Vec<u64>> {
        let mut packed = vec![vec![0; DEGREE]; self.ciphertexts()];
        for (vector, inputs) in inputs.chunks_exact(self.linear.inputs()).enumerate() {
            for (at, &input) in inputs.iter().enumerate() {
                let (polynomial, coefficient) = self.input(vector, at);
                packed[polynomial][coefficient] = input;
            }
        }
        packed
    }

    /// Reads vectors of inputs where [`Self::pack_inputs`] puts them.
    pub(crate) fn unpack_inputs<T: Copy>(&self, packed: &[impl AsRef<[T]>]) -> Vec<T> {
        let places = (0..self.vectors).flat_map(|vector| (0..self.linear.inputs()).map(move |at| (vector, at)));
        let read = |(vector, at)| {
            let (polynomial, coefficient) = self.input(vector, at);
            packed[polynomial].as_ref()[coefficient]
        };
        places.map(read).collect()
    }

    /// Which ciphertext is multiplied with which factor, product after product: those whose sum has an output are one after the other.
    pub(crate) fn jobs(&self) -> Vec<(usize, usize)> {
        let per_group = |count: usize, at_once: usize| count.div_ceil(at_once);
        let vector_blocks = per_group(self.vectors, self.vectors_at_once);
        let filter_blocks = per_group(self.linear.filters, self.filters_at_once);
        let mut jobs = Vec::with_capacity(self.products());
        for group in 0..self.linear.groups {
            for vectors in 0..vector_blocks {
                for filters in 0..filter_blocks {
                    let ciphertext = (group * vector_blocks + vectors) * self.chunks;
                    let factor = (group * filter_blocks + filters) * self.chunks;
                    jobs.extend((0..self.chunks).map(|chunk| (ciphertext + chunk, factor + chunk)));
                }
            }
        }
        jobs
    }

    /// The outputs of all vectors, one after the other, of the coefficients of the products.
    pub(crate) fn unpack_outputs(&self, products: &[impl AsRef<[u64]>]) -> Vec<u64> {
        let places = (0..self.vectors).flat_map(|vector| (0..self.linear.outputs()).map(move |at| (vector, at)));
        let read = |(vector, at)| {
            let (sum, coefficient) = self.output(vector, at);
            let chunks = &products[sum * self.chunks..(sum + 1) * self.chunks];
            chunks.iter().fold(0, |total, product| field::add(total, product.as_ref()[coefficient]))
        };
        places.map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::plain::Slots;
    use super::*;
    use fusion_2pc::random::Seed;
    use fusion_nn::model::Window;

    /// Products of polynomials are the layer's, for windows with padding and steps, groups, and channels and filters in several polynomials.
    #[test]
    fn products_of_polynomials_are_linear_layers() {
        let conv = |groups, filters, depth, size, window: Window| {
            let output = window.output(size).unwrap();
            Linear { groups, filters, depth, size, window, output }
        };
        let window = |size, stride, pads| Window { size: [size; 2], stride: [stride; 2], pads };
        let shapes = [
            (conv(1, 3, 2, [7, 6], window(3, 1, [1; 4])), 2),
            (conv(2, 5, 3, [40, 30], window(5, 2, [0, 1, 2, 0])), 3),
            (conv(1, 2, 5, [64, 64], window(2, 2, [0; 4])), 2),
            (conv(1, 120, 400, [1, 1], window(1, 1, [0; 4])), 2),
            (conv(1, 2, 20_000, [1, 1], window(1, 1, [0; 4])), 2),
        ];
        let slots = Slots::new(DEGREE);
        let mut rng = Seed([5; 32]).stream();
        let mut draw = |count: usize| (0..count).map(|_| field::uniform(&mut rng)).collect::<Vec<u64>>();
        for (linear, vectors) in shapes {
            let packing = Packing::of(&linear, vectors).unwrap();
            let (weights, inputs) = (draw(linear.weights()), draw(vectors * linear.inputs()));
            let [factors, packed] = [packing.pack_weights(&weights), packing.pack_inputs(&inputs)];
            assert_eq!((factors.len(), packed.len()), (packing.factors(), packing.ciphertexts()));
            assert_eq!(packing.unpack_inputs(&packed), inputs);
            let product = |(ciphertext, factor): (usize, usize)| {
                let [left, right] =
                    [&packed[ciphertext], &factors[factor]].map(|polynomial| slots.decode(polynomial.clone()));
                slots.coefficients(left.iter().zip(&right).map(|(&a, &b)| field::mul(a, b)).collect())
            };
            let jobs = packing.jobs();
            assert_eq!(jobs.len(), packing.products());
            let products: Vec<Vec<u64>> = jobs.into_iter().map(product).collect();
            let expected = inputs.chunks_exact(linear.inputs()).flat_map(|inputs| {
                linear.apply(0, |sum, weight, at| field::add(sum, field::mul(weights[weight], inputs[at])))
            });
            assert_eq!(packing.unpack_outputs(&products), expected.collect::<Vec<u64>>(), "{packing:?}");
        }
    }

    /// The spare coefficient changes an output and no input. A layer without padding has one beside the inputs where it has several filters at once, and none where it has one.
    #[test]
    fn a_spare_coefficient_is_read_by_an_output_and_by_no_input() {
        let layer = |groups, filters, depth, size, window: Window| {
            let output = window.output([size; 2]).unwrap();
            Linear { groups, filters, depth, size: [size; 2], window, output }
        };
        let window = |size, stride, pad| Window { size: [size; 2], stride: [stride; 2], pads: [pad; 4] };
        let slots = Slots::new(DEGREE);
        let mut rng = Seed([6; 32]).stream();
        let whole = window(1, 1, 0);
        let spared = [
            layer(1, 1, 1, 6, window(3, 1, 1)),
            layer(1, 10, 64, 1, whole),
            layer(2, 3, 2, 9, window(5, 2, 2)),
            // In several polynomials, of which the first has every coefficient but those of the padding.
            layer(1, 2, 5, 64, window(3, 2, 1)),
        ];
        for linear in spared {
            let packing = Packing::of(&linear, 2).unwrap();
            let spare = packing.spare().unwrap();
            let mut packed = packing.pack_inputs(&vec![0; 2 * linear.inputs()]);
            packed[0][spare] = 1;
            assert!(packing.unpack_inputs(&packed).iter().all(|&input| input == 0), "{packing:?}");
            let weights: Vec<u64> = (0..linear.weights()).map(|_| field::uniform(&mut rng)).collect();
            let factors = packing.pack_weights(&weights);
            let product = |(ciphertext, factor): (usize, usize)| {
                let [left, right] =
                    [&packed[ciphertext], &factors[factor]].map(|polynomial| slots.decode(polynomial.clone()));
                slots.coefficients(left.iter().zip(&right).map(|(&a, &b)| field::mul(a, b)).collect())
            };
            let products: Vec<Vec<u64>> = packing.jobs().into_iter().map(product).collect();
            assert!(packing.unpack_outputs(&products).iter().any(|&output| output != 0), "{packing:?}");
        }
        for linear in [layer(1, 1, 64, 1, whole), layer(1, 2, 20_000, 1, whole)] {
            assert_eq!(Packing::of(&linear, 2).unwrap().spare(), None, "{linear:?}");
        }
    }

    #[test]
    fn a_channel_with_more_pixels_than_coefficients_is_not_packed() {
        let linear = |side| Linear {
            groups: 1,
            filters: 1,
            depth: 1,
            size: [side; 2],
            window: Window { size: [1; 2], stride: [1; 2], pads: [0; 4] },
            output: [side; 2],
        };
        assert!(Packing::of(&linear(128), 1).is_some());
        assert_eq!(Packing::of(&linear(129), 1), None);
    }
}
