//! A linear step on the slots of a chunk, group by group: shares of `W x` for a vector of the client's.

use super::packing::{Constants, Network, Packing};
use crate::address::Component;
use crate::he::cipher::Ciphertext;
use crate::he::slots::{ClientKey, ServerKeys};
use crate::linear::rotations::{self, Weights};
use crate::modulus::Modulus;
use crate::party::Party;
use crate::wire::link::Halt;

/// Runs a group's part of a layer; its address names the group where there are several.
fn in_group<T, R>(
    party: &mut Party<T>,
    groups: usize,
    index: usize,
    body: impl FnOnce(&mut Party<T>) -> Result<R, Halt>,
) -> Result<R, Halt> {
    if groups == 1 { body(party) } else { party.step(Component::Group(index), body) }
}

/// The client's side: it encrypts `x`, slot by slot, and gets its shares of `W x`. All groups are asked about before the first answer is taken.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
pub fn multiply_client<T>(
    party: &mut Party<T>,
    key: &ClientKey,
    (packing, step): (&Packing, usize),
    x: &[u64],
) -> Result<Vec<u64>, Halt> {
    ask(party, key, (packing, step), x)?;
    take(party, key, (packing, step), x.len() / packing.layout(step).inputs())
}

/// The first half of [`multiply_client`]: the client sends its encrypted vectors.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
pub fn ask<T>(
    party: &mut Party<T>,
    key: &ClientKey,
    (packing, step): (&Packing, usize),
    x: &[u64],
) -> Result<(), Halt> {
    let (layout, group) = (packing.layout(step), packing.group());
    let groups = x.chunks_exact(group * layout.inputs());
    let count = groups.len();
    for (index, x) in groups.enumerate() {
        in_group(party, count, index, |party| rotations::ask(&mut party.link, key, layout, x, &mut party.rng))?;
    }
    Ok(())
}

/// The second half of [`multiply_client`]: the client takes its shares of the products of so many slots.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
pub fn take<T>(
    party: &mut Party<T>,
    key: &ClientKey,
    (packing, step): (&Packing, usize),
    slots: usize,
) -> Result<Vec<u64>, Halt> {
    let (layout, group) = (packing.layout(step), packing.group());
    let count = slots / group;
    let mut shares = Vec::with_capacity(count * group * layout.outputs());
    for index in 0..count {
        shares.extend(in_group(party, count, index, |party| rotations::take(&mut party.link, key, layout, group))?);
    }
    Ok(shares)
}

/// The server's side, with the network of each group: its shares of `W x`, which are uniform.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub fn multiply_server<T>(
    party: &mut Party<T>,
    keys: &ServerKeys,
    (packing, step): (&Packing, usize),
    networks: &[&Network],
) -> Result<Vec<u64>, Halt> {
    let weights: Vec<&Weights> = networks.iter().map(|network| &network.constants(step).encoded).collect();
    multiply(party, keys, (packing, step), &weights)
}

/// What a server sends that deviates, for so many groups: it multiplies with weights that are all 0, so that the client's shares are its own, negated.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub fn multiply_by_nothing<T>(
    party: &mut Party<T>,
    keys: &ServerKeys,
    (packing, step): (&Packing, usize),
    groups: usize,
) -> Result<Vec<u64>, Halt> {
    let layout = packing.layout(step);
    let nothing = Weights::new(layout, packing.scheme(), &vec![0; layout.weights()]);
    multiply(party, keys, (packing, step), &vec![&nothing; groups])
}

/// What a server sends that chooses its shares of `W x`, one for each output of each slot, instead of drawing them.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub fn multiply_with_shares<T>(
    party: &mut Party<T>,
    keys: &ServerKeys,
    (packing, step): (&Packing, usize),
    networks: &[&Network],
    chosen: &[u64],
) -> Result<(), Halt> {
    let layout = packing.layout(step);
    let groups = chosen.chunks_exact(packing.group() * layout.outputs()).zip(networks);
    groups.enumerate().try_for_each(|(index, (chosen, network))| {
        in_group(party, networks.len(), index, |party| {
            let product = (layout, &network.constants(step).encoded);
            rotations::server_with_shares(&mut party.link, keys, product, chosen, &mut party.rng)
        })
    })
}

/// The client's vectors of a linear step as ciphertexts, group by group.
pub struct Asked(Vec<rotations::Heard>);

/// What a server hears of a linear step, of so many groups, before it answers.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub fn hear<T>(
    party: &mut Party<T>,
    keys: &ServerKeys,
    (packing, step): (&Packing, usize),
    groups: usize,
) -> Result<Asked, Halt> {
    let (layout, group) = (packing.layout(step), packing.group());
    let hear = |index| in_group(party, groups, index, |party| rotations::hear(&mut party.link, keys, layout, group));
    Ok(Asked((0..groups).map(hear).collect::<Result<_, Halt>>()?))
}

