//! Graphs of the shapes that exporters write: each is read, has the layers that are expected and no more, and computes what an interpreter of ONNX in double
//! precision does.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod array;
mod builder;
mod interpreter;
mod keras;
mod others;
mod pieces;
mod pytorch;

use array::Array;
use builder::{Net, file};
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::float;
use fusion_nn::model::Model;
use fusion_nn::onnx::Graph;
use interpreter::run;

/// How the image lies in the graph's input.
#[derive(Clone, Copy, PartialEq)]
enum Lies {
    ChannelsFirst,
    ChannelsLast,
}

/// What the graph's output is.
#[derive(Clone, Copy)]
enum End {
    Logits,
    Probabilities,
    Logarithms,
    Sigmoids,
    Label,
}

/// A graph that an exporter writes.
struct Case {
    name: &'static str,
    /// The shape of the input, with 0 for an open batch.
    input: &'static [i64],
    lies: Lies,
    end: End,
    /// The layers that the network has.
    layers: &'static str,
    /// Writes the nodes that compute the output from `x`.
    build: fn(&mut Net) -> String,
}

impl Case {
    const fn new(
        name: &'static str,
        input: &'static [i64],
        lies: Lies,
        layers: &'static str,
        build: fn(&mut Net) -> String,
    ) -> Self {
        Self { name, input, lies, end: End::Logits, layers, build }
    }

    const fn ending(self, end: End) -> Self {
        Self { end, ..self }
    }

    fn graph(&self, seed: u64) -> Graph {
        let mut net = Net::new(seed);
        let output = (self.build)(&mut net);
        net.graph(self.input, &output.split(' ').collect::<Vec<_>>())
    }
}

fn cases() -> impl Iterator<Item = &'static Case> {
    [pytorch::CASES, keras::CASES, others::CASES, pieces::CASES].into_iter().flatten()
}

/// Images, each in the order of the network's input: channels, rows, columns.
fn images(model: &Model, count: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut net = Net::new(seed);
    let size = model.input().iter().product();
    (0..count).map(|_| (0..size).map(|_| f64::from(net.number())).collect()).collect()
}

/// The images as the graph's input has them.
fn batch(case: &Case, model: &Model, images: &[Vec<f64>]) -> Array {
    let [channels, height, width] = model.input();
    let turned = |image: &Vec<f64>| -> Vec<f64> {
        let at = |row: usize, column: usize, channel: usize| image[(channel * height + row) * width + column];
        let pixels = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        pixels.flat_map(|(row, column)| (0..channels).map(move |channel| at(row, column, channel))).collect()
    };
    let data =
        images.iter().flat_map(|image| if case.lies == Lies::ChannelsLast { turned(image) } else { image.clone() });
    let sizes = case.input[1..].iter().map(|size| usize::try_from(*size).expect("a size"));
    let shape: Vec<usize> = std::iter::once(images.len()).chain(sizes).collect();
    Array::new(&shape, data.collect())
}

/// What the graph's output is of these logits.
fn ended(end: End, logits: &[f64]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|x| (x - most).exp()).sum();
    match end {
        End::Logits => logits.to_vec(),
        End::Probabilities => logits.iter().map(|x| (x - most).exp() / sum).collect(),
        End::Logarithms => logits.iter().map(|x| x - most - sum.ln()).collect(),
        End::Sigmoids => logits.iter().map(|x| interpreter::sigmoid(*x)).collect(),
        End::Label => {
            let label = logits.iter().position(|x| x.total_cmp(&most).is_eq()).expect("the largest");
            vec![f64::from(u8::try_from(label).expect("few classes"))]
        }
    }
}

fn check(case: &Case, seed: u64) {
    let graph = case.graph(seed);
    let model = Model::from_onnx(&file(&graph)).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let layers: Vec<&str> = model.layers().iter().map(|layer| layer.op.name()).collect();
    assert_eq!(layers.join(" "), case.layers, "{}", case.name);
    let images = images(&model, if case.input[0] == 1 { 1 } else { 3 }, seed + 1000);
    let outputs = run(&graph, batch(case, &model, &images));
    // Where there are several, the first is the label.
    let last = graph.output.len() - 1;
    for (place, output) in graph.output.iter().enumerate() {
        let end = if place == last { case.end } else { End::Label };
        assert_equal((case.name, seed), &model, &images, (end, &outputs[&output.name]));
    }
}

fn assert_equal(name: (&str, u64), model: &Model, images: &[Vec<f64>], (end, theirs): (End, &Array)) {
    let each = theirs.data.len() / images.len();
    for (image, theirs) in images.iter().zip(theirs.data.chunks(each)) {
        let values = float::evaluate(model, image);
        let largest = values.iter().flatten().fold(1.0, |most: f64, value| most.max(value.abs()));
        let ours = ended(end, &values[model.output()]);
        assert_eq!(ours.len(), theirs.len(), "{name:?}");
        for (ours, theirs) in ours.iter().zip(theirs) {
            // Folded weights are rounded to single precision.
            assert!((ours - theirs).abs() <= 1e-5 * largest, "{name:?}: {ours} {theirs}");
        }
    }
}

/// Three draws of the weights and of the images for each graph.
#[test]
fn every_graph_equals_the_interpreter() {
    for case in cases() {
        for seed in [1, 2, 3] {
            check(case, seed);
        }
    }
    assert!(cases().count() >= 70);
}

/// Each network has a form on integers too, which is near: within 1/64 of the largest value.
#[test]
fn every_graph_has_a_fixed_point_form() {
    for case in cases() {
        let model = Model::from_onnx(&file(&case.graph(1))).expect("supported");
        let precision = Precision { frac_bits: 14, ring: Ring::Auto };
        let fixed = FixedModel::new(&model, precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 });
        let fixed = fixed.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let mut net = Net::new(7);
        let pixel = |net: &mut Net| (net.number().abs() * 255.0).round();
        let pixels: Vec<f32> = (0..model.input().iter().product()).map(|_| pixel(&mut net)).collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number below 256")]
        let bytes: Vec<u8> = pixels.iter().map(|pixel| *pixel as u8).collect();
        let input: Vec<f64> = pixels.iter().map(|pixel| f64::from(*pixel) / 255.0).collect();
        let values = float::evaluate(&model, &input);
        let largest = values.iter().flatten().fold(1.0, |most: f64, value| most.max(value.abs()));
        let unit = fixed.layers().last().expect("layers").unit;
        for (ours, theirs) in fixed.logits(&bytes).expect("an image").iter().zip(&values[model.output()]) {
            #[expect(clippy::cast_precision_loss, reason = "compared roughly")]
            let ours = *ours as f64 * unit;
            assert!((ours - theirs).abs() <= largest / 64.0, "{}: {ours} {theirs}", case.name);
        }
    }
}
