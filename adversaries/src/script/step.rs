//! Patterns of step addresses: where in the two-party protocol an act takes place.
//!
//! A path names a step of a session, such as `slot[0..20]/layer[4:relu]/msb`, or a message in it, with `/round[1]/msg[0]` at its
//! end. A pattern is matched against whole paths, component by component.
//!
//! ```
//! use fusion_adversaries::script::StepPattern;
//! let pattern: StepPattern = "layer[*:relu]/msb".parse()?;
//! assert!(pattern.matches("slot[0..20]/layer[4:relu]/msb"));
//! assert!(!pattern.matches("slot[0..20]/layer[4:relu]/msb/round[1]/msg[0]"));
//! assert!(pattern.matches_message("slot[0..20]/layer[4:relu]/msb/round[1]/msg[0]"));
//! # Ok::<(), fusion_adversaries::script::NoStep>(())
//! ```

use crate::problem::{Problem, closest, quoted};
use crate::read::{Reader, is_digits};
use crate::yaml::Node;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A pattern of step addresses; clones share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepPattern(Arc<Parsed>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parsed {
    /// As written.
    text: String,
    components: Vec<Component>,
}

/// One component; what is `None` may be anything.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Component {
    /// `*`.
    One,
    /// `**`.
    Several,
    /// `layer[i:op]`.
    Layer { index: Option<u64>, op: Option<String> },
    /// `slot[a..b]`.
    Slots { from: Option<u64>, to: Option<u64> },
    /// `round[n]` and the like.
    Indexed { name: &'static str, index: Option<u64> },
    /// Any other.
    Name(String),
}

/// Components with a number, each with an example.
const INDEXED: [(&str, &str); 4] =
    [("round", "round[1]"), ("msg", "msg[0]"), ("level", "level[2]"), ("group", "group[0]")];
const LAYER: (&str, &str) = ("layer", "layer[4:relu]");
const SLOT: (&str, &str) = ("slot", "slot[0..64]");

/// The step of the transfers' extension, which runs inside whatever step needs more.
const EXTENSION: &str = "ot-extension";

/// Text that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct NoStep {
    message: String,
    help: String,
}

impl StepPattern {
    /// Whether a path fits, from its first component to its last. A pattern without `slot[..]` leaves that out of the path.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.fits(path, false)
    }

    /// Whether a message is meant: its path fits, or lies below one that does.
    #[must_use]
    pub fn matches_message(&self, path: &str) -> bool {
        self.fits(path, true)
    }

    /// Whether it means nothing but messages of steps that it names: not whatever else may happen in a step.
    #[must_use]
    pub fn names_messages(&self) -> bool {
        let components = &self.0.components;
        let wild = |component: &Component| matches!(component, Component::One | Component::Several);
        let extension = |component: &Component| matches!(component, Component::Name(name) if name == EXTENSION);
        let message = matches!(
            &components[..],
            [.., Component::Indexed { name: "round", .. }, Component::Indexed { name: "msg", .. }]
        );
        message && !components.iter().any(|component| wild(component) || extension(component))
    }

    fn fits(&self, path: &str, below: bool) -> bool {
        let all: Vec<&str> = path.split('/').collect();
        let slotless: Vec<&str> = all.iter().copied().filter(|part| inside(part, SLOT.0).is_none()).collect();
        let components = &self.0.components;
        fit(components, &all, below) || (slotless.len() < all.len() && fit(components, &slotless, below))
    }

    pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = reader.text(node, "step")?;
        match text.parse() {
            Ok(pattern) => Some(pattern),
            Err(NoStep { message, help }) => reader.problem(Problem::new(node.mark, message).help(help)),
        }
    }
}

/// Whether a path, or with `below` its beginning, fits: `ends[n]` if the components so far fit the first `n` of its parts.
fn fit(components: &[Component], path: &[&str], below: bool) -> bool {
    let mut ends = vec![false; path.len() + 1];
    ends[0] = true;
    for component in components {
        if *component == Component::Several {
            let first = ends.iter().position(|end| *end).unwrap_or(ends.len());
            ends[first..].fill(true);
            continue;
        }
        for n in (0..path.len()).rev() {
            ends[n + 1] = ends[n] && component.fits(path[n]);
        }
        ends[0] = false;
    }
    if below { ends.contains(&true) } else { ends[path.len()] }
}

impl Component {
    fn fits(&self, part: &str) -> bool {
        match self {
            Self::One | Self::Several => true,
            Self::Name(name) => name == part,
            Self::Layer { index, op } => {
                let parts = inside(part, LAYER.0).and_then(|inner| inner.split_once(':'));
                parts.is_some_and(|(i, o)| is_number(*index, i) && op.as_ref().is_none_or(|op| op == o))
            }
            Self::Slots { from, to } => {
                let ends = inside(part, SLOT.0).and_then(|inner| inner.split_once(".."));
                ends.is_some_and(|(a, b)| is_number(*from, a) && is_number(*to, b))
            }
            Self::Indexed { name, index } => inside(part, name).is_some_and(|inner| is_number(*index, inner)),
        }
    }

