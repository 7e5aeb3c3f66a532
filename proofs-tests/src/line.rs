//! A line of some rate and length between two sockets, which knows nothing of what goes over it.

#![expect(clippy::disallowed_methods, reason = "a line takes time on the wall")]

use fusion_2pc::wire::clock::LinkSpeed;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A frame of Ethernet, roughly: what the line sends at once.
const PIECE_BYTES: usize = 1500;

/// Joins two connections by a line in both directions, each on threads of its own until it ends: every byte is held back as such a line would hold it.
pub fn join(client: TcpStream, server: TcpStream, network: LinkSpeed) {
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("a socket");
    }
    let again = |stream: &TcpStream| stream.try_clone().expect("a descriptor");
    carry(again(&client), again(&server), network);
    carry(server, client, network);
}

/// One direction of a line.
fn carry(mut from: TcpStream, mut to: TcpStream, network: LinkSpeed) {
    let (pieces, due): (_, Receiver<(Instant, Vec<u8>)>) = channel();
    thread::spawn(move || {
        let mut free = Instant::now();
        let mut piece = [0; PIECE_BYTES];
        while let Ok(bytes @ 1..) = from.read(&mut piece) {
            let ns = bytes as u64 * 8_000_000_000 / network.bits_per_s;
            free = free.max(Instant::now()) + Duration::from_nanos(ns);
            let due = free + Duration::from_nanos(network.rtt_ns / 2);
            if pieces.send((due, piece[..bytes].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in due {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        // The peer may have closed already.
        let _ = to.shutdown(Shutdown::Write);
    });
}
