//! Both parties of a protocol on two threads, with transfers that are really set up.

use super::cost::Messages;
use super::form::TripleForm;
use super::transfers::{Keys, Transfers};
use crate::cost::Cost;
use crate::modulus::Modulus;
use crate::ot::Extension;
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
        let run = |seed| move |link: &mut Link| Keys::run(link, &Seed([seed; 32]), Extension::Iknp).unwrap();
        crate::ot::testing::both(run(1), run(2)).into()
    })
}

/// What the client's and the server's function return, and the session as the client saw it.
pub fn both<T: Send>(
    client: impl FnOnce(&mut Party<Transfers>) -> Result<T, Halt> + Send,
    server: impl FnOnce(&mut Party<Transfers>) -> Result<T, Halt> + Send,
) -> ([T; 2], Party<Transfers>) {
    both_by(TripleForm::Paper, client, server)
}

/// The same with correlated triples of this form.
pub fn both_by<T: Send>(
    form: TripleForm,
    client: impl FnOnce(&mut Party<Transfers>) -> Result<T, Halt> + Send,
    server: impl FnOnce(&mut Party<Transfers>) -> Result<T, Halt> + Send,
) -> ([T; 2], Party<Transfers>) {
    let (left, right) = Link::pair(LinkSpeed::LAN);
    let party = |link: Link| {
        let role = link.role();
        Party {
            rng: Seed([3; 32]).child(if role == Role::Client { "client" } else { "server" }).stream(),
            transfers: keys()[usize::from(role == Role::Server)].session(&Seed([9; 32]), [0; 2], form),
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
pub fn assert_cost(party: &Party<Transfers>, cost: impl FnOnce(&mut Messages<'_>)) {
    let mut predicted = Cost::default();
    cost(&mut Messages { cost: &mut predicted, scheme: Extension::Iknp.into() });
    let meter = party.link.meter();
    let sent = [Role::Client, Role::Server].map(|role| meter.sent(role, None).bytes);
    assert_eq!([predicted.client_bytes, predicted.server_bytes], sent);
    assert_eq!(predicted.rounds(), meter.rounds());
}

/// Random shares of values.
pub fn shares_of(values: &[u64], modulus: Modulus, seed: u8) -> [Vec<u64>; 2] {
    let client = modulus.uniform(&mut Seed([seed; 32]).stream(), values.len());
    let server = values.iter().zip(&client).map(|(x, x0)| modulus.sub(*x, *x0)).collect();
    [client, server]
}

/// That shares, the client's first, became those of what a twin makes of each value.
pub fn assert_twins(inputs: [&[u64]; 2], outputs: [&[u64]; 2], modulus: Modulus, twin: impl Fn(u64) -> u64) {
    assert_eq!(inputs[0].len(), outputs[0].len(), "an output for each input");
    let open = |[client, server]: [&[u64]; 2], at: usize| modulus.add(client[at], server[at]);
    for at in 0..inputs[0].len() {
        let x = open(inputs, at);
        assert_eq!(open(outputs, at), twin(x), "element {at}: of {x}, modulo {modulus:?}");
    }
}
