//! `sim check`: models listed, refused, and compared with floating point.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use common::assert_one_line;
use fusion_nn::onnx::{Dimension, Graph, ModelProto, Node, Tensor, TensorShape, TensorType, Type, ValueInfo};
use fusion_proofs_tests::scratch::Scratch;
use fusion_sim::{CommandOutput, run};
use proptest::prelude::*;
use prost::Message;
use serde_json::Value;

const FULL: &str = "../examples/models/lenet_mnist_full.onnx";
const IMAGES: &str = "../examples/data/mnist_t1000-images-idx3-ubyte";
const LABELS: &str = "../examples/data/mnist_t1000-labels-idx1-ubyte";

/// `FULL`, `IMAGES` and `LABELS` stand for the paths above.
fn sim(line: &str) -> CommandOutput {
    let word = |word: &str| match word {
        "FULL" => FULL.into(),
        "IMAGES" => IMAGES.into(),
        "LABELS" => LABELS.into(),
        word => word.to_string(),
    };
    run(std::iter::once("sim".to_string()).chain(line.split_whitespace().map(word)))
}

fn json(line: &str) -> Value {
    let outcome = sim(line);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "sim {line}");
    serde_json::from_str(&outcome.stdout).expect("one JSON document")
}

#[test]
fn text_and_json_snapshots() {
    for (name, line) in [
        ("layers", "check FULL"),
        ("layers_json", "check FULL --json"),
        ("against_float", "check FULL --against float --images IMAGES --labels LABELS"),
        ("against_float_coarse", "check FULL --frac-bits 5 --ring 24 --against float"),
        ("against_float_json", "check FULL --against float --images IMAGES --labels LABELS --json"),
        ("help", "check --help"),
    ] {
        let outcome = sim(line);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "sim {line}");
        insta::assert_snapshot!(name, outcome.stdout, line);
    }
}

#[test]
fn quiet_is_the_verdict_alone() {
    assert_eq!(sim("check FULL --quiet").stdout, "ok: 12 layers, rings up to 41 bits\n");
    let against = sim("check FULL --against float --images IMAGES --quiet");
    assert_eq!(against.stdout, "never leaves floating point by more than 1 %; 0 of 1000 labels differ\n");
}

/// Conv2 needs 31 bits on these digits, in either ring: 31 hold all, and in 30 something wraps, which is counted where it happens.
fn assert_measured(measured: &Value, ring: i64) {
    let layers = measured["layers"].as_array().expect("layers");
    let number = |value: &Value| value.as_i64().expect("a number");
    let conv2 = &layers[3];
    assert_eq!((&conv2["step"], number(&conv2["bits"])), (&"layer[3:conv]".into(), 31));
    for layer in layers {
        let (bits, room) = (number(&layer["bits"]), number(&layer["room"]));
        assert_eq!((room, number(&layer["wrapped"]) > 0), (ring - bits, room < 0), "{layer}");
        let most: i128 = layer["most"].as_str().expect("text").parse().expect("decimal");
        assert!(most < 1 << (bits - 1), "{layer}");
    }
    let wrapped: i64 = layers.iter().map(|layer| number(&layer["wrapped"])).sum();
    assert_eq!((number(&measured["wrapped"]), number(&measured["values"])), (wrapped, 15_002_000), "{measured}");
    assert_eq!(wrapped > 0, ring < 31);
}

/// The keys that other programs rely on, and a verdict that follows the precision.
#[test]
fn json_says_where_precision_is_lost() {
    let plain = json("check FULL --json");
    assert_eq!((&plain["ok"], &plain["problems"], &plain["clauses"]), (&true.into(), &[(); 0].into(), &[(); 0].into()));
    assert_eq!((plain["model"]["layers"].as_array().map(Vec::len), &plain["against"]), (Some(12), &Value::Null));
    for (flags, leaves_at) in [
        ("", Value::Null),
        ("--ring 31", Value::Null),
        ("--ring 30", "layer[3:conv]".into()),
        ("--frac-bits 6", "layer[1:relu]".into()),
        ("--frac-bits 2", "layer[0:conv]".into()),
    ] {
        let found = json(&format!("check FULL --against float --images IMAGES --labels LABELS --json {flags}"));
        let against = &found["against"];
        assert_eq!((&found["ok"], &against["leaves_at"]), (&true.into(), &leaves_at), "{flags}");
        let layers = against["layers"].as_array().expect("layers");
        let first = layers.iter().find(|layer| layer["leaves"] == true);
        assert_eq!(first.map_or(&Value::Null, |layer| &layer["step"]), &leaves_at, "{flags}");
        assert_eq!(against["accuracy"]["float"], 0.989, "{flags}");
        assert_eq!(against["labels_differ"] == 0, leaves_at.is_null(), "{flags}");
        assert_eq!(against["measured"].is_null(), !flags.starts_with("--ring"), "{flags}");
        if let Some(ring) = flags.strip_prefix("--ring ") {
            assert_measured(&against["measured"], ring.parse().expect("bits"));
        }
    }
}

