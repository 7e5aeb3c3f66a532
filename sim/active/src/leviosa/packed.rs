//! Packed secret sharing by transforms (Franklin and Yung, STOC 1992): a block of secrets is a polynomial's values at one coset of roots of unity, and its shares are the values at others.
//!
//! A polynomial of a block has degree below `K`, a power of two. Its values at the roots of `X^K + 1` are the `w` secrets and `t + e` uniform elements, so that any `t + e` shares
//! are uniform and tell nothing of the secrets. The shares are its values at the roots of `X^2K + 1`, and at `2e - 1` roots of `X^4K + 1`. The three sets have no element in common.
//!
//! Invariant: words of polynomials of degree at most `2K - 2`, such as products of two blocks, differ in more than `2e` places.

use crate::field;
use rand_core::Rng;
use rug::{Integer, Rational};
use tfhe_ntt::prime64::Plan;
use zeroize::Zeroizing;

/// Shares of a block, or sums and products of such: one for each emulated server.
pub(crate) type Word = Vec<u64>;

/// How blocks are shared among emulated servers.
#[derive(Clone, Debug)]
pub struct Code {
    /// `K`: the number of coefficients of a block's polynomial.
    size: usize,
    /// `t`: the emulated servers that each party watches of the other one.
    pub watched: usize,
    /// `e`: the emulated servers that may go wrong without being caught.
    pub wrong: usize,
    /// The transforms of `K`, `2K` and `4K` coefficients.
    plans: [Plan; 3],
}

impl Code {
    /// The shares of blocks of `block` secrets by polynomials of `size` coefficients, with the fewest emulated servers for which more than
    /// `wrong` bad ones escape the watch with a probability of at most `2^-42`. `None` where no choice is enough.
    #[must_use]
    pub fn new(size: usize, block: usize) -> Option<Self> {
        let enough = Rational::from((1, 1_u64 << 42));
        let hidden = size.checked_sub(block)?;
        let wrong = (1..hidden).find(|&wrong| {
            let servers = 2 * size + 2 * wrong - 1;
            servers <= 4 * size && watched_bound(servers, hidden - wrong, wrong) <= enough
        })?;
        Some(Self::of(size, [hidden - wrong, wrong]))
    }

    /// The code of polynomials of `size` coefficients with so many watched and so many wrong servers, whatever its error.
    ///
    /// # Panics
    /// If the size is no power of two from 16 to `2^24`, if a number is 0, or if they leave no room for a secret.
    #[must_use]
    pub fn of(size: usize, [watched, wrong]: [usize; 2]) -> Self {
        assert!(watched > 0 && wrong > 0 && watched + wrong < size && size <= 1 << 24, "a code of this size");
        let plan = |size| {
            let Some(plan) = Plan::try_new(size, field::PRIME) else { panic!("{size} is no power of two from 16 on") };
            plan
        };
        Self { size, watched, wrong, plans: [size, 2 * size, 4 * size].map(plan) }
    }

    /// `K`: the number of coefficients of a block's polynomial.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// `w`: the number of secrets of a block.
    #[must_use]
    pub const fn block(&self) -> usize {
        self.size - self.watched - self.wrong
    }

    /// `n`: the number of emulated servers, `2d + 1 + 2e` for the degree `d = K - 1`.
    #[must_use]
    pub const fn servers(&self) -> usize {
        2 * self.size + 2 * self.wrong - 1
    }

    /// The number of coefficients of a product of two blocks.
    pub(crate) const fn product_size(&self) -> usize {
        2 * self.size - 1
    }

    /// The shares of a block: of at most as many secrets as fit, the others 0.
    pub(crate) fn share(&self, secrets: &[u64], rng: &mut impl Rng) -> Word {
        let mut values = Zeroizing::new(secrets.to_vec());
        values.resize(self.block(), 0);
        values.extend((self.block()..self.size).map(|_| field::uniform(rng)));
        self.word(&Zeroizing::new(self.through(&values)))
    }

