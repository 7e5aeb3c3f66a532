//! What traces add up to, and the times of lanes that share a line.

use super::*;
use crate::wire::clock::replayed;
use crate::wire::link::Link;
use crate::wire::meter::Meter;

/// The meter's messages, noted.
fn noted(meter: &Meter) -> Trace {
    let mut trace = Trace::default();
    meter.log.iter().for_each(|message| trace.note(message));
    trace
}

/// A session of two rounds in which both parties send twice at once.
fn talk() -> [Meter; 2] {
    let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
    std::thread::scope(|scope| {
        let server = scope.spawn(move || {
            let served = server.step("layer", |link| {
                link.send(vec![0; 50_000])?;
                link.receive(10)?;
                link.receive(200_000)?;
                link.send(vec![0; 12_500])
            });
            served.unwrap();
            server.into_meter()
        });
        let asked = client.step("layer", |link| {
            link.send(vec![0; 10])?;
            link.send(vec![0; 200_000])?;
            link.receive(50_000)?;
            link.receive(12_500)
        });
        asked.unwrap();
        [client.into_meter(), server.join().unwrap()]
    })
}

/// One lane's times are those of the clocks, and its sums those of the meter.
#[test]
fn a_lane_alone_takes_what_its_clocks_say() {
    let [client, server] = talk();
    let traces = [noted(&client), noted(&server)];
    for speed in [LinkSpeed::LAN, LinkSpeed::WAN] {
        let times: Vec<u64> = replayed(&client, &server, speed).log.iter().map(|message| message.arrival_ns).collect();
        assert_eq!(arrivals(&traces[0], &traces[1], speed, 1), std::slice::from_ref(&times));
        let shares = traces[0].shares(&[times]);
        assert_eq!(shares, replayed(&client, &server, speed).shares(Message::layer));
    }
    for (role, phase) in [(Role::Client, None), (Role::Server, Some(Phase::Setup)), (Role::Server, Some(Phase::Online))]
    {
        assert_eq!(traces[0].sent(role, phase), client.sent(role, phase));
    }
    assert_eq!((traces[0].rounds(), traces[0].lanes()), (client.rounds(), 1));
}

/// Three lanes alike, in each of which the client sends 12,500 bytes and the server answers as many: over a WAN, 1 ms and 20 ms each way.
#[test]
fn lanes_at_once_hide_latency_and_share_the_line() {
    let mark = |from, depth| Mark { from, phase: Phase::Online, layer: 0, bytes: 12_500, depth };
    let lane = vec![mark(Role::Client, 1), mark(Role::Server, 2)];
    let trace = Trace { layers: vec!["layer".into()], lanes: vec![lane; 3] };
    let times = |at_once| arrivals(&trace, &trace, LinkSpeed::WAN, at_once).concat().map_ms();
    // One after another: 42 ms each. A client that is done with a lane begins the next one.
    assert_eq!(times(1), [21, 42, 63, 84, 105, 126]);
    // Two at once: the second one's question leaves a millisecond after the first one's, and so does its answer.
    assert_eq!(times(2), [21, 42, 22, 43, 63, 84]);
    assert_eq!(times(3), [21, 42, 22, 43, 23, 44]);
    assert_eq!(times(100), times(3));
    let all = arrivals(&trace, &trace, LinkSpeed::WAN, 3);
    let [(_, share)] = &trace.shares(&all)[..] else { panic!("one layer") };
    assert_eq!((share.rounds, share.virtual_ns, share.sent[1].messages), (2, 44_000_000, 3));
}

trait Milliseconds {
    fn map_ms(self) -> Vec<u64>;
}

impl Milliseconds for Vec<u64> {
    fn map_ms(self) -> Vec<u64> {
        self.into_iter().map(|ns| ns / 1_000_000).collect()
    }
}

/// The layers of lanes are numbered as each meets them.
#[test]
fn lanes_keep_their_layers_when_they_are_joined() {
    let message = |layer: &str| Message {
        from: Role::Client,
        phase: Phase::Online,
        address: format!("{layer}/round[0]/msg[0]").parse().unwrap(),
        bytes: 5,
        depth: 1,
        arrival_ns: 9,
    };
    let of = |layers: &[&str]| {
        let mut trace = Trace::default();
        for layer in layers {
            trace.note(&message(layer));
        }
        trace
    };
    let mut all = Trace::default();
    all.absorb(of(&["layer[0:conv]", "layer[1:relu]"]));
    all.absorb(of(&["layer[1:relu]", "layer[2:gemm]", "layer[0:conv]"]));
    let shares = all.shares(&[vec![9; 2], vec![9; 3]]);
    let messages: Vec<(String, usize)> =
        shares.iter().map(|(layer, share)| (layer.to_string(), share.sent[0].messages)).collect();
    let expected = [("layer[0:conv]", 2), ("layer[1:relu]", 2), ("layer[2:gemm]", 1)];
    assert_eq!(messages, expected.map(|(layer, count)| (layer.to_string(), count)));
    assert_eq!(all.lanes(), 2);
}
