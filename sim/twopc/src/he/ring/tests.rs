//! Products by the schoolbook, encodings, lifts, and the moments of what is drawn.

use super::*;
use crate::random::{Seed, uniform};
use std::collections::BTreeMap;

#[test]
fn integers_are_lifted_from_the_residues_of_one_prime_to_others() {
    let parameters = Parameters { degree: 4096, primes: 4, prime_bits: 42 };
    let (ring, special) = (Ring::new(parameters), Ring::new(Parameters { primes: 1, prime_bits: 46, ..parameters }));
    for (own, prime) in ring.primes().chain(special.primes()).enumerate() {
        let (signed, half) = (prime.cast_signed(), prime.cast_signed() / 2);
        let mut integers: Vec<i64> = vec![0, 1, -1, half, -half];
        let rest = uniform(&mut Seed([6; 32]).stream(), 63, parameters.degree - integers.len());
        integers.extend(rest.iter().map(|x| (x % prime).cast_signed() - half));
        let residues: Vec<u64> = integers.iter().map(|x| x.rem_euclid(signed).cast_unsigned()).collect();
        let mut lifted = ring.lifted(&residues, prime);
        for (limb, other) in lifted.chunks_exact(parameters.degree).zip(ring.primes()) {
            let reduced = integers.iter().map(|x| x.rem_euclid(other.cast_signed()).cast_unsigned());
            assert!(reduced.eq(limb.iter().copied()));
        }
        assert_eq!(lifted, ring.signed(&integers));
        ring.transform(&mut lifted);
        if let Some(values) = lifted.chunks_exact(parameters.degree).nth(own) {
            assert_eq!(ring.digit(&residues, own, values), lifted);
        }
    }
}

#[test]
fn products_are_those_of_the_schoolbook() {
    let mut rng = Seed([1; 32]).stream();
    for degree in [4096, 8192] {
        let ring = Ring::new(Parameters::of_decryption(degree));
        let (words, secret) = (uniform(&mut rng, 53, degree), ternary(&mut rng, degree));
        let (mut left, mut right) = (ring.words(&words), ring.signed(&secret));
        for polynomial in [&mut left, &mut right] {
            ring.transform(polynomial);
        }
        ring.normalize(&mut right);
        let mut product = ring.zero();
        ring.multiply_add(&mut product, &left, &right);
        ring.untransform(&mut product);
        for index in [0, 1, 77, degree - 1] {
            let term = |i: usize| {
                let (at, sign) = if i <= index { (index - i, 1) } else { (index + degree - i, -1) };
                words[i].wrapping_mul((sign * secret[at]).cast_unsigned())
            };
            let expected = (0..degree).map(term).fold(0, u64::wrapping_add);
            assert_eq!(ring.signed_word(&product, index), expected);
        }
    }
}

/// `|v - q m / 2^l| < 1`, measured in `2^-128` of `q`.
#[test]
fn encodings_are_next_to_what_they_encode() {
    let mut rng = Seed([2; 32]).stream();
    for parameters in Parameters::all() {
        let ring = Ring::new(parameters);
        for bits in [2, 24, 37, 53] {
            let mut words = uniform(&mut rng, bits, parameters.degree);
            words[..3].copy_from_slice(&[0, 1, mask(bits)]);
            let encoded = ring.encode(&words, bits, &mut rng);
            let one = (1 << 128_u32.saturating_sub(parameters.modulus_bits())) * 129 / 128 + 10;
            for (index, &word) in words.iter().enumerate().step_by(7) {
                let off = ring.fraction(&encoded, index).wrapping_sub(u128::from(word) << (128 - bits));
                assert!(off.cast_signed().unsigned_abs() <= one, "{parameters:?}");
            }
        }
    }
}

/// `3 q / 4` is rounded up as often as `q` leaves a remainder, of 4,096 times: out of these bounds with probability below `10^-9` (Hoeffding).
#[test]
fn encodings_are_right_on_average() {
    let ring = Ring::new(Parameters { degree: 4096, primes: 2, prime_bits: 40 });
    let encoded = ring.encode(&vec![3; 4096], 2, &mut Seed([5; 32]).stream());
    let values: BTreeMap<u64, usize> = (0..4096).map(|i| encoded[i]).fold(BTreeMap::new(), |mut counts, value| {
        *counts.entry(value).or_default() += 1;
        counts
    });
    // All primes are 1 modulo 4, thus `3 q` is 3, and the upper neighbour is due three times in four.
    let upper = *values.values().max().unwrap();
    assert_eq!(values.len(), 2);
    assert!(upper.abs_diff(3072) < 210, "{values:?}");
}