/// Each family refuses for a reason of its own, and one that was asked about is told of alone.
#[test]
fn every_family_says_whether_it_runs_a_model() {
    let found = |flags: &str| json(&format!("check FULL --json {flags}"))["model"].take();
    let reasons = |model: &Value| {
        let family =
            |family: &Value| family["not_at_real"].as_str().map(|why| (family["backend"].clone(), why.to_string()));
        model["families"].as_array().expect("a list").iter().filter_map(family).collect::<Vec<_>>()
    };
    let small = found("");
    let names: Vec<&Value> =
        small["families"].as_array().expect("a list").iter().map(|found| &found["backend"]).collect();
    assert_eq!(names, ["cheetah", "cryptflow2-ot", "cryptflow2-he", "delphi", "aby", "aby-32"]);
    assert_eq!(reasons(&small), [], "at 12 bits of fraction all of them do");
    let large = found("--frac-bits 20");
    let refused = reasons(&large);
    let expected = [
        ("cheetah", "node 9 'fc2' (gemm): no secure parameters hold", 2),
        ("cryptflow2-he", "node 3 'conv2' (conv): its values may be as large as", 7),
        ("delphi", "node 3 'conv2' (conv): its values may be as large as", 4),
    ];
    assert_eq!(refused.len(), expected.len(), "{refused:?}");
    let all = |model: &Value, name: &str| {
        let families = model["families"].as_array().expect("a list");
        let of_family = families.iter().find(|family| family["backend"] == name).expect("it was asked about");
        of_family["reasons"].as_array().expect("a list").clone()
    };
    for ((backend, why), (name, says, count)) in refused.iter().zip(expected) {
        assert!(backend == name && why.starts_with(says), "{backend}: {why}");
        let alone = found(&format!("--frac-bits 20 --backend {name}"));
        assert_eq!(reasons(&alone), [(backend.clone(), why.clone())]);
        assert_eq!((&alone["not_at_real"], alone["families"].as_array().map(Vec::len)), (&(**why).into(), Some(1)));
        let reasons = all(&large, name);
        assert_eq!((reasons.len(), &reasons[0]), (count, &why.as_str().into()), "{reasons:?}");
        assert_eq!((&alone["reasons"], all(&alone, name)), (&reasons.clone().into(), reasons));
    }
    assert_eq!(large["not_at_real"], refused[0].1, "the default family's");
    let text = sim("check FULL --frac-bits 20").stdout;
    let lines: Vec<&str> =
        text.lines().filter(|line| line.starts_with("runs at plain and ideal, not at real")).collect();
    let told = expected.iter().flat_map(|(name, ..)| {
        let line = move |why: Value| {
            let why = why.as_str().expect("text").to_string();
            format!("runs at plain and ideal, not at real (or in `sim bench`) by {name}: {why}")
        };
        all(&large, name).into_iter().map(line)
    });
    assert_eq!(lines, told.collect::<Vec<_>>());
    let verdict = sim("check FULL --frac-bits 20 --quiet").stdout;
    assert!(verdict.ends_with(", not at real by cheetah, cryptflow2-he, delphi\n"), "{verdict}");
    let verdict = sim("check FULL --frac-bits 20 --quiet --backend delphi").stdout;
    assert!(verdict.ends_with(", not at real by delphi\n"), "{verdict}");
}

/// Constants for each channel between rectified layers are convolutions in 4,097 groups, which every family computes; two matrices after them have values beyond every modulus but those of 64 bits
/// and 32: no reason hides another, whether it is of a layer, of the sizes or of the packing.
#[test]
fn no_reason_hides_another() {
    let tensor = |name: &str, dims: &[i64], each: f32| Tensor {
        name: name.into(),
        dims: dims.into(),
        data_type: 1,
        float_data: vec![each; usize::try_from(dims.iter().product::<i64>()).expect("a count")],
        ..Tensor::default()
    };
    let nodes = vec![
        node("Mul", "first", &["in", "c"], "a"),
        node("Relu", "between", &["a"], "b"),
        node("Mul", "second", &["b", "c"], "d"),
        node("Relu", "after", &["d"], "e"),
        node("Flatten", "flat", &["e"], "f"),
        node("MatMul", "heavy", &["f", "w"], "g"),
        node("MatMul", "also", &["f", "w"], "h"),
        node("Add", "both", &["g", "h"], "out"),
    ];
    let constants = vec![tensor("c", &[1, 4097, 1, 1], 1.0), tensor("w", &[4097, 2], 1e5)];
    let input = vec![value("in", &[0, 4097, 1, 1])];
    let graph = Graph { node: nodes, initializer: constants, input, output: vec![value("out", &[])] };
    let onnx = ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec();
    let folder = Scratch::new("check-reasons");
    let file = folder.file("groups.onnx", onnx);
    let found = json(&format!("check {file} --json"))["model"].take();
    let rows = ["node 5 'heavy' (gemm): no secure", "node 6 'also' (gemm): no secure"];
    let large = ["node 5 'heavy' (gemm): its values may be", "node 6 'also' (gemm): its values may be"];
    for (family, starts) in found["families"].as_array().expect("a list").iter().zip([
        &rows[..],  // cheetah
        &[],        // cryptflow2-ot
        &large[..], // cryptflow2-he
        &large[..], // delphi
        &[],        // aby
        &[],        // aby-32
    ]) {
        let reasons = family["reasons"].as_array().into_iter().flatten().map(|why| why.as_str().expect("text"));
        let reasons: Vec<&str> = reasons.collect();
        for start in starts {
            assert_eq!(reasons.iter().filter(|reason| reason.starts_with(start)).count(), 1, "{family}");
        }
        assert_eq!(reasons.is_empty(), starts.is_empty(), "{family}");
        assert!(!reasons.iter().any(|reason| reason.contains("(conv)")), "groups are no reason: {family}");
    }
    assert!(sim(&format!("check {file} --quiet")).stdout.contains("not at real by cheetah, cryptflow2-he, delphi"));
}

