//! What holds for every family of protocols, from one list: exact answers, predicted bytes, transcripts that tell nothing, two transports,
//! shares moved as the ideal twins say, and messages bent in every way.

use crate::costs::sent;
use crate::silence::Recorded;
use crate::tamper::{At, Bend, messages, set_up};
use crate::transports::tcp;
use crate::watch::Watch;
use crate::world::{World, plan_by};
use fusion_2pc::address::Address;
use fusion_2pc::backend::cryptflow2::Cryptflow2He;
use fusion_2pc::backend::{Backend, Choice, Family, ForBackend, Options};
use fusion_2pc::circuit::ARGMAX;
use fusion_2pc::ideal;
use fusion_2pc::modulus::Modulus;
use fusion_2pc::ot::{Checks, Extension};
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{Grouping, Service};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::share::uniform::Uniform;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::Deviation;
use fusion_2pc::wire::link::{Halt, Link};
use fusion_2pc::wire::meter::Phase;
use fusion_nn::fixed::{Precision, Ring};
use fusion_nn::model::Model;
use fusion_proofs_tests::networks::{
    PRECISION, clipped, fixed, grouped, in_pieces, many_classes, noise, pixels, residual, tiny,
};

/// What a test checks of a backend.
trait Law {
    fn check<B: Backend>(&self, family: Family, backend: B);
}

struct Checked<'a, L>(&'a L, Family);

impl<L: Law> ForBackend for Checked<'_, L> {
    type Output = ();

    fn run<B: Backend>(self, backend: B) {
        self.0.check(self.1, backend);
    }
}

fn every_family(law: &impl Law) {
    for family in Family::ALL {
        let _watch = Watch::new();
        family.run(Checked(law, family));
    }
}

/// The extensions that are not a family's own, for each family that has the choice.
fn every_extension(families: &[Family], checked: &[Checks], law: &impl Law) {
    for &family in families {
        for extension in [Extension::SoftSpoken, Extension::Ferret, Extension::DualLpn] {
            for &checks in checked {
                let _watch = Watch::new();
                let options = Options { extension: Some(extension), checks: Some(checks), ..Options::default() };
                Choice::new(family, options).expect("it has the choice").run(Checked(law, family));
            }
        }
    }
}

/// Each family with checks of its extensions, over those of its own.
fn every_checked_family(families: &[Family], law: &impl Law) {
    for &family in families {
        let _watch = Watch::new();
        let active = Options { checks: Some(Checks::Active), ..Options::default() };
        Choice::new(family, active).expect("it has the choice").run(Checked(law, family));
    }
}

