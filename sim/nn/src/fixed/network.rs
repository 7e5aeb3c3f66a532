//! A network on integers: its layers' outputs for an image, its logits and its label.

use super::layer::FixedLayer;
use super::truncation::{Faithful, Truncation};
use crate::model::Value;

/// Says that an image does not have the size that a network reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the image has {found} pixels and the network reads {needed}")]
pub struct WrongSize {
    /// The number of pixels of the image.
    pub found: usize,
    /// The number of pixels that the network reads.
    pub needed: usize,
}

/// A network on integers, made from a [`Model`](crate::model::Model).
#[derive(Clone, Debug, PartialEq)]
pub struct FixedModel {
    pub(super) image: [usize; 3],
    /// For each of the 256 pixels its integer.
    pub(super) pixel: Vec<i64>,
    pub(super) layers: Vec<FixedLayer>,
    /// For each of the model's layers, the one here whose output stands for it.
    pub(super) stands_for: Vec<usize>,
    pub(super) output: usize,
}

impl FixedModel {
    /// Returns the layers, in the order of evaluation.
    #[must_use]
    pub fn layers(&self) -> &[FixedLayer] {
        &self.layers
    }

    /// Returns the channels, height and width of the image.
    #[must_use]
    pub fn image(&self) -> [usize; 3] {
        self.image
    }

    /// Returns the number of classes.
    #[must_use]
    pub fn classes(&self) -> u32 {
        class(self.layers[self.output].shape[0])
    }

    /// Returns the index of the layer here whose output stands for that of a layer of the model, given by its index there.
    #[must_use]
    pub fn stands_for(&self, layer: usize) -> Option<usize> {
        self.stands_for.get(layer).copied()
    }

    /// Returns the index of the layer whose output is the logits.
    #[must_use]
    pub fn output(&self) -> usize {
        self.output
    }

    /// Returns the least and the largest integer that a pixel can enter as.
    #[must_use]
    pub fn pixel_range(&self) -> [i64; 2] {
        ends(&self.pixel)
    }

    /// Returns the integer that each of the 256 values of a pixel enters as.
    #[must_use]
    pub fn pixel_integers(&self) -> &[i64] {
        &self.pixel
    }

    /// Computes the integers that enter the first layer for an image of 8-bit pixels.
    ///
    /// # Errors
    /// [`WrongSize`] says that the image does not have the size that the network reads.
    pub fn pixels(&self, image: &[u8]) -> Result<Vec<i64>, WrongSize> {
        let needed = self.image.iter().product();
        if image.len() != needed {
            return Err(WrongSize { found: image.len(), needed });
        }
        Ok(image.iter().map(|&pixel| self.pixel[usize::from(pixel)]).collect())
    }

    /// Evaluates the network on an image of 8-bit pixels. Returns every layer's output, each in channel, row, column order.
    ///
    /// # Errors
    /// [`WrongSize`] says that the image does not have the size that the network reads.
    pub fn evaluate(&self, image: &[u8], truncation: &mut impl Truncation) -> Result<Vec<Vec<i64>>, WrongSize> {
        self.walk(image, |layer, inputs| layer.apply(inputs, truncation))
    }

    /// Computes every layer's output, each by `compute` from the layer and its inputs with their shapes.
    pub(super) fn walk(
        &self,
        image: &[u8],
        mut compute: impl FnMut(&FixedLayer, &[(&[i64], &[usize])]) -> Vec<i64>,
    ) -> Result<Vec<Vec<i64>>, WrongSize> {
        let input = self.pixels(image)?;
        let mut values: Vec<Vec<i64>> = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let inputs: Vec<(&[i64], &[usize])> = layer
                .inputs
                .iter()
                .map(|value| match value {
                    Value::Input => (input.as_slice(), self.image.as_slice()),
                    Value::Layer(index) => (values[*index].as_slice(), self.layers[*index].shape.as_slice()),
                })
                .collect();
            let output = compute(layer, &inputs);
            values.push(output);
        }
        Ok(values)
    }

    /// Computes the logits of an image, with faithful truncation.
    ///
    /// # Errors
    /// [`WrongSize`] says that the image does not have the size that the network reads.
    pub fn logits(&self, image: &[u8]) -> Result<Vec<i64>, WrongSize> {
        self.logits_with(image, &mut Faithful)
    }

    /// Computes the logits of an image, with any way of truncation.
    ///
    /// # Errors
    /// [`WrongSize`] says that the image does not have the size that the network reads.
    pub fn logits_with(&self, image: &[u8], truncation: &mut impl Truncation) -> Result<Vec<i64>, WrongSize> {
        Ok(self.evaluate(image, truncation)?.swap_remove(self.output))
    }

    /// Computes the honest answer: the class of the largest logit, and the lowest of several.
    ///
    /// # Errors
    /// [`WrongSize`] says that the image does not have the size that the network reads.
    pub fn label(&self, image: &[u8]) -> Result<u32, WrongSize> {
        Ok(argmax(&self.logits(image)?))
    }
}

/// Returns the index of the largest value, and the lowest index of several. Of no values it is 0.
///
/// ```
/// use fusion_nn::fixed::argmax;
/// assert_eq!(argmax(&[1, 9, 4, 9]), 1, "ties go to the lowest class");
/// ```
#[must_use]
pub fn argmax<T: PartialOrd>(values: &[T]) -> u32 {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    class(best)
}

/// A number of classes, or a class, in the word that holds it.
#[expect(clippy::expect_used, reason = "a network computes at most 2^26 values")]
fn class(index: usize) -> u32 {
    u32::try_from(index).expect("there are fewer than 2^32 classes")
}

/// The least and the largest of the pixels' integers.
#[expect(clippy::expect_used, reason = "a network has an integer for each of 256 pixels")]
pub(super) fn ends(values: &[i64]) -> [i64; 2] {
    [values.iter().min(), values.iter().max()].map(|end| *end.expect("there are 256 integers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_lowest_class() {
        for (logits, class) in
            [(&[5, 5, 5][..], 0), (&[1, 9, 4, 9], 1), (&[-3, -2, -2], 1), (&[i64::MIN; 2], 0), (&[], 0)]
        {
            assert_eq!(argmax(logits), class, "{logits:?}");
        }
    }
}