/// At `real` a script is told which other backends compute its model.
#[test]
fn a_script_is_told_which_backends_compute_its_model() {
    let folder = Folder::new("capable");
    let whole = |path: &str| std::fs::canonicalize(path).expect("an example").display().to_string();
    let script = |fixed_point: &str| {
        let text = format!(
            "schema: fusion/campaign/v1\nname: a\nprotocol: {{ R: 2, B: 2, T: 1 }}\nfidelity: real\n\
             model: {{ path: {}, fixed_point: {fixed_point} }}\n\
             data: {{ images: {}, labels: {}, queries: 0..4, public: {{ from: 10..20 }} }}\nstrategies: [{{ name: a, do: [] }}]\n",
            whole(FULL),
            whole(IMAGES),
            whole(LABELS)
        );
        std::fs::write(folder.0.join("a.yaml"), text).expect("written");
        let outcome = folder.sim("check --json", "a.yaml");
        assert_eq!(outcome.code, 64, "{}", outcome.stderr);
        let found: Value = serde_json::from_str(&outcome.stdout).expect("one document");
        let problems = found["problems"].as_array().expect("a list");
        let text = |problem: &Value, key: &str| problem[key].as_str().expect("text").to_string();
        let messages: Vec<String> = problems.iter().map(|problem| text(problem, "message")).collect();
        (messages, text(problems.last().expect("a problem"), "help"))
    };
    let (messages, help) = script("{ frac_bits: 20 }");
    let says = |node: &str| format!("fidelity `real`: node {node} (gemm): no secure parameters hold");
    assert_eq!(messages.len(), 2, "each of its reasons once: {messages:?}");
    assert!(messages[0].starts_with(&says("9 'fc2'")) && messages[1].starts_with(&says("11 'fc3'")), "{messages:?}");
    let runs = "it runs at `plain` and `ideal`; `cheetah` cannot compute it";
    assert_eq!(help, format!("{runs}, and `cryptflow2-ot`, `aby`, `aby-32` can"));
    // Values that wrap are for Cheetah alone, and rows as long are not.
    let (_, help) = script("{ frac_bits: 24, ring_bits: 60 }");
    assert_eq!(help, format!("{runs}, nor can any other backend"));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let line = "check FULL --frac-bits 4 --against float --images IMAGES --labels LABELS";
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| sim(line))
    };
    let one = with(1);
    assert_eq!((one.code, one.stderr.as_str()), (0, ""));
    assert_eq!(one, with(3));
    assert_eq!(one, with(8));
}

/// One line each, exit code 64, nothing on stdout: the arguments, and what the line must say.
const BAD: &[(&str, &str)] = &[
    ("check", "required arguments were not provided: <FILE>"),
    ("check FULL FULL", "unexpected argument '../examples/models/lenet_mnist_full.onnx'"),
    ("check no/such.onnx", "no/such.onnx: there is no such file"),
    ("check FULL/inside.onnx", "there is no such file"),
    ("check tests", "tests: is not a file"),
    ("check .onnx", ".onnx: there is no such file"),
    ("check campaign.yaml", "campaign.yaml: there is no such file"),
    ("check campaign.yaml --frac-bits 3", "--frac-bits is for models"),
    ("check campaign.yaml --against float", "--against is for models"),
    ("check campaign.yaml --extension ferret", "--extension is for models"),
    ("check FULL --extension iknp", "--extension: cheetah has no choice of extension `iknp`"),
    ("check FULL --backend cheetah --extension iknp", "--extension: cheetah has no choice of extension `iknp`"),
    // precision
    ("check FULL --frac-bits 0", "frac-bits must be from 1 to 24"),
    ("check FULL --frac-bits 25", "frac-bits must be from 1 to 24"),
    ("check FULL --frac-bits -12", "frac-bits must be from 1 to 24"),
    ("check FULL --frac-bits 12.5", "not a whole number"),
    ("check FULL --ring 1", "ring must be from 2 to 62; or auto"),
    ("check FULL --ring 63", "ring must be from 2 to 62; or auto"),
    ("check FULL --ring Auto", "or auto"),
    ("check FULL --ring 41 --ring auto", "cannot be used multiple times"),
    // pixels
    ("check FULL --scale 0", "a scale must be from 10^-6 to 10^6"),
    ("check FULL --scale -1/255", "a scale must be from 10^-6 to 10^6"),
    ("check FULL --scale 1e-7", "a scale must be from 10^-6 to 10^6"),
    ("check FULL --scale 1000001", "a scale must be from 10^-6 to 10^6"),
    ("check FULL --scale 1/0", "not a number such as 1/255, 0.5 or -1"),
    ("check FULL --scale nan", "not a number"),
    ("check FULL --offset 1e7", "an offset must be from -10^6 to 10^6"),
    ("check FULL --offset -1000001", "an offset must be from -10^6 to 10^6"),
    ("check FULL --offset -1/2/3", "not a number"),
    ("check FULL --offset inf", "not a number"),
    // the comparison
    ("check FULL --against", "a value is required for '--against <EVALUATOR>'"),
    ("check FULL --against double", "invalid value 'double' for '--against <EVALUATOR>'"),
    ("check FULL --against floar", "a similar value exists: 'float'"),
    ("check FULL --images IMAGES", "required arguments were not provided: --against"),
    ("check FULL --against float --labels LABELS", "required arguments were not provided: --images"),
    ("check FULL --against float --images no-such-file", "no-such-file: there is no such file"),
    ("check FULL --against float --images tests", "tests: is not a file"),
    ("check FULL --against float --images /dev/zero", "/dev/zero: is not a file"),
    ("check FULL --against float --images Cargo.toml", "Cargo.toml: not an IDX file"),
    ("check FULL --against float --images LABELS", "images need rank 3 or 4, and the file has rank 1"),
    ("check FULL --against float --images IMAGES --labels IMAGES", "labels need rank 1, and the file has rank 3"),
    ("check FULL --against float --images IMAGES --labels nowhere", "nowhere: there is no such file"),
    ("check FULL --quiet --verbose", "unexpected argument '--verbose'"),
    ("check FULL --R 8", "unexpected argument '--R'"),
];

