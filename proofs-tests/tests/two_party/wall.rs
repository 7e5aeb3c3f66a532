//! Virtual time against the clock on the wall, over TCP through a relay that holds every byte back as a line of this rate and length would.
//!
//! The relay knows nothing of frames or of the virtual clock. Timed, so not part of the suite: `make bench` runs it.

#![expect(clippy::disallowed_methods, reason = "this is about the clock on the wall")]

use crate::world::World;
use fusion_2pc::role::Role;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::tcp::TcpWire;
use fusion_engine::simulate::metered::timed;
use fusion_proofs_tests::line::join;
use fusion_proofs_tests::networks::{digits, lenet};
use std::net::{TcpListener, TcpStream};
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
