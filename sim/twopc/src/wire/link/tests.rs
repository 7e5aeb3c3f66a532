//! Messages between two links: what both count, what time they take, and what is refused.

use super::*;
use crate::wire::clock::replayed;

/// The client asks twice at once, the server answers both, the client thanks.
fn talk() -> (Link, Link) {
    let (mut client, mut server) = Link::pair(LinkSpeed::WAN);
    std::thread::scope(|scope| {
        let server = scope.spawn(move || {
            server
                .step("talk", |link| {
                    link.receive(10)?;
                    link.receive(20)?;
                    link.send(vec![0; 12_500])?;
                    link.receive(1)
                })
                .unwrap();
            server
        });
        client
            .step("talk", |link| {
                link.send(vec![0; 10])?;
                link.send(vec![0; 20])?;
                link.receive(12_500)?;
                link.send(vec![0; 1])
            })
            .unwrap();
        (client, server.join().unwrap())
    })
}

#[test]
fn both_parties_count_the_same_messages_under_the_same_addresses() {
    let (client, server) = talk();
    assert_eq!(client.meter(), server.meter());
    let steps: Vec<String> = client.meter().log.iter().map(|message| message.address.to_string()).collect();
    let expected = ["round[0]/msg[0]", "round[0]/msg[1]", "round[1]/msg[0]", "round[2]/msg[0]"];
    assert_eq!(steps, expected.map(|step| format!("talk/{step}")));
    assert_eq!(client.meter().rounds(), 3);
}

#[test]
fn virtual_time_is_transmission_and_latency() {
    let (client, server) = talk();
    // 30 bytes at 80 ns, 20 ms; 12,500 bytes in 1 ms, 20 ms; 1 byte, 20 ms.
    let wan = 2_400 + 20_000_000 + 1_000_000 + 20_000_000 + 80 + 20_000_000;
    assert_eq!(client.meter().virtual_ns(), wan);
    assert_eq!(replayed(client.meter(), server.meter(), LinkSpeed::WAN), *client.meter());
    let lan = 240 + 150_000 + 100_000 + 150_000 + 8 + 150_000;
    assert_eq!(replayed(client.meter(), server.meter(), LinkSpeed::LAN).virtual_ns(), lan);
}

#[test]
fn another_length_is_malformed_and_a_dropped_peer_is_gone() {
    let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
    server.send(vec![1, 2]).unwrap();
    drop(server);
    let halt = client.step("here", |link| link.receive(3)).unwrap_err();
    assert_eq!(halt, Halt::Malformed { step: "here".into(), what: "it has another length" });
    assert_eq!(client.receive(3).unwrap_err(), Halt::PeerGone { step: Address::default() });
}

/// The client's messages take 40 virtual seconds each to leave. The first answer comes 40 ms after them, and the second one a minute and a
/// nanosecond after the first.
#[test]
fn a_party_waits_a_minute_after_its_own_messages_have_left() {
    struct Late(usize);
    impl Deviation for Late {
        fn message(&mut self, _message: &Message, _payload: &[u8]) -> Conduct {
            self.0 += 1;
            if self.0 == 2 { Conduct::Delay(PATIENCE_NS + 1) } else { Conduct::Send }
        }
    }
    let (mut client, mut server) = Link::pair(LinkSpeed { bits_per_s: 100, ..LinkSpeed::WAN });
    server.deviate(Box::new(Late(0)));
    for _ in 0..4 {
        client.send(vec![0; 500]).unwrap();
        server.receive(500).unwrap();
    }
    server.send(Vec::new()).unwrap();
    server.send(Vec::new()).unwrap();
    assert_eq!(client.receive(0), Ok(Vec::new()));
    assert_eq!(client.receive(0), Err(Halt::PeerGone { step: Address::default() }));
}

/// A message half a minute away that takes 80 seconds to arrive, and its answer. A party that waited a minute for it would take an honest peer for one that is gone.
#[test]
fn a_slow_line_makes_no_honest_peer_look_gone() {
    let (mut client, mut server) = Link::pair(LinkSpeed { rtt_ns: 60_000_000_000, bits_per_s: 100 });
    for _ in 0..2 {
        client.send(vec![1]).unwrap();
        server.receive(1).unwrap();
        server.send(vec![2; 1000]).unwrap();
        assert_eq!(client.receive(1000), Ok(vec![2; 1000]));
    }
}

/// The largest numbers that a frame's header holds.
#[test]
fn no_header_panics_the_receiver() {
    let (mut wire, far) = duplex::duplex();
    let mut link = Link::new(Role::Client, Box::new(far), LinkSpeed::LAN);
    let frame = Frame { depth: u32::MAX, round: u32::MAX, index: u32::MAX, arrival_ns: 0, payload: vec![1] };
    Wire::put(&mut wire, frame).unwrap();
    assert_eq!(link.receive(1), Ok(vec![1]));
    link.send(vec![2]).unwrap();
    assert_eq!(Wire::take(&mut wire, 1).map(|frame| frame.depth), Ok(u32::MAX));
}
