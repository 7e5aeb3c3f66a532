//! Proofs of knowledge of short openings of linear maps, of many images at once.
//!
//! The protocol is Schnorr's over lattices, in the shape of SPDZ's (Damgard and others, CRYPTO 2012): masked rows, a matrix of challenges, short answers. Challenges are 0 or
//! `+-X^i` (Benhamouda and others, `ASIACRYPT` 2014), as Baum, Cozzo and Smart use them ("Using TopGear in Overdrive", SAC 2019). Each party proves to the other,
//! as in LowGear (Keller, Pastro, Rotaru, EUROCRYPT 2018). Instead of masks so large that they drown what they hide, answers outside an interval are not given
//! (Lyubashevsky, `ASIACRYPT` 2009), and the first message is a commitment, so that an attempt that failed shows nothing.
//!
//! *Sound*: who has no short opening of the double of some image passes with a probability of at most `32 (2N+1)^-4 < 2^-54` ([`super::parameters::terms`]). The matrix grows from 16 bytes of the verifier
//! by a hash that is taken for a random oracle; `Q` questions to it add `Q / 2^128`.
//! *Zero knowledge*: an answer that is given is uniform in its interval, whatever the opening, as long as openings have the size that they should have.

use super::parameters::{DEGREE, MOST_ATTEMPTS, ROWS};
use super::scheme::{pull, push, signed};
use crate::channel::Channel;
use crate::commit::{COMMITMENT_BYTES, commitment, named, nonce};
use crate::conduct::Check;
use crate::failure::{Cheating, Failure};
use fusion_2pc::bits::{Packer, Unpacker};
use fusion_2pc::he::ring::Ring;
use fusion_2pc::random::Seed;
use rand_core::Rng;
use zeroize::Zeroizing;

/// The length in bytes of a challenge, from which the matrix grows.
pub const CHALLENGE_BYTES: usize = 16;

/// An opening: a polynomial for each input of the map.
pub type Opening = Vec<Zeroizing<Vec<i128>>>;

/// An image: a polynomial of the ring for each output of the map, as coefficients.
pub type Image = Vec<Vec<u64>>;

/// A linear map from short polynomials to those of a ring.
pub trait Map {
    /// The largest size of a coefficient of each input of an honest party.
    fn sizes(&self) -> &[i128];
    /// A mask is up to `2^mask_bits` times what it hides.
    fn mask_bits(&self) -> u32;
    /// The ring.
    fn ring(&self) -> &Ring;
    /// The image of an opening.
    fn image(&self, opening: &[Zeroizing<Vec<i128>>]) -> Image;
}

/// The bound that each coefficient of an answer meets, for an input of this size: a mask's, less the most that it hides.
const fn bound(size: i128, mask_bits: u32, proven: usize) -> i128 {
    let hidden = size * proven as i128;
    (hidden << mask_bits) - hidden
}

/// The bits of a coefficient of an answer.
const fn answer_bits(bound: i128) -> u32 {
    u128::BITS - bound.leading_zeros() + 1
}

/// The length in bytes of the answer of a proof of so many images, of a map with inputs of these sizes: the nonce, and the rows.
#[must_use]
pub fn proof_bytes(sizes: &[i128], mask_bits: u32, proven: usize) -> usize {
    let bits: u32 = sizes.iter().map(|&size| answer_bits(bound(size, mask_bits, proven))).sum();
    COMMITMENT_BYTES + (ROWS * DEGREE * bits as usize).div_ceil(8)
}

/// A challenge for one image in one row: a power of `X`, of which those from `N` on are negative, or 0 for `2 N`.
type Challenge = usize;

/// The matrix of challenges, row after row: a random oracle's answer to the commitment and the challenge.
fn matrix((commitment, challenge): (&[u8], &[u8]), proven: usize) -> Vec<Vec<Challenge>> {
    let asked = [commitment, challenge].concat();
    let mut stream = Seed(blake3::derive_key("fusion-active 2026-11 matrix of challenges", &asked)).stream();
    let mut entry = || loop {
        let word = stream.next_u64() as usize & (4 * DEGREE - 1);
        if word <= 2 * DEGREE {
            break word;
        }
    };
    (0..ROWS).map(|_| (0..proven).map(|_| entry()).collect()).collect()
}

/// Calls `to` with each coefficient of `X^challenge` times a polynomial: its place, where it comes from, and whether it is negated.
fn shifted(challenge: Challenge, mut to: impl FnMut(usize, usize, bool)) {
    if challenge == 2 * DEGREE {
        return;
    }
    let (shift, negative) = (challenge % DEGREE, challenge >= DEGREE);
    for from in 0..DEGREE - shift {
        to(from + shift, from, negative);
    }
    for from in DEGREE - shift..DEGREE {
        to(from + shift - DEGREE, from, !negative);
    }
}

