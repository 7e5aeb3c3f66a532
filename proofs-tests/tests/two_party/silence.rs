//! What the client sends does not depend on what the answers before the last one are (H6), also where an answer is no label.

use crate::world::World;
use fusion_2pc::link::{Halt, Role};
use fusion_2pc::meter::Message;
use fusion_2pc::session::{CHUNK, Service};
use fusion_proofs_tests::networks::{noise, tiny};

/// A server of three classes says that one of them is a fourth, which the label's two bits can name. In either chunk the client asks
/// and sends what it does of an honest server; where it got such a label it rejects, after the last answer.
#[test]
fn a_label_that_is_no_class_shows_after_the_last_chunk_only() {
    let slots = CHUNK + 2;
    let images = noise(slots, 3);
    let world = World::new(&[tiny(0)], slots, 1);
    let honest = world.session(1, &images, &world.honest());
    let labels = &honest.client.as_ref().unwrap().labels;
    let sent = |session: &crate::world::Session| -> Vec<Message> {
        session.meters[0].log.iter().filter(|message| message.from == Role::Client).cloned().collect()
    };
    for class in 0..3 {
        let renamed: Vec<u32> = (0..3).map(|own| if own == class { 3 } else { own }).collect();
        for places in [0..slots, 0..CHUNK, CHUNK..slots] {
            let service = |slot: usize| match places.contains(&slot) {
                true => Service { model: 0, labels: renamed.clone() },
                false => world.service(0),
            };
            let session = world.session(1, &images, &(0..slots).map(service).collect::<Vec<_>>());
            assert_eq!(sent(&session), sent(&honest), "class {class} at {places:?}");
            assert!(session.server.is_ok(), "the client went on to the end: {:?}", session.server);
            let met = labels[places.clone()].contains(&class);
            assert_eq!(matches!(session.client, Err(Halt::Malformed { .. })), met, "class {class} at {places:?}");
        }
    }
    assert!((0..3).any(|class| labels[..CHUNK].contains(&class)), "the first chunk has some class");
}
