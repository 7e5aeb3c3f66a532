//! What is made once for all sessions of a pair of parties: keys and base transfers.

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
    /// Makes keys and base transfers for sessions by these plans.
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
    /// Takes keys and makes base transfers for sessions by these plans.
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

/// The client's side of a set-up, from its part of the pair's seed. The link comes back for its meter, and is closed.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
pub fn client_set_up(mut link: Link, pair: &Seed, plans: &[&Plan]) -> (Result<ClientSetup, Halt>, Link) {
    let made = ClientSetup::new(&mut link, &pair.child("client"), plans);
    link.hang_up();
    (made, link)
}

/// The server's side of a set-up, from its part of the pair's seed. The link comes back for its meter, and is closed.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub fn server_set_up(mut link: Link, pair: &Seed, plans: &[&Plan]) -> (Result<ServerSetup, Halt>, Link) {
    let made = ServerSetup::new(&mut link, &pair.child("server"), plans);
    link.hang_up();
    (made, link)
}

/// Both parties' set-up, each from its own part of the seed, and the client's link after it.
///
/// # Errors
/// [`Halt`], which would be our own mistake: both parties are honest here.
pub fn set_up(seed: &Seed, plans: &[&Plan], network: LinkSpeed) -> Result<(ClientSetup, ServerSetup, Link), Halt> {
    let ((client, link), (server, _)) =
        run(network, |link| client_set_up(link, seed, plans), |link: Link| server_set_up(link, seed, plans));
    Ok((client?, server?, link))
}
