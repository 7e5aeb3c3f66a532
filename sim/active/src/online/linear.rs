//! Linear layers: products with a triple each, or with one triple of matrices.

use crate::failure::Failure;
use crate::linear::Linear;
use crate::lowgear::matrices::Matrices;
use crate::party::Party;
use crate::share::Share;

impl Party {
    /// Evaluates a linear layer, without its biases, on the inputs of images one after the other, with a triple for each product.
    ///
    /// # Errors
    /// [`Failure`] of products.
    pub(crate) fn multiply_linear(
        &mut self,
        linear: &Linear,
        weights: &[Share],
        inputs: &[Share],
    ) -> Result<Vec<Share>, Failure> {
        let terms: Vec<Vec<(usize, usize)>> = linear.terms().map(|(_, pairs)| pairs).collect();
        let of_image = |inputs: &[Share]| {
            let pairs = terms.iter().flatten().map(|&(weight, at)| (weights[weight], inputs[at]));
            pairs.collect::<Vec<(Share, Share)>>()
        };
        let pairs: Vec<(Share, Share)> = inputs.chunks_exact(linear.inputs()).flat_map(of_image).collect();
        let images = inputs.len() / linear.inputs();
        let mut products = self.multiply(&pairs)?.into_iter();
        let mut sum = |pairs: &Vec<(usize, usize)>| products.by_ref().take(pairs.len()).fold(Share::ZERO, Share::plus);
        Ok((0..images).flat_map(|_| terms.iter().map(&mut sum).collect::<Vec<Share>>()).collect())
    }

    /// Evaluates a linear layer, without its biases, on the inputs of images one after the other, with a triple of matrices: the weights less those of the triple are opened, and the inputs less
    /// its inputs, each once. With `W = A + D` and `X = B + E` the outputs are `C + W E + D B` (Beaver, CRYPTO 1991, for linear maps).
    ///
    /// # Errors
    /// [`Failure`] where the peer does not keep to the protocol.
    pub(crate) fn multiply_matrices(
        &mut self,
        linear: &Linear,
        triple: &Matrices,
        weights: &[Share],
        inputs: &[Share],
    ) -> Result<Vec<Share>, Failure> {
        let both = |left: &[Share], right: &[Share]| {
            assert_eq!(left.len(), right.len(), "a triple of this layer");
            left.iter().zip(right).map(|(left, right)| left.minus(*right)).collect::<Vec<Share>>()
        };
        let differences = [both(weights, &triple.weights), both(inputs, &triple.inputs)].concat();
        let opened = self.open(&differences)?;
        let (of_weights, of_inputs) = opened.split_at(weights.len());
        let vectors = of_inputs.chunks_exact(linear.inputs()).zip(triple.inputs.chunks_exact(linear.inputs()));
        let outputs =
            vectors.zip(triple.outputs.chunks_exact(linear.outputs())).flat_map(|((opened, masks), outputs)| {
                let sums = linear.apply(Share::ZERO, |sum, weight, at| {
                    sum.plus(weights[weight].times(opened[at])).plus(masks[at].times(of_weights[weight]))
                });
                sums.into_iter().zip(outputs).map(|(sum, output)| sum.plus(*output)).collect::<Vec<Share>>()
            });
        Ok(outputs.collect())
    }
}
