//! The end of a network: what makes probabilities or a label of the logits is left out, because it does not change which logit is the largest.

use super::attributes::Attributes;
use super::importer::Importer;
use super::notes::Notes;
use super::pooling::place_of;
use super::view::{Known, View};
use crate::onnx;

/// Operators that may follow a softmax at the end of a network.
const AT_THE_END: [&str; 10] =
    ["Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "ArgMax", "Dropout", "ZipMap", TAKES_A_PLACE];

/// An operator that looks a class up by the place of the largest logit, which is its second input.
const TAKES_A_PLACE: &str = "ArrayFeatureExtractor";
/// The most nodes that are looked through after a softmax.
const LONGEST_END: usize = 64;

impl<'a> Importer<'a, '_> {
    /// Leaves out a softmax over the classes at the end. The logits are what it reads.
    pub(super) fn softmax(
        &mut self,
        node: &'a onnx::Node,
        attributes: &Attributes<'_>,
        notes: &mut Notes,
    ) -> Option<Known> {
        if !self.ends(node) {
            return notes.wrong("the operator is not supported");
        }
        // What was not read has its problem elsewhere.
        self.known(node, 0, notes)?;
        attributes.only(&["axis"], notes);
        // The default axis of either version is the last of two.
        match self.logits(node, attributes.integer("axis", -1)) {
            Some(view) => Some(Known::View(view)),
            None => notes.wrong("the operator is supported only over the logits, [N, classes]"),
        }
    }

    /// Leaves out the choice of the label at the end.
    pub(super) fn arg_max(
        &mut self,
        node: &'a onnx::Node,
        attributes: &Attributes<'_>,
        notes: &mut Notes,
    ) -> Option<Known> {
        self.known(node, 0, notes)?;
        attributes.only(&["axis", "keepdims", "select_last_index"], notes);
        if attributes.integer("select_last_index", 0) != 0 {
            notes.note("select_last_index other than 0 is not supported: equal logits give the lowest class");
        }
        match self.logits(node, attributes.integer("axis", 0)) {
            Some(view) if self.ends(node) => Some(Known::Label(view)),
            _ => notes.wrong("the operator is supported only over the logits, [N, classes]"),
        }
    }

    /// The logits that a node reads along an axis.
    fn logits(&self, node: &onnx::Node, axis: i64) -> Option<View> {
        match self.known(node, 0, &mut Notes::default()) {
            Some(Known::View(view)) => Some(view).filter(|view| view.dims().len() == 1 && place_of(axis, 2) == Some(1)),
            _ => None,
        }
    }

    /// Whether a node leads to outputs of the graph by operators that change no label, and to nothing else.
    pub(super) fn ends(&self, node: &'a onnx::Node) -> bool {
        let mut open: Vec<&str> = node.output.iter().take(1).map(String::as_str).collect();
        let mut steps = 0;
        while let Some(name) = open.pop() {
            let readers = self.read_by.get(name).map_or(&[][..], Vec::as_slice);
            if !self.uses.contains_key(name) || steps > LONGEST_END {
                return false;
            }
            steps += 1;
            for (index, place) in readers {
                let reader = &self.graph.node[*index];
                let is_place = *place == usize::from(reader.op_type == TAKES_A_PLACE);
                if !is_place || !AT_THE_END.contains(&reader.op_type.as_str()) {
                    return false;
                }
                open.extend(reader.output.iter().take(1).map(String::as_str));
            }
        }
        true
    }

    /// Reads what changes the form of a label, which stays the label.
    pub(super) fn of_label(&self, node: &'a onnx::Node) -> Option<Known> {
        let is_form =
            matches!(node.op_type.as_str(), "Identity" | "Cast" | "Reshape" | "Squeeze" | "Unsqueeze" | "Flatten");
        match self.names.get(node.input.first()?.as_str()) {
            Some(label @ Known::Label(_)) if is_form => Some(label.clone()),
            _ => None,
        }
    }
}
