//! Fuzz targets: bytes from users and peers find no panic, no hang, no allocation beyond what they justify. `cargo test` runs each for
//! a moment on random bytes and on mutated good files; `cargo bolero test --engine libfuzzer NAME` runs one for as long as you like.

use bolero::check;
use fusion_adversaries::library::SCRIPTS;
use fusion_adversaries::script::Script;
use fusion_nn::idx::{Images, labels};
use fusion_nn::model::Model;

const LENET: &[u8] = include_bytes!("../../examples/models/lenet_mnist_full.onnx");
/// The part of the model that is not weights; the rest only makes each case slow.
const HEAD: usize = 4096;

/// A good file with some bytes replaced: pairs of place and value.
fn mutated(good: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for edit in edits.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % bytes.len();
        bytes[place] = edit[2];
    }
    bytes
}

#[test]
fn scripts() {
    check!().with_iterations(2_000).for_each(|input: &[u8]| {
        for text in [String::from_utf8_lossy(input).into_owned(), {
            let (_, good) = SCRIPTS[input.len() % SCRIPTS.len()];
            String::from_utf8_lossy(&mutated(good.as_bytes(), input)).into_owned()
        }] {
            match Script::read(&text) {
                Ok(script) => {
                    let again = Script::read(&script.to_yaml().expect("serialisable"));
                    assert_eq!(again.as_ref(), Ok(&script));
                }
                Err(problems) => assert!(!problems.is_empty()),
            }
        }
    });
}

#[test]
fn models() {
    check!().with_iterations(2_000).for_each(|input: &[u8]| {
        let _ = Model::from_onnx(input);
        let _ = Model::from_onnx(&mutated(&LENET[..HEAD], input));
    });
    let whole = mutated(LENET, &[0, 0, 255]);
    let _ = Model::from_onnx(&whole);
    assert!(Model::from_onnx(LENET).is_ok());
}

#[test]
fn data() {
    check!().with_iterations(5_000).for_each(|input: &[u8]| {
        for kind in [0x08, 0x0b] {
            let rank = input.first().map_or(0, |byte| byte % 5);
            let file = [&[0, 0, kind, rank], input].concat();
            if let Ok(images) = Images::parse(&file) {
                assert!((0..images.len()).all(|index| images.get(index).is_some()));
            }
            if let Ok(labels) = labels(&file) {
                assert!(labels.len() <= file.len());
            }
        }
    });
}
