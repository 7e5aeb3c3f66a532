//! The set-up of a pair of parties, once for all their sessions: keys and base transfers.

use super::plan::Plan;
use super::threads::run;
use crate::backend::Backend;
use crate::backend::probe::Probe;
use crate::random::{Root, Seed, Simulated};
use crate::wire::clock::LinkSpeed;
use crate::wire::link::{Halt, Link};
use zeroize::Zeroizing;

/// What a client keeps between sessions. It has no copy: two copies could play sessions of one name.
pub struct ClientSetup<B: Backend> {
    pub(super) seed: Zeroizing<Seed>,
    pub(super) keys: B::ClientKeys,
}

impl<B: Backend> ClientSetup<B> {
    /// Runs the client's side of a set-up for sessions by these plans: it makes keys and base transfers.
    ///
    /// # Errors
    /// [`Halt`] where the server does not keep to the protocol.
    ///
    /// # Panics
    /// Without a plan.
    pub fn new(link: &mut Link, root: impl Root, plans: &[&Plan<B>]) -> Result<Self, Halt> {
        let (backend, packings) = packings(plans);
        let root = Zeroizing::new(root.into_seed());
        let seed = Zeroizing::new(root.child("sessions"));
        Ok(Self { keys: backend.client_keys(link, &root, &packings)?, seed })
    }
}

impl<B: Backend> ClientSetup<B> {
    /// Whether what a server names is a part of the client's secrets; never, for a secret that clients of the family do not have. This is for simulation: only the client
    /// knows it.
    #[must_use]
    pub fn holds(&self, plan: &Plan<B>, named: Probe) -> bool {
        let backend = &plan.backend;
        match named {
            Probe::Correlation(guess) => {
                let known = backend.parts().zip(backend.correlation(&self.keys));
                known.is_some_and(|(parts, delta)| parts.holds(delta, guess))
            }
            Probe::Key(named) => {
                let has = |packing| backend.has_coefficient(&self.keys, packing, named);
                plan.packings().next().and_then(has) == Some(true)
            }
            Probe::Keep | Probe::Earlier(_) => false,
        }
    }
}

/// What a server keeps between sessions. It has no copy: two copies could play sessions of one name.
pub struct ServerSetup<B: Backend> {
    pub(super) seed: Zeroizing<Seed>,
    pub(super) keys: B::ServerKeys,
}

impl<B: Backend> ServerSetup<B> {
    /// Runs the server's side of a set-up for sessions by these plans: it receives public keys and makes base transfers.
    ///
    /// # Errors
    /// [`Halt`] where the client does not keep to the protocol.
    ///
    /// # Panics
    /// Without a plan.
    pub fn new(link: &mut Link, root: impl Root, plans: &[&Plan<B>]) -> Result<Self, Halt> {
        let (backend, packings) = packings(plans);
        let root = Zeroizing::new(root.into_seed());
        let seed = Zeroizing::new(root.child("sessions"));
        Ok(Self { keys: backend.server_keys(link, &root, &packings)?, seed })
    }
}

/// The plans' common backend, and the packings of all of them.
fn packings<'a, B: Backend>(plans: &[&'a Plan<B>]) -> (&'a B, Vec<&'a B::Packing>) {
    let [first, ..] = plans else { panic!("a set-up is for at least one plan") };
    (&first.backend, plans.iter().flat_map(|plan| plan.packings()).collect())
}

/// Runs the client's side of a set-up with the client's part of the seed `pair`. This is for simulation: whoever knows `pair` knows both
/// parties' secrets. A real client calls [`ClientSetup::new`] with a seed of its own. The link comes back closed, for its meter.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
pub fn client_set_up<B: Backend>(
    mut link: Link,
    pair: &Seed,
    plans: &[&Plan<B>],
) -> (Result<ClientSetup<B>, Halt>, Link) {
    let made = ClientSetup::new(&mut link, Simulated(pair.child("client")), plans);
    link.hang_up();
    (made, link)
}

/// Runs the server's side of a set-up with the server's part of the seed `pair`. This is for simulation: whoever knows `pair` knows both
/// parties' secrets. A real server calls [`ServerSetup::new`] with a seed of its own. The link comes back closed, for its meter.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub fn server_set_up<B: Backend>(
    mut link: Link,
    pair: &Seed,
    plans: &[&Plan<B>],
) -> (Result<ServerSetup<B>, Halt>, Link) {
    let made = ServerSetup::new(&mut link, Simulated(pair.child("server")), plans);
    link.hang_up();
    (made, link)
}

/// Sets up both parties on two threads, each with its own part of the seed; the client's link comes back for its meter. For simulation: here
/// one process knows the secrets of both.
///
/// # Errors
/// [`Halt`], which would be a bug of this crate, as both parties are honest here.
pub fn set_up<B: Backend>(
    seed: &Seed,
    plans: &[&Plan<B>],
    speed: LinkSpeed,
) -> Result<(ClientSetup<B>, ServerSetup<B>, Link), Halt> {
    let ((client, link), (server, _)) =
        run(speed, |link| client_set_up(link, seed, plans), |link: Link| server_set_up(link, seed, plans));
    Ok((client?, server?, link))
}