#[test]
fn bad_input_is_one_clear_line() {
    assert!(BAD.len() >= 40);
    for (line, says) in BAD {
        assert_one_line(sim, line, says);
    }
    assert_eq!(sim("check FULL --json --quiet").code, 64);
    let scratch = Scratch::new("check-folder");
    let folder = scratch.path("folder.onnx");
    std::fs::create_dir(&folder).expect("made");
    assert_one_line(sim, &format!("check {folder}"), "folder.onnx: is not a file");
}

/// Files that are well formed, and of no use to this model.
#[test]
fn data_must_fit_the_model() {
    let idx = |sizes: &[u8], data: &[u8]| {
        let header = [0, 0, 8, u8::try_from(sizes.len()).expect("small")];
        let sizes = sizes.iter().flat_map(|size| u32::from(*size).to_be_bytes());
        header.into_iter().chain(sizes).chain(data.iter().copied()).collect::<Vec<u8>>()
    };
    let data = Scratch::new("check-data");
    let one = data.file("one", idx(&[1, 28, 28], &[7; 784]));
    let none = data.file("none", idx(&[0, 28, 28], &[]));
    let colour = data.file("colour", idx(&[1, 3, 28, 28], &[0; 3 * 784]));
    let [nine, ten, two] =
        [&[9][..], &[10], &[1, 2]].map(|labels| idx(&[u8::try_from(labels.len()).expect("small")], labels));
    let (nine, ten, two) = (data.file("nine", nine), data.file("ten", ten), data.file("two", two));
    let check = |images: &str| format!("check FULL --against float --images {images}");
    let labelled = |labels: &str| format!("{} --labels {labels}", check(&one));
    assert_one_line(sim, &check(&none), "it has no images");
    assert_one_line(sim, &check(&colour), "its images are 3x28x28, and the model reads 1x28x28");
    assert_one_line(sim, &labelled(&two), "it has 2 labels for 1 image");
    assert_one_line(sim, &labelled(&ten), "label 0 is 10, and the model has 10 classes");
    assert_eq!(sim(&labelled(&nine)).code, 0);
}

/// The header of an array of NPY before its bytes, as `numpy.save` writes it.
fn npy(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).expect("short").to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

