//! `sim check MODEL.onnx --against float`: where the fixed-point form of a model leaves floating point.

use super::measured::MeasuredDocument;
use crate::args::CheckArgs;
use crate::text::{self, ACCENT, HEADING};
use fusion_2pc::address::Component;
use fusion_adversaries::problem::counted;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::models::{self, RANDOM_IMAGES, SEED, Warning};
use fusion_nn::compare::{Comparison, Difference, Pair, SHARE};
use fusion_nn::fixed::{Faithful, FixedModel, Measured, Ring, WrongSize};
use fusion_nn::idx::{Images, labels};
use fusion_nn::import::MAX_ACTIVATIONS;
use rayon::prelude::*;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

/// The images on which both evaluators are run.
pub enum CheckData {
    /// Images of this many random pixels each.
    Random(usize),
    /// The images of a file, with their labels if there are any.
    Files { images: Images, labels: Option<Vec<u32>>, name: String },
}

impl CheckData {
    /// Reads the files that the flags name, and refuses what does not fit the model.
    pub fn read(args: &CheckArgs, input: [usize; 3], classes: usize) -> Result<Self, Failure> {
        let Some(path) = &args.images else { return Ok(Self::Random(input.iter().product())) };
        let name = files::name(path);
        let images = Images::parse(&files::read(path, files::MAX_BYTES)?)
            .map_err(|error| Failure::Usage(format!("{name}: {error}")))?;
        if images.shape() != input {
            let (found, needed) = (text::shape(&images.shape()), text::shape(&input));
            return Err(Failure::Usage(format!("{name}: its images are {found}, and the model reads {needed}")));
        }
        if images.is_empty() {
            return Err(Failure::Usage(format!("{name}: it has no images")));
        }
        let labels = args.labels.as_deref().map(|path| read_labels(path, images.len(), classes)).transpose()?;
        Ok(Self::Files { images, labels, name })
    }

    /// Describes where the images come from.
    fn source(&self) -> String {
        match self {
            Self::Random(_) => models::at_random(),
            Self::Files { name, .. } => format!("on {name}"),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Random(_) => RANDOM_IMAGES,
            Self::Files { images, .. } => images.len(),
        }
    }

    fn image(&self, index: usize) -> Cow<'_, [u8]> {
        match self {
            Self::Random(size) => Cow::Owned(models::random_image(*size, index)),
            Self::Files { images, .. } =>
            {
                #[expect(clippy::expect_used, reason = "indices are below the number of images")]
                Cow::Borrowed(images.get(index).expect("an image of the file"))
            }
        }
    }

    fn label(&self, index: usize) -> Option<u32> {
        match self {
            Self::Random(_) => None,
            Self::Files { labels, .. } => labels.as_ref()?.get(index).copied(),
        }
    }
}

fn read_labels(path: &Path, images: usize, classes: usize) -> Result<Vec<u32>, Failure> {
    let problem = |what: String| Failure::Usage(format!("{}: {what}", files::name(path)));
    let labels = labels(&files::read(path, files::MAX_BYTES)?).map_err(|error| problem(error.to_string()))?;
    if labels.len() != images {
        return Err(problem(format!("it has {} for {}", counted(labels.len(), "label"), counted(images, "image"))));
    }
    match labels.iter().position(|label| *label as usize >= classes) {
        Some(index) => Err(problem(format!("label {index} is {}, and the model has {classes} classes", labels[index]))),
        None => Ok(labels),
    }
}

/// Returns what a model loses in fixed point without an error, measured on these images.
pub fn warnings(pair: &Pair<'_>, data: &CheckData) -> Result<Vec<Warning>, Failure> {
    let source = data.source();
    models::warnings(pair, || Ok((compare(pair, data).map_err(Failure::usage)?, source)))
}

/// Compares the evaluators on all images in parallel. At most [`MAX_ACTIVATIONS`] values of each kind are held at once, however
/// many threads there are.
fn compare(pair: &Pair<'_>, data: &CheckData) -> Result<Comparison, WrongSize> {
    let mut all = pair.nothing();
    for images in batches(pair.fixed(), data) {
        let images = images.into_par_iter();
        let one = |index: usize| pair.compare(index, &data.image(index), data.label(index));
        all = all.merge(images.map(one).try_reduce(|| pair.nothing(), |a, b| Ok(a.merge(b)))?);
    }
    Ok(all)
}

/// Measures what the images reach, in parallel, as [`compare`] does.
fn measure(model: &FixedModel, data: &CheckData) -> Result<Measured, WrongSize> {
    let mut all = model.nothing_measured();
    for images in batches(model, data) {
        let one = |index: usize| Ok(model.measure(&data.image(index), &mut Faithful)?.1);
        let found = images.into_par_iter().map(one).try_reduce(|| model.nothing_measured(), |a, b| Ok(a.merge(b)))?;
        all = all.merge(found);
    }
    Ok(all)
}

/// The images in batches whose values are at most [`MAX_ACTIVATIONS`].
fn batches(model: &FixedModel, data: &CheckData) -> impl Iterator<Item = Range<usize>> + use<> {
    let values: usize = model.layers().iter().map(|layer| layer.shape.iter().product::<usize>()).sum();
    let (batch, images) = ((MAX_ACTIVATIONS / values.max(1)).max(1), data.len());
    (0..images).step_by(batch).map(move |start| start..images.min(start.saturating_add(batch)))
}

