//! The set-up of a pair of parties, once for all their sessions: keys and base transfers.

use super::plan::Plan;
use super::threads::run;
use crate::he::cipher::ClientKey;
use crate::linear::{self, Layout, PublicKeys};
use crate::ot::Setup;
use crate::random::Seed;
use crate::wire::clock::LinkSpeed;
use crate::wire::link::{Halt, Link};

/// What a client keeps between sessions.
#[derive(Clone)]
pub struct ClientSetup {
    pub(super) seed: Seed,
    pub(super) key: ClientKey,
    pub(super) transfers: Setup,
}

impl ClientSetup {
    /// Runs the client's side of a set-up for sessions by these plans: it makes keys and base transfers.
    ///
    /// # Errors
    /// [`Halt`] where the server does not keep to the protocol.
    pub fn new(link: &mut Link, seed: &Seed, plans: &[&Plan]) -> Result<Self, Halt> {
        let key = ClientKey::new(&seed.child("secret key"));
        linear::client_setup(link, &key, &all_layouts(plans))?;
        Ok(Self { transfers: Setup::run(link, &seed.child("transfers"))?, seed: seed.child("sessions"), key })
    }
}

/// What a server keeps between sessions.
#[derive(Clone)]
pub struct ServerSetup {
    pub(super) seed: Seed,
    pub(super) keys: PublicKeys,
    pub(super) transfers: Setup,
}

impl ServerSetup {
    /// Runs the server's side of a set-up for sessions by these plans: it receives public keys and makes base transfers.
    ///
    /// # Errors
    /// [`Halt`] where the client does not keep to the protocol.
    pub fn new(link: &mut Link, seed: &Seed, plans: &[&Plan]) -> Result<Self, Halt> {
        let keys = linear::server_setup(link, &all_layouts(plans))?;
        Ok(Self { keys, transfers: Setup::run(link, &seed.child("transfers"))?, seed: seed.child("sessions") })
    }
}

fn all_layouts(plans: &[&Plan]) -> Vec<Layout> {
    plans.iter().flat_map(|plan| plan.layouts()).collect()
}

/// Runs the client's side of a set-up with the client's part of the seed `pair`. This is for simulation: whoever knows `pair` knows both
/// parties' secrets. A real client calls [`ClientSetup::new`] with a seed of its own. The link comes back closed, for its meter.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
pub fn client_set_up(mut link: Link, pair: &Seed, plans: &[&Plan]) -> (Result<ClientSetup, Halt>, Link) {
    let made = ClientSetup::new(&mut link, &pair.child("client"), plans);
    link.hang_up();
    (made, link)
}

/// Runs the server's side of a set-up with the server's part of the seed `pair`. This is for simulation: whoever knows `pair` knows both
/// parties' secrets. A real server calls [`ServerSetup::new`] with a seed of its own. The link comes back closed, for its meter.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub fn server_set_up(mut link: Link, pair: &Seed, plans: &[&Plan]) -> (Result<ServerSetup, Halt>, Link) {
    let made = ServerSetup::new(&mut link, &pair.child("server"), plans);
    link.hang_up();
    (made, link)
}

/// Sets up both parties on two threads, each with its own part of the seed; the client's link comes back for its meter. For simulation: here
/// one process knows the secrets of both.
///
/// # Errors
/// [`Halt`], which would be a bug of this crate, as both parties are honest here.
pub fn set_up(seed: &Seed, plans: &[&Plan], speed: LinkSpeed) -> Result<(ClientSetup, ServerSetup, Link), Halt> {
    let ((client, link), (server, _)) =
        run(speed, |link| client_set_up(link, seed, plans), |link: Link| server_set_up(link, seed, plans));
    Ok((client?, server?, link))
}
