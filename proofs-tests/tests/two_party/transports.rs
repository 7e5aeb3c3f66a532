//! A session over TCP is the session in memory.

use crate::watch::Watch;
use crate::world::World;
use fusion_2pc::role::Role;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::tcp::TcpWire;
use fusion_proofs_tests::networks::{digits, lenet};
use std::net::{TcpListener, TcpStream};

/// The two ends of a connection on this machine.
pub fn wires() -> [TcpWire; 2] {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let client = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
    let server = listener.accept().expect("it connects").0;
    [client, server].map(|stream| TcpWire::new(stream).expect("a thread"))
}

/// Two parties' links over such a connection.
pub fn tcp() -> [Link; 2] {
    let [client, server] = wires();
    [(Role::Client, client), (Role::Server, server)].map(|(role, wire)| Link::new(role, Box::new(wire), LinkSpeed::LAN))
}

#[test]
fn lenet_over_tcp_is_lenet_in_memory() {
    let _watch = Watch::new();
    let images = digits(3);
    let world = World::new(&[lenet("full")], images.len(), 1);
    let in_memory = world.session(1, &images, &world.honest());
    let over_tcp = world.over(tcp(), 1, &images, &world.honest());
    world.assert_exact(&in_memory, &images);
    // Shares, labels, and every message's address, bytes, depth and virtual time, as both parties have them.
    assert_eq!(in_memory, over_tcp);
    assert!(over_tcp.meters[0].log.len() > 100);
}
