//! Both parties' keys, ciphertexts with their proofs, and products with what the peer has encrypted.
//!
//! As in LowGear each party has a key of its own and never multiplies two ciphertexts: a party encrypts its part, and the other multiplies it by its own part in the clear
//! (Keller, Pastro, Rotaru, EUROCRYPT 2018, section 3, after Bendlin, Damgard, Orlandi and Zakarias, EUROCRYPT 2011). A key `(a, b)` has its `a` from a coin of both parties, and its `b = -a s + e`
//! is proved; used is `(a, 2b)`, as proofs are about doubles. An honest secret is therefore `2s`.

use super::parameters::{CIPHERTEXTS, DEGREE, KEY_MASK_BITS, MASK_BITS, MOST_ANSWERS, MOST_PROVEN};
use super::proof::{Image, Map, Opening, proof_bytes, prove_and_verify};
use super::scheme::{Pair, Rings, Secret, answer_bytes};
use crate::channel::Channel;
use crate::conduct::Act;
use crate::failure::Failure;
use crate::field::{self, HALF, PRIME};
use fusion_2pc::bits::{Packer, Unpacker};
use fusion_2pc::he::parameters::MAX_ERROR;
use fusion_2pc::he::ring::{Ring, errors, ternary};
use zeroize::Zeroizing;

/// The sizes of a secret and of its error.
const KEY_SIZES: [i128; 2] = [1, MAX_ERROR as i128];

/// The sizes of a message, of a ternary polynomial and of two errors.
const CIPHER_SIZES: [i128; 4] = [(PRIME / 2) as i128, 1, MAX_ERROR as i128, MAX_ERROR as i128];

/// The map from a secret and an error to `b = -a s + e`.
pub(crate) struct KeyMap<'a> {
    rings: &'a Rings,
    /// `a`, transformed and divided by the degree.
    a: &'a [u64],
}

impl<'a> KeyMap<'a> {
    pub fn new(rings: &'a Rings, a: &'a [u64]) -> Self {
        Self { rings, a }
    }
}

impl Map for KeyMap<'_> {
    fn sizes(&self) -> &[i128] {
        &KEY_SIZES
    }

    fn mask_bits(&self) -> u32 {
        KEY_MASK_BITS
    }

    fn ring(&self) -> &Ring {
        &self.rings.ring
    }

    fn image(&self, opening: &[Zeroizing<Vec<i128>>]) -> Image {
        let ring = self.ring();
        let mut secret = Zeroizing::new(super::plain::wide(ring, &opening[0]));
        ring.transform(&mut secret);
        let mut b = ring.zero();
        ring.multiply_add(&mut b, self.a, &secret);
        ring.untransform(&mut b);
        ring.negate(&mut b);
        ring.add(&mut b, &Zeroizing::new(super::plain::wide(ring, &opening[1])));
        vec![b]
    }
}

/// The map from a message, a ternary polynomial and two errors to a ciphertext `(a, b)` under a key.
pub(crate) struct CipherMap<'a> {
    rings: &'a Rings,
    key: &'a Pair,
}

impl<'a> CipherMap<'a> {
    pub fn new(rings: &'a Rings, key: &'a Pair) -> Self {
        Self { rings, key }
    }
}

impl Map for CipherMap<'_> {
    fn sizes(&self) -> &[i128] {
        &CIPHER_SIZES
    }

    fn mask_bits(&self) -> u32 {
        MASK_BITS
    }

    fn ring(&self) -> &Ring {
        &self.rings.ring
    }

    fn image(&self, opening: &[Zeroizing<Vec<i128>>]) -> Image {
        let ring = self.ring();
        let mut once = Zeroizing::new(super::plain::wide(ring, &opening[1]));
        ring.transform(&mut once);
        let part = |key: &[u64], error: &[i128]| {
            let mut sum = ring.zero();
            ring.multiply_add(&mut sum, key, &once);
            ring.untransform(&mut sum);
            ring.add(&mut sum, &Zeroizing::new(super::plain::wide(ring, error)));
            sum
        };
        let (a, mut b) = (part(&self.key.a, &opening[3]), part(&self.key.b, &opening[2]));
        let mut message = Zeroizing::new(super::plain::wide(ring, &opening[0]));
        self.rings.embed(&mut message);
        ring.add(&mut b, &message);
        vec![a, b]
    }
}

