//! Linear layers over slots: the server multiplies its weights, in the clear, with vectors under encryption, and rotates them.
//!
//! Convolutions are those of GAZELLE (Juvekar, Vaikuntanathan, Chandrakasan, USENIX Security 2018, section 5) with rotations of the outputs, and matrices its
//! hybrid of diagonals and sums (section 4), as CrypTFlow2 (Rathee et al., CCS 2020, section 5) and DELPHI (Mishra et al., USENIX Security
//! 2020, section 4) use them. Values are shared modulo the plaintext prime `p`. From the client's vector `x` the parties get shares of `W x`, the server's
//! being uniform, one sample after another: no two samples are in one ciphertext, as in these systems.
//!
//! - In CrypTFlow2 `x` is the client's share. The server adds [`Layout::clear`] of its own.
//! - In DELPHI `x` is random, and all of this precedes the inputs; the client encrypts each shift of an image under a filter by itself.
//!
//! ```
//! use fusion_2pc::he::slots::{ClientKey, Scheme};
//! use fusion_2pc::linear::Shape;
//! use fusion_2pc::linear::rotations::{self, Style, Weights};
//! use fusion_2pc::random::Seed;
//! use fusion_2pc::wire::clock::LinkSpeed;
//! use fusion_2pc::wire::link::{Halt, Link};
//!
//! let scheme = Scheme::new(137_438_822_401);
//! let shape = Shape::Gemm { inputs: 2, outputs: 1 };
//! let layout = rotations::layouts(&[shape], &scheme, Style::CRYPTFLOW2, 1).unwrap().remove(0);
//! let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
//! let shares = std::thread::scope(|scope| {
//!     let server = scope.spawn(|| {
//!         let keys = rotations::server_setup(&mut server, &scheme)?;
//!         let weights = Weights::new(&layout, &scheme, &[3, -5]);
//!         rotations::server(&mut server, &keys, &layout, &weights, 1, &mut Seed([2; 32]).stream())
//!     });
//!     let key = ClientKey::new(&Seed([1; 32]), &scheme);
//!     rotations::client_setup(&mut client, &key)?;
//!     rotations::ask(&mut client, &key, &layout, &[7, 2], &mut Seed([3; 32]).stream())?;
//!     let y0 = rotations::take(&mut client, &key, &layout, 1)?;
//!     Ok::<_, Halt>([y0[0], server.join().unwrap()?[0]])
//! })?;
//! assert_eq!((shares[0] + shares[1]) % scheme.modulus(), 3 * 7 - 5 * 2);
//! # Ok::<(), Halt>(())
//! ```

mod blocks;
mod diagonals;
mod evaluate;
mod layout;
#[cfg(test)]
mod tests;

pub use blocks::Copies;
pub use evaluate::{Operations, Weights};
pub use layout::{Layout, Style, layouts};

use crate::bits::{Packer, Unpacker};
use crate::he::cipher::Ciphertext;
use crate::he::slots::{ClientKey, SLOT_ROW, SLOTS, Scheme, ServerKeys, ciphertext_bytes, key_bytes};
use crate::modulus::Modulus;
use crate::wire::link::{Halt, Link};
use rand_chacha::ChaCha20Rng;

/// Sends the server the client's public key and its keys for rotations, in one message of [`key_bytes`]. They serve all layers.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn client_setup(link: &mut Link, key: &ClientKey) -> Result<(), Halt> {
    link.step("keys", |link| link.send(key.message()))
}

/// Receives the client's keys.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn server_setup(link: &mut Link, scheme: &Scheme) -> Result<ServerKeys, Halt> {
    Ok(ServerKeys::read(scheme, &link.step("keys", |link| link.receive(key_bytes()))?))
}

/// Encrypts and sends the client's vectors, elements modulo `p`, sample by sample in one message.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// If the elements are not those of whole samples.
pub fn ask(link: &mut Link, key: &ClientKey, layout: &Layout, x: &[u64], rng: &mut ChaCha20Rng) -> Result<(), Halt> {
    let samples = x.chunks_exact(layout.inputs());
    assert!(samples.remainder().is_empty(), "an element for each input of each sample");
    let mut packer = Packer::with_capacity(layout.cost(samples.len()).client_bytes);
    for sample in samples {
        (0..layout.asked()).for_each(|index| key.encrypt(&layout.input(sample, index), rng, &mut packer));
    }
    link.step("input", |link| link.send(packer.finish()))
}

/// Receives and decrypts the client's shares of `W x` for so many samples.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn take(link: &mut Link, key: &ClientKey, layout: &Layout, samples: usize) -> Result<Vec<u64>, Halt> {
    let message = link.step("response", |link| link.receive(layout.cost(samples).server_bytes))?;
    let mut unpacker = Unpacker::new(&message);
    let mut shares = Vec::with_capacity(samples * layout.outputs());
    for _ in 0..samples {
        let form = layout.response().form;
        let responses: Vec<Vec<u64>> = (0..layout.answered()).map(|_| key.decrypt(form, &mut unpacker)).collect();
        shares.extend(layout.places().iter().map(|&(response, slot)| responses[response][slot]));
    }
    Ok(shares)
}