/// Networks with every functionality between them.
fn networks() -> [(&'static str, Model); 4] {
    [("tiny", tiny(0)), ("residual", residual(0)), ("clipped", clipped()), ("many classes", many_classes(0))]
}

/// Every logit and every label is the reference's, and each step sends what its family's predictor says.
struct Exact;

impl Law for Exact {
    fn check<B: Backend>(&self, family: Family, backend: B) {
        for (name, model) in networks() {
            let images = noise(3, 1);
            let world = World::by(backend.clone(), &[model], images.len(), 1);
            let session = world.session(1, &images, &world.honest());
            world.assert_exact(&session, &images);
            let meter = &session.meters[0];
            let mut predicted = 0;
            for chunk in world.plan.chunks() {
                let steps = world.plan.circuit.steps.iter().map(|step| step.address.clone()).chain([ARGMAX.into()]);
                for (step, cost) in steps.zip(world.plan.costs(chunk.len())) {
                    let counted = sent(meter, &chunk, &step);
                    assert_eq!(counted, [cost.client_bytes, cost.server_bytes], "{family:?}, {name}: {step}");
                    predicted += cost.bytes();
                }
            }
            let extending = meter.total(|message| message.address.is_in_extension());
            let costs = world.plan.transfers().map(|count| backend.extension(count).cost(count));
            let extensions: usize = costs.iter().map(|cost| cost.sender.bytes + cost.receiver.bytes).sum();
            assert_eq!(extending.bytes, extensions, "{family:?}, {name}: extensions");
            assert_eq!(predicted + extensions, meter.total(|_| true).bytes, "{family:?}, {name}: nothing else is sent");
            if world.plan.slots <= world.plan.slots_per_message() {
                let chain = world.plan.chain(world.plan.slots).rounds();
                let rounds = meter.rounds();
                let most = chain + u32::try_from(extending.messages).expect("few");
                assert!((chain..=most).contains(&rounds), "{family:?}, {name}: {rounds} rounds of {chain}");
            }
        }
    }
}

#[test]
fn every_family_is_exact_and_sends_what_it_predicts() {
    every_family(&Exact);
}

#[test]
fn every_extension_is_exact_and_sends_what_it_predicts() {
    every_extension(&[Family::Cheetah, Family::Cryptflow2Ot, Family::Delphi, Family::Aby], &Checks::ALL, &Exact);
}

#[test]
fn every_family_with_checks_is_exact_and_sends_what_it_predicts() {
    every_checked_family(&Family::ALL, &Exact);
}

/// Activations in pieces and dilated convolutions are layers like any others: every logit is the reference's.
struct ExactInPieces;

impl Law for ExactInPieces {
    fn check<B: Backend>(&self, _: Family, backend: B) {
        let images = noise(2, 1);
        let world = World::by(backend, &[in_pieces()], images.len(), 1);
        let addresses: Vec<String> = world.plan.circuit.steps.iter().map(|step| step.address.to_string()).collect();
        let distinct: std::collections::BTreeSet<&String> = addresses.iter().collect();
        assert_eq!(distinct.len(), addresses.len(), "each step has an address of its own: {addresses:?}");
        world.assert_exact(&world.session(1, &images, &world.honest()), &images);
    }
}

#[test]
fn every_family_is_exact_on_activations_in_pieces() {
    every_family(&ExactInPieces);
}

/// Groups of channels, several filters in each and one: every logit is the reference's, and every byte is predicted.
struct ExactInGroups;

impl Law for ExactInGroups {
    fn check<B: Backend>(&self, family: Family, backend: B) {
        let images = noise(2, 1);
        let world = World::by(backend, &[grouped()], images.len(), 1);
        let session = world.session(1, &images, &world.honest());
        world.assert_exact(&session, &images);
        for chunk in world.plan.chunks() {
            for (step, cost) in world.plan.circuit.steps.iter().zip(world.plan.costs(chunk.len())) {
                let counted = sent(&session.meters[0], &chunk, &step.address);
                assert_eq!(counted, [cost.client_bytes, cost.server_bytes], "{family:?}: {}", step.address);
            }
        }
    }
}

#[test]
fn every_family_is_exact_on_groups() {
    every_family(&ExactInGroups);
}

/// A chunk's offline messages are all sent before the first online one; and no address, length or depth depends on the images.
struct Blind;

impl Law for Blind {
    fn check<B: Backend>(&self, family: Family, backend: B) {
        let world = World::by(backend, &[residual(0)], 2, 1);
        let [one, other] = [1, 2].map(|turn| world.session(1, &noise(2, turn), &world.honest()));
        let shape = |meters: &[fusion_2pc::wire::meter::Meter; 2]| meters.clone().map(|meter| meter.log);
        assert_eq!(shape(&one.meters), shape(&other.meters), "{family:?}");
        for chunk in world.plan.chunks() {
            let log = one.meters[0].log.iter();
            let of_chunk = log
                .filter(|message| message.address.slots() == Some(chunk.clone()) && !message.address.is_in_extension());
            let online: Vec<bool> = of_chunk.map(|message| message.phase == Phase::Online).collect();
            assert!(online.is_sorted(), "{family:?}: the offline pass comes first");
        }
    }
}

#[test]
fn no_transcript_shows_the_images() {
    every_family(&Blind);
}

/// A session is a function of its seeds and its name, in memory and over TCP; another name gives other shares.
struct Repeated;

impl Law for Repeated {
    fn check<B: Backend>(&self, family: Family, backend: B) {
        let images = noise(2, 1);
        let world = World::by(backend, &[tiny(0)], images.len(), 1);
        let session = |name| world.session(name, &images, &world.honest());
        let first = session(1);
        assert_eq!(first, session(1), "{family:?}");
        assert_eq!(first, world.over(tcp(), 1, &images, &world.honest()), "{family:?} over TCP");
        let shares = |session: &crate::world::Session| session.client.as_ref().expect("it ended well").logits.clone();
        assert_ne!(shares(&first), shares(&session(2)), "{family:?}: shares are fresh");
    }
}

#[test]
fn sessions_repeat_in_memory_and_over_tcp() {
    every_family(&Repeated);
}

/// Where slots are not grouped, each may have a network of its own.
struct OwnNetwork;

impl Law for OwnNetwork {
    fn check<B: Backend>(&self, family: Family, backend: B) {
        let models: Vec<_> = [0, 1].map(|turn| fixed(&tiny(turn), PRECISION)).into();
        let (slots, images) = (4, noise(4, 1));
        let plan = plan_by(backend, &models, slots, Grouping::Slot, Truncation::Faithful);
        let world = World::of(models, plan, 1);
        let services: Vec<Service> = (0..slots).map(|slot| world.service(slot % 2)).collect();
        let session = world.session(1, &images, &services);
        let expected = (0..slots).flat_map(|slot| world.models[slot % 2].logits(&images[slot]).expect("of this size"));
        assert_eq!(world.opened(&session), expected.collect::<Vec<_>>(), "{family:?}");
    }
}

#[test]
fn every_slot_may_have_a_network_of_its_own() {
    every_family(&OwnNetwork);
}

/// Adds to every share of a step, once.
struct Add {
    boundary: Address,
    value: i64,
}

impl Deviation for Add {
    fn share(&mut self, step: &Address, shares: &mut [u64], modulus: Modulus) {
        if *step == self.boundary {
            for share in shares {
                *share = modulus.add(*share, modulus.element(self.value));
            }
        }
    }
}

/// A server that moves its share of any step changes the logits as the trusted third party does.
struct Moved;

impl Law for Moved {
    fn check<B: Backend>(&self, family: Family, backend: B) {
        for (name, model) in [("tiny", tiny(0)), ("residual", residual(0)), ("clipped", clipped())] {
            let images = noise(1, 1);
            let world = World::by(backend.clone(), &[model], 1, 1);
            let pixels = world.models[0].pixels(&images[0]).expect("of this size");
            for step in &world.plan.circuit.steps {
                // Where each value has the smallest ring, what becomes of one that leaves its range depends on the shares.
                let values = if world.plan.circuit.uniform.is_some() { [-700, 5, 4096] } else { [5, 50, 700] };
                for value in values {
                    let boundary = step.address.in_slots(0..1);
                    let session = world.deviant(Role::Server, Add { boundary, value }, &images);
                    let circuit = &world.plan.circuit;
                    let mut coins = Seed([3; 32]).stream();
                    let moved = ideal::logits(circuit, &world.models[0], &pixels, &mut coins, |at, _, values| {
                        if at.address == step.address {
                            let modulus = circuit.modulus(at.ring);
                            for x in values {
                                *x = modulus.add(*x, modulus.element(value));
                            }
                        }
                    });
                    let modulus = circuit.modulus(circuit.ring(circuit.output));
                    let moved: Vec<i64> = moved.iter().map(|logit| modulus.integer(*logit)).collect();
                    assert_eq!(world.opened(&session), moved, "{family:?}, {name}: {value} at {}", step.address);
                }
            }
        }
    }
}

#[test]
fn a_moved_share_does_what_the_third_party_says() {
    every_family(&Moved);
}

/// Whatever happens to one message, the honest party ends; and a message of another length, or none, is noticed.
struct Bent(Role);

impl Law for Bent {
    fn check<B: Backend>(&self, family: Family, backend: B) {
        let images = noise(1, 1);
        let world = World::by(backend, &[tiny(0)], 1, 1);
        let count = messages(&world, self.0, &images);
        assert!(count > 0);
        for bend in [Bend::FlipFirst, Bend::Zeros, Bend::Random, Bend::Short, Bend::Long, Bend::Drop, Bend::Close] {
            for index in 0..count {
                let session = world.deviant(self.0, At::new(index, bend), &images);
                let (honest, own) = match self.0 {
                    Role::Server => (session.client, session.server),
                    Role::Client => (session.server, session.client),
                };
                // Ferret's receiver that bends what it says of its choices is answered by a hash of other sums, and stops itself.
                let stopped = matches!(own, Err(Halt::Cheating { .. }));
                let at = format!("{family:?}: {bend:?} of message {index}");
                match bend {
                    Bend::Short | Bend::Long => {
                        assert!(matches!(honest, Err(Halt::Malformed { .. })), "{at}: {honest:?}");
                    }
                    Bend::Drop | Bend::Close => assert!(honest.is_err(), "{at}: {honest:?}"),
                    _ => assert!(stopped || !matches!(honest, Err(Halt::PeerGone { .. })), "{at}: {honest:?}"),
                }
            }
        }
    }
}

#[test]
fn servers_of_every_family_bend_every_message() {
    every_family(&Bent(Role::Server));
}

#[test]
fn both_parties_bend_every_message_of_every_extension() {
    for role in [Role::Server, Role::Client] {
        every_extension(&[Family::Aby32], &Checks::ALL, &Bent(role));
        every_extension(&[Family::Cheetah], &[Checks::None], &Bent(role));
    }
}

/// One bit of what either party sends is another. Where the message extends transfers and the other party checks it, that one stops in the step of the message, before
/// anything is made of the transfers.
struct Caught;

impl Law for Caught {
    fn check<B: Backend>(&self, family: Family, backend: B) {
        let images = noise(1, 1);
        let world = World::by(backend, &[tiny(0)], 1, 1);
        for deviant in [Role::Server, Role::Client] {
            let stops = (0..messages(&world, deviant, &images)).filter_map(|index| {
                let session = world.deviant(deviant, At::new(index, Bend::FlipFirst), &images);
                match if deviant == Role::Server { session.client } else { session.server } {
                    Err(Halt::Cheating { step, .. }) => Some(step),
                    _ => None,
                }
            });
            let stops: Vec<Address> = stops.collect();
            assert!(!stops.is_empty(), "{family:?}: nothing of the {deviant:?} is checked");
            assert!(stops.iter().all(|step| step.slots() == Some(0..1)), "{family:?}: {stops:?}");
        }
    }
}

#[test]
fn a_bent_extension_fails_its_check() {
    every_checked_family(&[Family::Cheetah, Family::Cryptflow2Ot, Family::Aby32], &Caught);
    every_extension(&[Family::Cheetah, Family::Aby32], &[Checks::Active], &Caught);
}

#[test]
fn clients_of_every_family_bend_every_message() {
    every_family(&Bent(Role::Client));
}

/// A label that is no class is noticed after the last answer alone: until then the client sends as many messages as to an honest server, as long
/// and at the same times (H6). Their bytes may be others where the shares of labels go through the argmax.
struct Silent;

impl Law for Silent {
    fn check<B: Backend>(&self, family: Family, backend: B) {
        let images = noise(2, 3);
        let world = World::by(backend, &[tiny(0)], images.len(), 1);
        let served = |services: &[Service]| {
            let (mut client, server) = Link::pair(LinkSpeed::LAN);
            let (record, sent) = std::sync::mpsc::channel();
            client.deviate(Box::new(Recorded(record)));
            let session = world.over([client, server], 1, &images, services);
            (session, sent.into_iter().map(|(message, _)| message).collect::<Vec<_>>())
        };
        let (honest, asked) = served(&world.honest());
        let label = honest.client.expect("it ended well").labels[0];
        let renamed = (0..3).map(|own| if own == label { 3 } else { own }).collect();
        let (session, sent) = served(&[Service { model: 0, labels: renamed }, world.service(0)]);
        assert!(sent == asked, "{family:?}: the client sends something else");
        assert!(session.server.is_ok(), "{family:?}: the client went on to the end: {:?}", session.server);
        assert!(matches!(session.client, Err(Halt::Malformed { .. })), "{family:?}: {:?}", session.client);
    }
}

#[test]
fn a_label_that_is_no_class_shows_at_the_end_in_every_family() {
    every_family(&Silent);
}

/// Whatever happens to one message of a set-up, the honest party ends: with keys, by which a session then ends too, or with an error.
struct BentSetUp;

impl Law for BentSetUp {
    fn check<B: Backend>(&self, family: Family, backend: B) {
        let images = noise(1, 1);
        let mut world = World::by(backend, &[tiny(0)], 1, 1);
        for deviant in [Role::Client, Role::Server] {
            let count = set_up(&world, deviant, None).2;
            for (index, bend) in (0..count).flat_map(|index| [Bend::Random, Bend::Short].map(|bend| (index, bend))) {
                let at = format!("{family:?}: {bend:?} of message {index} of the {deviant:?}");
                let (client, server, _) = set_up(&world, deviant, Some(At::new(index, bend)));
                let honest = if deviant == Role::Server { client.as_ref().err() } else { server.as_ref().err() };
                assert!(bend != Bend::Short || matches!(honest, Some(Halt::Malformed { .. })), "{at}: {honest:?}");
                if let (Ok(client), Ok(server)) = (client, server) {
                    world.setup = (client, server);
                    let session = world.session(1, &images, &world.honest());
                    let lost =
                        [session.client, session.server].iter().all(|side| matches!(side, Err(Halt::PeerGone { .. })));
                    assert!(!lost, "{at}: both wait for the other");
                }
            }
        }
    }
}

#[test]
fn set_ups_of_every_family_bend_every_message() {
    every_family(&BentSetUp);
}

/// Values modulo a prime are divided by as many bits as two divides the prime less one: the primes of the released code allow 17 and 16.
#[test]
fn a_prime_divides_what_a_network_drops() {
    for frac_bits in 12..=20 {
        let model = fixed(&pixels(), Precision { frac_bits, ring: Ring::Auto });
        let circuit = Cryptflow2He::default().circuit(&[&model], Truncation::Faithful).expect("small values");
        let Some(Uniform { modulus: Modulus::Prime(p), .. }) = circuit.uniform else { panic!("a prime") };
        let (shift, _) = circuit.most_dropped().expect("a rectifier drops bits");
        assert_eq!(p % (1 << shift), 1, "{frac_bits}: {p}");
    }
}