/// The keys of a party, and the public key of its peer. Keys are divided by the degree.
pub struct Keys {
    /// The rings.
    pub(crate) rings: Rings,
    pub(crate) secret: Secret,
    own: Pair,
    theirs: Pair,
    /// How many products the party has answered.
    answered: usize,
}

/// What a party multiplies: the peer's ciphertext, by the slots of a factor.
pub(crate) struct Job<'a> {
    pub ciphertext: &'a Pair,
    pub factor: &'a [u64],
}

/// A party's parts of products: of those that it answered, and of those that the peer answered.
pub(crate) struct Parts {
    pub answered: Vec<Zeroizing<Vec<u64>>>,
    pub asked: Vec<Zeroizing<Vec<u64>>>,
}

/// The length in bytes of a message of polynomials of the ring.
pub(crate) fn polynomial_bytes(count: usize) -> usize {
    (count * CIPHERTEXTS.polynomial_bits()).div_ceil(8)
}

/// The lengths in bytes of the answers of proofs: of a key, and of so many ciphertexts.
pub(crate) fn bytes_of_proofs(proven: usize) -> [usize; 2] {
    [proof_bytes(&KEY_SIZES, KEY_MASK_BITS, 1), proof_bytes(&CIPHER_SIZES, MASK_BITS, proven)]
}

impl Keys {
    /// Makes a party's keys, sends the public one with a proof, and checks that of the peer.
    pub(crate) fn exchange(channel: &mut Channel) -> Result<Self, Failure> {
        let rings = Rings::make();
        let coin = channel.toss()?;
        let uniform = |role| rings.ring.uniform(&mut coin.child(&format!("a key of the {role:?}")).stream());
        let role = channel.link.role();
        let [own_a, their_a] = [uniform(role), uniform(role.peer())];
        let secret = Zeroizing::new(ternary(&mut channel.rng, DEGREE));
        let error = Zeroizing::new(errors(&mut channel.rng, DEGREE));
        let opening: Opening = [&secret, &error].map(|part| Zeroizing::new(widened(part))).into();
        let own_map = KeyMap::new(&rings, &own_a);
        let mut own_b = own_map.image(&opening).swap_remove(0);
        if channel.conduct.acts(Act::LargeKey) {
            rings.ring.add(&mut own_b, &large_noise(&rings.ring));
        }
        let mut packer = Packer::default();
        rings.ring.write(&own_b, &mut packer);
        channel.link.send(packer.finish())?;
        let received = channel.link.receive(polynomial_bytes(1))?;
        let their_b = rings.ring.read(&mut Unpacker::new(&received));
        let their_map = KeyMap::new(&rings, &their_a);
        let images = [vec![their_b.clone()]];
        prove_and_verify(channel, (&own_map, &[opening]), (&their_map, &images))?;
        let doubled = Zeroizing::new(secret.iter().map(|x| 2 * x).collect::<Vec<i64>>());
        let secret = rings.secret(&doubled);
        let pair = |a, b: Vec<u64>| Pair { a, b: rings.transformed(twice(&rings.ring, b)) };
        let (own, theirs) = (pair(own_a, own_b), pair(their_a, their_b));
        Ok(Self { rings, secret, own, theirs, answered: 0 })
    }