/// Runs the server's side for so many samples of one network: it gets its shares of `W x`, which are uniform modulo `p`. All slots of a response
/// are masked, whether or not they are outputs.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// If the weights are for another layout.
pub fn server(
    link: &mut Link,
    keys: &ServerKeys,
    layout: &Layout,
    weights: &Weights,
    samples: usize,
    rng: &mut ChaCha20Rng,
) -> Result<Vec<u64>, Halt> {
    let heard = hear(link, keys, layout, samples)?;
    answer(link, keys, (layout, weights), heard, rng, |_, _, _| {})
}

/// Runs the server's side as [`server`] does, with these shares in place of uniform ones, sample by sample.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub(crate) fn server_with_shares(
    link: &mut Link,
    keys: &ServerKeys,
    (layout, weights): (&Layout, &Weights),
    chosen: &[u64],
    rng: &mut ChaCha20Rng,
) -> Result<(), Halt> {
    let outputs = layout.outputs();
    let heard = hear(link, keys, layout, chosen.len() / outputs)?;
    let choose = |sample: usize, _: &mut [Ciphertext], masks: &mut [Vec<u64>]| {
        layout.place(&chosen[sample * outputs..], masks);
    };
    answer(link, keys, (layout, weights), heard, rng, choose).map(drop)
}

/// The client's vectors as ciphertexts, sample by sample.
pub(crate) type Heard = Vec<Vec<Ciphertext>>;

/// Receives the client's vectors of so many samples.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub(crate) fn hear(link: &mut Link, keys: &ServerKeys, layout: &Layout, samples: usize) -> Result<Heard, Halt> {
    let message = link.step("input", |link| link.receive(ciphertext_bytes(samples * layout.asked())))?;
    let mut unpacker = Unpacker::new(&message);
    let mut sample = || (0..layout.asked()).map(|_| keys.scheme().read(&mut unpacker)).collect();
    Ok((0..samples).map(|_| sample()).collect())
}

/// Answers what was heard. `choose` may change a sample's responses, and the masks of all their slots, of which some are the shares that are returned.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub(crate) fn answer(
    link: &mut Link,
    keys: &ServerKeys,
    (layout, weights): (&Layout, &Weights),
    heard: Heard,
    rng: &mut ChaCha20Rng,
    choose: impl Fn(usize, &mut [Ciphertext], &mut [Vec<u64>]),
) -> Result<Vec<u64>, Halt> {
    let samples = heard.len();
    let mut packer = Packer::with_capacity(layout.cost(samples).server_bytes);
    let mut shares = Vec::with_capacity(samples * layout.outputs());
    let modulus = Modulus::Prime(keys.scheme().modulus());
    for (sample, fresh) in heard.into_iter().enumerate() {
        let (mut sums, _) = evaluate::evaluate(keys, layout, weights, fresh);
        let mut masks: Vec<Vec<u64>> = sums.iter().map(|_| modulus.uniform(rng, SLOTS)).collect();
        choose(sample, &mut sums, &mut masks);
        for (sum, masks) in sums.into_iter().zip(&masks) {
            keys.respond(sum, layout.response(), masks, rng, &mut packer);
        }
        shares.extend(layout.places().iter().map(|&(response, slot)| masks[response][slot]));
    }
    link.step("response", |link| link.send(packer.finish()))?;
    Ok(shares)
}

impl Layout {
    /// Puts numbers of a sample, one for each output, in the slots of responses.
    pub(crate) fn place(&self, numbers: &[u64], responses: &mut [Vec<u64>]) {
        for (&(response, slot), number) in self.places().iter().zip(numbers) {
            responses[response][slot] = *number;
        }
    }

    /// Adds the input of the next matrix, times a factor, to the outputs of a matrix of as many: under encryption, element by element. `fresh` are the client's ciphertexts of that input,
    /// which has each element in every row of slots.
    pub(crate) fn add_next(
        &self,
        keys: &ServerKeys,
        (next, fresh): (&Self, &[Ciphertext]),
        factor: u64,
        sums: &mut [Ciphertext],
    ) {
        let scheme = keys.scheme();
        for (element, &(response, to)) in self.places().iter().enumerate() {
            let mut one = vec![0; next.inputs()];
            one[element] = 1;
            let holds = |index: usize| {
                let row = to / SLOT_ROW * SLOT_ROW;
                next.input(&one, index)[row..row + SLOT_ROW].iter().position(|number| *number == 1)
            };
            let found = (0..next.asked()).find_map(|index| Some((index, holds(index)?)));
            let Some((index, from)) = found else { unreachable!("every row has each element") };
            let turned = keys.rotate(&fresh[index], (from + SLOT_ROW - to % SLOT_ROW) % SLOT_ROW);
            let mut place = vec![0; SLOTS];
            place[to] = factor;
            scheme.multiply_add(&mut sums[response], &scheme.factor(&place), &turned);
        }
    }
}
