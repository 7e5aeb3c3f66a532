//! Products decrypt exactly, up to the extremes of what is multiplied; their noise is within its bound.

use super::super::parameters::{Dropped, Norm, Released};
use super::*;
use crate::bits::mask;
use crate::random::uniform;
use rand_chacha::ChaCha20Rng;

const SECRETS: usize = 2;

/// A party that has encrypted a polynomial under each of two secrets, and what the other one holds.
struct Bench {
    rings: RingPair,
    owner: Owner,
    zero: Shared,
    weights: Shared,
    response: (Response, u32),
    rng: ChaCha20Rng,
}

impl Bench {
    fn new(ring_bits: u32, polynomials: &[Vec<u64>; SECRETS]) -> Self {
        let fitting = |parameters: Parameters| {
            let norm = Norm::of_plaintexts(parameters.degree, ring_bits);
            Some((parameters, Response::exact((parameters, Dropped::NONE), ring_bits, norm, Released(1 << 23)).next()?))
        };
        let (parameters, response) = Parameters::all().find_map(fitting).expect("some parameters");
        assert_eq!(polynomials[0].len(), parameters.degree);
        let (rings, mut rng) = (RingPair::new(parameters), Seed([2; 32]).stream());
        let ring = &rings.outer;
        let owner = Owner::new(&rings, SECRETS, &Seed([1; 32]));
        let mut halves = uniform_halves(ring, &Seed([3; 32]));
        let [alpha, a] = [(); 2].map(|()| halves.next().expect("endless"));
        let mut packer = Packer::default();
        owner.encrypt_zero(ring, &alpha, &mut rng, &mut packer);
        owner.encrypt(ring, &a, (polynomials.iter().cloned(), ring_bits), &mut rng, &mut packer);
        let message = packer.finish();
        assert_eq!(message.len(), shared_bytes(parameters, 2, SECRETS));
        let mut unpacker = Unpacker::new(&message);
        let [zero, weights] = [alpha, a].map(|a| Shared::read(ring, a, SECRETS, &mut unpacker));
        Self { owner, zero, weights, response: (response, ring_bits), rng, rings }
    }

    /// The product, less masks, as the owner decrypts it: all coefficients under each secret.
    fn product(&mut self, plaintext: &[i64], masks: &[Vec<u64>; SECRETS]) -> Vec<Vec<u64>> {
        let Self { rings, owner, zero, weights, response, rng } = self;
        let degree = plaintext.len();
        let product = Product::new(&rings.outer, zero, std::iter::once((plaintext.to_vec(), &*weights)), rng);
        let mut packer = Packer::default();
        product.write_shared(response.0, rng, &mut packer);
        for (secret, masks) in masks.iter().enumerate() {
            product.write_masked(secret, *response, masks.iter().copied().enumerate(), rng, &mut packer);
        }
        let message = packer.finish();
        owner.decrypt(
            rings,
            *response,
            &mut Unpacker::new(&message),
            std::iter::repeat_n((0..degree).collect(), SECRETS),
        )
    }
}

/// A coefficient of a product modulo `X^N + 1` and `2^64`.
fn expected(words: &[u64], plaintext: &[i64], index: usize) -> u64 {
    let degree = words.len();
    let sum = |sum: u64, at: usize| {
        let product = words[(index + degree - at) % degree].wrapping_mul(plaintext[at].cast_unsigned());
        if at <= index { sum.wrapping_add(product) } else { sum.wrapping_sub(product) }
    };
    (0..degree).fold(0, sum)
}

/// Random plaintexts, and all that are the least or the greatest of a ring: under each secret every coefficient that is looked at is the product's, less its mask.
#[test]
fn products_decrypt_exactly() {
    const DEGREE: usize = 8192;
    for ring_bits in [24, 41] {
        let mut rng = Seed([4; 32]).stream();
        let polynomials = [(); SECRETS].map(|()| uniform(&mut rng, ring_bits, DEGREE));
        let mut bench = Bench::new(ring_bits, &polynomials);
        let half = 1_i64 << (ring_bits - 1);
        let random = uniform(&mut rng, ring_bits, DEGREE).into_iter().map(|x| x.cast_signed() - half).collect();
        for plaintext in [random, vec![-half; DEGREE], vec![half - 1; DEGREE], vec![0; DEGREE]] {
            let masks = [(); SECRETS].map(|()| uniform(&mut rng, ring_bits, DEGREE));
            let found = bench.product(&plaintext, &masks);
            for ((words, masks), found) in polynomials.iter().zip(&masks).zip(found) {
                for index in (0..DEGREE).step_by(391) {
                    let expected = expected(words, &plaintext, index).wrapping_sub(masks[index]);
                    assert_eq!(found[index], expected & mask(ring_bits), "{ring_bits} bits, {index}");
                }
            }
        }
    }
}