    fn parse(part: &str) -> Result<Self, NoStep> {
        let wrong = |help: String| NoStep { message: format!("{} is no part of a step", quoted(part)), help };
        let such_as = |(_, example): (&str, &str)| wrong(format!("such as {example}; `*` is any"));
        let name = part.split_once('[').map_or(part, |(name, _)| name);
        let indexed = INDEXED.into_iter().find(|(known, _)| *known == name);
        match (name, indexed) {
            ("*", _) if part == "*" => Ok(Self::One),
            ("**", _) if part == "**" => Ok(Self::Several),
            ("layer", _) => parse_layer(part).ok_or_else(|| such_as(LAYER)),
            ("slot", _) => parse_slots(part).ok_or_else(|| such_as(SLOT)),
            (_, Some(form)) => {
                let index = inside(part, form.0).and_then(number_or_any);
                index.map(|index| Self::Indexed { name: form.0, index }).ok_or_else(|| such_as(form))
            }
            _ if is_name(part) => Ok(Self::Name(part.into())),
            _ => {
                let forms = || [LAYER, SLOT].into_iter().chain(INDEXED);
                let names: Vec<&str> = forms().map(|(known, _)| known).collect();
                let near = part.contains('[').then(|| closest(name, &names)).flatten();
                let example = forms().find(|(known, _)| Some(*known) == near).map(|(_, example)| example);
                Err(wrong(example.map_or_else(
                    || "parts stand between `/`: layer[4:relu], round[1], a name such as msb, `*` or `**`".into(),
                    |example| format!("did you mean {example}?"),
                )))
            }
        }
    }
}

/// What stands in the brackets of a component of this name.
fn inside<'p>(part: &'p str, name: &str) -> Option<&'p str> {
    part.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')
}

fn parse_layer(part: &str) -> Option<Component> {
    let (index, op) = inside(part, LAYER.0)?.split_once(':')?;
    let any = op == "*";
    (any || is_name(op)).then_some(())?;
    Some(Component::Layer { index: number_or_any(index)?, op: (!any).then(|| op.into()) })
}

fn parse_slots(part: &str) -> Option<Component> {
    let (from, to) = inside(part, SLOT.0)?.split_once("..")?;
    Some(Component::Slots { from: number_or_any(from)?, to: number_or_any(to)? })
}

/// A number, or `*`: any.
#[expect(clippy::option_option, reason = "legal or not, and a number or any")]
fn number_or_any(text: &str) -> Option<Option<u64>> {
    match text {
        "*" => Some(None),
        digits => is_digits(digits).then(|| digits.parse().ok()).flatten().map(Some),
    }
}

fn is_number(wanted: Option<u64>, text: &str) -> bool {
    wanted.is_none_or(|wanted| text.parse() == Ok(wanted))
}

/// Lower-case letters, digits, `-` and `_`.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

impl FromStr for StepPattern {
    type Err = NoStep;

    fn from_str(text: &str) -> Result<Self, NoStep> {
        let components = text.split('/').map(Component::parse).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Parsed { text: text.into(), components })))
    }
}

impl fmt::Display for StepPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl Serialize for StepPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.text)
    }
}

impl JsonSchema for StepPattern {
    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "a pattern of step addresses, such as layer[*:relu]/msb/**" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "slot[0..20]/layer[4:relu]/msb/level[2]/round[1]/msg[0]";
    const STEP: &str = "slot[0..20]/layer[4:relu]";