/// The differences between the two evaluators, as a JSON document.
#[derive(Serialize)]
pub struct AgainstDocument {
    evaluator: &'static str,
    images: usize,
    /// The file of images; `null` for random pixels.
    file: Option<String>,
    /// The seed of random pixels; `null` for a file.
    seed: Option<u64>,
    /// The share of its largest float value beyond which a layer counts as leaving floating point.
    share: f64,
    /// The first layer that leaves floating point, if any.
    leaves_at: Option<String>,
    labels_differ: usize,
    accuracy: Option<LabelAccuracy>,
    layers: Vec<LayerDifference>,
    /// What the images reach in a ring that is set; absent where each layer has a ring of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<MeasuredDocument>,
}

#[derive(Serialize)]
struct LabelAccuracy {
    fixed: f64,
    float: f64,
}

#[derive(Serialize)]
struct LayerDifference {
    node: usize,
    step: String,
    difference: f64,
    largest_float: f64,
    /// The difference as a share of the largest float value. It is infinite, and `null` in JSON, if only the latter is 0.
    relative: f64,
    leaves: bool,
    /// The image with the difference, if there is any.
    image: Option<usize>,
    element: Option<Vec<usize>>,
}

impl AgainstDocument {
    /// Compares the evaluators on the images, and measures what the images reach if the ring is set.
    pub fn new(pair: &Pair<'_>, data: &CheckData, ring: Ring) -> Result<Self, Failure> {
        let found = compare(pair, data).map_err(Failure::usage)?;
        let layers: Vec<LayerDifference> = found
            .layers
            .iter()
            .enumerate()
            .filter_map(|(at, difference)| LayerDifference::new(pair, at, difference))
            .collect();
        let measured = match ring {
            Ring::Auto => None,
            Ring::Bits(_) => {
                let measured = measure(pair.fixed(), data).map_err(Failure::usage)?;
                Some(MeasuredDocument::new(pair, &measured))
            }
        };
        let (file, seed, labelled) = match data {
            CheckData::Random(_) => (None, Some(SEED), false),
            CheckData::Files { labels, name, .. } => (Some(name.clone()), None, labels.is_some()),
        };
        #[expect(clippy::cast_precision_loss, reason = "counts of images")]
        let share = |count: usize| count as f64 / found.images as f64;
        let accuracy = LabelAccuracy { fixed: share(found.fixed_right), float: share(found.float_right) };
        Ok(Self {
            evaluator: "float",
            images: found.images,
            file,
            seed,
            share: SHARE,
            leaves_at: layers.iter().find(|layer| layer.leaves).map(|layer| layer.step.clone()),
            labels_differ: found.labels_differ,
            accuracy: labelled.then_some(accuracy),
            layers,
            measured,
        })
    }

    /// Describes the result in one line.
    pub fn verdict(&self) -> String {
        let Self { images, labels_differ, leaves_at, measured, .. } = self;
        let leaves = match leaves_at {
            Some(step) => format!("leaves floating point at {step}"),
            None => format!("never leaves floating point by more than {} %", SHARE * 100.0),
        };
        let wrapped = measured
            .as_ref()
            .map_or_else(String::new, |found| format!("; {} wrapped", counted(found.wrapped, "value")));
        format!("{leaves}; {labels_differ} of {} differ{wrapped}", counted(*images, "label"))
    }

    /// Writes a table of the layers, and the verdict.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { images, file, accuracy, layers, measured, .. } = self;
        let source = match file {
            Some(file) => format!("{} of {file}", counted(*images, "image")),
            None => format!("{} of random pixels, seed {SEED}", counted(*images, "image")),
        };
        writeln!(out, "\n{}\n", text::styled(HEADING, &format!("against float, {source}")))?;
        let heading = ["step", "difference", "largest float", "relative", "leaves", "image", "element"];
        write!(out, "{}", text::table(&heading, layers.iter().map(LayerDifference::cells).collect(), 1))?;
        writeln!(out, "\n{}", text::styled(ACCENT, &self.verdict()))?;
        if let Some(LabelAccuracy { fixed, float }) = accuracy {
            writeln!(out, "accuracy: {:.2} % in fixed point, {:.2} % in float", fixed * 100.0, float * 100.0)?;
        }
        measured.as_ref().map_or(Ok(()), |measured| measured.write_text(out))
    }
}

impl LayerDifference {
    fn new(pair: &Pair<'_>, at: usize, difference: &Difference) -> Option<Self> {
        let layer = &pair.fixed().layers()[pair.fixed().stands_for(at)?];
        let differs = difference.largest > 0.0;
        Some(Self {
            node: layer.node,
            step: Component::of(layer).to_string(),
            difference: difference.largest,
            largest_float: difference.peak,
            relative: difference.relative(),
            leaves: difference.leaves(),
            image: differs.then_some(difference.image),
            element: differs.then(|| position(difference.element, &layer.shape)),
        })
    }

    fn cells(&self) -> Vec<String> {
        let Self { node: _, step, difference, largest_float, relative, leaves, image, element } = self;
        let coordinates = |element: &Vec<usize>| element.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        vec![
            step.clone(),
            format!("{difference:.6}"),
            format!("{largest_float:.3}"),
            format!("{:.4} %", relative * 100.0),
            if *leaves { "yes" } else { "-" }.into(),
            image.map_or_else(|| "-".into(), |image| image.to_string()),
            element.as_ref().map_or_else(|| "-".into(), coordinates),
        ]
    }
}

/// Returns the coordinates of the element at a row-major index.
fn position(index: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = index;
    let mut coordinates: Vec<usize> = shape
        .iter()
        .rev()
        .map(|size| {
            let coordinate = rest % size;
            rest /= size;
            coordinate
        })
        .collect();
    coordinates.reverse();
    coordinates
}
