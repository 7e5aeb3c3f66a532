//! The accuracy of a campaign's models in one line.

use crate::text::percent;
use fusion_adversaries::problem::{counted, one_line};
use fusion_engine::campaign::accuracy::{ModelAccuracy, PublicsKept};

/// Says how accurate each model is on the data, and how many samples are kept as publics; `None` where no model is evaluated.
pub fn sentence(models: &[ModelAccuracy], publics: Option<&PublicsKept>) -> Option<String> {
    let PublicsKept { kept, of } = publics?;
    let model = |ModelAccuracy { accuracy, model, wrapped, .. }: &ModelAccuracy| {
        let wrapped = wrapped.map_or_else(String::new, |count| format!(" ({count} values wrapped)"));
        format!("{model} {}{wrapped}", percent(*accuracy))
    };
    let samples = models.first()?.samples;
    let models: Vec<String> = models.iter().map(model).collect();
    Some(one_line(&format!(
        "accuracy on {}: {}; publics kept: {kept} of {of}",
        counted(samples, "sample"),
        models.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_named_with_its_accuracy() {
        let model = |name: &str, right: u32| ModelAccuracy {
            accuracy: f64::from(right) / 200.0,
            model: name.into(),
            right: right.into(),
            samples: 200,
            wrapped: None,
        };
        let set = ModelAccuracy { wrapped: Some(0), ..model("c.onnx", 197) };
        let told = sentence(&[set], Some(&PublicsKept { kept: 98, of: 100 })).expect("a model");
        assert!(told.contains("c.onnx 98.50% (0 values wrapped); "), "{told}");
        let models = [model("a.onnx", 197), model("b\n.onnx", 20)];
        let told = sentence(&models, Some(&PublicsKept { kept: 98, of: 100 })).expect("models");
        assert!(told.starts_with("accuracy on 200 samples: a.onnx 98.50%, b"), "{told}");
        assert!(told.ends_with(".onnx 10.00%; publics kept: 98 of 100") && !told.contains('\n'), "{told}");
        assert_eq!(sentence(&[], None), None);
    }
}
