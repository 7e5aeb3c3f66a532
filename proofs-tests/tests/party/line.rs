//! What goes over the line: the messages that the meter counts, and the framing around them.

use crate::world::{Keys, LIMITS, asked, cheetah, images, serving, views};
use fusion_2pc::role::Role;
use fusion_2pc::wire::meter::Meter;
use fusion_2pc::wire::tcp::HEADER_BYTES;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most bytes of a record of TLS, and what a record takes besides: a header, a type and a tag.
const RECORD: usize = 1 << 14;
const AROUND_A_RECORD: usize = 5 + 1 + 16;

/// Passes bytes on, counts them, and passes the end on.
fn relay(mut from: TcpStream, mut to: TcpStream, count: &AtomicUsize) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(some @ 1..) = from.read(&mut bytes) {
        count.fetch_add(some, Ordering::Relaxed);
        if to.write_all(&bytes[..some]).is_err() {
            return;
        }
    }
    // The peer may have closed already.
    let _ = to.shutdown(Shutdown::Write);
}

/// A session of so many slots through a relay: its meter, and the bytes that the client and the server put on the line.
fn through_a_relay(keys: &Keys, server: SocketAddr, slots: usize) -> (Meter, [usize; 2]) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let counts = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let images = images(slots);
    let answers = std::thread::scope(|scope| {
        let client = scope.spawn(|| asked(keys, "client", address, &views(&images), |_| {}));
        let near = listener.accept().expect("it connects").0;
        let far = TcpStream::connect(server).expect("it listens");
        let again = |stream: &TcpStream| stream.try_clone().expect("a descriptor");
        let (back_from, back_to) = (again(&far), again(&near));
        scope.spawn(|| relay(back_from, back_to, &counts[1]));
        relay(near, far, &counts[0]);
        client.join().expect("no panic").expect("a session")
    });
    answers.labels.expect("both are honest");
    (answers.meter, counts.map(AtomicUsize::into_inner))
}

/// The bytes of a party's messages on the line: a header for each, and what the records around them take.
fn framed(meter: &Meter, from: Role) -> usize {
    let frames = meter.log.iter().filter(|message| message.from == from).map(|message| HEADER_BYTES + message.bytes);
    frames.map(|frame| frame + frame.div_ceil(RECORD) * AROUND_A_RECORD).sum()
}

/// All that a session puts on the line besides is the handshake and what parties say to agree, which is the same for any number of slots.
#[test]
fn the_line_carries_the_messages_of_the_meter_and_what_frames_them() {
    let keys = Keys::new(&["server", "client"]);
    let around = serving(&keys, cheetah(), LIMITS, |server, _| {
        [1, 2, 5].map(|slots| {
            let (meter, counts) = through_a_relay(&keys, server, slots);
            let [client, server] = [Role::Client, Role::Server].map(|role| framed(&meter, role));
            [counts[0] - client, counts[1] - server]
        })
    });
    assert_eq!([around[1], around[2]], [around[0]; 2]);
    assert!(around[0][0] < 2_000 && around[0][1] < 8_000, "{around:?}");
}
