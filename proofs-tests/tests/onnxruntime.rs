//! Random networks in floating point against onnxruntime, where a Python that has it is installed.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_nn::float;
use fusion_nn::model::Model;
use fusion_proofs_tests::random::Case;
use fusion_proofs_tests::scratch::Scratch;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Networks that are compared.
const NETWORKS: u64 = 300;

/// A Python that has onnxruntime: what `PYTHON` names, or `python3`.
fn python() -> Option<String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let found = Command::new(&python).args(["-c", "import numpy, onnx, onnxruntime"]).output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: {python} has no onnxruntime");
    }
    found.then_some(python)
}

/// The images as onnxruntime reads them.
fn floats(case: &Case, image: &[u8]) -> Vec<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "single precision is what is compared")]
    image.iter().map(|&pixel| (f64::from(pixel) * case.pixels.scale + case.pixels.offset) as f32).collect()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn read(path: &Path) -> Vec<f64> {
    let bytes = std::fs::read(path).expect("onnxruntime wrote it");
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]).into()).collect()
}

/// Sums in single precision err by what the largest value on the way allows.
fn assert_close(number: u64, case: &Case, expected: &[f64]) {
    let model = Model::from_onnx(&case.onnx).expect("supported");
    let mut expected = expected.iter();
    for image in &case.images {
        let input: Vec<f64> = floats(case, image).into_iter().map(f64::from).collect();
        let values = float::evaluate(&model, &input);
        let largest = values.iter().flatten().fold(1.0, |most: f64, value| most.max(value.abs()));
        for ours in &values[model.output()] {
            let theirs = expected.next().expect("a logit for each of ours");
            assert!((ours - theirs).abs() <= 1e-5 * largest, "network {number}: {ours} {theirs}: {}", case.describe());
        }
    }
    assert_eq!(expected.next(), None, "network {number}: as many logits");
}

#[test]
fn random_networks_equal_onnxruntime() {
    let Some(python) = python() else { return };
    let folder = Scratch::new("onnxruntime");
    let file = |number: u64, kind: &str| -> PathBuf { folder.join(format!("{number}.{kind}")) };
    let cases: Vec<(u64, Case)> = (0..NETWORKS).map(|number| (number, Case::draw(number))).collect();
    for (number, case) in &cases {
        let images: Vec<f32> = case.images.iter().flat_map(|image| floats(case, image)).collect();
        std::fs::write(file(*number, "onnx"), &case.onnx).expect("writable");
        std::fs::write(file(*number, "images"), bytes(&images)).expect("writable");
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/onnxruntime_logits.py");
    let output = Command::new(python).arg(script).arg(&*folder).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (number, case) in &cases {
        assert_close(*number, case, &read(&file(*number, "logits")));
    }
}
