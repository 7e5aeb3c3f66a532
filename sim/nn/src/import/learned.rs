//! The operators of the domain `ai.onnx.ml` that scikit-learn's networks are written with.

use super::attributes::Attributes;
use super::constant::Constant;
use super::importer::{At, Importer};
use super::notes::Notes;
use super::view::Known;

impl<'a> Importer<'a, '_> {
    /// Reads an operator of the domain `ai.onnx.ml`.
    pub(super) fn learned(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        match at.node.op_type.as_str() {
            "Scaler" => self.scaler(at, attributes, notes),
            "ZipMap" => self.zip_map(at, attributes, notes),
            "ArrayFeatureExtractor" => self.class_of(at, attributes, notes),
            _ => notes.wrong("operators of the domain 'ai.onnx.ml' are not supported"),
        }
    }

    /// Reads `(x - offset) * scale` for each feature.
    fn scaler(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&["offset", "scale"], notes);
        let view = self.view(at.node, 0, notes)?;
        let &[features] = view.dims() else { return notes.wrong("it is supported only for [N, features]") };
        let [offset, scale] = [("offset", 0.0), ("scale", 1.0)].map(|(name, default)| {
            let numbers = attributes.get(name).map_or(&[][..], |attribute| &attribute.floats);
            match numbers {
                [] => Some(vec![default; features]),
                [one] => Some(vec![*one; features]),
                all if all.len() == features => Some(all.to_vec()),
                all => notes.wrong(format!("its {name} has {} numbers, and {features} are needed", all.len())),
            }
        });
        let (offset, scale) = (offset?, scale?);
        let moved: Vec<f32> = offset.iter().zip(&scale).map(|(offset, scale)| -offset * scale).collect();
        if let Some(bad) = moved.iter().chain(&scale).find(|number| !number.is_finite()) {
            return notes.wrong(format!("its scale or its product with the offset is not finite: {bad}"));
        }
        self.normalised(at, view, scale, moved, notes)
    }

    /// Reads a dictionary of the probabilities by class, which is one more form of them.
    fn zip_map(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        let view = self.view(at.node, 0, notes)?;
        let classes = attributes.get("classlabels_int64s").map_or(&[][..], |attribute| &attribute.ints);
        let counted = are_counted(classes) && view.dims() == [classes.len()];
        if counted && self.ends(at.node) {
            return Some(Known::View(view));
        }
        notes.wrong("the classes must be 0, 1, 2, ..: convert with options={'zipmap': False}")
    }

    /// Reads the class at the place of the largest logit, where classes are their places.
    fn class_of(&mut self, at: At<'a>, attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Known> {
        attributes.only(&[], notes);
        let (classes, label) = (self.known(at.node, 0, notes), self.known(at.node, 1, notes));
        let (Known::Constant(classes), Known::Label(view)) = (classes?, label?) else {
            return notes.wrong("the operator is supported only for the class of the largest logit");
        };
        match self.constants.get(classes, notes)? {
            Constant::Integers(classes) if are_counted(classes.data()) && view.dims() == [classes.data().len()] => {
                Some(Known::Label(view))
            }
            _ => notes
                .wrong("the classes must be 0, 1, 2, ..: export only the output of probabilities, and not the label"),
        }
    }
}

/// Whether classes are numbered from 0 on.
fn are_counted(classes: &[i64]) -> bool {
    (0..).zip(classes).all(|(place, class)| place == *class)
}
