//! Parameters of 128-bit security, and the budget of noise: how a response may be masked and rounded and still be exact.
//!
//! Everything is measured against half a step of the plaintext, `q / 2^(l+1)`. The derivation is in decision 7.

/// No coefficient of an error exceeds this in size: a centred binomial of 42 coins, standard deviation `sqrt(42)/2 = 3.24`.
pub const MAX_ERROR: u32 = 21;

/// A response's noise is flooded by noise larger by this many bits.
pub const FLOODING_BITS: u32 = 40;

/// The flooding noise takes a 64th of half a step, `2^-(l+7)` of the modulus, or less where it must.
const FLOOD_BELOW_RING: u32 = 7;

/// Each of the two random parts of a coefficient's error exceeds its bound with a probability of at most `2^-TAIL_BITS`.
pub const TAIL_BITS: u32 = 81;

/// Widest coefficient of a response.
pub const MAX_RESPONSE_BITS: u32 = 63;

/// Degrees, and the largest moduli that leave 128 bits of security to a ternary secret (Albrecht et al., Homomorphic Encryption
/// Standard, 2018, table 1).
const SECURE: [(usize, u32); 2] = [(4096, 109), (8192, 218)];

/// Vector instructions multiply up to 52 bits; the transform wants two of them.
const MAX_PRIME_BITS: u32 = 50;

/// The ring `Z_q[X]/(X^degree + 1)`; `q` is the product of the largest suitable primes below `2^prime_bits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Parameters {
    /// A power of two.
    pub degree: usize,
    /// How many primes.
    pub primes: u32,
    /// Of each prime.
    pub prime_bits: u32,
}

impl Parameters {
    /// All that are secure.
    pub fn all() -> impl Iterator<Item = Self> {
        SECURE.into_iter().flat_map(|(degree, limit)| {
            let sizes = (2..=4).flat_map(|primes| (34..=MAX_PRIME_BITS).map(move |bits| (primes, bits)));
            sizes
                .filter(move |(primes, bits)| bits % 2 == 0 && primes * bits <= limit)
                .map(move |(primes, prime_bits)| Self { degree, primes, prime_bits })
        })
    }

    /// Those in which a response is multiplied by the secret, without any reduction modulo `q`.
    #[must_use]
    pub const fn of_decryption(degree: usize) -> Self {
        Self { degree, primes: 2, prime_bits: MAX_PRIME_BITS }
    }

    /// `q <= 2^modulus_bits`, and `q >= 2^modulus_bits (1 - 2^-8)`.
    #[must_use]
    pub const fn modulus_bits(&self) -> u32 {
        self.primes * self.prime_bits
    }

    /// A secret has at most this many coefficients other than 0: all but one in `2^100` have fewer.
    #[must_use]
    pub const fn max_weight(&self) -> usize {
        self.degree / 4 * 3
    }

    /// Bits of a polynomial modulo `q`.
    #[must_use]
    pub const fn polynomial_bits(&self) -> usize {
        self.degree * self.modulus_bits() as usize
    }

    /// Noise of a masked response before it is flooded: the rounding of the encoding and the fresh errors, times the weights; the
    /// errors of the encryption of zero, times its ternary secret and the client's. One part in 128 stands for `q < 2^modulus_bits`.
    pub(super) fn noise(&self, norm: Norm) -> u128 {
        let error = u128::from(MAX_ERROR);
        let products = norm.sum.div_ceil(2).saturating_add(norm.errors());
        let zero = error * (self.degree + self.max_weight()) as u128;
        let noise = products.saturating_add(zero);
        noise.saturating_add(noise / 128 + 1)
    }

    /// The sum of a product's rounding errors exceeds this with a probability of at most `2^-TAIL_BITS`: `h = max_weight` independent
    /// terms in an interval of length 1 (Hoeffding, 1963, theorem 2: `2 exp(-2 T^2 / h)`; `ln 2 / 2 < 0.347`).
    fn rounding_tail(&self) -> u128 {
        let square = self.max_weight() as u128 * u128::from(TAIL_BITS + 1) * 347 / 1000 + 1;
        square.isqrt() + 1
    }
}

/// How large the weights of one filter (or of one output) are: public, and so in whole bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Their sizes sum to at most `2^sum_bits`.
    pub sum_bits: u32,
    /// Their squares sum to at most `2^(2 root_bits)`.
    pub root_bits: u32,
}

impl Bound {
    /// The least that holds for each of some filters.
    #[must_use]
    pub fn of<'a>(filters: impl Iterator<Item = &'a [i64]>) -> Self {
        let sizes = |filter: &[i64]| {
            let size = |weight: &i64| u128::from(weight.unsigned_abs());
            let squares: u128 =
                filter.iter().map(|weight| size(weight).saturating_mul(size(weight))).fold(0, u128::saturating_add);
            (filter.iter().map(size).sum(), squares)
        };
        let most = |most: (u128, u128), filter| {
            let (sum, squares) = sizes(filter);
            (most.0.max(sum), most.1.max(squares))
        };
        let (sum, squares) = filters.fold((0, 0), most);
        let bits = |most: u128| u128::BITS - most.saturating_sub(1).leading_zeros();
        Self { sum_bits: bits(sum), root_bits: bits(squares).div_ceil(2) }
    }

    /// Whether weights within this bound are also within another.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        self.sum_bits <= other.sum_bits && self.root_bits <= other.root_bits
    }
}

/// How large all weights are that one ciphertext is a sum over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Norm {
    /// No less than the sum of their sizes.
    pub sum: u128,
    /// No less than the root of the sum of their squares.
    pub root: u128,
}

