//! `sim check MODEL.onnx --ring BITS --against float`: how near the images come to the edge of the ring that is set.

use crate::text::{self, ACCENT, HEADING};
use fusion_2pc::address::Component;
use fusion_nn::compare::Pair;
use fusion_nn::fixed::{FixedLayer, Measured, Reached};
use serde::Serialize;
use std::io::{self, Write};

/// What the images reach in a ring that is set, as a JSON document.
#[derive(Serialize)]
pub struct MeasuredDocument {
    /// The number of values of all layers and images that left the ring, and wrapped.
    pub wrapped: u64,
    /// The number of values of all layers and images.
    values: u64,
    /// The bits of the smallest ring that holds what every layer computed.
    bits: u32,
    layers: Vec<LayerMeasured>,
}

#[derive(Serialize)]
struct LayerMeasured {
    node: usize,
    step: String,
    /// The least integer, before any wrapping, in decimal.
    least: String,
    /// The largest integer, before any wrapping, in decimal.
    most: String,
    /// The bits of the smallest ring that holds both.
    bits: u32,
    /// The bits that the ring has more than that. It is negative where values wrapped.
    room: i64,
    wrapped: u64,
}

impl MeasuredDocument {
    /// Describes what the images reached, of which there is at least one.
    pub fn new(pair: &Pair<'_>, measured: &Measured) -> Self {
        let each = pair.fixed().layers().iter().zip(&measured.layers);
        let layers: Vec<LayerMeasured> = each.map(|(layer, reached)| LayerMeasured::new(layer, reached)).collect();
        let values: usize = pair.fixed().layers().iter().map(|layer| layer.shape.iter().product::<usize>()).sum();
        Self {
            wrapped: measured.wrapped(),
            values: (values * measured.images) as u64,
            bits: layers.iter().map(|layer| layer.bits).max().unwrap_or(1),
            layers,
        }
    }

    /// Describes the result in one line.
    fn verdict(&self) -> String {
        let Self { wrapped, values, bits, .. } = self;
        format!(
            "{wrapped} of {values} values wrapped; {bits} bits hold all that these images reach, which proves nothing of others"
        )
    }

    /// Writes a table of the layers, and the verdict.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{}\n", text::styled(HEADING, "measured, before any wrapping"))?;
        let heading = ["step", "least", "most", "bits", "room", "wrapped"];
        write!(out, "{}", text::table(&heading, self.layers.iter().map(LayerMeasured::cells).collect(), 1))?;
        writeln!(out, "\n{}", text::styled(ACCENT, &self.verdict()))
    }
}

impl LayerMeasured {
    fn new(layer: &FixedLayer, reached: &Reached) -> Self {
        let Reached { least, most, wrapped } = reached;
        Self {
            node: layer.node,
            step: Component::of(layer).to_string(),
            least: least.to_string(),
            most: most.to_string(),
            bits: reached.bits(),
            room: i64::from(layer.ring_bits) - i64::from(reached.bits()),
            wrapped: *wrapped,
        }
    }

    fn cells(&self) -> Vec<String> {
        let Self { node: _, step, least, most, bits, room, wrapped } = self;
        let wrapped = if *wrapped == 0 { "-".into() } else { wrapped.to_string() };
        vec![step.clone(), least.clone(), most.clone(), bits.to_string(), room.to_string(), wrapped]
    }
}