/// The digits of IDX, the same behind gzip, and the same in arrays of bytes and of floats say the same of a model.
#[test]
fn data_of_every_kind_is_the_same_data() {
    let (images, labels) = (std::fs::read(IMAGES).expect("data"), std::fs::read(LABELS).expect("data"));
    let (pixels, classes) = (&images[16..][..100 * 784], &labels[8..][..100]);
    let idx = |head: &[u8], data: &[u8]| [head, data].concat();
    let gzip = |content: Vec<u8>| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &content).expect("memory");
        encoder.finish().expect("memory")
    };
    let floats: Vec<u8> = pixels.iter().flat_map(|pixel| (f32::from(*pixel) / 255.0).to_le_bytes()).collect();
    let wide: Vec<u8> = classes.iter().flat_map(|class| i64::from(*class).to_le_bytes()).collect();
    let plain =
        (idx(&[0, 0, 8, 3, 0, 0, 0, 100, 0, 0, 0, 28, 0, 0, 0, 28], pixels), idx(&[0, 0, 8, 1, 0, 0, 0, 100], classes));
    let kinds = [
        (gzip(plain.0.clone()), gzip(plain.1.clone())),
        (npy("|u1", "(100, 1, 28, 28)", pixels), npy("|u1", "(100,)", classes)),
        (npy("<f4", "(100, 784)", &floats), npy("<i8", "(100, 1)", &wide)),
    ];
    let data = Scratch::new("check-kinds");
    // The same names each time, because the answer repeats them.
    let answer = |(images, labels): (Vec<u8>, Vec<u8>)| {
        let (images, labels) = (data.file("images", images), data.file("labels", labels));
        json(&format!("check FULL --against float --images {images} --labels {labels} --json"))
    };
    let expected = answer(plain);
    for kind in kinds {
        assert_eq!(answer(kind), expected);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_read_is_an_io_error() {
    let outcome = sim("check FULL --against float --images /proc/self/mem");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (74, ""), "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("error: reading /proc/self/mem: "));
}

fn value(name: &str, sizes: &[i64]) -> ValueInfo {
    let dim = sizes.iter().map(|&dim_value| Dimension { dim_value }).collect();
    let tensor_type = Some(TensorType { elem_type: 1, shape: Some(TensorShape { dim }) });
    ValueInfo { name: name.into(), r#type: Some(Type { tensor_type }) }
}

fn node(op: &str, name: &str, input: &[&str], output: &str) -> Node {
    let input = input.iter().map(ToString::to_string).collect();
    Node { op_type: op.into(), name: name.into(), input, output: vec![output.into()], ..Node::default() }
}

fn model(node: Vec<Node>, initializer: Vec<Tensor>) -> Vec<u8> {
    let graph = Graph { node, initializer, input: vec![value("in", &[0, 1, 2, 2])], output: vec![value("out", &[])] };
    ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec()
}

/// All at once, a line each whatever its names contain; with `--json` in the document, on stdout.
fn assert_problems(file: &str, flags: &str, expected: &[&str]) {
    let outcome = sim(&format!("check {file} {flags}"));
    assert_eq!((outcome.code, outcome.stdout.as_str()), (64, ""));
    let lines: Vec<String> = expected.iter().map(|line| format!("error: {file}: {line}")).collect();
    assert_eq!(outcome.stderr.lines().collect::<Vec<_>>(), lines);
    let outcome = sim(&format!("check {file} {flags} --json"));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (64, ""));
    let document: Value = serde_json::from_str(&outcome.stdout).expect("one JSON document");
    let null = &Value::Null;
    assert_eq!((&document["ok"], &document["model"], &document["against"]), (&false.into(), null, null));
    let problems = document["problems"].as_array().expect("a list");
    assert_eq!(problems.len(), expected.len());
    for (problem, message) in problems.iter().zip(expected) {
        assert_eq!((&problem["file"], &problem["message"]), (&file.into(), &(*message).into()));
        assert_eq!((&problem["line"], &problem["column"], &problem["help"]), (null, null, null));
    }
}

#[test]
fn every_problem_of_a_model_is_listed() {
    let unsupported = vec![
        node("Softmax", "soft", &["in"], "s"),
        node("Relu", "fine", &["in"], "r"),
        node("LSTM", "a\nb\u{1b}[31m", &["r"], "l"),
        node("Flatten", "flat", &["r"], "out"),
    ];
    let folder = Scratch::new("check-models");
    assert_problems(
        &folder.file("unsupported.onnx", model(unsupported, Vec::new())),
        "",
        &[
            "node 0 'soft' (Softmax): the operator is not supported",
            r"node 2 'a\nb\u{1b}[31m' (LSTM): the operator is not supported",
        ],
    );
    let empty = folder.file("empty.onnx", b"");
    assert_problems(&empty, "", &["not an ONNX model: it is empty"]);
    let matrix = |name: &str, dims: [i64; 2], data: Vec<f32>| Tensor {
        name: name.into(),
        dims: dims.into(),
        data_type: 1,
        float_data: data,
        ..Tensor::default()
    };
    let wide = vec![
        node("Flatten", "flat", &["in"], "f"),
        node("MatMul", "first", &["f", "w"], "m"),
        node("MatMul", "second", &["m", "v"], "n"),
        node("MatMul", "third", &["n", "u"], "out"),
    ];
    let constants =
        vec![matrix("w", [4, 1], vec![1e6; 4]), matrix("v", [1, 2], vec![1e6; 2]), matrix("u", [2, 1], vec![1e6; 2])];
    // 4 * 255 * 1e6/255 * 2^32 < 2^54 fits; truncated by 8 bits and times 1e6 * 2^24 it is under 2^90. The third starts from 2^62.
    assert_problems(
        &folder.file("wide.onnx", model(wide, constants)),
        "--frac-bits 24",
        &[
            "node 2 'second': its outputs need a ring of 91 bits, more than 62",
            "node 3 'third': its outputs need a ring of 84 bits, more than 62",
        ],
    );
}

const FAULTS: &str = "data/faults";

/// A folder of copies of the named inputs.
fn faults(name: &str, files: &[&str]) -> Folder {
    let folder = Folder::new(name);
    for file in files {
        std::fs::copy(format!("{FAULTS}/{file}"), folder.0.join(file)).expect("copied");
    }
    folder
}

/// A folder to run `sim` in.
struct Folder(Scratch);

impl Folder {
    fn new(name: &str) -> Self {
        Self(Scratch::new(&format!("check-{name}")))
    }

    /// `sim` with a path in this folder as its last argument.
    fn sim(&self, line: &str, file: impl AsRef<std::ffi::OsStr>) -> CommandOutput {
        let path = self.0.join(file.as_ref()).into_os_string();
        let words = std::iter::once("sim").chain(line.split_whitespace()).map(std::ffi::OsString::from);
        run(words.chain([path]))
    }
}

/// Each input that was refused, or read, for a wrong reason: what `sim check` says of it now.
#[test]
fn faulty_models_are_read_or_refused_for_what_they_are() {
    for name in ["keras-dense", "dropout", "unused-double", "torch-2.9-external"] {
        let outcome = sim(&format!("check {FAULTS}/{name}.onnx --quiet"));
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{name}");
        assert!(outcome.stdout.starts_with("ok: 2 layers, "), "{name}: {}", outcome.stdout);
    }
    for (name, reasons) in [
        ("batchnorm-negative-variance", &["scale / sqrt(variance + epsilon) = 1 / sqrt(-1 + 0) is not finite"][..]),
        ("identity-only", &["output 'y' must have the shape [N, classes], and has [N, 1, 4, 4]"]),
        ("batch-of-2-to-one-row", &["the shape [1, -1] is not supported: only [N, all the rest] of a batch of 2"]),
        // Its third was auto_pad, which is read now.
        ("three-reasons-at-one-node", &["dilations", "in 7 groups"]),
        ("many-reasons", &["dilations", "in 7 groups", "Hardmax"]),
    ] {
        let outcome = sim(&format!("check {FAULTS}/{name}.onnx --against float"));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (64, ""), "{name}");
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        assert_eq!(lines.len(), reasons.len(), "{name}: {}", outcome.stderr);
        assert!(lines.iter().zip(reasons).all(|(line, reason)| line.contains(reason)), "{name}: {}", outcome.stderr);
    }
}