impl Norm {
    /// Of the weights of so many filters together.
    #[must_use]
    pub fn of_filters(filters: usize, each: Bound) -> Self {
        let times =
            |bits: u32, count: usize| 1_u128.checked_shl(bits).unwrap_or(u128::MAX).saturating_mul(count as u128);
        let Bound { sum_bits, root_bits } = each;
        Self { sum: times(sum_bits, filters), root: times(root_bits, (filters - 1).isqrt() + 1) }
    }

    /// The errors' sum, each times a weight: the worst, or a tail. An error is the sum of `2 * MAX_ERROR` fair coins of size 1/2, so
    /// that the sum exceeds `T` with probability at most `2 exp(-T^2 / (MAX_ERROR root^2))` (Hoeffding); `ln 2 < 0.694`.
    fn errors(&self) -> u128 {
        let square = u128::from(MAX_ERROR * (TAIL_BITS + 1)) * 694 / 1000 + 1;
        let tail = self.root.saturating_mul(square.isqrt() + 1);
        self.sum.saturating_mul(MAX_ERROR.into()).min(tail)
    }
}

/// How a response is flooded and rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// The flooding noise is uniform in `-2^-flood..2^-flood` of the modulus.
    pub flood: u32,
    /// Of a coefficient of `a`.
    pub a_bits: u32,
    /// Of a coefficient of `b`.
    pub b_bits: u32,
}

impl Response {
    /// All that decrypt exactly in a ring of `ring_bits`, for each width of `a` the least of `b`.
    pub fn exact(parameters: Parameters, ring_bits: u32, norm: Norm) -> impl Iterator<Item = Self> {
        let noise_bits = u128::BITS - parameters.noise(norm).leading_zeros();
        let most = parameters
            .modulus_bits()
            .checked_sub(FLOODING_BITS + noise_bits)
            .filter(|&most| ring_bits > 0 && most > ring_bits + 1);
        let flood = most.map(|most| most.min(ring_bits + FLOOD_BELOW_RING));
        let widths = (ring_bits + 10..ring_bits + 14).filter(|&bits| bits <= MAX_RESPONSE_BITS);
        flood.into_iter().flat_map(move |flood| {
            widths.clone().filter_map(move |a_bits| {
                let least = (ring_bits + 1..a_bits).map(|b_bits| Self { flood, a_bits, b_bits });
                least.into_iter().find(|response| response.is_exact(parameters, ring_bits))
            })
        })
    }

    /// Whether noise, flooding, and the roundings of `b` and of `a` times the secret stay below half a step: in units of `2^-32` of it,
    /// each part rounded up.
    fn is_exact(&self, parameters: Parameters, ring_bits: u32) -> bool {
        let half: u128 = 1 << 32;
        let part = |size: u128, bits: u32| ((size * half) << (ring_bits + 1)).div_ceil(1 << bits);
        let flood = part(1, self.flood);
        let noise = flood.div_ceil(1 << FLOODING_BITS);
        let rounding = part(1, self.b_bits + 1) + part(parameters.rounding_tail(), self.a_bits);
        flood + noise + rounding < half
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(bits: u32) -> Bound {
        Bound { sum_bits: bits, root_bits: bits }
    }

    #[test]
    fn parameters_are_secure_and_the_tail_is_what_it_says() {
        assert!(Parameters::all().all(|p| p.modulus_bits() <= if p.degree == 4096 { 109 } else { 218 }));
        for degree in [4096, 8192] {
            let parameters = Parameters::of_decryption(degree);
            let tail = |value: u128| f64::from(u32::try_from(value).unwrap());
            let bits = |exponent: f64| exponent / std::f64::consts::LN_2 - 1.0;
            let weight = tail(parameters.max_weight() as u128);
            assert!(bits(2.0 * tail(parameters.rounding_tail()).powi(2) / weight) >= f64::from(TAIL_BITS));
            let root = tail(Norm { sum: 1 << 40, root: 1 }.errors());
            assert!(bits(root * root / f64::from(MAX_ERROR)) >= f64::from(TAIL_BITS));
        }
    }

    #[test]
    fn a_response_has_few_more_bits_than_the_ring_or_does_not_exist() {
        let wide = Parameters { degree: 8192, primes: 3, prime_bits: 50 };
        let found: Vec<Response> = Response::exact(wide, 37, Norm::of_filters(1, alike(20))).collect();
        assert_eq!(found[0], Response { flood: 44, a_bits: 47, b_bits: 40 });
        let narrow = Parameters { degree: 4096, primes: 2, prime_bits: 50 };
        assert_eq!(Response::exact(narrow, 37, Norm::of_filters(1, alike(20))).count(), 0);
        assert_eq!(Response::exact(wide, 60, Norm::of_filters(1, alike(0))).count(), 0);
        assert_eq!(Response::exact(wide, 37, Norm::of_filters(9, alike(200))).count(), 0);
    }

    #[test]
    fn bounds_are_the_least_in_whole_bits() {
        let bound = |filters: &[&[i64]]| {
            let Bound { sum_bits, root_bits } = Bound::of(filters.iter().copied());
            (sum_bits, root_bits)
        };
        assert_eq!(bound(&[&[0]]), (0, 0));
        assert_eq!(bound(&[&[4, -4], &[0, 8]]), (3, 3));
        assert_eq!(bound(&[&[4, -5]]), (4, 3));
        assert_eq!(bound(&[&[1; 64]]), (6, 3));
        assert_eq!(bound(&[&[i64::MIN; 4]]), (65, 64));
        assert!(Bound::of([[1; 64].as_slice()].into_iter()).is_within(alike(6)));
    }
}
