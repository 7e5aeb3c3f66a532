//! The keys that both parties keep between sessions: one set for each prime.

use super::packing::Packing;
use crate::he::slots::{self, Scheme};
use crate::linear::rotations;
use crate::random::Seed;
use crate::wire::link::{Halt, Link};
use std::collections::BTreeMap;

/// The client's secret keys, by prime.
#[derive(Clone)]
pub struct ClientKeys(BTreeMap<u64, slots::ClientKey>);

/// The client's public keys as the server holds them, by prime.
#[derive(Clone, Debug)]
pub struct ServerKeys(BTreeMap<u64, slots::ServerKeys>);

/// The schemes of some packings, each once, in one order for both parties.
fn schemes<'a>(packings: &[&'a Packing]) -> BTreeMap<u64, &'a Scheme> {
    packings.iter().map(|packing| (packing.modulus(), packing.scheme())).collect()
}

impl ClientKeys {
    /// Makes the keys for these packings, and sends the public ones.
    ///
    /// # Errors
    /// [`Halt`] where the server does not keep to the protocol.
    pub fn set_up(link: &mut Link, seed: &Seed, packings: &[&Packing]) -> Result<Self, Halt> {
        let key = |(p, scheme): (u64, &Scheme)| {
            let key = slots::ClientKey::new(seed, scheme);
            rotations::client_setup(link, &key)?;
            Ok((p, key))
        };
        schemes(packings).into_iter().map(key).collect::<Result<_, Halt>>().map(Self)
    }

    /// The key for a packing.
    ///
    /// # Panics
    /// If the packing was not among those of the set-up, nor one of the same prime.
    #[must_use]
    pub fn of(&self, packing: &Packing) -> &slots::ClientKey {
        &self.0[&packing.modulus()]
    }
}

impl ServerKeys {
    /// Receives the client's public keys for these packings.
    ///
    /// # Errors
    /// [`Halt`] where the client does not keep to the protocol.
    pub fn set_up(link: &mut Link, packings: &[&Packing]) -> Result<Self, Halt> {
        let key = |(p, scheme): (u64, &Scheme)| Ok((p, rotations::server_setup(link, scheme)?));
        schemes(packings).into_iter().map(key).collect::<Result<_, Halt>>().map(Self)
    }

    /// The keys for a packing.
    ///
    /// # Panics
    /// If the packing was not among those of the set-up, nor one of the same prime.
    #[must_use]
    pub fn of(&self, packing: &Packing) -> &slots::ServerKeys {
        &self.0[&packing.modulus()]
    }
}