/// A layer of which fixed point has nothing is no error, and is not passed over.
#[test]
fn weights_that_all_round_to_nothing_are_a_warning() {
    let message = "layer[1:gemm]: every weight of 48 rounds to 0; more frac_bits would keep some. 20 of 20 labels differ from \
                   floating point's, on random pixels, seed 1";
    let file = format!("{FAULTS}/tiny-weights.onnx");
    let outcome = sim(&format!("check {file}"));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    assert!(outcome.stdout.ends_with(&format!("\nwarning: {message}\n")), "{}", outcome.stdout);
    assert!(sim(&format!("check {file} --quiet")).stdout.ends_with("; 1 warning\n"));
    let found = json(&format!("check {file} --json"));
    let warning = serde_json::json!({
        "node": 1, "step": "layer[1:gemm]", "message": message, "images": 20, "labels_differ": 20,
    });
    assert_eq!((&found["ok"], &found["warnings"]), (&true.into(), &serde_json::json!([warning])));
    assert_eq!(json("check FULL --json")["warnings"], serde_json::json!([]));
    let fine = sim(&format!("check {file} --frac-bits 24 --quiet"));
    assert!(!fine.stdout.contains("warning"), "{}", fine.stdout);
    // In a script, and before a campaign, too.
    let folder = faults("tiny", &["tiny-weights.onnx"]);
    let script = "schema: fusion/campaign/v1\nname: tiny\nprotocol: { R: 2, B: 2, T: 1 }\nmodel: { path: tiny-weights.onnx }\n\
                  fidelity: plain\ntrials: { max: 0 }\nstrategies: []\n";
    std::fs::write(folder.0.join("a.yaml"), script).expect("written");
    let named = format!("warning: tiny-weights.onnx: {message}\n");
    assert!(folder.sim("check", "a.yaml").stdout.ends_with(&format!("{named}ok; 1 warning\n")));
    assert_eq!(folder.sim("check --quiet", "a.yaml").stdout, "ok; 1 warning\n");
    let found: Value = serde_json::from_str(&folder.sim("check --json", "a.yaml").stdout).expect("one document");
    assert_eq!(found["warnings"][0]["labels_differ"], 20);
    let runs = folder.0.join("runs");
    let attack = folder.sim(&format!("attack --quiet --runs {}", runs.display()), "a.yaml");
    assert_eq!((attack.code, attack.stderr.as_str()), (3, named.as_str()));
}

