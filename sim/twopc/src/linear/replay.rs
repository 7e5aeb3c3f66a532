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
    let earlier: Vec<Ciphertext> = read_fresh(ring, earlier, samples * channels).collect();
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
