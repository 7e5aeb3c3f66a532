//! Reading a [`Model`] from ONNX bytes. All problems of a file are found at once, by node: a node that cannot be read is noted with
//! all that is wrong with it, what follows from that is not noted, and reading goes on.
//!
//! Memory and time are bounded: lengths are checked against the bytes that are there before anything is allocated, no tensor may have more than
//! [`MAX_ELEMENTS`](crate::tensor::MAX_ELEMENTS) elements, and no network may take more than [`MAX_ACTIVATIONS`] values and [`MAX_STEPS`] steps to evaluate.
//!
//! Invariant: each row of a batch is a function of that image alone, so that a network of any batch is the network of one image.
//! Every number of a network, as stored or computed while it is read, has passed `Importer::admitted` and is finite.

mod affine;
mod arrays;
mod attributes;
mod constant;
mod constants;
mod elements;
mod ending;
mod folding;
mod graph;
mod importer;
mod inputs;
mod layout;
mod learned;
mod linear;
mod notes;
mod operands;
mod piecewise;
mod pooling;
mod problem;
mod relaying;
mod shapes;
#[cfg(test)]
mod tests;
mod view;

pub use importer::{MAX_ACTIVATIONS, MAX_STEPS};
pub use problem::{ImportError, ImportProblem};

use crate::foreign;
use crate::model::Model;
use crate::onnx;
use importer::Importer;
use prost::Message;

impl Model {
    /// Reads an ONNX file that holds its constants itself.
    ///
    /// # Errors
    /// [`ImportError`] names every unsupported operator and attribute, every shape that does not fit, and every number that is not
    /// finite. Constants in another file are refused here; [`Model::from_onnx_with`] reads them.
    ///
    /// ```
    /// use fusion_nn::model::Model;
    /// assert!(Model::from_onnx(b"no protobuf").is_err());
    /// ```
    pub fn from_onnx(bytes: &[u8]) -> Result<Self, ImportError> {
        Self::from_onnx_with(bytes, |_| Err("only the model's own bytes are at hand".into()))
    }

    /// Reads an ONNX file whose constants may lie in files beside it (`data_location: EXTERNAL`). `beside` gives the bytes of such a
    /// file, or says in words why it does not. It is asked once for each name, and for no name that is absolute or has a `..` in it. Whether links are
    /// followed is up to `beside`.
    ///
    /// # Errors
    /// [`ImportError`] is that of [`Model::from_onnx`].
    ///
    /// ```
    /// use fusion_nn::model::Model;
    /// let lenet = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/models/lenet_mnist_full.onnx"))?;
    /// let model = Model::from_onnx_with(&lenet, |name| panic!("it has no constants in {name}"))?;
    /// assert_eq!(model.classes(), 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_onnx_with(
        bytes: &[u8],
        mut beside: impl FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Self, ImportError> {
        let file = |message: String| ImportError { problems: vec![ImportProblem { node: None, message }] };
        if let Some(kind) = foreign::kind(bytes) {
            return Err(file(format!("not an ONNX model: {kind}")));
        }
        let model = onnx::ModelProto::decode(bytes).map_err(|error| file(format!("not an ONNX model: {error}")))?;
        let graph = model.graph.as_ref().ok_or_else(|| file("not an ONNX model: it has no graph".into()))?;
        Importer::new(graph, opset(&model.opset_import), &mut beside).import()
    }
}

/// Newer than any version of the operators.
const NEWEST: i64 = i64::MAX;

/// The version of ONNX's own operators; the newest where the file does not say.
fn opset(sets: &[onnx::OperatorSet]) -> i64 {
    let own = sets.iter().filter(|set| matches!(set.domain.as_str(), "" | "ai.onnx"));
    own.map(|set| set.version).max().unwrap_or(NEWEST)
}