/// Subtracts `X^challenge` times an image from another.
fn subtract(ring: &Ring, left: &mut Image, challenge: Challenge, right: &Image) {
    for (left, right) in left.iter_mut().zip(right) {
        let limbs = left.chunks_exact_mut(DEGREE).zip(right.chunks_exact(DEGREE)).zip(ring.primes());
        for ((left, right), prime) in limbs {
            shifted(challenge, |to, from, negative| {
                let term = if negative { right[from] } else { prime - right[from] };
                let sum = left[to] + term;
                left[to] = if sum >= prime { sum - prime } else { sum };
            });
        }
    }
}

/// The hash of masked rows, for the commitment.
fn digest(rows: &[Image]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut bytes = Vec::with_capacity(8 * DEGREE);
    for polynomial in rows.iter().flatten() {
        for limb in polynomial.chunks(DEGREE) {
            bytes.clear();
            bytes.extend(limb.iter().flat_map(|residue| residue.to_le_bytes()));
            hasher.update(&bytes);
        }
    }
    *hasher.finalize().as_bytes()
}

/// What the commitments of proofs are for.
const PROOF: &str = "a proof";

/// A prover's attempt: its masks, and the nonce of its commitment.
struct Attempt {
    masks: Vec<Opening>,
    nonce: [u8; COMMITMENT_BYTES],
    commitment: [u8; COMMITMENT_BYTES],
}

impl Attempt {
    /// Draws masks, and commits to their images.
    fn begin(map: &impl Map, proven: usize, number: u64, channel: &mut Channel) -> Self {
        let masks: Vec<Opening> = (0..ROWS).map(|_| masks(map, proven, &mut channel.rng)).collect();
        let rows: Vec<Image> = masks.iter().map(|mask| map.image(mask)).collect();
        let nonce = nonce(&mut channel.rng);
        let commitment = commitment(&named(PROOF, number, channel.link.role()), &nonce, &digest(&rows));
        Self { masks, nonce, commitment }
    }

    /// The answer to a challenge; `None` where a coefficient is outside its interval.
    fn answer(self, map: &impl Map, openings: &[Opening], challenge: &[u8]) -> Option<Vec<u8>> {
        let proven = openings.len();
        let mut packer = Packer::with_capacity(proof_bytes(map.sizes(), map.mask_bits(), proven));
        for (mut mask, row) in self.masks.into_iter().zip(matrix((&self.commitment, challenge), proven)) {
            for (input, sum) in mask.iter_mut().enumerate() {
                for (opening, challenge) in openings.iter().zip(&row) {
                    let opening = &opening[input];
                    shifted(*challenge, |to, from, negative| {
                        sum[to] += if negative { -opening[from] } else { opening[from] };
                    });
                }
                let bound = bound(map.sizes()[input], map.mask_bits(), proven);
                if sum.iter().any(|x| x.abs() > bound) {
                    return None;
                }
                sum.iter().for_each(|x| push(&mut packer, x.cast_unsigned(), answer_bits(bound)));
            }
        }
        Some([&self.nonce[..], &packer.finish()].concat())
    }
}

/// A mask for each input of a map.
fn masks(map: &impl Map, proven: usize, rng: &mut impl Rng) -> Opening {
    let mask = |&size: &i128| {
        let most = (size * proven as i128) << map.mask_bits();
        let bits = u128::BITS - (2 * most).leading_zeros();
        let draw = || loop {
            let word = u128::from(rng.next_u64()) | u128::from(rng.next_u64()) << 64;
            let word = (word >> (u128::BITS - bits)).cast_signed();
            if word <= 2 * most {
                break word - most;
            }
        };
        Zeroizing::new(std::iter::repeat_with(draw).take(DEGREE).collect::<Vec<i128>>())
    };
    map.sizes().iter().map(mask).collect()
}

/// Whether the answer to a challenge opens the commitment, which is of this purpose.
fn holds(map: &impl Map, images: &[Image], (commit, challenge): (&[u8], &[u8]), answer: &[u8], purpose: &str) -> bool {
    let (nonce, packed) = answer.split_at(COMMITMENT_BYTES);
    let mut unpacker = Unpacker::new(packed);
    let mut rows = Vec::with_capacity(ROWS);
    for row in matrix((commit, challenge), images.len()) {
        let mut sums = Opening::new();
        for &size in map.sizes() {
            let bound = bound(size, map.mask_bits(), images.len());
            let bits = answer_bits(bound);
            let sum: Vec<i128> = (0..DEGREE).map(|_| signed(pull(&mut unpacker, bits), bits)).collect();
            if sum.iter().any(|x| x.abs() > bound) {
                return false;
            }
            sums.push(Zeroizing::new(sum));
        }
        let mut image = map.image(&sums);
        for (challenge, proven) in row.iter().zip(images) {
            subtract(map.ring(), &mut image, *challenge, proven);
        }
        rows.push(image);
    }
    let mut key = [0; COMMITMENT_BYTES];
    key.copy_from_slice(nonce);
    commitment(purpose, &key, &digest(&rows))[..] == commit[..]
}

