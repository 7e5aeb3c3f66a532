//! Linear layers whose weights are encrypted, once for a network: the client multiplies, and no ciphertext is sent to it later.
//!
//! [`send_network`] and [`receive_network`] run once, after a set-up. In a batch [`multiply`] sends the server `W x0` less a mask that is the client's share, and [`decrypt`]
//! takes it: one message. The server adds what it computes of its own share in the clear ([`Layout::clear`]), as where the client encrypts.
//!
//! Invariant: a server's weights are encrypted under secrets of their own for each set-up, and under each of them every uniform half is used once.

use super::geometry::{Encrypted, Geometry};
use super::layout::Layout;
use crate::bits::{Packer, Unpacker, mask};
use crate::he::cipher::{RingPair, SEED_BYTES};
use crate::he::once::{Owner, Product, Shared, shared_bytes, uniform_halves};
use crate::he::parameters::Parameters;
use crate::random::Seed;
use crate::wire::link::{Halt, Link};
use rand_chacha::ChaCha20Rng;
use std::collections::BTreeMap;

/// A linear layer of a network: the number of its step in the circuit, and how it is packed.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The number of the step.
    pub step: usize,
    /// How the layer is packed.
    pub layout: &'a Layout,
}

impl Placed<'_> {
    /// What decides which polynomials are encrypted.
    fn key(&self) -> (usize, Geometry) {
        (self.step, self.layout.geometry())
    }

    /// The bytes of the encrypted polynomials.
    fn bytes(&self) -> usize {
        let [_, channels, filters] = self.layout.groups();
        shared_bytes(self.layout.geometry().parameters, channels, filters)
    }

    /// The seed of the uniform halves: each layer has one of its own.
    fn halves(&self, place: usize, seed: &Seed) -> impl Iterator<Item = Vec<u64>> + use<> {
        uniform_halves(&self.layout.rings().outer, &seed.child(&format!("layer {place}")))
    }
}

/// The layers whose weights are encrypted, each once: batches of other sizes that are packed alike share them.
fn encrypted<'a>(layers: &[Placed<'a>]) -> Vec<Placed<'a>> {
    let mut found: Vec<Placed<'a>> = Vec::new();
    for layer in layers.iter().filter(|layer| layer.layout.encrypted() == Encrypted::Weights) {
        if found.iter().all(|other| other.key() != layer.key()) {
            found.push(*layer);
        }
    }
    found
}

/// The rings of some layers, in one order for both parties, with as many secrets as the layer with the most groups of filters has.
fn secrets<'a>(layers: &[Placed<'a>]) -> BTreeMap<Parameters, (&'a RingPair, usize)> {
    let mut rings = BTreeMap::new();
    for Placed { layout, .. } in layers {
        let [_, _, filters] = layout.groups();
        let (_, most) = rings.entry(layout.geometry().parameters).or_insert((layout.rings(), 0));
        *most = filters.max(*most);
    }
    rings
}

/// The uniform half of a ring's encryptions of zero.
fn zero_half(rings: &RingPair, seed: &Seed) -> Vec<u64> {
    let Parameters { degree, primes, prime_bits } = rings.outer.parameters();
    let mut halves = uniform_halves(&rings.outer, &seed.child(&format!("zero {degree} {primes} {prime_bits}")));
    halves.next().unwrap_or_else(|| unreachable!("there are as many as are asked for"))
}

/// The exact bytes that the client and the server send for a network, once.
#[must_use]
pub fn network_cost(layers: &[Placed<'_>]) -> [usize; 2] {
    let layers = encrypted(layers);
    if layers.is_empty() {
        return [0; 2];
    }
    let zeros = secrets(&layers).into_iter().map(|(parameters, (_, secrets))| shared_bytes(parameters, 1, secrets));
    [SEED_BYTES, zeros.sum::<usize>() + layers.iter().map(Placed::bytes).sum::<usize>()]
}

/// A network's encrypted weights, as the client holds them.
#[derive(Clone, Debug)]
pub struct EncryptedNetwork {
    zeros: BTreeMap<Parameters, Shared>,
    /// With step and geometry, by group of channels.
    layers: Vec<((usize, Geometry), Vec<Shared>)>,
}

/// The secrets under which a server has encrypted a network.
#[derive(Clone)]
pub struct OwnedNetwork {
    owners: BTreeMap<Parameters, Owner>,
}

/// Receives the encrypted weights of a network, layer by layer, under uniform halves that grow from a seed of the client's. Nothing is sent where no layer has encrypted weights.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn receive_network(link: &mut Link, seed: &Seed, layers: &[Placed<'_>]) -> Result<EncryptedNetwork, Halt> {
    let layers = encrypted(layers);
    link.step("network", |link| {
        let mut network = EncryptedNetwork { zeros: BTreeMap::new(), layers: Vec::new() };
        if layers.is_empty() {
            return Ok(network);
        }
        link.send(seed.0.to_vec())?;
        for (parameters, (rings, secrets)) in secrets(&layers) {
            let message = link.receive(shared_bytes(parameters, 1, secrets))?;
            let half = zero_half(rings, seed);
            let zero = Shared::read(&rings.outer, half, secrets, &mut Unpacker::new(&message));
            network.zeros.insert(parameters, zero);
        }
        for (place, layer) in layers.iter().enumerate() {
            let message = link.receive(layer.bytes())?;
            let (ring, [_, channels, filters]) = (&layer.layout.rings().outer, layer.layout.groups());
            let mut unpacker = Unpacker::new(&message);
            let halves = layer.halves(place, seed).take(channels);
            let groups = halves.map(|half| Shared::read(ring, half, filters, &mut unpacker)).collect();
            network.layers.push((layer.key(), groups));
        }
        Ok(network)
    })
}

