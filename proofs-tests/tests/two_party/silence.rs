//! What the client sends does not depend on what the answers before the last one are (H6), also where an answer is no label.

use crate::world::World;
use fusion_2pc::backend::cheetah::MOST_SLOTS;
use fusion_2pc::session::Service;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::{Conduct, Deviation};
use fusion_2pc::wire::link::{Halt, Link};
use fusion_2pc::wire::meter::Message;
use fusion_proofs_tests::networks::{noise, tiny};
use std::sync::mpsc::{Sender, channel};

/// Writes down what a party sends, byte for byte, and sends it as it is.
pub struct Recorded(pub Sender<(Message, Vec<u8>)>);

impl Deviation for Recorded {
    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        self.0.send((message.clone(), payload.to_vec())).expect("somebody listens");
        Conduct::Send
    }
}

/// A server of three classes says that one of them is a fourth, which the label's two bits can name. In either chunk the client asks
/// and sends what it does of an honest server; where it got such a label it rejects, after the last answer.
#[test]
fn a_label_that_is_no_class_shows_after_the_last_chunk_only() {
    let slots = MOST_SLOTS + 2;
    let images = noise(slots, 3);
    let world = World::new(&[tiny(0)], slots, 1);
    let served = |services: &[Service]| {
        let (mut client, server) = Link::pair(LinkSpeed::LAN);
        let (record, sent) = channel();
        client.deviate(Box::new(Recorded(record)));
        let session = world.over([client, server], 1, &images, services);
        (session, sent.into_iter().collect::<Vec<_>>())
    };
    let (honest, asked) = served(&world.honest());
    let labels = &honest.client.as_ref().unwrap().labels;
    for class in 0..3 {
        let renamed: Vec<u32> = (0..3).map(|own| if own == class { 3 } else { own }).collect();
        for places in [0..slots, 0..MOST_SLOTS, MOST_SLOTS..slots] {
            let service = |slot: usize| {
                if places.contains(&slot) { Service { model: 0, labels: renamed.clone() } } else { world.service(0) }
            };
            let (session, sent) = served(&(0..slots).map(service).collect::<Vec<_>>());
            assert!(sent == asked, "class {class} at {places:?}: the client sends something else");
            assert!(session.server.is_ok(), "the client went on to the end: {:?}", session.server);
            let met = labels[places.clone()].contains(&class);
            assert_eq!(matches!(session.client, Err(Halt::Malformed { .. })), met, "class {class} at {places:?}");
        }
    }
    assert!((0..3).any(|class| labels[..MOST_SLOTS].contains(&class)), "the first chunk has some class");
}
