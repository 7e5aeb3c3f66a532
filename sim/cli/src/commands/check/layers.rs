//! The layers of a model, as they compute in fixed point.

use crate::args::CheckArgs;
use crate::text::{self, DIM, HEADING};
use fusion_2pc::address::Component;
use fusion_2pc::backend::{Choice, Family};
use fusion_2pc::ot::Extension;
use fusion_adversaries::problem::{counted, one_line};
use fusion_engine::files;
use fusion_engine::simulate::pair::{Reachable, reachable};
use fusion_engine::simulate::{PartiesError, ProtocolChoice};
use fusion_nn::compare::Pair;
use fusion_nn::fixed::{FixedLayer, FixedModel, Precision, Ring};
use fusion_nn::model::Model;
use serde::Serialize;
use std::io::{self, Write};

/// The largest number of characters of a node's name in the table.
const LONGEST_NAME: usize = 40;

/// A model and its layers in fixed point.
#[derive(Serialize)]
pub struct ModelDocument<'a> {
    file: String,
    pub input: [usize; 3],
    pub classes: usize,
    frac_bits: u32,
    /// The bits of the ring; `null` if each layer has a ring of its own.
    ring_bits: Option<u32>,
    scale: String,
    offset: String,
    multiplications: u64,
    comparisons: u64,
    layers: Vec<LayerDocument<'a>>,
    /// The family of protocols that was asked about, or else the default one.
    backend: &'static str,
    /// How transfers are extended, if the family has the choice; of `cheetah` if it was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<&'static str>,
    /// The first reason why `real` and `sim bench` refuse the model, with the node; `null` if they do not.
    not_at_real: Option<String>,
    /// All reasons why they do, each with its node; empty if they do not.
    reasons: Vec<String>,
    /// Whether each family of protocols can compute the model: the one that was asked about, or else all of them.
    families: Vec<FamilyDocument>,
    /// What a script can aim at; `null` unless a family of protocols was asked about that can compute the model.
    in_reach: Option<ReachDocument>,
}

/// Whether a family of protocols can compute a model.
#[derive(Serialize)]
struct FamilyDocument {
    backend: &'static str,
    /// The first reason why it cannot, with the node; `null` if it can.
    not_at_real: Option<String>,
    /// All reasons why it cannot, each with its node; empty if it can.
    reasons: Vec<String>,
}

/// The reasons why a family of protocols cannot compute a model; empty where it can.
fn reasons(protocols: ProtocolChoice, model: &FixedModel) -> Vec<String> {
    protocols.check(&[model]).map_or_else(|refused| refused.reasons().to_vec(), |()| Vec::new())
}

/// The addresses that patterns of a script can match.
#[derive(Serialize)]
struct ReachDocument {
    steps: Vec<String>,
    server_messages: Vec<String>,
}

impl ReachDocument {
    fn new(protocols: ProtocolChoice, model: &FixedModel) -> Result<Self, PartiesError> {
        let Reachable { steps, messages } = reachable(protocols, std::slice::from_ref(model))?;
        let [steps, server_messages] =
            [steps, messages].map(|addresses| addresses.iter().map(ToString::to_string).collect());
        Ok(Self { steps, server_messages })
    }
}

#[derive(Serialize)]
struct LayerDocument<'a> {
    node: usize,
    step: String,
    name: &'a str,
    shape: &'a [usize],
    ring_bits: u32,
    bound: u64,
    may_wrap: bool,
    unit: f64,
    multiplications: u64,
    comparisons: u64,
}

impl<'a> ModelDocument<'a> {
    /// Describes a model in fixed point. `backend` is the family of protocols that was asked about.
    pub fn new(args: &CheckArgs, model: &Model, pair: &'a Pair<'_>, backend: Option<Choice>) -> Self {
        let Precision { frac_bits, ring } = args.fixed_point.precision();
        let chosen = backend.unwrap_or(Choice::from(Family::Cheetah));
        let protocols = ProtocolChoice { backend: chosen, ..ProtocolChoice::default() };
        let mut refused = reasons(protocols, pair.fixed());
        let in_reach = match backend {
            Some(_) if refused.is_empty() => match ReachDocument::new(protocols, pair.fixed()) {
                Ok(in_reach) => Some(in_reach),
                Err(error) => {
                    refused.push(error.to_string());
                    None
                }
            },
            _ => None,
        };
        let of_family = |family: Family| {
            let others = || reasons(ProtocolChoice { backend: family.into(), ..protocols }, pair.fixed());
            let reasons = if family == chosen.family() { refused.clone() } else { others() };
            FamilyDocument { backend: family.name(), not_at_real: reasons.first().cloned(), reasons }
        };
        let asked = Family::ALL.into_iter().filter(|family| backend.is_none() || *family == chosen.family());
        let families = asked.map(of_family).collect();
        let layers: Vec<LayerDocument<'a>> = pair.fixed().layers().iter().map(LayerDocument::new).collect();
        Self {
            file: files::name(&args.file),
            input: model.input(),
            classes: model.classes(),
            frac_bits,
            ring_bits: match ring {
                Ring::Auto => None,
                Ring::Bits(bits) => Some(bits),
            },
            scale: args.fixed_point.scale().to_string(),
            offset: args.fixed_point.offset().to_string(),
            multiplications: layers.iter().map(|layer| layer.multiplications).sum(),
            comparisons: layers.iter().map(|layer| layer.comparisons).sum(),
            layers,
            backend: chosen.family().name(),
            extension: chosen.extension().map(Extension::name),
            not_at_real: refused.first().cloned(),
            reasons: refused,
            families,
            in_reach,
        }
    }