#[test]
fn polynomials_are_written_and_read_and_anything_is_reduced() {
    let ring = Ring::new(Parameters { degree: 4096, primes: 3, prime_bits: 36 });
    let polynomial = ring.uniform(&mut Seed([3; 32]).stream());
    let mut packer = Packer::default();
    ring.write(&polynomial, &mut packer);
    assert_eq!(ring.read(&mut Unpacker::new(&packer.finish())), polynomial);
    let most = ring.read(&mut Unpacker::new(&vec![0xFF; 4096 * 3 * 36 / 8]));
    assert!(ring.limbs.iter().enumerate().all(|(i, limb)| most[i * 4096] < limb.prime));
}

/// Words at the ends and in between become the integers next to `q m / 2^bits`, computed here by long division, and are written as they were read.
#[test]
fn rounded_polynomials_are_the_integers_next_to_their_words() {
    let mut rng = Seed([7; 32]).stream();
    for (degree, primes, prime_bits) in [(4096, 2, 50), (4096, 3, 35), (8192, 3, 36)] {
        let ring = Ring::new(Parameters { degree, primes, prime_bits });
        let modulus: u128 = ring.primes().map(u128::from).product();
        for bits in [primes * prime_bits - 1, primes * prime_bits - 17, 63, 64, 65] {
            let any = |_| (u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64())) & ((1 << bits) - 1);
            let mut words: Vec<u128> = (0..degree).map(any).collect();
            words[..4].copy_from_slice(&[0, 1, (1 << bits) - 1, 1 << (bits - 1)]);
            // `floor(q m / 2^bits + 1/2)`, bit by bit from the top: the carry and the half stay below the modulus.
            let scaled = |word: u128| {
                let (mut whole, mut rest) = (0_u128, 0_u128);
                for bit in (0..bits).rev() {
                    (whole, rest) = (whole * 2 + (rest >> (bits - 1)), (rest * 2) & ((1 << bits) - 1));
                    if word >> bit & 1 == 1 {
                        let sum = rest + (modulus & ((1 << bits) - 1));
                        (whole, rest) = (whole + (modulus >> bits) + (sum >> bits), sum & ((1 << bits) - 1));
                    }
                }
                whole + (rest >> (bits - 1))
            };
            let mut packer = Packer::default();
            for word in &words {
                packer.push(low(*word), bits.min(64));
                packer.push(low(word >> 64), bits.saturating_sub(64));
            }
            let message = packer.finish();
            let polynomial = ring.read_rounded(bits, &mut Unpacker::new(&message));
            for (index, &word) in words.iter().enumerate() {
                let expected = scaled(word);
                let residues = polynomial.iter().skip(index).step_by(degree);
                assert!(
                    residues.copied().eq(ring.primes().map(|prime| low(expected % u128::from(prime)))),
                    "{word} of {bits}"
                );
            }
            let mut packer = Packer::default();
            ring.write_rounded(&polynomial, bits, &mut packer);
            assert_eq!(packer.finish(), message, "{bits}");
        }
    }
}

#[test]
fn small_distributions_have_their_moments() {
    let mut rng = Seed([4; 32]).stream();
    let n = 65_536.0_f64;
    let moments = |values: Vec<i64>| {
        let sum = |sum: i64| f64::from(i32::try_from(sum).unwrap()) / n;
        (sum(values.iter().sum()), sum(values.iter().map(|x| x * x).sum()))
    };
    // Seven standard deviations of the estimates: 2.6e-12 each by the normal law.
    let (mean, square) = moments(errors(&mut rng, 1 << 16));
    assert!(mean.abs() < 7.0 * (10.5 / n).sqrt());
    assert!((square - 10.5).abs() < 7.0 * (2.0 * 10.5 * 10.5 / n).sqrt());
    let (mean, square) = moments(ternary(&mut rng, 1 << 16));
    assert!(mean.abs() < 7.0 * (2.0 / 3.0 / n).sqrt());
    assert!((square - 2.0 / 3.0).abs() < 7.0 * (2.0 / 9.0 / n).sqrt());
}
