//! When the client sends its encrypted masks.

/// The order in which the masks of linear layers are sent, under encryption, before the inputs are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prepare {
    /// Layer by layer, each after the answer to the one before has come: as in DELPHI's released code. So no answer depends on the mask of a later layer.
    #[default]
    Layers,
    /// All at once, before the first answer: a round less for each layer but the first. A server that deviates may put the mask of a layer's input into the client's share of what that input is
    /// computed from, and reads it. This is here to be attacked.
    Batch,
}

impl Prepare {
    /// The orders, the default first.
    pub const ALL: [Self; 2] = [Self::Layers, Self::Batch];

    /// The name in scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Layers => "layers",
            Self::Batch => "batch",
        }
    }
}