    fn widest(&self) -> u32 {
        self.layers.iter().map(|layer| layer.ring_bits).max().unwrap_or(0)
    }

    /// The families that cannot compute the model.
    fn refused(&self) -> impl Iterator<Item = &str> {
        self.families.iter().filter(|family| !family.reasons.is_empty()).map(|family| family.backend)
    }

    /// Every reason, with all families that have it.
    fn refused_together(&self) -> Vec<(Vec<&str>, &str)> {
        let mut groups: Vec<(Vec<&str>, &str)> = Vec::new();
        let each = self.families.iter().flat_map(|family| family.reasons.iter().map(|reason| (family.backend, reason)));
        for (family, reason) in each {
            match groups.iter_mut().find(|(_, common)| *common == reason) {
                Some((families, _)) => families.push(family),
                None => groups.push((vec![family], reason)),
            }
        }
        groups
    }

    /// Describes the model in one line.
    pub fn verdict(&self) -> String {
        let refused: Vec<&str> = self.refused().collect();
        let real = if refused.is_empty() { String::new() } else { format!(", not at real by {}", refused.join(", ")) };
        format!("ok: {}, rings up to {} bits{real}", counted(self.layers.len(), "layer"), self.widest())
    }

    /// Writes a table of the layers.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { file, input, classes, frac_bits, ring_bits, scale, offset, .. } = self;
        let Self { multiplications, comparisons, layers, .. } = self;
        let ring = ring_bits.map_or_else(|| "auto".into(), |bits| bits.to_string());
        writeln!(out, "{}", text::styled(HEADING, file))?;
        let input = text::shape(input);
        writeln!(
            out,
            "input {input}   classes {classes}   scale {scale}   offset {offset}   frac-bits {frac_bits}   ring {ring}\n"
        )?;
        let heading = ["step", "name", "shape", "ring", "bound", "unit", "multiplications", "comparisons"];
        write!(out, "{}", text::table(&heading, layers.iter().map(LayerDocument::cells).collect(), 2))?;
        let widest = self.widest();
        let (products, comparisons) =
            (counted(*multiplications, "multiplication"), counted(*comparisons, "comparison"));
        writeln!(out, "\n{products}, {comparisons}, rings up to {widest} bits")?;
        let wraps: Vec<&str> = layers.iter().filter(|layer| layer.may_wrap).map(|layer| layer.step.as_str()).collect();
        if !wraps.is_empty() {
            let note = format!("not proved to fit the ring, and may wrap: {}", wraps.join(", "));
            writeln!(out, "{}", text::styled(DIM, &note))?;
        }
        if let Some(ReachDocument { steps, server_messages }) = &self.in_reach {
            for (what, addresses) in [("steps", steps), ("messages of the server", server_messages)] {
                writeln!(out, "\n{}", text::styled(HEADING, &format!("{what} by {}", self.backend)))?;
                addresses.iter().try_for_each(|address| writeln!(out, "  {address}"))?;
            }
        }
        self.refused_together().into_iter().try_for_each(|(families, reason)| {
            let families = families.join(", ");
            let note = format!("runs at plain and ideal, not at real (or in `sim bench`) by {families}: {reason}");
            writeln!(out, "{}", text::styled(HEADING, &one_line(&note)))
        })
    }
}

impl<'a> LayerDocument<'a> {
    fn new(layer: &'a FixedLayer) -> Self {
        let FixedLayer { node, name, op: _, gathers: _, inputs: _, shape, unit, bound, ring_bits, range: _, wraps } =
            layer;
        Self {
            node: *node,
            step: Component::of(layer).to_string(),
            name,
            shape,
            ring_bits: *ring_bits,
            bound: *bound,
            may_wrap: *wraps,
            unit: *unit,
            multiplications: layer.multiplications(),
            comparisons: layer.comparisons(),
        }
    }

    fn cells(&self) -> Vec<String> {
        let Self { node: _, step, name, shape, ring_bits, bound, may_wrap: _, unit, multiplications, comparisons } =
            self;
        let count = |n: &u64| if *n == 0 { "-".into() } else { n.to_string() };
        vec![
            step.clone(),
            one_line(name).chars().take(LONGEST_NAME).collect(),
            text::shape(shape),
            ring_bits.to_string(),
            bound.to_string(),
            power_of_two(*unit),
            count(multiplications),
            count(comparisons),
        ]
    }
}

/// Writes a unit as a power such as `2^-12`, if it is one.
fn power_of_two(unit: f64) -> String {
    let exponent = unit.log2();
    if exponent.fract() == 0.0 { format!("2^{exponent}") } else { format!("{unit:.3e}") }
}
