//! What a server that deviates adds to its response about an earlier message of the client: products of other weights with what that message encrypts, if the client's key is still the same.

use super::layout::Layout;
use super::transformed;
use crate::bits::{Packer, Unpacker};
use crate::he::cipher::{Ciphertext, read_fresh};

/// Adds the products of other weights with an earlier message of a layer to a response of that layer, and to what the client decrypts. Weights of any size are allowed, as long as the noise stays below a
/// step of the plaintext. Under another key than the earlier message's, all that the client decrypts becomes uniform.
///
/// # Panics
/// If the messages or the weights are not of the layout's sizes.
#[must_use]
pub fn replayed(layout: &Layout, response: &[u8], earlier: &[u8], weights: &[i64]) -> Vec<u8> {
    let ring = &layout.rings().outer;
    let [samples, channels, filters] = layout.groups();
    let earlier: Vec<Ciphertext> = read_fresh((ring, layout.geometry().dropped), earlier, samples * channels).collect();
    let (mut unpacker, mut packer) = (Unpacker::new(response), Packer::with_capacity(response.len()));
    for (sample, inputs) in earlier.chunks(channels).enumerate() {
        for filter in 0..filters {
            let mut sum = Ciphertext::zero(ring);
            for (channel, input) in inputs.iter().enumerate() {
                sum.multiply_add(ring, &transformed(layout, weights, channel, filter), input);
            }
            let coefficients = layout.products(sample, filter).map(|(coefficient, _)| coefficient);
            sum.add_to_response(ring, layout.geometry().response, coefficients, (&mut unpacker, &mut packer));
        }
    }
    packer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::he::parameters::Bound;
    use crate::linear::Shape;
    use fusion_nn::model::Window;
    use std::collections::BTreeSet;

    /// The values that a multiple of the message brings to an output, while it brings to each other output what no value is in: those that a server can ask about by moving outputs of its choice.
    fn moved_alone(layout: &Layout) -> Vec<usize> {
        let degree = layout.geometry().parameters.degree;
        let [samples, channels, filters] = layout.groups();
        assert_eq!([samples, channels], [1, 1], "one message");
        let place = |value: usize| {
            let mut values = vec![0; layout.inputs()];
            values[value] = 1;
            layout.input(&values, 0, 0).iter().position(|coefficient| *coefficient == 1).expect("it is encrypted")
        };
        let places: Vec<usize> = (0..layout.inputs()).map(place).collect();
        let held: BTreeSet<usize> = places.iter().copied().collect();
        let outputs = |filter| layout.products(0, filter).map(|(coefficient, _)| coefficient).collect::<Vec<_>>();
        let answers: Vec<Vec<usize>> = (0..filters).map(outputs).collect();
        let alone = |place: usize| {
            answers.iter().any(|all| {
                let others = |own: usize| all.iter().filter(move |other| **other != own);
                all.iter()
                    .any(|&own| others(own).all(|other| !held.contains(&((place + degree + other - own) % degree))))
            })
        };
        (0..layout.inputs()).filter(|value| alone(places[*value])).collect()
    }

    /// Of a matrix every value is; of a convolution those at two corners of the image alone, as one output has the others beside it.
    #[test]
    fn a_convolution_moves_no_output_alone() {
        let bound = Bound { sum_bits: 16, root_bits: 13 };
        let layout = |shape| Layout::new(shape, 30, bound, 1).expect("parameters hold it");
        assert_eq!(moved_alone(&layout(Shape::Gemm { inputs: 36, outputs: 7 })), (0..36).collect::<Vec<_>>());
        let window = Window { size: [3, 3], stride: [1, 1], pads: [0; 4] };
        let image = layout(Shape::Conv { image: [1, 6, 6], filters: 2, window, groups: 1 });
        assert_eq!(moved_alone(&image), [0, 35]);
    }
}
