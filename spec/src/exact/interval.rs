//! Intervals that certainly contain a real number. Their ends are in fixed point, and every operation rounds outward.
//!
//! ```
//! use fusion_spec::exact::log2::log2_integer;
//! use rug::Integer;
//!
//! let (five, seven) = (log2_integer(&Integer::from(5), 32), log2_integer(&Integer::from(7), 32));
//! let log2_35 = five.plus(&seven);
//! assert!(log2_35.lo() < log2_35.hi() && log2_35.ceil() == 6);
//! // At 32 places the logarithms tell 35 from 36, and cannot tell 35 from itself.
//! let log2_36 = log2_integer(&Integer::from(36), 32);
//! assert_eq!(log2_35.clone().minus(&log2_36).sign(), Some(std::cmp::Ordering::Less));
//! assert_eq!(log2_35.minus(&log2_integer(&Integer::from(35), 32)).sign(), None);
//! ```

use rug::{Integer, Rational, ops::DivRoundingAssign};
use std::cmp::Ordering;

/// A real number known to lie in `[lo, hi] / 2^precision`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    lo: Integer,
    hi: Integer,
    precision: u32,
}

impl Interval {
    /// `[lo, hi] / 2^precision`.
    pub(super) fn new(lo: Integer, hi: Integer, precision: u32) -> Self {
        debug_assert!(lo <= hi, "an interval has its ends in order");
        Self { lo, hi, precision }
    }

    /// Makes the interval that holds an integer and nothing else.
    #[must_use]
    pub fn exactly(value: &Integer, precision: u32) -> Self {
        let scaled = Integer::from(value << precision);
        Self::new(scaled.clone(), scaled, precision)
    }

    /// Returns the lower end.
    #[must_use]
    pub fn lo(&self) -> Rational {
        Rational::from((self.lo.clone(), Integer::from(1) << self.precision))
    }

    /// Returns the upper end.
    #[must_use]
    pub fn hi(&self) -> Rational {
        Rational::from((self.hi.clone(), Integer::from(1) << self.precision))
    }

    /// Returns the smallest integer that is certainly not below the number.
    #[must_use]
    pub fn ceil(&self) -> Integer {
        -(Integer::from(-&self.hi) >> self.precision)
    }

    /// Compares the number with another at the same precision. Returns `None` where the intervals cannot tell.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        debug_assert_eq!(self.precision, other.precision, "numbers are compared at one precision");
        let (least, most) = (self.lo.cmp(&other.hi), self.hi.cmp(&other.lo));
        (least == most).then_some(least)
    }

    /// Compares the number with 0. Returns `None` where the interval cannot tell.
    #[must_use]
    pub fn sign(&self) -> Option<Ordering> {
        let (lo, hi) = (self.lo.cmp0(), self.hi.cmp0());
        (lo == hi).then_some(lo)
    }

    /// Adds another number at the same precision.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.add(other);
        self
    }

    /// [`Interval::plus`] in place.
    pub(crate) fn add(&mut self, other: &Self) {
        debug_assert_eq!(self.precision, other.precision, "sums are taken at one precision");
        self.lo += &other.lo;
        self.hi += &other.hi;
    }

    /// Subtracts another number at the same precision.
    #[must_use]
    pub fn minus(mut self, other: &Self) -> Self {
        self.subtract(other);
        self
    }

    /// [`Interval::minus`] in place.
    pub(crate) fn subtract(&mut self, other: &Self) {
        debug_assert_eq!(self.precision, other.precision, "differences are taken at one precision");
        self.lo -= &other.hi;
        self.hi -= &other.lo;
    }

    /// Multiplies the number by a factor that is not negative.
    #[must_use]
    pub fn times(mut self, factor: &Integer) -> Self {
        self.lo *= factor;
        self.hi *= factor;
        self
    }

    /// Returns the same number at another precision, rounded outward.
    #[must_use]
    pub(super) fn at_precision(self, precision: u32) -> Self {
        let Self { lo, hi, precision: old } = self;
        if precision >= old {
            return Self::new(lo << (precision - old), hi << (precision - old), precision);
        }
        let drop = old - precision;
        Self::new(lo >> drop, -(-hi >> drop), precision)
    }

    /// From this number's lower end to the other's upper end.
    #[must_use]
    pub(crate) fn until(self, other: Self) -> Self {
        debug_assert_eq!(self.precision, other.precision, "ends are given at one precision");
        Self::new(self.lo, other.hi, self.precision)
    }

    /// Half the number: the same digits, one place further down.
    #[must_use]
    pub(super) fn halved(self) -> Self {
        Self { precision: self.precision + 1, ..self }
    }

    /// Multiplies the number by another, at this one's precision. Neither may be negative.
    #[must_use]
    pub fn times_positive(self, other: &Self) -> Self {
        let product = Self::new(self.lo * &other.lo, self.hi * &other.hi, self.precision + other.precision);
        product.at_precision(self.precision)
    }

    /// Raises a number that is not negative to a power, at its own precision.
    #[must_use]
    pub fn power(&self, exponent: u64) -> Self {
        let mut power = Self::exactly(&Integer::from(1), self.precision);
        for bit in (0..u64::BITS - exponent.leading_zeros()).rev() {
            power = power.clone().times_positive(&power);
            if exponent >> bit & 1 == 1 {
                power = power.times_positive(self);
            }
        }
        power
    }

    /// Whether the number is at most one unit of the last place.
    pub(crate) fn is_unit(&self) -> bool {
        self.hi <= 1
    }

    /// Multiplies the number by `numer/denom`. Neither the number nor the ratio may be negative.
    #[must_use]
    pub fn scaled(mut self, numer: &Integer, denom: &Integer) -> Self {
        self.scale(numer, denom);
        self
    }

    /// [`Interval::scaled`] in place.
    pub(crate) fn scale(&mut self, numer: &Integer, denom: &Integer) {
        self.lo *= numer;
        self.lo.div_floor_assign(denom);
        self.hi *= numer;
        self.hi.div_ceil_assign(denom);
    }

    /// Both ends, in units of `2^-precision`.
    #[cfg(test)]
    pub(super) fn units(&self) -> [&Integer; 2] {
        [&self.lo, &self.hi]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_rounds_outward() {
        let third = Interval::exactly(&Integer::from(1), 8).scaled(&Integer::from(1), &Integer::from(3));
        let [lo, hi] = [85, 86].map(|units| Rational::from((units, 256)));
        assert_eq!((third.lo(), third.hi()), (lo, hi));
        let zero = third.clone().minus(&third);
        assert_eq!(zero.sign(), None);
        assert_eq!(third.sign(), Some(Ordering::Greater));
        assert_eq!(third.ceil(), 1);
        let half = Interval::exactly(&Integer::from(1), 8).scaled(&Integer::from(1), &Integer::from(2));
        assert_eq!((third.compare(&half), half.compare(&third)), (Some(Ordering::Less), Some(Ordering::Greater)));
        assert_eq!((third.compare(&third), half.compare(&half)), (None, Some(Ordering::Equal)));
        let twice = third.clone().plus(&third);
        assert_eq!(twice, third.clone().times(&Integer::from(2)));
        let coarse = third.clone().at_precision(4);
        assert!(coarse.lo() <= third.lo() && third.hi() <= coarse.hi());
        let ninth = third.clone().times_positive(&third);
        let exact = Rational::from((1, 9));
        assert!(ninth.lo() < exact && exact < ninth.hi());
    }
}
