//! The networks on real digits: fixed point against floating point, and both against onnxruntime.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_nn::fixed::{Faithful, FixedModel, FixedOp, OneBit, Pixels, Precision, Ring, argmax};
use fusion_nn::float;
use fusion_nn::idx::{Images, labels};
use fusion_nn::model::{Model, Value};
use fusion_proofs_tests::networks::windows_over_windows;
use fusion_proofs_tests::random::Case;
use rand_core::SeedableRng;
use rand_pcg::Pcg64;
use std::io::Read;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
const NAMES: [&str; 8] = ["full", "early_s20", "early_s40", "pruned70", "pruned90", "q3bit", "q2bit", "labelnoise"];

/// The folder of data that may not be copied into this repository, where it is present.
fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let found = folder.is_dir().then_some(folder);
    if found.is_none() {
        eprintln!("skipped: ../shared/data is absent");
    }
    found
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

/// One float32 array of an npz archive: a zip of npy files, whose header is a Python dictionary.
fn reference(path: impl AsRef<Path>, name: &str) -> Vec<f32> {
    let file = std::fs::File::open(path).expect("readable");
    let mut archive = zip::ZipArchive::new(file).expect("a zip archive");
    let mut npy = Vec::new();
    archive.by_name(&format!("{name}.npy")).expect("present").read_to_end(&mut npy).expect("whole");
    let length = usize::from(u16::from_le_bytes([npy[8], npy[9]]));
    let header = String::from_utf8_lossy(&npy[10..10 + length]);
    assert!(npy.starts_with(b"\x93NUMPY\x01") && header.contains("'<f4'"), "{header}");
    npy[10 + length..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

struct Set {
    images: Images,
    labels: Vec<u32>,
}

impl Set {
    fn read(images: impl AsRef<Path>, answers: impl AsRef<Path>) -> Self {
        let images = Images::parse(&read(images)).expect("IDX images");
        let labels = labels(&read(answers)).expect("IDX labels");
        assert_eq!(images.len(), labels.len());
        Self { images, labels }
    }

    fn mnist() -> Self {
        let part = |name: &str| format!("{EXAMPLES}/data/mnist_t1000-{name}-ubyte");
        Self::read(part("images-idx3"), part("labels-idx1"))
    }

    fn image(&self, index: usize) -> &[u8] {
        self.images.get(index).expect("in range")
    }

    fn accuracy(&self, answers: &[u32]) -> f64 {
        let right = answers.iter().zip(&self.labels).filter(|(answer, label)| answer == label).count();
        f64::from(u32::try_from(right).expect("small")) / f64::from(u32::try_from(answers.len()).expect("small"))
    }
}

fn lenet(name: &str) -> Model {
    Model::from_onnx(&read(format!("{EXAMPLES}/models/lenet_mnist_{name}.onnx"))).expect("readable")
}

const PRECISION: Precision = Precision { frac_bits: 12, ring: Ring::Auto };
const BYTES: Pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };

fn float_logits(model: &Model, image: &[u8], pixels: Pixels) -> Vec<f64> {
    let input: Vec<f64> = image.iter().map(|&p| f64::from(p) * pixels.scale + pixels.offset).collect();
    float::evaluate(model, &input).swap_remove(model.output())
}

/// For every model and digit: the two evaluators' answers, and their accuracies within 0.2 points.
#[test]
fn fixed_point_keeps_the_accuracy_of_every_model() {
    let set = Set::mnist();
    for name in NAMES {
        let model = lenet(name);
        let fixed = FixedModel::new(&model, PRECISION, BYTES).expect("fits");
        let indices = || 0..set.labels.len();
        let exact: Vec<u32> = indices().map(|i| fixed.label(set.image(i)).expect("28x28")).collect();
        let float: Vec<u32> = indices().map(|i| argmax(&float_logits(&model, set.image(i), BYTES))).collect();
        let (exact_accuracy, float_accuracy) = (set.accuracy(&exact), set.accuracy(&float));
        assert!((exact_accuracy - float_accuracy).abs() <= 0.002, "{name}: {exact_accuracy} against {float_accuracy}");
        let agree = exact.iter().zip(&float).filter(|(a, b)| a == b).count();
        assert!(agree >= 998, "{name}: {agree} of 1000 answers agree");
    }
    let full = FixedModel::new(&lenet("full"), PRECISION, BYTES).expect("fits");
    let answers: Vec<u32> = (0..1000).map(|i| full.label(set.image(i)).expect("28x28")).collect();
    assert!((set.accuracy(&answers) - 0.989).abs() <= 0.002);
}

/// Floating point equals onnxruntime's logits, and the honest model's labels agree on at least 99.8 %.
#[test]
fn onnxruntime_agrees() {
    let Some(shared) = shared() else { return };
    let set = Set::mnist();
    let archive = shared.join("testsets/ref_logits_mnist_t1000.npz");
    for name in NAMES {
        let reference = reference(&archive, &format!("lenet_mnist_{name}"));
        assert_eq!(reference.len(), 10_000);
        let model = lenet(name);
        let fixed = FixedModel::new(&model, PRECISION, BYTES).expect("fits");
        let mut agree = 0;
        for (index, expected) in reference.chunks_exact(10).enumerate() {
            let float = float_logits(&model, set.image(index), BYTES);
            for (ours, theirs) in float.iter().zip(expected) {
                assert!((ours - f64::from(*theirs)).abs() < 1e-3, "{name}, image {index}: {ours} {theirs}");
            }
            agree += u32::from(fixed.label(set.image(index)) == Ok(argmax(expected)));
        }
        assert!(agree >= 998, "{name}: {agree} of 1000 labels are onnxruntime's");
    }
}

/// The proved bounds hold, a ring as wide gives the same integers, and LeNet's rings are small.
#[test]
fn rings_are_wide_enough_and_no_wider_than_proved() {
    let set = Set::mnist();
    let model = lenet("full");
    let auto = FixedModel::new(&model, PRECISION, BYTES).expect("fits");
    let widest = auto.layers().iter().map(|layer| layer.ring_bits).max().expect("layers");
    let wide = FixedModel::new(&model, Precision { ring: Ring::Bits(widest), ..PRECISION }, BYTES).expect("fits");
    let narrow = FixedModel::new(&model, Precision { ring: Ring::Bits(20), ..PRECISION }, BYTES).expect("fits");
    assert!(widest <= 41, "{widest} bits");
    let mut differ = 0;
    for index in 0..50 {
        let values = auto.evaluate(set.image(index), &mut Faithful).expect("28x28");
        for (layer, output) in auto.layers().iter().zip(&values) {
            let largest = output.iter().map(|x| x.unsigned_abs()).max().expect("not empty");
            assert!(largest <= layer.bound && layer.bound < 1 << (layer.ring_bits - 1), "{}", layer.name);
        }
        assert_eq!(wide.evaluate(set.image(index), &mut Faithful).as_ref(), Ok(&values));
        differ += u32::from(narrow.logits(set.image(index)) != auto.logits(set.image(index)));
    }
    assert!(differ > 0, "a ring of 20 bits is too small, and shows it");
}

/// Each layer leaves floating point by no more than its precision allows.
#[test]
fn every_layer_is_close_to_floating_point() {
    let set = Set::mnist();
    let model = lenet("full");
    let fixed = FixedModel::new(&model, PRECISION, BYTES).expect("fits");
    for index in 0..20 {
        let input: Vec<f64> = set.image(index).iter().map(|&p| f64::from(p) / 255.0).collect();
        let exact = float::evaluate(&model, &input);
        let values = fixed.evaluate(set.image(index), &mut Faithful).expect("28x28");
        for (at, expected) in exact.iter().enumerate() {
            let position = fixed.stands_for(at).expect("every layer is there");
            let layer = &fixed.layers()[position];
            for (ours, theirs) in values[position].iter().zip(expected) {
                #[expect(clippy::cast_precision_loss, reason = "compared to three places")]
                let ours = *ours as f64 * layer.unit;
                assert!((ours - theirs).abs() < 0.02, "{}: {ours} {theirs}", layer.name);
            }
        }
    }
}

/// One-bit truncation may differ between two copies of one image; faithful truncation never does.
#[test]
fn one_bit_truncation_is_random_and_close() {
    let set = Set::mnist();
    let fixed = FixedModel::new(&lenet("full"), PRECISION, BYTES).expect("fits");
    let logits = |seed| {
        let mut rounding = OneBit(Pcg64::seed_from_u64(seed));
        fixed.evaluate(set.image(0), &mut rounding).expect("28x28").pop().expect("layers")
    };
    assert_eq!(logits(1), logits(1));
    assert_ne!(logits(1), logits(2));
    let unit = fixed.layers().last().expect("layers").unit;
    let faithful = fixed.logits(set.image(0)).expect("28x28");
    for (ours, theirs) in logits(1).iter().zip(&faithful) {
        #[expect(clippy::cast_precision_loss, reason = "compared to two places")]
        let apart = (ours - theirs) as f64 * unit;
        assert!(apart.abs() < 0.05, "{apart}");
    }
}

/// The other shapes of network, where their files are: clipping, padding, branches, global pooling, 1,000 classes.
#[test]
fn other_networks_equal_onnxruntime() {
    let Some(shared) = shared() else { return };
    let cifar = Set::read(
        shared.join("testsets/cifar10_t1000-images-idx4-ubyte"),
        shared.join("testsets/cifar10_t1000-labels-idx1-ubyte"),
    );
    let centred = Pixels { scale: 1.0 / 127.5, offset: -1.0 };
    for (name, pixels, count) in [("lenet_cifar10_full", centred, 200), ("cifar10_minionn_delphi", BYTES, 10)] {
        let model = Model::from_onnx(&read(shared.join(format!("models/{name}.onnx")))).expect("readable");
        let fixed = FixedModel::new(&model, PRECISION, pixels).expect("fits");
        let reference = reference(shared.join("testsets/ref_logits_cifar10_t1000.npz"), name);
        let mut agree = 0;
        for (index, expected) in reference.chunks_exact(10).take(count).enumerate() {
            for (ours, theirs) in float_logits(&model, cifar.image(index), pixels).iter().zip(expected) {
                assert!((ours - f64::from(*theirs)).abs() < 1e-3, "{name}, image {index}: {ours} {theirs}");
            }
            agree += usize::from(fixed.label(cifar.image(index)) == Ok(argmax(expected)));
        }
        assert!(agree * 100 >= count * 99, "{name}: {agree} of {count}");
    }
}

/// Each window divides what an integer is worth by 81: beyond 2^-60 no layer could drop so many bits, however small the values.
#[test]
fn values_that_are_worth_too_little_are_refused() {
    let fixed = |count, ring| {
        FixedModel::new(&windows_over_windows(count), Precision { ring, ..PRECISION }, BYTES)
            .map_err(|error| error.to_string())
    };
    for ring in [Ring::Auto, Ring::Bits(8)] {
        assert_eq!(fixed(7, ring).expect("fits").logits(&[9; 81 * 81]), Ok(vec![0, 0]));
        let refused = fixed(10, ring).expect_err("81^10 is more than 2^60");
        assert!(refused.starts_with("node 8 'p8': an integer of its sums is worth less than 2^-60"), "{refused}");
    }
}

/// The rule for wrapping, operator by operator: signed integers in, computed over the integers, reduced into the ring.
#[test]
fn every_operator_wraps_by_the_one_rule() {
    for number in 0..400 {
        let case = Case::draw(number);
        let model = Model::from_onnx(&case.onnx).expect("supported");
        for bits in [2, 5, 8, 13, 21] {
            let precision = Precision { ring: Ring::Bits(bits), ..case.precision };
            let Ok(fixed) = FixedModel::new(&model, precision, case.pixels) else { continue };
            let signed = |x: i128| {
                let residue = x.rem_euclid(1 << bits);
                if residue >> (bits - 1) == 1 { residue - (1 << bits) } else { residue }
            };
            for image in &case.images {
                let input = fixed.pixels(image).expect("of this size");
                let values = fixed.evaluate(image, &mut Faithful).expect("of this size");
                let read = |value: &Value| match value {
                    Value::Input => &input,
                    Value::Layer(index) => &values[*index],
                };
                for (layer, output) in fixed.layers().iter().zip(&values) {
                    let inputs: Vec<&Vec<i64>> = layer.inputs.iter().map(read).collect();
                    let each =
                        |of: &dyn Fn(i128) -> i128| -> Vec<i128> { inputs[0].iter().map(|&x| of(x.into())).collect() };
                    let exact = match &layer.op {
                        FixedOp::Relu { shift } => each(&|x| x.max(0) >> shift),
                        FixedOp::Clip { low, high, shift } => {
                            each(&|x| x.clamp((*low).into(), (*high).into()) >> shift)
                        }
                        FixedOp::Truncate { shift } => each(&|x| x >> shift),
                        FixedOp::Add => {
                            inputs[0].iter().zip(inputs[1]).map(|(a, b)| i128::from(*a) + i128::from(*b)).collect()
                        }
                        FixedOp::Gemm { weights, start } => {
                            let rows = weights.chunks(inputs[0].len()).zip(start);
                            let term = |(w, x): (&i64, &i64)| i128::from(*w) * i128::from(*x);
                            rows.map(|(row, start)| {
                                i128::from(*start) + row.iter().zip(inputs[0]).map(term).sum::<i128>()
                            })
                            .collect()
                        }
                        _ => continue,
                    };
                    let exact: Vec<i128> = exact.into_iter().map(signed).collect();
                    assert!(
                        exact.iter().zip(output).all(|(a, b)| *a == i128::from(*b)),
                        "network {number}: node {} '{}'",
                        layer.node,
                        layer.name
                    );
                }
            }
        }
    }
}
