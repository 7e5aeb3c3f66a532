//! The client and the server of a chunk, as they run Cheetah's protocols.

use super::carries::CarryChoice;
use super::drawn::{Ahead, reader};
use super::packing::{Constants, EncodedModel, Packing};
use crate::address::Component;
use crate::backend::protocols::Protocols;
use crate::bits::mask;
use crate::circuit::Circuit;
use crate::he::cipher::ClientKey;
use crate::linear::once::{self, EncryptedNetwork, OwnedNetwork, Placed};
use crate::linear::{self, Encrypted, Layout, PublicKeys};
use crate::party::{Pads, Party};
use crate::random::uniform;
use crate::role::Role;
use crate::share::carry::First;
use crate::share::clip::{self, Clip};
use crate::share::compare::Span;
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

/// The client's side of a linear step whose weights are encrypted: its shares of the output are given.
#[expect(clippy::expect_used, reason = "the set-up of sessions with encrypted weights has them")]
fn multiply(
    party: &mut Party,
    network: Option<&EncryptedNetwork>,
    placed: Placed<'_>,
    [numbers, shares]: [&[u64]; 2],
) -> Result<(), Halt> {
    let network = network.expect("weights are received before sessions");
    let groups = numbers.chunks_exact(placed.layout.inputs());
    let count = groups.len();
    for (index, (x0, y0)) in groups.zip(shares.chunks_exact(placed.layout.outputs())).enumerate() {
        in_group(party, count, index, |party| {
            once::multiply(&mut party.link, network, placed, [x0, y0], &mut party.rng)
        })?;
    }
    Ok(())
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

/// The server answers group by group, or takes what the client makes of its encrypted weights, and adds what it can compute of its own share in the clear. Where it answers, its shares of the output may have been drawn before.
#[expect(clippy::expect_used, reason = "the set-up of sessions with encrypted weights has them")]
fn answer(
    party: &mut Party,
    (keys, owned): (&PublicKeys, Option<&OwnedNetwork>),
    networks: &[&EncodedModel],
    (step, layout): (usize, &Layout),
    (numbers, drawn): (&[u64], Option<&[u64]>),
) -> Result<Vec<u64>, Halt> {
    let groups = numbers.chunks_exact(layout.inputs());
    let count = groups.len();
    assert_eq!(count, networks.len(), "a network for each group");
    let mut shares = Vec::with_capacity(count * layout.outputs());
    for (index, (numbers, network)) in groups.zip(networks).enumerate() {
        let Constants { transformed, weights, start } = network.constants(step);
        let (clear, modulus) = (layout.clear(weights, start, numbers), mask(layout.ring_bits()));
        let own = drawn.map(|drawn| {
            let drawn = &drawn[index * layout.outputs()..][..layout.outputs()];
            drawn.iter().zip(&clear).map(|(share, clear)| share.wrapping_sub(*clear) & modulus).collect::<Vec<_>>()
        });
        let under = in_group(party, count, index, |party| match layout.encrypted() {
            Encrypted::Images => {
                linear::server(&mut party.link, keys, layout, (transformed, own.as_deref()), &mut party.rng)
            }
            Encrypted::Weights => {
                once::decrypt(&mut party.link, owned.expect("weights are sent before sessions"), layout)
            }
        })?;
        shares.extend(under.iter().zip(clear).map(|(a, b)| a.wrapping_add(b) & modulus));
    }
    Ok(shares)
}

/// One of the parties of a chunk, as it runs Cheetah's protocols.
pub struct CheetahParty<'a> {
    circuit: &'a Circuit,
    packing: &'a Packing,
    side: Side<'a>,
    /// The step that runs.
    step: usize,
    /// Transfers for later steps.
    ahead: Ahead,
}

/// What one of the parties holds for the linear layers.
enum Side<'a> {
    /// The client's key, and the server's encrypted weights.
    Client((&'a ClientKey, Option<&'a EncryptedNetwork>)),
    /// The client's public keys, the secrets of encrypted weights, and the network of each group of slots, in order.
    Server((&'a PublicKeys, Option<&'a OwnedNetwork>), Vec<&'a EncodedModel>),
}

impl<'a> CheetahParty<'a> {
    fn new((circuit, packing): (&'a Circuit, &'a Packing), carries: CarryChoice, side: Side<'a>) -> Self {
        Self { circuit, packing, side, step: 0, ahead: Ahead::new(carries) }
    }

    pub(super) fn client(
        of: (&'a Circuit, &'a Packing),
        carries: CarryChoice,
        key: &'a ClientKey,
        network: Option<&'a EncryptedNetwork>,
    ) -> Self {
        Self::new(of, carries, Side::Client((key, network)))
    }

    pub(super) fn server(
        of: (&'a Circuit, &'a Packing),
        carries: CarryChoice,
        keys: (&'a PublicKeys, Option<&'a OwnedNetwork>),
        networks: Vec<&'a EncodedModel>,
    ) -> Self {
        Self::new(of, carries, Side::Server(keys, networks))
    }

    /// How the step that runs finds the carries of what it compares first.
    fn first(&mut self, numbers: &[u64], span: Option<Span>) -> First {
        let drawer = self.packing.drawer_for(self.circuit, self.step);
        self.ahead.first(self.step, numbers.len(), span, drawer)
    }
}

impl Protocols for CheetahParty<'_> {
    type Transfers = Pads;

    fn prepare(&mut self, _party: &mut Party) -> Result<(), Halt> {
        Ok(())
    }

    fn begin(&mut self, step: usize) {
        self.step = step;
    }

    fn linear(&mut self, party: &mut Party, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let (layout, drawer, reader) =
            (self.packing.layout(step), self.packing.drawer(step), reader(self.circuit, step));
        let outputs = (numbers.len() / layout.inputs() * layout.outputs(), layout.ring_bits());
        self.ahead.draw(party, outputs.0, reader, drawer)?;
        let drawn = self.ahead.shares(party, outputs, reader);
        match &self.side {
            Side::Client((_, network)) if drawer == Role::Client => {
                let shares = drawn.unwrap_or_else(|| uniform(&mut party.rng, outputs.1, outputs.0));
                multiply(party, *network, Placed { step, layout }, [numbers, &shares])?;
                Ok(shares)
            }
            Side::Client((key, _)) => ask(party, key, layout, numbers),
            Side::Server(keys, networks) => answer(party, *keys, networks, (step, layout), (numbers, drawn.as_deref())),
        }
    }

    fn relu(&mut self, party: &mut Party, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        relu::relu_of(party, numbers, how, self.first(numbers, Some(relu::span(how))))
    }

    fn clip(&mut self, party: &mut Party, numbers: &[u64], clip: Clip) -> Result<Vec<u64>, Halt> {
        clip::clip_of(party, numbers, clip, self.first(numbers, clip.span()))
    }

    fn truncate(&mut self, party: &mut Party, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        truncate::truncate_of(party, numbers, how, self.first(numbers, truncate::span(how)))
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
