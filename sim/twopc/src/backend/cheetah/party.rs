//! The client and the server of a chunk, as they run Cheetah's protocols.

use super::packing::{Constants, EncodedModel, Packing};
use crate::address::Component;
use crate::backend::protocols::Protocols;
use crate::he::cipher::ClientKey;
use crate::linear::{self, Layout, PublicKeys};
use crate::party::{Pads, Party};
use crate::share::clip::{self, Clip};
use crate::share::extend::{self, Widening};
use crate::share::truncate::{self, Rescaling};
use crate::share::{maximum, relu};
use crate::wire::link::Halt;

/// Runs a group's part of a layer; its address names the group where there are several.
fn in_group<T>(
    party: &mut Party,
    groups: usize,
    index: usize,
    body: impl FnOnce(&mut Party) -> Result<T, Halt>,
) -> Result<T, Halt> {
    if groups == 1 { body(party) } else { party.step(Component::Group(index), body) }
}

/// The client sends all groups' shares before it takes the first group's answer.
fn ask(party: &mut Party, key: &ClientKey, layout: &Layout, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
    let groups = numbers.chunks_exact(layout.inputs());
    let count = groups.len();
    for (index, numbers) in groups.enumerate() {
        in_group(party, count, index, |party| linear::ask(&mut party.link, key, layout, numbers, &mut party.rng))?;
    }
    let mut shares = Vec::with_capacity(count * layout.outputs());
    for index in 0..count {
        shares.extend(in_group(party, count, index, |party| linear::take(&mut party.link, key, layout))?);
    }
    Ok(shares)
}

/// The server answers group by group, and adds what it can compute of its own share in the clear.
fn answer(
    party: &mut Party,
    keys: &PublicKeys,
    networks: &[&EncodedModel],
    (step, layout): (usize, &Layout),
    numbers: &[u64],
) -> Result<Vec<u64>, Halt> {
    let groups = numbers.chunks_exact(layout.inputs());
    let count = groups.len();
    assert_eq!(count, networks.len(), "a network for each group");
    let mut shares = Vec::with_capacity(count * layout.outputs());
    for (index, (numbers, network)) in groups.zip(networks).enumerate() {
        let Constants { transformed, weights, start } = network.constants(step);
        let under = in_group(party, count, index, |party| {
            linear::server(&mut party.link, keys, layout, transformed, &mut party.rng)
        })?;
        let clear = layout.clear(weights, start, numbers);
        let modulus = crate::bits::mask(layout.ring_bits());
        shares.extend(under.iter().zip(clear).map(|(a, b)| a.wrapping_add(b) & modulus));
    }
    Ok(shares)
}

/// One of the parties of a chunk, as it runs Cheetah's protocols.
pub struct CheetahParty<'a> {
    packing: &'a Packing,
    side: Side<'a>,
}

/// What one of the parties holds for the linear layers.
enum Side<'a> {
    Client(&'a ClientKey),
    /// The client's public keys, and the network of each group of slots, in order.
    Server(&'a PublicKeys, Vec<&'a EncodedModel>),
}

impl<'a> CheetahParty<'a> {
    pub(super) fn client(packing: &'a Packing, key: &'a ClientKey) -> Self {
        Self { packing, side: Side::Client(key) }
    }

    pub(super) fn server(packing: &'a Packing, keys: &'a PublicKeys, networks: Vec<&'a EncodedModel>) -> Self {
        Self { packing, side: Side::Server(keys, networks) }
    }
}

impl Protocols for CheetahParty<'_> {
    type Transfers = Pads;

    fn prepare(&mut self, _party: &mut Party) -> Result<(), Halt> {
        Ok(())
    }

    fn linear(&mut self, party: &mut Party, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let layout = self.packing.layout(step);
        match &self.side {
            Side::Client(key) => ask(party, key, layout, numbers),
            Side::Server(keys, networks) => answer(party, keys, networks, (step, layout), numbers),
        }
    }

    fn relu(&mut self, party: &mut Party, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        relu::relu(party, numbers, how)
    }

    fn clip(&mut self, party: &mut Party, numbers: &[u64], clip: Clip) -> Result<Vec<u64>, Halt> {
        clip::clip(party, numbers, clip)
    }

    fn truncate(&mut self, party: &mut Party, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        truncate::truncate(party, numbers, how)
    }

    fn extend(&mut self, party: &mut Party, numbers: &[u64], widening: Widening) -> Result<Vec<u64>, Halt> {
        extend::extend(party, numbers, widening)
    }

    fn largest(&mut self, party: &mut Party, lists: Vec<Vec<u64>>, ring: u32) -> Result<Vec<u64>, Halt> {
        maximum::largest(party, lists, ring)
    }

    fn argmax(
        &mut self,
        party: &mut Party,
        numbers: &[u64],
        ring: u32,
        classes: usize,
        labels: &[Vec<u32>],
    ) -> Result<Option<Vec<u32>>, Halt> {
        maximum::argmax(party, numbers, ring, classes, labels)
    }
}
