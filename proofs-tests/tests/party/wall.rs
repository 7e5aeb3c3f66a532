//! Two parties over a line of a network's rate and length, against virtual time. Timed, so not part of the suite: `make bench` runs it.

#![expect(clippy::disallowed_methods, reason = "this is about the clock on the wall")]

use crate::world::{Keys, LIMITS, asked, cheetah, serving_of, views};
use fusion_2pc::backend::Backend;
use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::random::Seed;
use fusion_2pc::session::{self, Grouping, Networks, Plan, Service as Served};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::trace::arrivals;
use fusion_engine::simulate::metered::set_up;
use fusion_nn::fixed::FixedModel;
use fusion_party::{Service, Step};
use fusion_proofs_tests::line::join;
use fusion_proofs_tests::networks::{PRECISION, digits, fixed, lenet};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Virtual time of a set-up and a session by the simulator, and how long they take in memory, with both parties side by side.
fn simulated(model: &FixedModel, images: &[Vec<u8>], network: LinkSpeed) -> [Duration; 2] {
    let backend = Cheetah::default();
    let circuit = backend.circuit(&[model], Truncation::Faithful).expect("it is computed");
    let plan = Plan::for_sessions(backend, circuit, images.len(), Grouping::Chunk, LIMITS.sessions).expect("it fits");
    let plan = plan.in_lanes();
    let networks = Networks::new(&plan, std::slice::from_ref(model)).expect("of this circuit");
    let (client, server, setup) = set_up(&Seed([1; 32]), &[&plan], network).expect("both are honest");
    let honest = Served { model: 0, labels: (0..model.classes()).collect() };
    let services = vec![honest; images.len()];
    let name = Seed([2; 32]);
    let image = |slot: usize| model.pixels(&images[slot]).expect("of this size");
    let began = Instant::now();
    let ((answered, near), (_, far)) = session::run(
        network,
        |mut link: Link| {
            link.trace();
            session::client(link, &client, &plan, &name, image)
        },
        |mut link: Link| {
            link.trace();
            session::server(link, &server, &plan, &name, &networks, &services)
        },
    );
    let in_memory = setup.wall + began.elapsed();
    answered.expect("both are honest");
    let [near, far] = [near, far].map(|link| link.into_trace().expect("it was asked for"));
    let last = arrivals(&near, &far, network, 1).concat().into_iter().max().expect("messages");
    let line = Duration::from_nanos(setup.spent.virtual_ns + last);
    [line, in_memory]
}

/// The address of a line to the server, for one connection.
fn line_to(server: SocketAddr, network: LinkSpeed) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        let near = listener.accept().expect("it connects").0;
        join(near, TcpStream::connect(server).expect("it listens"), network);
    });
    address
}

/// From the agreement to the last label, with set-up and TLS: within a fifth of virtual time and the time in memory, as `sim bench` adds them.
#[test]
#[ignore = "timed: run by make bench"]
fn two_parties_take_virtual_time_and_that_in_memory() {
    let keys = Keys::new(&["server", "client"]);
    let model = fixed(&lenet("full"), PRECISION);
    let clients = [keys.fingerprint("client")].into();
    let protocols = (cheetah(), Truncation::Faithful);
    let service =
        Service::new(&keys.of("server"), clients, model.clone(), protocols, LIMITS).expect("it has a circuit");
    serving_of(&service, |server, _| {
        for (name, network) in [("LAN", LinkSpeed::LAN), ("WAN", LinkSpeed::WAN)] {
            for slots in [20, 164] {
                let images = digits(slots);
                let [line, in_memory] = simulated(&model, &images, network);
                let mut began = None;
                let watch = |step| {
                    if let Step::Agreed(_) = step {
                        began = Some(Instant::now());
                    }
                };
                let answers = asked(&keys, "client", line_to(server, network), &views(&images), watch);
                let wall = began.expect("they agree").elapsed();
                answers.expect("a session").labels.expect("both are honest");
                let expected = line + in_memory;
                println!(
                    "{name}, {slots} slots, in ms: virtual {}, in memory {}, on the wall {}: {:.2} of both",
                    line.as_millis(),
                    in_memory.as_millis(),
                    wall.as_millis(),
                    wall.as_secs_f64() / expected.as_secs_f64()
                );
                assert!(wall >= expected.mul_f64(0.8) && wall <= expected.mul_f64(1.2), "{name}, {slots} slots");
            }
        }
    });
}