/// Proves openings of one's own, and checks the peer's proof, at the same time.
///
/// # Errors
/// [`Cheating::Proof`], or a halt.
pub(crate) fn prove_and_verify<M: Map>(
    channel: &mut Channel,
    own: (&M, &[Opening]),
    theirs: (&M, &[Image]),
) -> Result<(), Failure> {
    let (mut to_prove, mut to_verify) = (!own.1.is_empty(), !theirs.1.is_empty());
    for attempt in 0..MOST_ATTEMPTS {
        let number = channel.next_commitment();
        let mut pending = None;
        if to_prove {
            let begun = Attempt::begin(own.0, own.1.len(), number, channel);
            channel.link.send(begun.commitment.to_vec())?;
            pending = Some(begun);
        }
        let asked = if to_verify { Some(ask(channel)?) } else { None };
        if let Some(begun) = pending {
            let challenge = channel.link.receive(CHALLENGE_BYTES)?;
            let answer = begun.answer(own.0, own.1, &challenge);
            channel.link.send(vec![u8::from(answer.is_some())])?;
            to_prove = answer.is_none();
            answer.map_or(Ok(()), |answer| channel.link.send(answer))?;
        }
        if let Some((commitment, challenge)) = asked {
            to_verify = !verified(channel, theirs, (&commitment, &challenge), number)?;
        }
        if !to_prove && !to_verify {
            return Ok(());
        }
        let role = channel.link.role();
        for (again, prover) in [(to_prove, role), (to_verify, role.peer())] {
            channel.retries[prover as usize] += usize::from(again && attempt + 1 < MOST_ATTEMPTS);
        }
    }
    Err(channel.caught(Cheating::Proof))
}

/// Receives a commitment, and sends a challenge.
fn ask(channel: &mut Channel) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let commitment = channel.link.receive(COMMITMENT_BYTES)?;
    let mut challenge = vec![0; CHALLENGE_BYTES];
    channel.rng.fill_bytes(&mut challenge);
    channel.link.send(challenge.clone())?;
    Ok((commitment, challenge))
}

/// Receives the peer's answer, if it gives one, and checks it.
fn verified<M: Map>(
    channel: &mut Channel,
    (map, images): (&M, &[Image]),
    asked: (&[u8], &[u8]),
    number: u64,
) -> Result<bool, Failure> {
    if channel.link.receive(1)? != [1] {
        return Ok(false);
    }
    let answer = channel.link.receive(proof_bytes(map.sizes(), map.mask_bits(), images.len()))?;
    let purpose = named(PROOF, number, channel.link.role().peer());
    if channel.conduct.omits(Check::Proof) || holds(map, images, asked, &answer, &purpose) {
        return Ok(true);
    }
    Err(channel.caught(Cheating::Proof))
}

#[cfg(test)]
mod tests {
    use super::super::parameters::CIPHERTEXTS;
    use super::*;

    /// The map from a polynomial to itself.
    struct Identity(Ring);

    impl Map for Identity {
        fn sizes(&self) -> &[i128] {
            &[1]
        }

        fn mask_bits(&self) -> u32 {
            9
        }

        fn ring(&self) -> &Ring {
            &self.0
        }

        fn image(&self, opening: &[Zeroizing<Vec<i128>>]) -> Image {
            vec![super::super::plain::wide(&self.0, &opening[0])]
        }
    }

    /// An answer that opens its commitment, but with a coefficient beyond the bound: the opening that it shows would not be short.
    #[test]
    fn an_answer_beyond_its_bound_does_not_hold() {
        let map = Identity(Ring::new(CIPHERTEXTS));
        let images = [vec![map.ring().zero()]];
        let most = bound(1, map.mask_bits(), 1);
        let holds_with = |coefficient: i128| {
            let mut rows = vec![vec![Zeroizing::new(vec![0_i128; DEGREE])]; ROWS];
            rows[ROWS - 1][0][DEGREE - 1] = coefficient;
            let (mut packer, nonce) = (Packer::default(), [3; COMMITMENT_BYTES]);
            let bits = answer_bits(most);
            for coefficient in rows.iter().flat_map(|row| row[0].iter()) {
                push(&mut packer, coefficient.cast_unsigned(), bits);
            }
            let committed: Vec<Image> = rows.iter().map(|row| map.image(row)).collect();
            let commit = commitment("a test", &nonce, &digest(&committed));
            let answer = [&nonce[..], &packer.finish()].concat();
            holds(&map, &images, (&commit, &[0; CHALLENGE_BYTES]), &answer, "a test")
        };
        assert_eq!([0, most, -most].map(holds_with), [true; 3]);
        assert_eq!([most + 1, -most - 1].map(holds_with), [false; 2]);
    }
}
