//! Small networks in LeNet's place, so that scripts about LeNet run in any family in seconds.

use fusion_2pc::backend::Family;
use fusion_nn::fixed::FixedModel;
use fusion_nn::model::Model;
use fusion_proofs_tests::networks::{PRECISION, blocks, fixed, small_lenet};
use fusion_proofs_tests::scratch::Scratch;
use serde_json::Value;
use std::path::Path;

/// The models of the examples that scripts name: the honest one, then worse ones.
const MODELS: [&str; 5] = ["full", "pruned70", "pruned90", "q2bit", "q3bit"];

/// The shape of the networks.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// The layers of LeNet-5, node for node, so that scripts aim at the same addresses.
    Lenet,
    /// A convolution and a rectifier.
    Blocks,
}

impl Shape {
    fn onnx(self, place: u32) -> Vec<u8> {
        match self {
            Self::Lenet => small_lenet(place),
            Self::Blocks => blocks(place),
        }
    }

    /// The network in the place of a model.
    pub fn model(self, place: u32) -> FixedModel {
        fixed(&Model::from_onnx(&self.onnx(place)).expect("supported"), PRECISION)
    }
}

/// A folder with networks under the names of the examples' models, and with images.
pub struct StandIn(pub Scratch);

impl StandIn {
    /// Writes the networks, and images with the labels that the honest one gives.
    pub fn new(shape: Shape, images: &[Vec<u8>]) -> Self {
        let folder = Scratch::new("stand-in");
        for sub in ["models", "data"] {
            std::fs::create_dir(folder.join(sub)).expect("the folder is ours");
        }
        for (place, model) in (0..).zip(MODELS) {
            folder.file(&format!("models/lenet_mnist_{model}.onnx"), shape.onnx(place));
        }
        let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/mnist_memorised-images-idx3-ubyte");
        std::fs::copy(known, folder.join("data/mnist_memorised-images-idx3-ubyte")).expect("readable");
        let honest = shape.model(0);
        let labels = images.iter().map(|image| honest.label(image).expect("of this size").to_le_bytes()[0]);
        let labels = [idx(&[images.len()]), labels.collect()].concat();
        folder.file("data/mnist_t1000-images-idx3-ubyte", idx_images(images));
        folder.file("data/mnist_t1000-labels-idx1-ubyte", labels);
        Self(folder)
    }

    /// Writes a script, and returns its path. Paths to the examples become paths in this folder.
    pub fn script(&self, name: &str, text: &str) -> String {
        self.0.file(name, text.replace("../../examples/", ""))
    }
}

/// A folder with a script, whose `ROOT` becomes the folder of the examples; and the script's path.
pub fn about_examples(name: &str, text: &str) -> (Scratch, String) {
    let folder = Scratch::new(name);
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let path = folder.file("script.yaml", text.replace("ROOT", examples.to_str().expect("UTF-8")));
    (folder, path)
}

/// The result of an attack in one family.
pub fn attack(script: &str, family: Family, more: &[&str]) -> Value {
    let start = ["sim", "attack", script, "--backend", family.name(), "--json"];
    let outcome = fusion_sim::run(start.iter().chain(more).copied());
    let last = outcome.stdout.lines().last().unwrap_or_else(|| panic!("{script}, {family:?}: {}", outcome.stderr));
    serde_json::from_str(last).expect("one document a line")
}

/// How the trials of each strategy ended.
pub fn endings(result: &Value) -> Vec<[Value; 6]> {
    let of =
        |strategy: &Value| ["name", "trials", "win", "harmless", "caught", "error"].map(|key| strategy[key].clone());
    result["strategies"].as_array().expect("a list").iter().map(of).collect()
}

/// An IDX file of images of 28 by 28 pixels.
pub fn idx_images(images: &[Vec<u8>]) -> Vec<u8> {
    [idx(&[images.len(), 28, 28]), images.concat()].concat()
}

/// The head of an IDX file of bytes.
fn idx(sizes: &[usize]) -> Vec<u8> {
    let rank = u8::try_from(sizes.len()).expect("few");
    let sizes = sizes.iter().flat_map(|size| u32::try_from(*size).expect("few").to_be_bytes());
    [0, 0, 8, rank].into_iter().chain(sizes).collect()
}
