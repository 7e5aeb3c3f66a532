//! Virtual time against the clock on the wall, over TCP through a relay that holds every byte back as a line of this rate and length would.
//!
//! The relay knows nothing of frames or of the virtual clock. Timed, so not part of the suite: `make bench` runs it.

#![expect(clippy::disallowed_methods, reason = "this is about the clock on the wall")]

use crate::world::World;
use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::circuit::Circuit;
use fusion_2pc::role::Role;
use fusion_2pc::session::{Grouping, Plan, Workers};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::tcp::TcpWire;
use fusion_2pc::wire::trace::arrivals;
use fusion_engine::simulate::metered::timed;
use fusion_proofs_tests::line::join;
use fusion_proofs_tests::networks::{PRECISION, digits, fixed, lenet};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The two ends of a line of this kind.
fn line(network: LinkSpeed) -> [Link; 2] {
    let connected = || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let near = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
        let far = listener.accept().expect("it connects").0;
        (near, far)
    };
    let ((client, beside_client), (server, beside_server)) = (connected(), connected());
    join(beside_client, beside_server, network);
    [(Role::Client, client), (Role::Server, server)]
        .map(|(role, stream)| Link::new(role, Box::new(TcpWire::new(stream).expect("a thread")), network))
}

/// The wall shows the virtual time at least, and at most that and both parties' work, less what overlaps; a tenth and 20 ms are left
/// to the system's scheduling.
#[test]
#[ignore = "timed: run by make bench"]
fn virtual_time_is_what_the_wall_shows_but_for_the_work() {
    for (name, network) in [("LAN", LinkSpeed::LAN), ("WAN", LinkSpeed::WAN)] {
        for slots in [1, 64] {
            let images = digits(slots);
            let world = World::new(&[lenet("full")], slots, 1);
            let services = world.honest();
            let [client, server] = line(network);
            let start = Instant::now();
            let (((answered, link), client_cpu), (_, server_cpu)) = thread::scope(|scope| {
                let server = scope.spawn(|| timed(|| world.serve(server, 1, &services)));
                let client = timed(|| world.ask(client, 1, &images));
                (client, server.join().expect("honest"))
            });
            let wall = start.elapsed();
            answered.expect("both are honest");
            let line = Duration::from_nanos(link.meter().virtual_ns());
            let most = (line + client_cpu + server_cpu).mul_f64(1.1) + Duration::from_millis(20);
            println!(
                "{name}, batch {slots}, in ms: virtual {}, work {} and {}, on the wall {}",
                line.as_millis(),
                client_cpu.as_millis(),
                server_cpu.as_millis(),
                wall.as_millis()
            );
            assert!(line <= wall && wall <= most, "{name}, batch {slots}: {line:?} <= {wall:?} <= {most:?}");
        }
    }
}

/// Four lanes on one, two and four threads a party: with more of them the wall shows less, as the virtual time does, since a lane's latency passes while others are at work.
#[test]
#[ignore = "timed: run by make bench"]
fn lanes_hide_latency_on_the_wall_as_in_virtual_time() {
    let images = digits(16);
    let models = vec![fixed(&lenet("full"), PRECISION)];
    let circuit = Circuit::new(&[&models[0]], Truncation::Faithful).expect("a circuit");
    let plan = Plan::in_chunks(Cheetah::default(), circuit, 16, Grouping::Chunk, 4).expect("parameters hold it");
    let world = World::of(models, plan.with_lanes(4), 1);
    let mut before = Duration::MAX;
    for threads in [1, 2, 4] {
        let [mut client, mut server] = line(LinkSpeed::WAN);
        client.trace();
        server.trace();
        let cpu = AtomicU64::new(0);
        let around = |work: &mut dyn FnMut()| {
            let ((), spent) = timed(work);
            cpu.fetch_add(u64::try_from(spent.as_nanos()).expect("short"), Ordering::Relaxed);
        };
        let workers = Workers { threads, around: &around };
        let start = Instant::now();
        let ((asked, near), (_, far)) = thread::scope(|scope| {
            let server = scope.spawn(|| world.serve_beside(server, workers, &|_, _| {}));
            let client = world.ask_beside(client, &images, workers, &|_, _| {});
            (client, server.join().expect("honest"))
        });
        let wall = start.elapsed();
        asked.expect("both are honest");
        let [near, far] = [near, far].map(|link| link.into_trace().expect("it was asked for"));
        let last = arrivals(&near, &far, LinkSpeed::WAN, threads).concat().into_iter().max().expect("messages");
        let line = Duration::from_nanos(last);
        let most = (line + Duration::from_nanos(cpu.into_inner())).mul_f64(1.1) + Duration::from_millis(20);
        println!("{threads} threads, in ms: virtual {}, on the wall {}", line.as_millis(), wall.as_millis());
        assert!(line <= wall && wall <= most, "{threads} threads: {line:?} <= {wall:?} <= {most:?}");
        assert!(wall < before, "{threads} threads: {wall:?} < {before:?}");
        before = wall;
    }
}
