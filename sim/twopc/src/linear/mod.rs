//! Linear layers: the server multiplies its weights, in the clear, with the client's share under encryption.
//!
//! The parties hold `x = x0 + x1` modulo `2^l` and get shares of `W x + start`: [`client`] and [`server`] give them shares of `W x0`,
//! the server's being uniform, and [`Layout::clear`] gives the server the rest (Cheetah, USENIX Security 2022, figure 3). One
//! public key for each ring goes to the server beforehand.
//!
//! [`once`] has the other order: the server encrypts its weights, once for a network, and the client multiplies.
//!
//! ```
//! use fusion_2pc::he::cipher::ClientKey;
//! use fusion_2pc::he::parameters::Bound;
//! use fusion_2pc::linear::{self, Layout, Shape, Weights};
//! use fusion_2pc::wire::clock::LinkSpeed;
//! use fusion_2pc::wire::link::{Halt, Link};
//! use fusion_2pc::random::Seed;
//!
//! let matrix = [[3, -5]];
//! let bound = Bound::of(matrix.iter().map(<[i64; 2]>::as_slice));
//! let layout = Layout::new(Shape::Gemm { inputs: 2, outputs: 1 }, 24, bound, 1)?;
//! let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
//! let shares = std::thread::scope(|scope| {
//!     let server = scope.spawn(|| {
//!         let keys = linear::server_setup(&mut server, std::slice::from_ref(&layout))?;
//!         let weights = Weights::new(&layout, matrix.as_flattened()).unwrap();
//!         linear::server(&mut server, &keys, &layout, (&weights, None), &mut Seed([2; 32]).stream())
//!     });
//!     let key = ClientKey::new(&Seed([1; 32]));
//!     linear::client_setup(&mut client, &key, std::slice::from_ref(&layout))?;
//!     let y0 = linear::client(&mut client, &key, &layout, &[7, 2], &mut Seed([3; 32]).stream())?;
//!     Ok::<_, Halt>([y0[0], server.join().unwrap()?[0]])
//! })?;
//! assert_eq!((shares[0] + shares[1]) % (1 << 24), 3 * 7 - 5 * 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod choice;
mod geometry;
mod layout;
pub mod once;
pub mod replay;
pub mod rotations;
mod shape;
#[cfg(test)]
mod tests;

pub use choice::{Linear, NoLinear, layouts};
pub use geometry::{Encrypted, Geometry, LinearCost};
pub use layout::Layout;
pub use shape::{LinearLayer, Shape, Unfit, constants};

use crate::bits::{Packer, Unpacker, mask};
use crate::he::cipher::{Ciphertext, ClientKey, RingPair, key_bytes, read_fresh};
use crate::he::parameters::{Bound, Parameters};
use crate::wire::link::{Halt, Link};
use fusion_nn::model::Window;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use shape::Convolution;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The error of weights that exceed their public bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the weights of output channel {filter} exceed their public bound")]
pub struct TooHeavy {
    /// The first output channel whose weights exceed it.
    pub filter: usize,
}

/// The most memory that the transformed weights of a layer take, in bytes.
pub const WEIGHT_MEMORY: usize = 1 << 27;

/// A layer's weights, encoded for a [`Geometry`].
#[derive(Clone)]
pub struct Weights {
    geometry: Geometry,
    polynomials: Polynomials,
}

#[derive(Clone)]
enum Polynomials {
    /// Transformed once: by group of filters, then of channels. `None` where they do not meet.
    Kept(Vec<Option<Vec<u64>>>),
    /// Transformed whenever they are used.
    Made(Arc<[i64]>),
}

