//! The addresses themselves: what they are made of, and their text.

use fusion_nn::fixed::FixedLayer;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The step in which transfers are extended; it runs inside whatever step needs more of them.
pub const OT_EXTENSION: &str = "ot-extension";

/// One component of a step's address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Component {
    /// The slots that are evaluated together: `slot[0..128]`.
    Slots(Range<usize>),
    /// A layer of the network: `layer[4:relu]`.
    Layer {
        /// The index of the layer's node in the model's file.
        node: usize,
        /// The layer's operator in lower case, or `gather`.
        operator: Cow<'static, str>,
    },
    /// A level of a tournament: `level[2]`.
    Level(usize),
    /// A group of slots that share ciphertexts: `group[0]`.
    Group(usize),
    /// A step with a name, in lower-case letters, digits, `-` and `_`: `msb`.
    Named(Cow<'static, str>),
}

impl Component {
    /// The component of a layer.
    #[must_use]
    pub fn of(layer: &FixedLayer) -> Self {
        Self::Layer { node: layer.node, operator: Cow::Borrowed(layer.operator()) }
    }
}

impl From<&'static str> for Component {
    fn from(name: &'static str) -> Self {
        debug_assert!(is_name(name), "`{name}` names no step");
        Self::Named(Cow::Borrowed(name))
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slots(slots) => write!(f, "slot[{}..{}]", slots.start, slots.end),
            Self::Layer { node, operator } => write!(f, "layer[{node}:{operator}]"),
            Self::Level(level) => write!(f, "level[{level}]"),
            Self::Group(group) => write!(f, "group[{group}]"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// Where a message stands in its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    round: u32,
    index: u32,
}

/// The address of a step, or of a message in a step. Clones share the path.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address {
    path: Arc<[Component]>,
    message: Option<Place>,
}

impl Default for Address {
    fn default() -> Self {
        Self::of([])
    }
}

impl From<Component> for Address {
    fn from(component: Component) -> Self {
        Self::of([component])
    }
}

impl From<&'static str> for Address {
    fn from(name: &'static str) -> Self {
        Component::from(name).into()
    }
}

impl Address {
    /// Makes the address of a step from its components, the outermost first.
    #[must_use]
    pub fn of(path: impl IntoIterator<Item = Component>) -> Self {
        Self { path: path.into_iter().collect(), message: None }
    }

    /// The address of a step inside this one, or of a message there.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self { path: self.path.iter().chain(&*below.path).cloned().collect(), message: below.message }
    }

    /// The address of a message in this step.
    #[must_use]
    pub fn message(&self, round: u32, index: u32) -> Self {
        Self { path: Arc::clone(&self.path), message: Some(Place { round, index }) }
    }

    /// The address without the round and number of a message; the address of a step stays as it is.
    #[must_use]
    pub fn step(&self) -> Self {
        Self { path: Arc::clone(&self.path), message: None }
    }

    /// The components of the step, from the outermost to the innermost.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        &self.path
    }

    /// The slots that the address names; `None` if it names none.
    #[must_use]
    pub fn slots(&self) -> Option<Range<usize>> {
        match self.path.first() {
            Some(Component::Slots(slots)) => Some(slots.clone()),
            _ => None,
        }
    }

    /// Puts these slots in front of an address that names none.
    #[must_use]
    pub fn in_slots(&self, slots: Range<usize>) -> Self {
        Self::from(Component::Slots(slots)).join(self)
    }

    /// The same address without its slots.
    #[must_use]
    pub fn below_slots(&self) -> Self {
        Self { path: self.path[usize::from(self.slots().is_some())..].into(), message: self.message }
    }

    /// The outermost step below the slots: a layer, or what comes after the last one. That of a whole session or chunk is empty.
    #[must_use]
    pub fn layer(&self) -> Self {
        Self::of(self.path.iter().find(|component| !matches!(component, Component::Slots(_))).cloned())
    }

    /// Whether the address is inside the extension of transfers.
    #[must_use]
    pub fn is_in_extension(&self) -> bool {
        self.path.iter().any(|component| matches!(component, Component::Named(name) if name == OT_EXTENSION))
    }

    /// Whether the address is that of `step`, or inside it.
    #[must_use]
    pub fn is_within(&self, step: &Self) -> bool {
        self.path.starts_with(&step.path)
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let place = self.message.iter().flat_map(|place| [Part::Round(place.round), Part::Message(place.index)]);
        self.path.iter().map(Part::Step).chain(place)
    }
}

/// A component of an address, the last two of a message's among them.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    Step(&'a Component),
    Round(u32),
    Message(u32),
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(component) => component.fmt(f),
            Self::Round(round) => write!(f, "round[{round}]"),
            Self::Message(index) => write!(f, "msg[{index}]"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            part.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Lower-case letters, digits, `-` and `_`.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}
