//! Servers that cheat in whole inferences.

use super::network;
use crate::cheat::Cheat;
use crate::failure::Failure;
use crate::network::{Architecture, Holding, Triples};
use crate::party::Party;
use fusion_2pc::random::{Seed, Simulated};
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_nn::fixed::FixedModel;

/// What the client of a server that cheats learns.
fn learnt(known: &Architecture, fixed: &FixedModel, cheat: Cheat) -> Result<Option<Vec<i64>>, Failure> {
    let pixels = vec![0; known.images() * fixed.image().iter().product::<usize>()];
    let (client, server) = Link::pair(LinkSpeed::LAN);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut party = Party::cheating(server, Simulated(Seed([2; 32])), cheat)?;
            party.infer(known, Holding::Network(fixed))
        });
        Party::new(client, Simulated(Seed([1; 32])))?.infer(known, Holding::Image(&pixels))
    })
}

/// Each ends at its own check: those before it hold.
#[test]
fn every_cheat_is_caught_by_its_check() {
    let fixed = network(include_bytes!("../../../../examples/models/small_mnist.onnx"));
    let images = [(Triples::Elements, 1), (Triples::Matrices, 2)];
    for (triples, images) in images {
        let known = Architecture::of(&fixed).unwrap().by(triples).unwrap().at_once(images);
        assert_eq!(known.admits(Cheat::WrongPacking), triples == Triples::Matrices);
        for cheat in Cheat::ALL.into_iter().filter(|cheat| known.admits(*cheat)) {
            assert_eq!(learnt(&known, &fixed, cheat), Err(cheat.caught_by().into()), "{triples:?}, {}", cheat.name());
        }
    }
}

#[test]
#[should_panic(expected = "clients are honest")]
fn clients_do_not_cheat() {
    let (client, _server) = Link::pair(LinkSpeed::LAN);
    drop(Party::cheating(client, Simulated(Seed([1; 32])), Cheat::LargeKey));
}
