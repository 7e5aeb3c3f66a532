//! Patterns: their text, which is also how an address is read, and what they match.

use super::path::{Address, Component, OT_EXTENSION, Part, is_name};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The error for a text that is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    /// The text is not even a pattern.
    #[error(transparent)]
    Step(#[from] NoStep),
    /// The text is a pattern that leaves a part open, or that has a round or a message number elsewhere than as its last two parts.
    #[error("`{0}` is no address of one step or one message")]
    Open(String),
}

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let pattern: Pattern = text.parse()?;
        pattern.closed().ok_or_else(|| NoAddress::Open(text.into()))
    }
}

/// A pattern of addresses; clones share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern(Arc<Parsed>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parsed {
    /// As written.
    text: String,
    parts: Vec<Open>,
}

/// A component of a pattern; what is `None` may be anything.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Open {
    /// `*`.
    One,
    /// `**`.
    Several,
    Slots {
        from: Option<u64>,
        to: Option<u64>,
    },
    Layer {
        node: Option<u64>,
        operator: Option<String>,
    },
    Level(Option<u64>),
    Group(Option<u64>),
    Round(Option<u64>),
    Message(Option<u64>),
    Named(String),
}

/// The components that are written with brackets, each as its name and an example.
pub const FORMS: [(&str, &str); 6] = [
    ("layer", "layer[4:relu]"),
    ("slot", "slot[0..64]"),
    ("round", "round[1]"),
    ("msg", "msg[0]"),
    ("level", "level[2]"),
    ("group", "group[0]"),
];

/// The error for a text that is not a component of an address or a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{part}` is no part of a step{}", .form.map_or_else(String::new, |form| format!("; such as {form}")))]
pub struct NoStep {
    /// The wrong component: the text between two `/`.
    pub part: String,
    /// An example of the right form; `None` if the component's name is not in [`FORMS`].
    pub form: Option<&'static str>,
}

impl Pattern {
    /// Whether the pattern matches an address from its first component to its last. A pattern without `slot[..]` also matches addresses
    /// that have it.
    #[must_use]
    pub fn matches(&self, address: &Address) -> bool {
        self.fits(address, false)
    }

    /// Whether the pattern matches the address of a message, or that of a step that contains the message.
    #[must_use]
    pub fn matches_message(&self, address: &Address) -> bool {
        self.fits(address, true)
    }

    /// Whether the pattern ends in a round and a message number, and has no `*`, `**` or extension of transfers as a component. It then
    /// matches no message of the extension.
    #[must_use]
    pub fn names_messages(&self) -> bool {
        let parts = &self.0.parts;
        let wild = |part: &Open| matches!(part, Open::One | Open::Several);
        let extension = |part: &Open| matches!(part, Open::Named(name) if name == OT_EXTENSION);
        let message = matches!(&parts[..], [.., Open::Round(_), Open::Message(_)]);
        message && !parts.iter().any(|part| wild(part) || extension(part))
    }

    fn fits(&self, address: &Address, below: bool) -> bool {
        let all: Vec<Part<'_>> = address.parts().collect();
        let slots = |part: &Part<'_>| matches!(part, Part::Step(Component::Slots(_)));
        let slotless: Vec<Part<'_>> = all.iter().copied().filter(|part| !slots(part)).collect();
        fit(&self.0.parts, &all, below) || (slotless.len() < all.len() && fit(&self.0.parts, &slotless, below))
    }

    /// The address that it is the pattern of; `None` where it leaves anything open, or is none.
    fn closed(&self) -> Option<Address> {
        let (path, message) = match &self.0.parts[..] {
            [path @ .., Open::Round(round), Open::Message(index)] => (path, Some([round, index])),
            path => (path, None),
        };
        let address = Address::of(path.iter().map(Open::closed).collect::<Option<Vec<_>>>()?);
        match message {
            Some([round, index]) => Some(address.message((*round)?.try_into().ok()?, (*index)?.try_into().ok()?)),
            None => Some(address),
        }
    }
}

