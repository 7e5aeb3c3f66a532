//! Answers are the plaintext reference's, to the last bit.

use crate::world::{World, plan};
use fusion_2pc::session::Grouping;
use fusion_2pc::share::truncate::Truncation;
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::model::Model;
use fusion_proofs_tests::networks::{
    PRECISION, dead, digits, fixed, lenet, many_classes, noise, residual, shortcut, tiny,
};

/// LeNet on digits, so many at a time; the last that do not fill a session stay out.
fn lenet_on(images: &[Vec<u8>], batch: usize) {
    let world = World::new(&[lenet("full")], batch, 1);
    for (name, images) in (0..).zip(images.chunks_exact(batch)) {
        world.assert_exact(&world.session(name, images, &world.honest()), images);
    }
}

#[test]
fn lenet_alone_is_exact() {
    lenet_on(&digits(10), 1);
}

#[test]
fn lenet_in_sevens_is_exact() {
    lenet_on(&digits(98), 7);
}

/// A whole chunk and a part of one.
#[test]
fn lenet_in_chunks_is_exact() {
    lenet_on(&digits(100), 100);
}

#[test]
#[ignore = "minutes: `make bench` runs it"]
fn lenet_on_every_digit_is_exact() {
    for batch in [1, 7, 64] {
        // The digits that do not fill a last session come again in it.
        let digits = digits(1000);
        let whole: Vec<Vec<u8>> = digits.iter().cycle().take(digits.len().next_multiple_of(batch)).cloned().collect();
        lenet_on(&whole, batch);
        println!("batch {batch}: every logit and label of {} digits is exact", digits.len());
    }
}

#[test]
fn other_keys_give_the_same_answers_by_other_shares() {
    let images = digits(3);
    let [one, other] = [1, 2].map(|seed| {
        let world = World::new(&[lenet("full")], images.len(), seed);
        let session = world.session(9, &images, &world.honest());
        (world.opened(&session), session)
    });
    assert_eq!(one.0, other.0);
    let [one, other] = [one, other].map(|(_, session)| session.client.expect("it ended well"));
    assert_eq!(one.labels, other.labels);
    assert_ne!(one.logits, other.logits);
}

fn small_is_exact(model: &Model, precision: Precision, grouping: Grouping) {
    let models = vec![fixed(model, precision)];
    let images = noise(5, 3);
    let world = World::of(models.clone(), plan(&models, images.len(), grouping, Truncation::Faithful), 1);
    world.assert_exact(&world.session(1, &images, &world.honest()), &images);
}

#[test]
fn small_networks_are_exact_at_every_precision() {
    for model in [tiny(0), residual(0), many_classes(0)] {
        for frac_bits in [1, 5, 12, 16] {
            small_is_exact(&model, Precision { frac_bits, ring: Ring::Auto }, Grouping::Chunk);
        }
    }
}

/// Rings that hold everything, rings that wrap as the reference's do, and rings of hardly more bits than a layer drops, or fewer.
#[test]
fn small_networks_are_exact_in_every_ring() {
    for bits in [2, 3, 7, 8, 9, 10, 11, 12, 13, 14, 20, 26, 37, 48] {
        for model in [tiny(0), residual(0), many_classes(0)] {
            small_is_exact(&model, Precision { frac_bits: 12, ring: Ring::Bits(bits) }, Grouping::Chunk);
        }
    }
}

/// Where pixels have an offset, the image has the unit of activations, and can be added to one.
#[test]
fn an_image_as_a_summand_is_exact() {
    let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.25 };
    for ring in [Ring::Auto, Ring::Bits(9), Ring::Bits(13)] {
        let models = vec![FixedModel::new(&shortcut(), Precision { ring, ..PRECISION }, pixels).expect("it fits")];
        let images = noise(5, 3);
        let world = World::of(models.clone(), plan(&models, 5, Grouping::Chunk, Truncation::Faithful), 1);
        world.assert_exact(&world.session(1, &images, &world.honest()), &images);
    }
}

/// Their outputs are 0, in rings of one bit.
#[test]
fn filters_of_zeros_are_exact() {
    for frac_bits in [1, 12] {
        small_is_exact(&dead(), Precision { frac_bits, ring: Ring::Auto }, Grouping::Chunk);
    }
}

#[test]
fn slots_that_share_no_ciphertext_are_exact() {
    for model in [tiny(0), residual(0), many_classes(0)] {
        small_is_exact(&model, PRECISION, Grouping::Slot);
    }
}

/// One-bit truncation: every slot gets a label, and copies of one image may get different logits. Each of the 72 rectified values of
/// a slot is rounded up with a chance of its own; that two of 16 noisy copies agree in all logits throughout is what this refutes.
#[test]
fn one_bit_truncation_answers_but_copies_may_differ() {
    let models = vec![fixed(&tiny(0), PRECISION)];
    let images = vec![noise(1, 3).remove(0); 16];
    let world = World::of(models.clone(), plan(&models, images.len(), Grouping::Chunk, Truncation::OneBit), 1);
    let session = world.session(1, &images, &world.honest());
    let labels = &session.client.as_ref().expect("it ended well").labels;
    assert!(labels.iter().all(|label| *label < 3) && labels.len() == images.len());
    let logits = world.opened(&session);
    assert!(logits.chunks_exact(3).any(|copy| *copy != logits[..3]), "{logits:?}");
}
