//! Flags of how a model computes in fixed point.

use super::numbers::{frac_bits, offset, ring, scale};
use clap::Args;
use fusion_nn::fixed::{Pixels, Precision, Ring};
use fusion_spec::bound::bits::nearest;
use rug::Rational;

/// The flags that say how a model computes in fixed point.
#[derive(Clone, Debug, Args)]
pub struct FixedPointArgs {
    /// The number of fractional bits of weights and activations, 1 to 24 [default: 12].
    #[arg(long, value_name = "BITS", value_parser = frac_bits, allow_negative_numbers = true)]
    pub frac_bits: Option<u32>,
    /// The bits of the ring, 2 to 62, or auto: for each layer the fewest that provably hold its values [default: auto].
    #[arg(long, value_name = "BITS", value_parser = ring, allow_negative_numbers = true)]
    pub ring: Option<Ring>,
    /// The scale, 10^-6 to 10^6: a pixel p stands for p * scale + offset [default: 1/255].
    #[arg(long, value_name = "NUMBER", value_parser = scale, allow_hyphen_values = true)]
    pub scale: Option<Rational>,
    /// The offset, -10^6 to 10^6; see --scale [default: 0].
    #[arg(long, value_name = "NUMBER", value_parser = offset, allow_hyphen_values = true)]
    pub offset: Option<Rational>,
}

impl FixedPointArgs {
    /// The precision of weights and activations.
    pub fn precision(&self) -> Precision {
        Precision { frac_bits: self.frac_bits.unwrap_or(12), ring: self.ring.unwrap_or(Ring::Auto) }
    }

    /// The value of one step of a pixel.
    pub fn scale(&self) -> Rational {
        self.scale.clone().unwrap_or_else(|| Rational::from((1, 255)))
    }

    /// The value of pixel 0.
    pub fn offset(&self) -> Rational {
        self.offset.clone().unwrap_or_else(|| Rational::from(0))
    }

    /// The values that pixels stand for.
    pub fn pixels(&self) -> Pixels {
        Pixels { scale: nearest(&self.scale()), offset: nearest(&self.offset()) }
    }
}
