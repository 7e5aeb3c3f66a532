//! A party that adds to its shares changes the slots it adds to, and no other.

use crate::watch::Watch;
use crate::world::{World, plan};
use fusion_2pc::address::Address;
use fusion_2pc::bits::mask;
use fusion_2pc::modulus::Modulus;
use fusion_2pc::role::Role;
use fusion_2pc::session::Grouping;
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::hook::Deviation;
use fusion_nn::model::Model;
use fusion_proofs_tests::networks::{PRECISION, fixed, many_classes, noise, residual, tiny};

const SLOTS: usize = 4;

/// Adds about an eighth of the ring, an odd number, to every share of one slot at one boundary.
struct Add {
    boundary: Address,
    slot: usize,
    met: bool,
}

impl Deviation for Add {
    fn share(&mut self, step: &Address, shares: &mut [u64], modulus: Modulus) {
        if *step != self.boundary {
            return;
        }
        assert!(!self.met, "every boundary is met once");
        self.met = true;
        let each = shares.len() / SLOTS;
        for share in &mut shares[self.slot * each..][..each] {
            *share = modulus.add(*share, mask(modulus.bits() - 3));
        }
    }
}

impl Drop for Add {
    fn drop(&mut self) {
        assert!(self.met || std::thread::panicking(), "{} is never met", self.boundary);
    }
}

fn check(model: &Model, grouping: Grouping) {
    let _watch = Watch::new();
    let models = vec![fixed(model, PRECISION)];
    let world = World::of(models.clone(), plan(&models, SLOTS, grouping, Truncation::Faithful), 1);
    let images = noise(SLOTS, 1);
    let (honest, labels) = world.expected(&images);
    let classes = world.plan.circuit.classes;
    for step in &world.plan.circuit.steps {
        for role in [Role::Client, Role::Server] {
            for slot in [0, SLOTS - 1] {
                let boundary = step.address.in_slots(0..SLOTS);
                let session = world.deviant(role, Add { boundary, slot, met: false }, &images);
                let logits = world.opened(&session);
                let changed: Vec<usize> = (0..SLOTS)
                    .filter(|slot| logits[slot * classes..][..classes] != honest[slot * classes..][..classes])
                    .collect();
                assert_eq!(changed, [slot], "{role:?} at {}", step.address);
                let given = session.client.expect("nothing is malformed").labels;
                assert!((0..SLOTS).all(|other| other == slot || given[other] == labels[other]));
            }
        }
    }
}

#[test]
fn a_changed_share_changes_its_slot() {
    for model in [tiny(0), residual(0), many_classes(0)] {
        for grouping in [Grouping::Chunk, Grouping::Slot] {
            check(&model, grouping);
        }
    }
}
