//! Connections without the key of a client: they are closed, they learn nothing but that a TLS server is there, and clients are served all the same.

use crate::world::{Keys, LIMITS, asked, cheetah, images, serving, views};
use fusion_party::ServiceLimits;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The first bytes of a TLS alert: its type, and the version that all of TLS 1.3 states.
const ALERT: [u8; 3] = [21, 3, 3];

/// What a server answers to these bytes, until it closes the connection.
fn answered(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("it listens");
    // A server that has closed already takes no more bytes.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

#[test]
fn bytes_that_are_no_handshake_get_an_alert_or_nothing() {
    let keys = Keys::new(&["server", "client"]);
    let images = images(1);
    serving(&keys, cheetah(), LIMITS, |address, _| {
        let oversized = [vec![22, 3, 1, 0xff, 0xff], vec![1; 70_000]].concat();
        let junk: Vec<u8> = (0..40_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        for bytes in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &oversized, &junk, &[0; 5]] {
            let answer = answered(address, bytes);
            assert!(answer.is_empty() || answer.len() <= 7 && answer.starts_with(&ALERT), "{answer:?}");
        }
        asked(&keys, "client", address, &views(&images), |_| {}).expect("a session");
    });
}

/// A connection that says nothing, and one that says a byte now and then, are closed when the time for the handshake is over.
#[test]
fn a_stranger_that_is_slow_is_closed() {
    let keys = Keys::new(&["server", "client"]);
    let limits = ServiceLimits { handshake: Duration::from_millis(300), ..LIMITS };
    serving(&keys, cheetah(), limits, |address, _| {
        assert!(answered(address, &[]).is_empty());
        let mut stream = TcpStream::connect(address).expect("it listens");
        let trickle = [22, 3, 1, 2, 0, 1, 0, 1, 252];
        let sent = trickle.iter().cycle().take(1000).take_while(|byte| {
            std::thread::sleep(Duration::from_millis(20));
            stream.write_all(&[**byte]).is_ok()
        });
        assert!(sent.count() < 1000, "it was closed on the way");
    });
}

/// More connections at once than are looked at: the others are closed, and a client that comes when they are gone is served.
#[test]
fn many_strangers_at_once_are_closed() {
    let keys = Keys::new(&["server", "client"]);
    let images = images(1);
    serving(&keys, cheetah(), LIMITS, |address, _| {
        let crowd: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(address).expect("it listens")).collect();
        let closed = crowd.iter().filter(|stream| {
            stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a socket");
            matches!((&mut &**stream).read(&mut [0; 1]), Ok(0))
        });
        let closed = closed.take(200).count();
        assert_eq!(closed, 200, "only the first have a thread");
        drop(crowd);
        let served = (0..100).find_map(|_| {
            std::thread::sleep(Duration::from_millis(50));
            asked(&keys, "client", address, &views(&images), |_| {}).ok()
        });
        assert!(served.expect("a session").labels.is_ok());
    });
}