/// What is added to the answers of a matrix: a factor, and the step of the next matrix with what was heard of it, whose input is multiplied by the factor.
pub struct Added<'a> {
    /// The factor, also of the weights and of the masks.
    pub factor: u64,
    /// The step of the next matrix.
    pub next: usize,
    /// What was heard of it.
    pub asked: &'a Asked,
}

/// Answers what was heard of a linear step, with the weights of each group: the server's shares of the products, which are uniform. A server that deviates may add to its answers: then the
/// client's shares are the factor times `W x` plus the next input, less the shares that are returned.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub fn answer<T>(
    party: &mut Party<T>,
    keys: &ServerKeys,
    (packing, step): (&Packing, usize),
    networks: &[&Network],
    (asked, added): (Asked, Option<&Added<'_>>),
) -> Result<Vec<u64>, Halt> {
    let layout = packing.layout(step);
    let (groups, mut shares) = (networks.len(), Vec::new());
    for (index, (heard, network)) in asked.0.into_iter().zip(networks).enumerate() {
        let constants = network.constants(step);
        let answered = in_group(party, groups, index, |party| match added {
            None => rotations::answer(
                &mut party.link,
                keys,
                (layout, &constants.encoded),
                heard,
                &mut party.rng,
                |_, _, _| {},
            ),
            Some(added) => add(party, keys, (packing, step), constants, (heard, &added.asked.0[index], added)),
        })?;
        shares.extend(answered);
    }
    Ok(shares)
}

/// The answers of a group of slots to which the next input is added.
fn add<T>(
    party: &mut Party<T>,
    keys: &ServerKeys,
    (packing, step): (&Packing, usize),
    constants: &Constants,
    (heard, next_heard, added): (rotations::Heard, &rotations::Heard, &Added<'_>),
) -> Result<Vec<u64>, Halt> {
    let (layout, next, factor) = (packing.layout(step), packing.layout(added.next), added.factor);
    let modulus = Modulus::Prime(packing.modulus());
    let scaled: Vec<i64> =
        constants.weights.iter().map(|&weight| modulus.integer(modulus.mul(modulus.element(weight), factor))).collect();
    let weights = Weights::new(layout, packing.scheme(), &scaled);
    let shares = modulus.uniform(&mut party.rng, heard.len() * layout.outputs());
    let masks: Vec<u64> = shares.iter().map(|share| modulus.mul(*share, factor)).collect();
    let change = |sample: usize, sums: &mut [Ciphertext], of_slots: &mut [Vec<u64>]| {
        layout.add_next(keys, (next, &next_heard[sample]), factor, sums);
        layout.place(&masks[sample * layout.outputs()..], of_slots);
    };
    rotations::answer(&mut party.link, keys, (layout, &weights), heard, &mut party.rng, change)?;
    Ok(shares)
}

/// What a server answers that deviates as in [`multiply_by_nothing`].
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub fn answer_with_nothing<T>(
    party: &mut Party<T>,
    keys: &ServerKeys,
    (packing, step): (&Packing, usize),
    asked: Asked,
) -> Result<Vec<u64>, Halt> {
    let layout = packing.layout(step);
    let nothing = Weights::new(layout, packing.scheme(), &vec![0; layout.weights()]);
    let (groups, mut shares) = (asked.0.len(), Vec::new());
    for (index, heard) in asked.0.into_iter().enumerate() {
        shares.extend(in_group(party, groups, index, |party| {
            rotations::answer(&mut party.link, keys, (layout, &nothing), heard, &mut party.rng, |_, _, _| {})
        })?);
    }
    Ok(shares)
}

/// Runs the server's side with the weights of each group.
fn multiply<T>(
    party: &mut Party<T>,
    keys: &ServerKeys,
    (packing, step): (&Packing, usize),
    weights: &[&Weights],
) -> Result<Vec<u64>, Halt> {
    let (layout, group) = (packing.layout(step), packing.group());
    let mut shares = Vec::with_capacity(weights.len() * group * layout.outputs());
    for (index, own) in weights.iter().enumerate() {
        shares.extend(in_group(party, weights.len(), index, |party| {
            rotations::server(&mut party.link, keys, layout, own, group, &mut party.rng)
        })?);
    }
    Ok(shares)
}

/// What the server computes in the clear: `W x + start` of its own vectors, slot by slot, added to its shares of a product.
#[must_use]
pub fn in_the_clear((packing, step): (&Packing, usize), networks: &[&Network], x: &[u64], shares: &[u64]) -> Vec<u64> {
    let (layout, modulus) = (packing.layout(step), Modulus::Prime(packing.modulus()));
    let groups = x.chunks_exact(packing.group() * layout.inputs()).zip(networks);
    let outputs = groups.flat_map(|(x, network)| {
        let constants = network.constants(step);
        layout.clear(&constants.weights, &constants.start, x)
    });
    outputs.zip(shares).map(|(output, share)| modulus.add(output, *share)).collect()
}