impl Weights {
    /// Encodes the weights of a layer, `[outputs, inputs]` or `[filters, channels / groups, height, width]`. They are transformed once if that fits
    /// [`WEIGHT_MEMORY`], and otherwise whenever they are used; weights that are encrypted are not transformed beforehand.
    ///
    /// # Errors
    /// [`TooHeavy`] if the weights exceed the bound of the layout.
    ///
    /// # Panics
    /// If the number of weights is not that of the layout.
    pub fn new(layout: &Layout, weights: &[i64]) -> Result<Self, TooHeavy> {
        Self::within(WEIGHT_MEMORY, layout, &weights.into())
    }

    /// Encodes the weights of a layer. They are transformed once if they are multiplied in the clear and [`Layout::weight_bytes`] is at most `memory`, and otherwise whenever they are
    /// used.
    ///
    /// # Errors
    /// [`TooHeavy`] if the weights exceed the bound of the layout.
    ///
    /// # Panics
    /// If the number of weights is not that of the layout.
    pub fn within(memory: usize, layout: &Layout, weights: &Arc<[i64]>) -> Result<Self, TooHeavy> {
        assert_eq!(weights.len(), layout.layer().weights() * layout.layer().filters, "each weight once");
        let heavy = |filter: &[i64]| !Bound::of(std::iter::once(filter)).is_within(layout.bound());
        if let Some(filter) = weights.chunks(layout.layer().weights()).position(heavy) {
            return Err(TooHeavy { filter });
        }
        let [_, channels, filters] = layout.groups();
        let polynomials = if layout.encrypted() == Encrypted::Images && layout.weight_bytes() <= memory {
            let groups = (0..filters).flat_map(|filter| (0..channels).map(move |channel| (channel, filter)));
            let each = groups.map(|(channel, filter)| {
                layout.meets(channel, filter).then(|| transformed(layout, weights, channel, filter))
            });
            Polynomials::Kept(each.collect())
        } else {
            Polynomials::Made(Arc::clone(weights))
        };
        Ok(Self { geometry: layout.geometry(), polynomials })
    }

    /// The memory that the polynomials take which were transformed once, in bytes.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        match &self.polynomials {
            Polynomials::Kept(polynomials) => {
                polynomials.iter().flatten().map(|polynomial| size_of_val(&polynomial[..])).sum()
            }
            Polynomials::Made(_) => 0,
        }
    }

    /// The polynomial of a group of channels and one of filters; `None` where they do not meet.
    fn polynomial(&self, layout: &Layout, channel: usize, filter: usize) -> Option<Cow<'_, [u64]>> {
        match &self.polynomials {
            Polynomials::Kept(polynomials) => {
                polynomials[filter * layout.groups()[1] + channel].as_deref().map(Cow::Borrowed)
            }
            Polynomials::Made(weights) => {
                layout.meets(channel, filter).then(|| Cow::Owned(transformed(layout, weights, channel, filter)))
            }
        }
    }
}

/// A polynomial of weights, ready to multiply with.
fn transformed(layout: &Layout, weights: &[i64], channel: usize, filter: usize) -> Vec<u64> {
    let ring = &layout.rings().outer;
    let mut polynomial = ring.signed(&layout.weight(weights, channel, filter));
    ring.transform(&mut polynomial);
    ring.normalize(&mut polynomial);
    polynomial
}

/// The client's public keys, one for each ring, as the server holds them.
#[derive(Clone)]
pub struct PublicKeys {
    keys: BTreeMap<Parameters, Ciphertext>,
}

/// The rings of some layouts in which the client encrypts, each once, in one order for both parties.
fn rings(layouts: &[Layout]) -> BTreeMap<Parameters, &RingPair> {
    let layouts = layouts.iter().filter(|layout| layout.encrypted() == Encrypted::Images);
    layouts.map(|layout| (layout.geometry().parameters, layout.rings())).collect()
}

/// Sends the server a public key for each ring of some layouts in which the client encrypts.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn client_setup(link: &mut Link, key: &ClientKey, layouts: &[Layout]) -> Result<(), Halt> {
    link.step("keys", |link| rings(layouts).into_values().try_for_each(|rings| link.send(key.public(rings))))
}