/// Data beside a model: only from its folder, links followed; whose content is part of what a campaign is.
#[test]
fn a_model_may_keep_its_data_beside_it() {
    let (model, data) = ("torch-2.9-external.onnx", "torch-2.9-external.onnx.data");
    let folder = faults("external", &[model, data]);
    let check = |file: &str| folder.sim("check --quiet", file);
    let good = check(model);
    assert_eq!((good.code, good.stderr.as_str()), (0, ""));
    // Another working directory's file of that name is not meant, and a link to the model is the model.
    let links = Folder::new("links");
    std::os::unix::fs::symlink(folder.0.join(model), links.0.join("m.onnx")).expect("linked");
    assert_eq!(links.sim("check --quiet", "m.onnx"), good);
    let both = |says: &str| {
        let line = |name: &str| format!("node 1 'y' (Gemm): constant '{name}': its data are in '{data}': {says}");
        ["W", "b"].map(|name| format!("error: {}: {}\n", folder.0.join(model).display(), line(name))).concat()
    };
    let bytes = std::fs::read(folder.0.join(data)).expect("there");
    std::fs::remove_file(folder.0.join(data)).expect("ours");
    let missing = check(model);
    let beside = format!("there is no such file beside the model, in {}", folder.0.display());
    assert_eq!((missing.code, missing.stderr), (64, both(&beside)));
    for json in ["check --json", "bench --json --model", "bench --json"] {
        assert_eq!(folder.sim(json, model).code, 64, "{json}");
    }
    // A link out of the folder is not followed; one within it is.
    let other = Folder::new("other");
    std::fs::write(other.0.join("w"), &bytes).expect("written");
    std::os::unix::fs::symlink(other.0.join("w"), folder.0.join(data)).expect("linked");
    assert_eq!(check(model).stderr, both("it is a link that leads out of the model's folder"));
    std::fs::remove_file(folder.0.join(data)).expect("ours");
    std::fs::write(folder.0.join("w"), &bytes).expect("written");
    std::os::unix::fs::symlink("w", folder.0.join(data)).expect("linked");
    assert_eq!(check(model), good);
    std::fs::remove_file(folder.0.join(data)).expect("ours");
    std::fs::create_dir(folder.0.join(data)).expect("ours");
    assert_eq!(check(model).stderr, both(&format!("{}: is not a file", folder.0.join(data).display())));
    std::fs::remove_dir(folder.0.join(data)).expect("ours");
    // One number more, and it is another campaign.
    let script = format!(
        "schema: fusion/campaign/v1\nname: beside\nprotocol: {{ R: 2, B: 2, T: 1 }}\nmodel: {{ path: {model} }}\n\
         fidelity: plain\ntrials: {{ max: 0 }}\nstrategies: []\n"
    );
    std::fs::write(folder.0.join("a.yaml"), script).expect("written");
    let id = |bytes: &[u8]| {
        std::fs::write(folder.0.join(data), bytes).expect("written");
        let attack = folder.sim(&format!("attack --json --runs {}", folder.0.join("runs").display()), "a.yaml");
        let start: Value = serde_json::from_str(attack.stdout.lines().next().expect("a line")).expect("an event");
        start["id"].as_str().map_or_else(|| panic!("{}", attack.stderr), String::from)
    };
    let changed: Vec<u8> = bytes.iter().enumerate().map(|(at, byte)| if at == 3 { byte ^ 1 } else { *byte }).collect();
    assert_eq!(id(&bytes), id(&bytes));
    assert_ne!(id(&bytes), id(&changed));
}

/// A path that is no text: an ordinary problem where a script's files would have to be named by it, and no obstacle elsewhere.
#[test]
fn paths_that_are_not_utf8_are_told_or_served() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new("bytes");
    let odd = folder.0.join(std::ffi::OsStr::from_bytes(b"n\xff"));
    std::fs::create_dir_all(&odd).expect("ours");
    for file in ["not-utf8.yaml", "one-class.onnx", "octal.yaml"] {
        std::fs::copy(format!("{FAULTS}/{file}"), odd.join(file)).expect("copied");
    }
    let whole = format!("{}/n\u{fffd}/one-class.onnx", folder.0.display());
    let script = odd.join("not-utf8.yaml");
    for command in ["check", "attack", "run --trial honest:0"] {
        let outcome = folder.sim(&format!("{command} --json"), &script);
        assert_eq!(outcome.code, 64, "{command}: {}", outcome.stderr);
        let found: Value =
            serde_json::from_str(&format!("{}{}", outcome.stdout, outcome.stderr)).expect("one document");
        let problem = &found["problems"][0];
        assert_eq!(problem["message"], format!("its whole path is not UTF-8: {whole}"), "{command}");
        assert_eq!((&problem["line"], &problem["column"]), (&4.into(), &16.into()), "{command}");
    }
    assert_eq!(folder.sim("check --quiet", odd.join("one-class.onnx")).code, 0, "a model alone has no need of a name");
    // A run may lie anywhere: the line that replays a trial reads the path back.
    std::fs::write(
        odd.join("a.yaml"),
        "schema: fusion/campaign/v1\nname: a\nprotocol: { R: 8, B: 2, T: 4 }\nfidelity: plain\n\
        trials: { max: 1024 }\nstrategies:\n  - { name: two, do: [{ at: { random: 2 }, relabel: next }] }\n",
    )
    .expect("written");
    let mut words: Vec<std::ffi::OsString> = ["sim", "attack", "--runs"].map(Into::into).into();
    words.extend([odd.clone().into_os_string(), odd.join("a.yaml").into_os_string()]);
    let attack = run(words);
    assert_eq!(attack.code, 3, "{}", attack.stderr);
    let replay = attack.stdout.lines().find_map(|line| line.split_once("  sim run ")).expect("a replay").1;
    assert!(replay.starts_with("$'") && replay.contains("/n\\377/a/"), "{replay}");
    let line = format!("for word in {replay}; do printf '%s\\0' \"$word\"; done");
    let read = std::process::Command::new("bash").args(["-c", &line]).output().expect("a shell").stdout;
    let read = read.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    let words = ["sim", "run"].into_iter().map(std::ffi::OsString::from);
    let played = run(words.chain(read.map(|word| std::ffi::OsStr::from_bytes(word).to_os_string())));
    assert_eq!(played.code, 0, "{}", played.stderr);
    for file in ["latest", "latest/report.html"] {
        assert!(odd.join(file).exists(), "{file}");
    }
}