    /// The shares of a block whose other values are 0 as well: they hide nothing, and anybody can compute them.
    pub(crate) fn public(&self, secrets: &[u64]) -> Word {
        let mut values = secrets.to_vec();
        values.resize(self.size, 0);
        self.word(&self.through(&values))
    }

    /// The coefficients of the polynomial with these values at the roots of `X^K + 1`.
    fn through(&self, values: &[u64]) -> Vec<u64> {
        let mut coefficients = values.to_vec();
        self.plans[0].inv(&mut coefficients);
        self.plans[0].normalize(&mut coefficients);
        coefficients
    }

    /// The shares of a polynomial of at most `2K` coefficients.
    pub(crate) fn word(&self, coefficients: &[u64]) -> Word {
        let values = |plan: &Plan| {
            let mut values = coefficients.to_vec();
            values.resize(plan.ntt_size(), 0);
            plan.fwd(&mut values);
            values
        };
        let mut word = values(&self.plans[1]);
        word.extend_from_slice(&values(&self.plans[2])[..2 * self.wrong - 1]);
        word
    }

    /// The coefficients, `2K`, of the polynomial with the first `2K` of these shares.
    pub(crate) fn coefficients(&self, word: &[u64]) -> Vec<u64> {
        let mut coefficients = word[..2 * self.size].to_vec();
        self.plans[1].inv(&mut coefficients);
        self.plans[1].normalize(&mut coefficients);
        coefficients
    }

    /// The secrets of a polynomial of at most `2K` coefficients.
    pub(crate) fn secrets(&self, coefficients: &[u64]) -> Vec<u64> {
        let (low, high) = coefficients.split_at(self.size);
        let mut values = low.to_vec();
        values.iter_mut().zip(high).for_each(|(low, &high)| *low = field::sub(*low, high));
        self.plans[0].fwd(&mut values);
        values.truncate(self.block());
        values
    }

    /// Whether a word is that of a product of two blocks: of degree at most `2K - 2`.
    pub(crate) fn is_product(&self, word: &[u64]) -> bool {
        let coefficients = self.coefficients(word);
        coefficients[2 * self.size - 1] == 0 && self.word(&coefficients) == word
    }

    /// The coefficients of a uniform polynomial of degree at most `2K - 2` whose secrets are all 0.
    pub(crate) fn of_zeros(&self, rng: &mut impl Rng) -> Vec<u64> {
        let mut drawn = uniform(rng, self.product_size());
        let mut secrets = self.secrets(&drawn);
        secrets.resize(self.size, 0);
        let less = self.through(&secrets);
        drawn.iter_mut().zip(less).for_each(|(to, less)| *to = field::sub(*to, less));
        drawn
    }

    /// The coefficients of a uniform polynomial of degree at most `2K - 2` whose secrets sum to 0.
    pub(crate) fn of_sum_zero(&self, rng: &mut impl Rng) -> Vec<u64> {
        let mut drawn = uniform(rng, self.product_size());
        let mean = field::mul(sum(&self.secrets(&drawn)), field::inverse(self.block() as u64));
        drawn[0] = field::sub(drawn[0], mean);
        drawn
    }
}

/// The probability that none of more than `wrong` bad servers is among the watched ones: `C(n - e - 1, t) / C(n, t)`.
#[must_use]
pub fn watched_bound(servers: usize, watched: usize, wrong: usize) -> Rational {
    let choose = |from: usize| Integer::from(from).binomial(watched as u32);
    Rational::from((choose(servers - wrong - 1), choose(servers)))
}

/// So many uniform elements.
pub(crate) fn uniform(rng: &mut impl Rng, count: usize) -> Vec<u64> {
    (0..count).map(|_| field::uniform(rng)).collect()
}

/// The sum of elements.
pub(crate) fn sum(elements: &[u64]) -> u64 {
    elements.iter().fold(0, |sum, &element| field::add(sum, element))
}