/// Receives the client's public key for each ring of some layouts in which the client encrypts.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "any message is read as so many ciphertexts as are asked for"
)]
pub fn server_setup(link: &mut Link, layouts: &[Layout]) -> Result<PublicKeys, Halt> {
    link.step("keys", |link| {
        let receive = |(parameters, rings): (Parameters, &RingPair)| {
            let message = link.receive(key_bytes(parameters))?;
            let fresh = (&rings.outer, parameters.key_dropped());
            let key = read_fresh(fresh, &message, 1).next().expect("one ciphertext");
            Ok((parameters, key.into_public(&rings.outer)))
        };
        Ok(PublicKeys { keys: rings(layouts).into_iter().map(receive).collect::<Result<_, _>>()? })
    })
}

/// Runs the client's side of a batch: from its shares `x0`, sample by sample, it gets its shares of `W x0`.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// If there are more or fewer shares than [`Layout::inputs`].
pub fn client(
    link: &mut Link,
    key: &ClientKey,
    layout: &Layout,
    x0: &[u64],
    rng: &mut ChaCha20Rng,
) -> Result<Vec<u64>, Halt> {
    ask(link, key, layout, x0, rng)?;
    take(link, key, layout)
}

/// Runs the first half of [`client`], which sends the encrypted shares. Several batches may be asked for before the first is taken.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// If there are more or fewer shares than [`Layout::inputs`].
pub fn ask(link: &mut Link, key: &ClientKey, layout: &Layout, x0: &[u64], rng: &mut ChaCha20Rng) -> Result<(), Halt> {
    assert_eq!(x0.len(), layout.inputs(), "a share for each input");
    let rings = layout.rings();
    let secret = key.secret(rings);
    let [samples, channels, _] = layout.groups();
    let inputs = (0..samples * channels).map(|group| layout.input(x0, group / channels, group % channels));
    let fresh = (&rings.outer, layout.geometry().dropped);
    link.step("input", |link| link.send(secret.encrypt(fresh, layout.ring_bits(), inputs, rng)))
}

/// Runs the second half of [`client`], which receives and decrypts its shares of `W x0`.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn take(link: &mut Link, key: &ClientKey, layout: &Layout) -> Result<Vec<u64>, Halt> {
    let rings = layout.rings();
    let secret = key.secret(rings);
    let [samples, _, filters] = layout.groups();
    let message = link.step("response", |link| link.receive(layout.cost().server_bytes))?;
    let mut unpacker = Unpacker::new(&message);
    let mut y0 = vec![0; layout.outputs()];
    for group in 0..samples * filters {
        let products: Vec<_> = layout.products(group / filters, group % filters).collect();
        let coefficients = products.iter().map(|&(coefficient, _)| coefficient);
        let values = secret.decrypt(rings, layout.response(), &mut unpacker, coefficients);
        products.iter().zip(values).for_each(|(&(_, index), value)| y0[index] = value);
    }
    Ok(y0)
}