/// Encrypts the weights of a network, and sends them. The secrets grow from a seed of the server's, which serves no other network and no other set-up.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// If the number of a layer's weights is not that of its layout.
pub fn send_network(link: &mut Link, seed: &Seed, network: &[(Placed<'_>, &[i64])]) -> Result<OwnedNetwork, Halt> {
    let places: Vec<Placed<'_>> = network.iter().map(|(placed, _)| *placed).collect();
    let layers = encrypted(&places);
    link.step("network", |link| {
        let mut owned = OwnedNetwork { owners: BTreeMap::new() };
        if layers.is_empty() {
            return Ok(owned);
        }
        let theirs = link.receive(SEED_BYTES)?;
        let Ok(halves) = theirs.try_into().map(Seed) else { unreachable!("it has that length") };
        let mut rng = seed.child("errors").stream();
        for (parameters, (rings, secrets)) in secrets(&layers) {
            let Parameters { degree, primes, prime_bits } = parameters;
            let own = seed.child(&format!("secrets {degree} {primes} {prime_bits}"));
            let owner = Owner::new(rings, secrets, &own);
            let mut packer = Packer::with_capacity(shared_bytes(parameters, 1, secrets));
            owner.encrypt_zero(&rings.outer, &zero_half(rings, &halves), &mut rng, &mut packer);
            link.send(packer.finish())?;
            owned.owners.insert(parameters, owner);
        }
        for (place, layer) in layers.iter().enumerate() {
            let weights = network.iter().find_map(|(other, weights)| (other.key() == layer.key()).then_some(*weights));
            let weights = weights.unwrap_or_else(|| unreachable!("it is one of them"));
            let owner = &owned.owners[&layer.layout.geometry().parameters];
            link.send(encrypt(owner, layer, weights, layer.halves(place, &halves), &mut rng))?;
        }
        Ok(owned)
    })
}

/// A layer's weights, encrypted: by group of channels, then of filters.
fn encrypt(
    owner: &Owner,
    layer: &Placed<'_>,
    weights: &[i64],
    halves: impl Iterator<Item = Vec<u64>>,
    rng: &mut ChaCha20Rng,
) -> Vec<u8> {
    let layout = layer.layout;
    assert_eq!(weights.len(), layout.layer().weights() * layout.layer().filters, "each weight once");
    let [_, channels, filters] = layout.groups();
    let word = |weight: i64| weight.cast_unsigned() & mask(layout.ring_bits());
    let mut packer = Packer::with_capacity(layer.bytes());
    for (channel, half) in (0..channels).zip(halves) {
        let polynomials =
            (0..filters).map(|filter| layout.weight(weights, channel, filter).into_iter().map(word).collect());
        owner.encrypt(&layout.rings().outer, &half, (polynomials, layout.ring_bits()), rng, &mut packer);
    }
    packer.finish()
}

/// Runs the client's side of a batch: from its shares `x0`, sample by sample, it sends the server `W x0` less `y0`, its shares of the outputs modulo the ring of the layout. These it has drawn
/// uniformly, and they are used for nothing from which the server could learn them.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// If there are more or fewer shares than [`Layout::inputs`] and [`Layout::outputs`], or if the layer was not among those of [`receive_network`].
pub fn multiply(
    link: &mut Link,
    network: &EncryptedNetwork,
    placed: Placed<'_>,
    [x0, y0]: [&[u64]; 2],
    rng: &mut ChaCha20Rng,
) -> Result<(), Halt> {
    let layout = placed.layout;
    assert_eq!([x0.len(), y0.len()], [layout.inputs(), layout.outputs()], "a share for each input and output");
    let Some((_, weights)) = network.layers.iter().find(|(key, _)| *key == placed.key()) else {
        panic!("the weights of step {} were not received", placed.step)
    };
    let (ring, zero) = (&layout.rings().outer, &network.zeros[&layout.geometry().parameters]);
    let [samples, _, filters] = layout.groups();
    let mut packer = Packer::with_capacity(layout.cost().client_bytes);
    for group in 0..samples {
        let plaintexts =
            weights.iter().enumerate().map(|(channel, weights)| (layout.centred(x0, group, channel), weights));
        let product = Product::new(ring, zero, plaintexts, rng);
        product.write_shared(layout.geometry().response, rng, &mut packer);
        for filter in 0..filters {
            let masked = layout.products(group, filter).map(|(coefficient, index)| (coefficient, y0[index]));
            product.write_masked(filter, layout.response(), masked, rng, &mut packer);
        }
    }
    link.step("product", |link| link.send(packer.finish()))
}

/// Runs the server's side of a batch: it gets its shares of `W x0`.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
///
/// # Panics
/// If the layer was not among those of [`send_network`].
pub fn decrypt(link: &mut Link, network: &OwnedNetwork, layout: &Layout) -> Result<Vec<u64>, Halt> {
    let owner = &network.owners[&layout.geometry().parameters];
    let message = link.step("product", |link| link.receive(layout.cost().client_bytes))?;
    let mut unpacker = Unpacker::new(&message);
    let [samples, _, filters] = layout.groups();
    let mut y1 = vec![0; layout.outputs()];
    for group in 0..samples {
        let products: Vec<Vec<(usize, usize)>> =
            (0..filters).map(|filter| layout.products(group, filter).collect()).collect();
        let places = products.iter().map(|products| products.iter().map(|(coefficient, _)| *coefficient).collect());
        let values = owner.decrypt(layout.rings(), layout.response(), &mut unpacker, places);
        for ((_, index), value) in products.into_iter().flatten().zip(values.into_iter().flatten()) {
            y1[index] = value;
        }
    }
    Ok(y1)
}

#[cfg(test)]
mod tests;
