//! A script as a whole, from its text.

use super::advice::advise;
use super::backend::backend;
use super::data::{data, model};
use super::protocol::{goal, goal_for, protocol};
use super::strategy::{fidelity, strategies};
use super::trials::{network, test, trials};
use crate::problem::Problem;
use crate::read::{Fields, Reader};
use crate::script::backend::Backend;
use crate::script::document::{Script, Version};
use crate::script::draft::{Draft, Head, Section};
use crate::script::fidelity::Network;
use crate::script::setup::SetupRule;
use crate::script::trials::{Test, Trials};
use crate::script::values::Spot;
use crate::yaml::{self, Node};

const KEYS: [&str; 14] = [
    "schema",
    "name",
    "about",
    "protocol",
    "goal",
    "model",
    "data",
    "fidelity",
    "backend",
    "setup",
    "network",
    "trials",
    "test",
    "strategies",
];

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// Every problem of the text, in its order.
    pub fn read(text: &str) -> Result<Self, Vec<Problem>> {
        let (draft, problems) = Draft::read(text)?;
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(whole(draft))
    }
}

#[expect(clippy::expect_used, reason = "a section is missing from a draft only where a problem is told")]
fn whole(draft: Draft) -> Script {
    draft.into_script().expect("a draft without problems is whole")
}

impl Draft {
    /// Reads as much of a script as can be read, and every problem of the text, in its order.
    ///
    /// # Errors
    /// The problem of a text that is no YAML map, where nothing can be read.
    ///
    /// ```
    /// use fusion_adversaries::script::Draft;
    /// let text = "schema: fusion/campaign/v1
    /// name: small
    /// protocol: { R: 8, B: 2, T: 4 }
    /// trials: { max: many }
    /// strategies: [{ name: honest-too, do: [] }]
    /// ";
    /// let (draft, problems) = Draft::read(text).unwrap();
    /// assert_eq!((draft.strategies.len(), problems.len()), (1, 1), "a fault in `trials` hides no strategy");
    /// ```
    pub fn read(text: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let tree = yaml::parse(text).map_err(|problem| advise(vec![problem], text))?;
        let mut reader = Reader::default();
        let draft = draft(&mut reader, &tree);
        let problems = advise(reader.into_problems(), text);
        match draft {
            Some(draft) => Ok((draft, problems)),
            None => Err(problems),
        }
    }
}

fn draft(reader: &mut Reader, tree: &Node) -> Option<Draft> {
    let fields = reader.fields(tree, "a script", &KEYS)?;
    let head = head(reader, &fields);
    reader.require(&fields, "protocol");
    let protocol = section(reader, &fields, "protocol", protocol);
    let goal = section(reader, &fields, "goal", goal);
    let protocol = goal_for(reader, protocol, &goal);
    let fidelity = match section(reader, &fields, "fidelity", fidelity) {
        Section::Absent => Some(Spot::default()),
        Section::Faulty => None,
        Section::Read(fidelity) => Some(fidelity),
    };
    Some(Draft {
        head,
        protocol,
        goal,
        model: section(reader, &fields, "model", model),
        data: section(reader, &fields, "data", data),
        fidelity,
        network: reader.optional(&fields, "network", Network::default(), network).unwrap_or_default(),
        trials: reader.optional(&fields, "trials", Trials::default(), trials).unwrap_or_default(),
        test: reader.optional(&fields, "test", Test::default(), test).unwrap_or_default(),
        strategies: strategies(reader, &fields),
    })
}

fn head(reader: &mut Reader, fields: &Fields<'_>) -> Option<Head> {
    let schema = reader
        .require(fields, "schema")
        .and_then(|node| reader.word(node, "schema", &[("fusion/campaign/v1", Version::V1)]));
    let name = reader.require(fields, "name").and_then(|node| reader.name(node, "name"));
    let about = reader.optional(fields, "about", None, |r, node| Some(Some(r.text(node, "about")?.into())));
    let backend = reader.optional(fields, "backend", Backend::default(), backend);
    let setup = reader.optional(fields, "setup", None, setup);
    Some(Head { schema: schema?, name: name?, about: about?, backend: backend?, setup: setup? })
}

#[expect(clippy::option_option, reason = "the value of a key that may be left out, and none where there is a problem")]
fn setup(reader: &mut Reader, node: &Node) -> Option<Option<Spot<SetupRule>>> {
    let words = [SetupRule::Kept, SetupRule::Session].map(|rule| (rule.name(), rule));
    Some(Some(Spot { value: reader.word(node, "setup", &words)?, mark: node.mark }))
}

/// A section that may be left out; one that is misspelled is faulty.
fn section<T>(
    reader: &mut Reader,
    fields: &Fields<'_>,
    key: &str,
    read: impl FnOnce(&mut Reader, &Node) -> Option<T>,
) -> Section<T> {
    let Some(node) = fields.get(key) else {
        return if fields.has(key) { Section::Faulty } else { Section::Absent };
    };
    let before = reader.found();
    match read(reader, node) {
        Some(value) if reader.found() == before => Section::Read(value),
        _ => Section::Faulty,
    }
}
