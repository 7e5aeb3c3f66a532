//! A control of the linking game: a server that sends random bytes in place of every message, and names the two slots that look most alike in what the client says to that. In no family it is
//! right more often than one that names any two. A client that puts a byte of the image into its messages is told at once.

use crate::programs::tail;
use fusion_2pc::backend::{Backend, Family, ForBackend};
use fusion_2pc::random::Seed;
use fusion_2pc::session::{self, Grouping, Networks, Plan, ServerProgram, Service};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::{Conduct, Deviation};
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::meter::Message;
use fusion_adversaries::program::Matching;
use fusion_proofs_tests::networks::{PRECISION, fixed, noise, pixels};
use rand_core::Rng;
use rug::Rational;

/// Two of three slots hold copies: a guess is right with 1/3.
const SLOTS: usize = 3;

/// Sends random bytes in place of every message.
struct Noise<R>(R);

impl<R: Rng + Send> Deviation for Noise<R> {
    fn message(&mut self, _message: &Message, payload: &[u8]) -> Conduct {
        let mut random = vec![0; payload.len()];
        self.0.fill_bytes(&mut random);
        Conduct::Replace(random)
    }
}

/// A client that fills the part of each slot in every long message with a byte of its image.
struct Leaking(Vec<Vec<u8>>);

impl Deviation for Leaking {
    fn message(&mut self, _message: &Message, payload: &[u8]) -> Conduct {
        let part = |at: usize| self.0[at * SLOTS / payload.len()][7];
        Conduct::Replace((0..payload.len()).map(part).collect())
    }
}

/// In how many of so many sessions two copies are named; and in how many of two, if the client leaks.
struct Played(u32);

impl ForBackend for Played {
    type Output = [u32; 2];

    fn run<B: Backend>(self, backend: B) -> [u32; 2] {
        let models = [fixed(&pixels(), PRECISION)];
        let circuit = backend.circuit(&[&models[0]], Truncation::Faithful).expect("one architecture");
        let plan = Plan::new(backend, circuit, SLOTS, Grouping::Chunk).expect("parameters hold it");
        let (client, server, _) = session::set_up(&Seed([1; 32]), &[&plan], LinkSpeed::LAN).expect("both are honest");
        let networks = Networks::new(&plan, &models).expect("of this circuit");
        let services = vec![Service { model: 0, labels: (0..models[0].classes()).collect() }; SLOTS];
        let play = |number: u32, leaks: bool| {
            let name = Seed([2; 32]).child(&number.to_string());
            let single = name.child("game").stream().next_u64() % SLOTS as u64;
            let single = usize::try_from(single).expect("few");
            let two = noise(2, u8::try_from(number).expect("few"));
            let images: Vec<Vec<u8>> = (0..SLOTS).map(|slot| two[usize::from(slot == single)].clone()).collect();
            let (mut near, mut far) = Link::pair(LinkSpeed::LAN);
            far.deviate(Box::new(Noise(name.child("noise").stream())));
            if leaks {
                near.deviate(Box::new(Leaking(images.clone())));
            }
            let mut matching = Matching::default();
            std::thread::scope(|scope| {
                let program = &mut matching;
                let (server, plan, name, served) = (&server, &plan, &name, (&networks, &services[..]));
                let served =
                    scope.spawn(move || session::programmed_server(far, server, plan, name, served, program).0);
                let image = |slot: usize| models[0].pixels(&images[slot]).expect("of this size");
                let _ = session::client(near, &client, plan, name, image);
                served.join().expect("no panic").expect("the client goes on to the end");
            });
            matching.link().is_some_and(|named| !named.contains(&single))
        };
        [(self.0, false), (2, true)].map(|(count, leaks)| (0..count).map(|number| u32::from(play(number, leaks))).sum())
    }
}

/// False alarm: 1e-9 for each of six families, by the binomial law. A server that is right always is told; in 48 sessions, one that is right in 19 of 20 is missed with 4e-6.
#[test]
fn random_messages_link_nothing() {
    for family in Family::ALL {
        // Encryption takes most of the time.
        let sessions = if matches!(family, Family::Cryptflow2He | Family::Delphi) { 24 } else { 48 };
        let [wins, told] = family.run(Played(sessions));
        assert!(tail(wins, sessions) > Rational::from((1, 1_000_000_000)), "{family:?}: {wins} of {sessions}");
        assert_eq!(told, 2, "{family:?}: a client that leaks");
    }
}