/// Adds the multiple of one word to another.
pub(crate) fn add_multiple(to: &mut [u64], factor: u64, word: &[u64]) {
    to.iter_mut().zip(word).for_each(|(to, &share)| *to = field::add(*to, field::mul(factor, share)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_2pc::random::Seed;

    fn times(a: &[u64], b: &[u64]) -> Word {
        a.iter().zip(b).map(|(&a, &b)| field::mul(a, b)).collect()
    }

    #[test]
    fn shares_multiply_as_secrets_do_and_wrong_ones_are_no_word() {
        let code = Code::of(32, [7, 3]);
        assert_eq!((code.block(), code.servers()), (22, 2 * 31 + 1 + 6));
        let mut rng = Seed([1; 32]).stream();
        let secrets: [Vec<u64>; 2] = std::array::from_fn(|_| uniform(&mut rng, code.block()));
        let words = [0, 1].map(|at: usize| code.share(&secrets[at], &mut rng));
        for (word, secrets) in words.iter().zip(&secrets) {
            let coefficients = code.coefficients(word);
            assert_eq!(&code.secrets(&coefficients), secrets);
            assert!(coefficients[code.size()..].iter().all(|&x| x == 0), "its degree is below K");
        }
        let product = times(&words[0], &words[1]);
        assert!(code.is_product(&product));
        assert_eq!(code.secrets(&code.coefficients(&product)), times(&secrets[0], &secrets[1]));
        assert!(!code.is_product(&times(&product, &words[0])), "a product of three is none of two");
        for at in 0..code.servers() {
            let mut wrong = product.clone();
            wrong[at] = field::add(wrong[at], 1);
            assert!(!code.is_product(&wrong), "place {at}");
        }
        // One coefficient too many is seen although the word fits a polynomial.
        assert!(!code.is_product(&code.word(&vec![1; 2 * code.size()])));
    }

    /// Any `t + e` shares are uniform whatever the secrets: the map from the random values to them can be inverted.
    #[test]
    fn few_shares_tell_nothing() {
        let code = Code::of(16, [3, 2]);
        let places = [0, 9, 17, 31, code.servers() - 1];
        // Each random value alone, as a polynomial that is 0 at all others.
        let mut rows: Vec<Vec<u64>> = (code.block()..code.size())
            .map(|at| {
                let mut values = vec![0; code.size()];
                values[at] = 1;
                let word = code.word(&code.through(&values));
                places.iter().map(|&place| word[place]).collect()
            })
            .collect();
        for at in 0..rows.len() {
            let pivot = (at..rows.len()).find(|&row| rows[row][at] != 0).expect("no combination vanishes");
            rows.swap(at, pivot);
            let head = rows[at].clone();
            for row in &mut rows[at + 1..] {
                let factor = field::neg(field::mul(row[at], field::inverse(head[at])));
                add_multiple(row, factor, &head);
            }
        }
    }

    #[test]
    fn masks_have_the_secrets_that_they_must() {
        let code = Code::of(16, [3, 2]);
        let mut rng = Seed([2; 32]).stream();
        let [zeros, balanced] = [code.of_zeros(&mut rng), code.of_sum_zero(&mut rng)];
        for mask in [&zeros, &balanced] {
            assert!(code.is_product(&code.word(mask)) && mask[code.product_size() - 1] != 0);
        }
        assert_eq!(code.secrets(&zeros), vec![0; code.block()]);
        let secrets = code.secrets(&balanced);
        assert!(secrets.iter().all(|&secret| secret != 0) && sum(&secrets) == 0);
    }

    #[test]
    fn codes_have_the_fewest_servers_that_are_enough() {
        let sizes = [(512, 128), (1024, 500), (4096, 2928)];
        let found = sizes.map(|(size, block)| {
            let code = Code::new(size, block).expect("a code");
            let bound = |wrong: usize| {
                watched_bound(2 * size + 2 * wrong - 1, size - block - wrong, wrong) <= Rational::from((1, 1_u64 << 42))
            };
            assert_eq!(code.block(), block);
            assert!(bound(code.wrong) && !bound(code.wrong - 1));
            [code.watched, code.wrong, code.servers()]
        });
        assert_eq!(found, [[274, 110, 1243], [343, 181, 2409], [909, 259, 8709]]);
        assert!(Code::new(1024, 512).is_none() && Code::new(16, 17).is_none());
    }
}