/// The phase of a product, less what it encrypts, before it is flooded: at the extremes of the ring, and with random plaintexts. It is within [`Parameters::noise`], and not so far
/// within it that the bound would be of something else.
#[test]
fn noise_is_within_its_bound() {
    const DEGREE: usize = 8192;
    const RING_BITS: u32 = 30;
    let mut rng = Seed([5; 32]).stream();
    let words = [(); SECRETS].map(|()| uniform(&mut rng, RING_BITS, DEGREE));
    let bench = Bench::new(RING_BITS, &words);
    let ring = &bench.rings.outer;
    let parameters = ring.parameters();
    let most = parameters.noise(Norm::of_plaintexts(DEGREE, RING_BITS), Dropped::NONE);
    let half = 1_i64 << (RING_BITS - 1);
    for plaintext in
        [vec![-half; DEGREE], uniform(&mut rng, RING_BITS, DEGREE).iter().map(|x| x.cast_signed() - half).collect()]
    {
        let product = Product::new(ring, &bench.zero, std::iter::once((plaintext.clone(), &bench.weights)), &mut rng);
        let mut a = product.sum(|of| &of.a);
        ring.add(&mut a, &ring.small(&errors(&mut rng, DEGREE)));
        ring.transform(&mut a);
        for (secret, words) in words.iter().enumerate() {
            // `other_half` of an encryption of zero is `-a s` and an error, which is at most 21.
            let mut phase = bench.owner.secrets[secret].other_half(ring, &a, (&vec![0; DEGREE], 1), &mut rng);
            ring.negate(&mut phase);
            ring.add(&mut phase, &product.sum(|of| &of.b[secret]));
            let mut greatest = 0;
            for index in (0..DEGREE).step_by(257) {
                let exact =
                    u128::from(expected(words, &plaintext, index) & mask(RING_BITS)) << (u128::BITS - RING_BITS);
                let off = ring.fraction(&phase, index).wrapping_sub(exact).cast_signed().unsigned_abs();
                greatest = greatest.max(off >> (u128::BITS - parameters.modulus_bits()));
            }
            assert!(greatest <= most, "{greatest} of {most}");
            assert!(greatest > most / 64, "{greatest} of {most}");
        }
    }
}

/// A product with nothing is an encryption of zero, and its shared half is as random as any: without its random factor it would be an error, and round to nearly 0 everywhere. Of `n` fair bits
/// the ones are out of the bounds with probability below `2 exp(-2 t^2 / n)` (Hoeffding), here `10^-9` for both products together.
#[test]
fn the_shared_half_of_a_product_is_hidden() {
    const DEGREE: usize = 8192;
    let mut bench = Bench::new(24, &[vec![0; DEGREE], vec![0; DEGREE]]);
    let response = bench.response.0;
    let mut half = || {
        let plaintexts = std::iter::once((vec![0; DEGREE], &bench.weights));
        let product = Product::new(&bench.rings.outer, &bench.zero, plaintexts, &mut bench.rng);
        let mut packer = Packer::default();
        product.write_shared(response, &mut bench.rng, &mut packer);
        crate::bits::unpack(&packer.finish(), response.a_bits, DEGREE)
    };
    let [one, other] = [half(), half()];
    assert_ne!(one, other);
    let most = (8192.0_f64 / 2.0 * 4e9_f64.ln()).sqrt();
    for half in [one, other] {
        let ones = half.iter().filter(|a| *a >> (response.a_bits - 1) == 1).count();
        assert!((f64::from(u32::try_from(ones).unwrap()) - 4096.0).abs() < most, "{ones}");
    }
}

/// Two writings of one half differ by their flooding alone. Of six uniform terms in `-w..w` the square is `2 w^2` on average, and its mean over 8,192 coefficients is out of an eighth of that with
/// probability below `10^-10` (Bernstein). Without flooding it is 0.
#[test]
fn products_are_flooded() {
    const DEGREE: usize = 8192;
    let mut bench = Bench::new(24, &[vec![0; DEGREE], vec![0; DEGREE]]);
    let plaintexts = std::iter::once((vec![1; DEGREE], &bench.weights));
    let product = Product::new(&bench.rings.outer, &bench.zero, plaintexts, &mut bench.rng);
    // In finer steps than a response is sent in, which would round most of the flooding off.
    let response = Response { b_bits: 62, ..bench.response.0 };
    let mut half = || {
        let mut packer = Packer::default();
        let masks = (0..DEGREE).map(|index| (index, 0));
        product.write_masked(0, (response, 24), masks, &mut bench.rng, &mut packer);
        crate::bits::unpack(&packer.finish(), response.b_bits, DEGREE)
    };
    let (one, other) = (half(), half());
    let unit = 2_f64.powi(i32::try_from(response.flood).unwrap() - 64);
    let square = |(one, other): (&u64, &u64)| {
        let apart = (one.wrapping_sub(*other) << 2).cast_signed();
        #[expect(clippy::cast_precision_loss, reason = "sixteen digits will do")]
        let apart = apart as f64 * unit;
        apart * apart
    };
    let mean = one.iter().zip(&other).map(square).sum::<f64>() / 8192.0;
    assert!((mean / 2.0 - 1.0).abs() < 1.0 / 8.0, "{mean}");
}