/// Scripts whose values YAML reads otherwise than they look.
#[test]
fn values_are_what_yaml_says() {
    let null = sim(&format!("check {FAULTS}/null-as-text.yaml --json"));
    assert_eq!(null.code, 64);
    let problems = &serde_json::from_str::<Value>(&null.stdout).expect("one document")["problems"];
    assert_eq!(problems.as_array().map(Vec::len), Some(2), "the name and what it is about: {problems}");
    for (at, what) in ["name", "about"].into_iter().enumerate() {
        assert_eq!(problems[at]["message"], format!("{what} is null, which is no value here"));
        assert_eq!(problems[at]["help"], "leave the key out; the text is written \"null\"");
    }
    assert_eq!(sim(&format!("check {FAULTS}/tab-after-colon.yaml --quiet")).stdout, "ok\n");
    // On purpose: 010 was eight in YAML 1.1, and is ten in YAML 1.2, which writes eight 0o10.
    let octal = sim(&format!("check {FAULTS}/octal.yaml"));
    assert!(octal.stdout.starts_with("octal   R=10 B=2 T=4"), "{}", octal.stdout);
    let folder = Folder::new("values");
    let script = |text: &str| {
        std::fs::write(folder.0.join("a.yaml"), text).expect("written");
        let outcome = folder.sim("check --json", "a.yaml");
        let found: Value = serde_json::from_str(&outcome.stdout).expect("one document");
        let problems = found["problems"].as_array().expect("a list").clone();
        problems.iter().map(|problem| problem["message"].as_str().expect("text").to_string()).collect::<Vec<_>>()
    };
    let with = |R: &str| {
        let text = format!(
            "schema: fusion/campaign/v1\nname: a\nprotocol: {{ R: {R}, B: 2, T: 4 }}\nfidelity: plain\nstrategies: []\n"
        );
        script(&text).join("; ")
    };
    for (value, says) in [
        ("8", ""),
        ("008", ""),
        ("'8'", ""),
        ("0o10", "R must be a whole number, not `0o10`"),
        ("0x10", "R must be a whole number, not `0x10`"),
        ("1_000", "R must be a whole number, not `1_000`"),
        ("+8", "R must be a whole number, not `+8`"),
        ("8.0", "R must be a whole number, not `8.0`"),
        (".inf", "R must be a whole number, not `.inf`"),
        (".nan", "R must be a whole number, not `.nan`"),
        ("true", "R must be a whole number, not `true`"),
        ("yes", "R must be a whole number, not `yes`"),
        ("~", "R is null, which is no value here"),
        ("Null", "R is null, which is no value here"),
        ("''", "R is empty"),
        ("8, R: 9", "`R` is there twice"),
        ("&a 8", "anchors are not read: write the value out"),
        ("*a", "not YAML: while parsing node, found unknown anchor"),
        ("!!int 8", "tags are not read"),
        ("8, <<: 1", "unknown key `<<` in protocol"),
    ] {
        assert_eq!(with(value), says, "{value}");
    }
    let plain =
        "schema: fusion/campaign/v1\nname: a\nprotocol: { R: 8, B: 2, T: 4 }\nfidelity: plain\nstrategies: []\n";
    for good in [
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{plain}"),
        format!("---\n{plain}...\n"),
        plain.replace(": ", ":\t"),
    ] {
        assert_eq!(script(&good), [(); 0].map(|()| String::new()), "{good:?}");
    }
    assert_eq!(script(&format!("{plain}---\n{plain}")), ["a script is a single YAML document"]);
    assert_eq!(script(&plain.replace("strategies: []", "strategies: null")), ["strategies must be a list, not null"]);
    assert_eq!(script(&plain.replace("{ R: 8, B: 2, T: 4 }", "~")), ["protocol must be a map, not null"]);
    assert_eq!(script(&plain.replace("name: a", "name: \"null\"")), [(); 0].map(|()| String::new()), "a text");
    let indented = plain.replace("{ R: 8, B: 2, T: 4 }", "\n\tR: 8");
    assert!(script(&indented)[0].starts_with("not YAML"), "{:?}", script(&indented));
}

fn word() -> impl Strategy<Value = String> {
    let flags =
        ["--frac-bits", "--ring", "--scale", "--offset", "--against", "--images", "--labels", "--json", "--quiet"];
    let values = ["auto", "float", FULL, LABELS, "1/127.5", "-1", "--", "-h", "tests", "nowhere.onnx"];
    prop_oneof![
        4 => prop::sample::select(flags.to_vec()).prop_map(String::from),
        3 => prop::sample::select(values.to_vec()).prop_map(String::from),
        3 => (0..70_u64).prop_map(|n| n.to_string()),
        1 => ".{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Any arguments end in an answer, or in lines that say why not.
    #[test]
    fn arbitrary_arguments(named in any::<bool>(), words in prop::collection::vec(word(), 0..10)) {
        let head = ["sim", "check"].into_iter().chain(named.then_some(FULL));
        let CommandOutput { code, stdout, stderr } = run(head.map(String::from).chain(words));
        match code {
            0 => prop_assert!(stderr.is_empty() && !stdout.is_empty()),
            64 if stderr.is_empty() => prop_assert!(serde_json::from_str::<Value>(&stdout).is_ok(), "{stdout}"),
            64 => prop_assert!(stdout.is_empty() && stderr.contains("error"), "{stderr}"),
            _ => prop_assert!(false, "exit code {code}: {stderr}"),
        }
    }
}