/// Runs the server's side of a batch: it gets its shares of `W x0`, which are uniform. They are drawn here, unless they were drawn before and are used for nothing from which the client could learn them.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// If the layout was not among those of [`server_setup`], or the weights are for another [`Geometry`].
pub fn server(
    link: &mut Link,
    keys: &PublicKeys,
    layout: &Layout,
    (weights, drawn): (&Weights, Option<&[u64]>),
    rng: &mut ChaCha20Rng,
) -> Result<Vec<u64>, Halt> {
    assert_eq!(weights.geometry, layout.geometry(), "weights are for one geometry");
    let ring = &layout.rings().outer;
    let public = &keys.keys[&weights.geometry.parameters];
    let LinearCost { client_bytes, server_bytes, .. } = layout.cost();
    let [samples, channels, filters] = layout.groups();
    let message = link.step("input", |link| link.receive(client_bytes))?;
    let mut inputs = read_fresh((ring, layout.geometry().dropped), &message, samples * channels);
    let mut packer = Packer::with_capacity(server_bytes);
    let mut y1 = vec![0; layout.outputs()];
    for group in 0..samples {
        let inputs: Vec<Ciphertext> = inputs.by_ref().take(channels).collect();
        for filter in 0..filters {
            let mut sum = Ciphertext::zero(ring);
            for (channel, input) in inputs.iter().enumerate() {
                if let Some(polynomial) = weights.polynomial(layout, channel, filter) {
                    sum.multiply_add(ring, &polynomial, input);
                }
            }
            let products = layout.products(group, filter).map(|(coefficient, index)| {
                let share = drawn.map_or_else(|| rng.next_u64() & mask(layout.ring_bits()), |drawn| drawn[index]);
                y1[index] = share;
                (coefficient, share)
            });
            let products: Vec<_> = products.collect();
            sum.respond((ring, public), layout.response(), products.into_iter(), rng, &mut packer);
        }
    }
    link.step("response", |link| link.send(packer.finish()))?;
    Ok(y1)
}

impl Layout {
    /// Computes `W x + start` of a batch modulo `2^l` in the clear. It is immediate where `x` is 0, as the server's share of an image is.
    #[must_use]
    pub fn clear(&self, weights: &[i64], start: &[i64], x: &[u64]) -> Vec<u64> {
        let layer = self.layer();
        let filters: Vec<(&[i64], i64)> = weights.chunks(layer.weights()).zip(start.iter().copied()).collect();
        let mut y = Vec::with_capacity(self.outputs());
        for sample in x.chunks_exact(layer.inputs()) {
            for (filter, (weights, start)) in filters.iter().enumerate() {
                let seen = layer.seen(filter);
                let plane = layer.image[0] * layer.image[1];
                let seen = &sample[seen.start * plane..seen.end * plane];
                y.extend(layer.filter(weights, *start, seen).into_iter().map(|sum| sum & mask(self.ring_bits())));
            }
        }
        y
    }
}

impl Convolution {
    /// One filter's outputs on the channels that it sees, modulo `2^64`.
    fn filter(&self, weights: &[i64], start: i64, x: &[u64]) -> Vec<u64> {
        let Self { image: [height, width], window: Window { size, stride, pads }, output: [rows, columns], .. } = *self;
        let mut sums = vec![start.cast_unsigned(); rows * columns];
        if x.iter().all(|&x| x == 0) {
            return sums;
        }
        if rows * columns == 1 && size == [height, width] && pads == [0; 4] {
            let products = weights.iter().zip(x).map(|(weight, x)| weight.cast_unsigned().wrapping_mul(*x));
            return vec![products.fold(sums[0], u64::wrapping_add)];
        }
        for (plane, weights) in x.chunks_exact(height * width).zip(weights.chunks_exact(size[0] * size[1])) {
            for (cell, weight) in weights.iter().enumerate() {
                let (down, right, weight) = (cell / size[1], cell % size[1], weight.cast_unsigned());
                let inside = |x: &usize| (x * stride[1] + right).checked_sub(pads[1]).is_some_and(|x| x < width);
                let first = (0..columns).find(inside).unwrap_or(columns);
                let count = (first..columns).filter(inside).count();
                for (row, sums) in sums.chunks_exact_mut(columns).enumerate() {
                    let Some(y) = (row * stride[0] + down).checked_sub(pads[0]).filter(|&y| y < height) else {
                        continue;
                    };
                    let source =
                        plane[y * width..][..width].iter().skip((first * stride[1] + right).saturating_sub(pads[1]));
                    for (sum, x) in sums[first..first + count].iter_mut().zip(source.step_by(stride[1])) {
                        *sum = sum.wrapping_add(weight.wrapping_mul(*x));
                    }
                }
            }
        }
        sums
    }
}