/// Whether an address, or with `below` its beginning, fits: `ends[n]` if the pattern so far fits the first `n` of its parts.
fn fit(pattern: &[Open], address: &[Part<'_>], below: bool) -> bool {
    let mut ends = vec![false; address.len() + 1];
    ends[0] = true;
    for open in pattern {
        if *open == Open::Several {
            let first = ends.iter().position(|end| *end).unwrap_or(ends.len());
            ends[first..].fill(true);
            continue;
        }
        for n in (0..address.len()).rev() {
            ends[n + 1] = ends[n] && open.fits(address[n]);
        }
        ends[0] = false;
    }
    if below { ends.contains(&true) } else { ends[address.len()] }
}

impl Open {
    fn fits(&self, part: Part<'_>) -> bool {
        let is = |wanted: &Option<u64>, given: usize| wanted.is_none_or(|wanted| wanted == given as u64);
        match (self, part) {
            (Self::One | Self::Several, _) => true,
            (Self::Slots { from, to }, Part::Step(Component::Slots(slots))) => {
                is(from, slots.start) && is(to, slots.end)
            }
            (Self::Layer { node, operator }, Part::Step(Component::Layer { node: given, operator: of })) => {
                is(node, *given) && operator.as_ref().is_none_or(|operator| operator == of)
            }
            (Self::Level(level), Part::Step(Component::Level(given))) => is(level, *given),
            (Self::Group(group), Part::Step(Component::Group(given))) => is(group, *given),
            (Self::Named(name), Part::Step(Component::Named(given))) => name == given,
            (Self::Round(number), Part::Round(given)) | (Self::Message(number), Part::Message(given)) => {
                is(number, given as usize)
            }
            _ => false,
        }
    }

    /// The component that it is the pattern of; `None` where it leaves something open, or is a message's.
    fn closed(&self) -> Option<Component> {
        let number = |number: &Option<u64>| number.and_then(|number| usize::try_from(number).ok());
        Some(match self {
            Self::Slots { from, to } => Component::Slots(number(from)?..number(to)?),
            Self::Layer { node, operator } => {
                Component::Layer { node: number(node)?, operator: Cow::Owned(operator.clone()?) }
            }
            Self::Level(level) => Component::Level(number(level)?),
            Self::Group(group) => Component::Group(number(group)?),
            Self::Named(name) => Component::Named(Cow::Owned(name.clone())),
            Self::One | Self::Several | Self::Round(_) | Self::Message(_) => return None,
        })
    }

    fn parse(part: &str) -> Result<Self, NoStep> {
        let wrong = |form| NoStep { part: part.into(), form };
        let name = part.split_once('[').map_or(part, |(name, _)| name);
        match (part, FORMS.into_iter().find(|(known, _)| *known == name)) {
            ("*", _) => Ok(Self::One),
            ("**", _) => Ok(Self::Several),
            (_, Some((name, example))) => Self::in_brackets(name, part).ok_or_else(|| wrong(Some(example))),
            _ if is_name(part) => Ok(Self::Named(part.into())),
            _ => Err(wrong(None)),
        }
    }

    fn in_brackets(name: &str, part: &str) -> Option<Self> {
        let inner = part.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
        Some(match name {
            "slot" => {
                let (from, to) = inner.split_once("..")?;
                Self::Slots { from: number_or_any(from)?, to: number_or_any(to)? }
            }
            "layer" => {
                let (node, operator) = inner.split_once(':')?;
                let any = operator == "*";
                (any || is_name(operator)).then_some(())?;
                Self::Layer { node: number_or_any(node)?, operator: (!any).then(|| operator.into()) }
            }
            "level" => Self::Level(number_or_any(inner)?),
            "group" => Self::Group(number_or_any(inner)?),
            "round" => Self::Round(number_or_any(inner)?),
            "msg" => Self::Message(number_or_any(inner)?),
            _ => return None,
        })
    }
}

/// A number, or `*`: any.
#[expect(clippy::option_option, reason = "legal or not, and a number or any")]
fn number_or_any(text: &str) -> Option<Option<u64>> {
    match text {
        "*" => Some(None),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok().map(Some),
        _ => None,
    }
}

impl FromStr for Pattern {
    type Err = NoStep;

    fn from_str(text: &str) -> Result<Self, NoStep> {
        let parts = text.split('/').map(Open::parse).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Parsed { text: text.into(), parts })))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}