    /// Encrypts slots, proves that, and receives so many ciphertexts of the peer with their proof. What is encrypted is half of each element, so that
    /// the double of the ciphertext, which is what the proof is about, has the element. Returns the peer's ciphertexts, doubled.
    pub(crate) fn exchange_proven(
        &self,
        channel: &mut Channel,
        own: &[&[u64]],
        theirs: usize,
    ) -> Result<Vec<Pair>, Failure> {
        assert!(own.len().max(theirs) <= MOST_PROVEN, "a proof of more ciphertexts needs more noise");
        let (rings, ring) = (&self.rings, &self.rings.ring);
        let (own_map, their_map) = (CipherMap::new(rings, &self.own), CipherMap::new(rings, &self.theirs));
        let openings: Vec<Opening> = own.iter().map(|slots| self.opening(slots, channel)).collect();
        if !openings.is_empty() {
            let mut packer = Packer::with_capacity(polynomial_bytes(2 * openings.len()));
            for opening in &openings {
                let mut image = own_map.image(opening);
                if channel.conduct.acts(Act::LargeNoise) {
                    ring.add(&mut image[1], &large_noise(ring));
                }
                for part in &image {
                    ring.write(part, &mut packer);
                }
            }
            channel.link.send(packer.finish())?;
        }
        let received = if theirs == 0 { Vec::new() } else { channel.link.receive(polynomial_bytes(2 * theirs))? };
        let mut unpacker = Unpacker::new(&received);
        let images: Vec<Image> =
            (0..theirs).map(|_| vec![ring.read(&mut unpacker), ring.read(&mut unpacker)]).collect();
        prove_and_verify(channel, (&own_map, &openings), (&their_map, &images))?;
        let pair = |image: Image| {
            let mut parts = image.into_iter().map(|part| {
                let mut part = twice(ring, part);
                ring.transform(&mut part);
                part
            });
            let mut next = || parts.next().unwrap_or_else(|| unreachable!("an image has two parts"));
            Pair { a: next(), b: next() }
        };
        Ok(images.into_iter().map(pair).collect())
    }

    fn opening(&self, slots: &[u64], channel: &mut Channel) -> Opening {
        let halves = Zeroizing::new(slots.iter().map(|&element| field::mul(element, HALF)).collect::<Vec<u64>>());
        let message = Zeroizing::new(self.rings.slots.encode(&halves));
        let once = Zeroizing::new(ternary(&mut channel.rng, DEGREE));
        let [first, second] = std::array::from_fn(|_| Zeroizing::new(errors(&mut channel.rng, DEGREE)));
        [&message, &once, &first, &second].map(|part| Zeroizing::new(widened(part))).into()
    }

    /// Multiplies the peer's ciphertexts by factors, while the peer answers so many products of this party's. The parties' parts of a product sum to it.
    pub(crate) fn exchange_products(
        &mut self,
        channel: &mut Channel,
        jobs: &[Job],
        asked: usize,
    ) -> Result<Parts, Failure> {
        self.answered += jobs.len();
        if self.answered > MOST_ANSWERS {
            return Err(Failure::Exhausted);
        }
        let mut packer = Packer::with_capacity(answer_bytes(jobs.len()));
        let mut answer = |job: &Job| {
            let mask = (0..DEGREE).map(|_| field::uniform(&mut channel.rng)).collect::<Vec<u64>>();
            let mask = Zeroizing::new(mask);
            let keyed = (job.ciphertext, &self.theirs);
            self.rings.answer(keyed, job.factor, &mask, &mut channel.rng, &mut packer);
            mask
        };
        let answered = jobs.iter().map(&mut answer).collect();
        if !jobs.is_empty() {
            channel.link.send(packer.finish())?;
        }
        let received = if asked == 0 { Vec::new() } else { channel.link.receive(answer_bytes(asked))? };
        let mut unpacker = Unpacker::new(&received);
        let asked = (0..asked).map(|_| Zeroizing::new(self.rings.decrypt(&self.secret, &mut unpacker))).collect();
        Ok(Parts { answered, asked })
    }
}

/// Noise at which a product shows the signs of the factor, though it decrypts to the right elements: `2^162` in the first coefficient.
fn large_noise(ring: &Ring) -> Vec<u64> {
    let mut noise = ring.zero();
    for (limb, prime) in noise.chunks_exact_mut(DEGREE).zip(ring.primes()) {
        limb[0] = (0..162).fold(1, |power, _| 2 * power % prime);
    }
    noise
}

/// Twice a polynomial.
fn twice(ring: &Ring, mut polynomial: Vec<u64>) -> Vec<u64> {
    let same = polynomial.clone();
    ring.add(&mut polynomial, &same);
    polynomial
}

fn widened(part: &[i64]) -> Vec<i128> {
    part.iter().map(|&x| x.into()).collect()
}