    fn pattern(text: &str) -> StepPattern {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn some_patterns_mean_messages_of_named_steps_alone() {
        let names = |text| pattern(text).names_messages();
        assert!(names("layer[*:relu]/msb/round[1]/msg[0]") && names("slot[0..64]/argmax/label/round[*]/msg[*]"));
        for wide in
            ["layer[4:*]", "**/round[1]/msg[0]", "layer[1:relu]/*/round[0]/msg[0]", "layer[1:relu]/msb", "round[0]"]
        {
            assert!(!names(wide), "{wide}");
        }
        assert!(!names("layer[1:relu]/msb/ot-extension/server/round[0]/msg[0]"));
    }

    #[test]
    fn a_pattern_is_matched_against_whole_paths() {
        for (text, step, message) in [
            ("layer[4:relu]", true, false),
            ("slot[0..20]/layer[4:relu]", true, false),
            ("slot[*..*]/layer[4:relu]", true, false),
            ("slot[0..64]/layer[4:relu]", false, false),
            ("*/layer[4:relu]", true, false),
            ("*", true, false),
            ("*/*", true, false),
            ("layer[*:relu]", true, false),
            ("layer[4:*]", true, false),
            ("layer[04:relu]", true, false),
            ("layer[4:conv]", false, false),
            ("layer[5:relu]", false, false),
            ("layer[4:rel]", false, false),
            ("layer[4:relu]/**", true, true),
            ("**", true, true),
            ("**/**", true, true),
            ("**/layer[4:relu]", true, false),
            ("**/msg[0]", false, true),
            ("**/msg[*]", false, true),
            ("**/msg[1]", false, false),
            ("layer[4:relu]/**/round[1]/**", false, true),
            ("layer[4:relu]/msb/level[2]/round[1]/msg[0]", false, true),
            ("layer[4:relu]/msb/level[*]/*/*", false, true),
            ("layer[4:relu]/msb/*/msg[0]", false, false),
            ("layer[4:relu]/*", false, false),
            ("msb/**", false, false),
            ("**/msb/**", false, true),
            ("**/mux/**", false, false),
            ("slot[0..20]", false, false),
            ("slot[0..20]/slot[0..20]/**", false, false),
        ] {
            let pattern = pattern(text);
            assert_eq!((pattern.matches(STEP), pattern.matches(MESSAGE)), (step, message), "{text}");
            assert_eq!(
                pattern.matches_message(MESSAGE),
                self::pattern(&format!("{text}/**")).matches(MESSAGE),
                "{text}"
            );
        }
    }

    #[test]
    fn a_message_is_meant_by_the_step_it_belongs_to() {
        for (text, meant) in [
            ("layer[4:*]", true),
            ("layer[4:relu]/msb", true),
            ("layer[4:relu]/msb/level[2]/round[1]", true),
            ("layer[4:relu]/msb/level[2]/round[1]/msg[0]", true),
            ("layer[4:relu]/msb/level[2]/round[1]/msg[1]", false),
            ("layer[4:relu]/mux", false),
            ("slot[0..20]", true),
            ("slot[20..40]", false),
            ("msb", false),
        ] {
            assert_eq!(pattern(text).matches_message(MESSAGE), meant, "{text}");
        }
        assert!(pattern("**").matches_message("round[0]/msg[0]"));
        assert!(
            pattern("keys").matches_message("setup/keys/round[0]/msg[0]") == pattern("keys/**").matches("setup/keys")
        );
    }

    #[test]
    fn what_is_no_pattern_is_told_with_the_nearest_right_form() {
        for (text, message) in [
            ("layer[4]", "`layer[4]` is no part of a step; such as layer[4:relu]; `*` is any"),
            ("layer", "`layer` is no part of a step; such as layer[4:relu]; `*` is any"),
            ("layer[4:ReLU]", "`layer[4:ReLU]` is no part of a step; such as layer[4:relu]; `*` is any"),
            ("layer[-1:relu]", "`layer[-1:relu]` is no part of a step; such as layer[4:relu]; `*` is any"),
            ("layer[:]", "`layer[:]` is no part of a step; such as layer[4:relu]; `*` is any"),
            ("layer[4:relu]x", "`layer[4:relu]x` is no part of a step; such as layer[4:relu]; `*` is any"),
            ("**/slot[3]", "`slot[3]` is no part of a step; such as slot[0..64]; `*` is any"),
            ("**/msg[]", "`msg[]` is no part of a step; such as msg[0]; `*` is any"),
            (
                "round[99999999999999999999]",
                "`round[99999999999999999999]` is no part of a step; such as round[1]; `*` is any",
            ),
            ("lyaer[4:relu]", "`lyaer[4:relu]` is no part of a step; did you mean layer[4:relu]?"),
            ("**/rond[1]", "`rond[1]` is no part of a step; did you mean round[1]?"),
        ] {
            assert_eq!(text.parse::<StepPattern>().map_err(|error| error.to_string()), Err(message.into()));
        }
        let help = "parts stand between `/`: layer[4:relu], round[1], a name such as msb, `*` or `**`";
        for (text, part) in
            [("a//b", ""), ("/a", ""), ("Msb", "Msb"), ("***", "***"), ("colour[1]", "colour[1]"), ("a b", "a b")]
        {
            let error = NoStep { message: format!("`{part}` is no part of a step"), help: help.into() };
            assert_eq!(text.parse::<StepPattern>(), Err(error), "{text}");
        }
    }

    /// A pattern of many parts costs no more than parts times path.
    #[test]
    fn many_gaps_are_no_trap() {
        let gaps = |part: &str| pattern(&vec![part; 2000].join("/"));
        assert!(gaps("**").matches(MESSAGE));
        assert!(!gaps("**/*").matches(MESSAGE));
    }
}
