//! Whether a product of powers is 1, whatever the exponents: nothing is multiplied out.

use rug::Integer;

/// Whether a product of powers of positive integers is exactly 1.
///
/// Bases that have a common factor are split by it until all are coprime (D. J. Bernstein, Factoring into coprimes in essentially linear time,
/// J. Algorithms 54, 2005, whose speed is not needed here). A product of powers of coprime numbers above 1 is 1 only if every exponent is 0.
///
/// ```
/// use fusion_spec::exact::powers::are_one;
/// use rug::Integer;
///
/// let powers = |list: &[(u32, i128)]| list.iter().map(|(base, exponent)| (Integer::from(*base), *exponent)).collect();
/// assert!(are_one(powers(&[(6, 1 << 70), (2, -(1 << 70)), (3, -(1 << 70))])));
/// assert!(!are_one(powers(&[(6, 1 << 70), (2, -(1 << 70)), (3, 1 - (1 << 70))])));
/// ```
#[must_use]
pub fn are_one(powers: Vec<(Integer, i128)>) -> bool {
    let mut open = powers;
    let mut coprime: Vec<(Integer, i128)> = Vec::new();
    // Each split makes the product of all bases smaller.
    while let Some((base, exponent)) = open.pop() {
        if base == 1 || exponent == 0 {
            continue;
        }
        match coprime.iter().position(|(other, _)| Integer::from(base.gcd_ref(other)) != 1) {
            None => coprime.push((base, exponent)),
            Some(at) => {
                let (other, of_other) = coprime.swap_remove(at);
                let common = Integer::from(base.gcd_ref(&other));
                open.push((base / &common, exponent));
                open.push((other / &common, of_other));
                open.push((common, exponent + of_other));
            }
        }
    }
    coprime.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By multiplying out: all products of four small bases with small exponents.
    #[test]
    fn a_product_is_one_just_where_it_is() {
        let bases = [1_u32, 2, 6, 12];
        let mut ones = 0;
        for code in 0..7_i128.pow(4) {
            let exponents: Vec<i128> = (0..4).map(|at| code / 7_i128.pow(at) % 7 - 3).collect();
            let side = |sign: i128| -> u128 {
                let raised = bases.iter().zip(&exponents).filter(|(_, exponent)| sign * **exponent > 0);
                raised.map(|(base, exponent)| u128::from(*base).pow(u32::try_from(sign * exponent).unwrap())).product()
            };
            let powers = bases.iter().zip(&exponents).map(|(base, exponent)| (Integer::from(*base), *exponent));
            let is_one = side(1) == side(-1);
            ones += u32::from(is_one);
            assert_eq!(are_one(powers.collect()), is_one, "{exponents:?}");
        }
        assert!(ones > 7, "some are 1, and not by the base 1 alone: {ones}");
    }
}
