//! Both parties of a protocol on two threads, with transfers that are really set up.

use super::transfers::{Keys, Transfers};
use crate::cost::Cost;
use crate::party::Party;
use crate::random::Seed;
use crate::role::Role;
use crate::wire::clock::LinkSpeed;
use crate::wire::link::{Halt, Link};
use std::sync::OnceLock;

/// The base transfers of a pair of parties, made once for all tests.
fn keys() -> &'static [Keys; 2] {
    static KEYS: OnceLock<[Keys; 2]> = OnceLock::new();
    KEYS.get_or_init(|| {
        let run = |seed| move |link: &mut Link| Keys::run(link, &Seed([seed; 32])).unwrap();
        crate::ot::testing::both(run(1), run(2)).into()
    })
}

/// What the client's and the server's function return, and the session as the client saw it.
pub fn both<T: Send>(
    client: impl FnOnce(&mut Party<Transfers>) -> Result<T, Halt> + Send,
    server: impl FnOnce(&mut Party<Transfers>) -> Result<T, Halt> + Send,
) -> ([T; 2], Party<Transfers>) {
    let (left, right) = Link::pair(LinkSpeed::LAN);
    let party = |link: Link| {
        let role = link.role();
        Party {
            rng: Seed([3; 32]).child(if role == Role::Client { "client" } else { "server" }).stream(),
            transfers: keys()[usize::from(role == Role::Server)].session(&Seed([9; 32])),
            link,
        }
    };
    std::thread::scope(|scope| {
        let server = scope.spawn(move || server(&mut party(right)).unwrap());
        let mut party = party(left);
        let first = client(&mut party).unwrap();
        ([first, server.join().unwrap()], party)
    })
}

/// That a session sent what it costs.
pub fn assert_cost(party: &Party<Transfers>, cost: impl FnOnce(&mut Cost)) {
    let mut predicted = Cost::default();
    cost(&mut predicted);
    let meter = party.link.meter();
    let sent = [Role::Client, Role::Server].map(|role| meter.sent(role, None).bytes);
    assert_eq!([predicted.client_bytes, predicted.server_bytes], sent);
    assert_eq!(predicted.rounds(), meter.rounds());
}
