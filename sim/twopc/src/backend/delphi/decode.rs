//! What a client does where labels decode to nothing.

/// What a client does with a result of a garbled circuit of which a label decodes to nothing, as only a server that deviates makes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decode {
    /// It takes the result for 0, and goes on: nothing that the server receives depends on whether it did.
    #[default]
    Zero,
    /// It stops there, as DELPHI's released code does. A server that deviates learns a bit of a value in the middle of a session. This is here to be attacked.
    Stop,
}

impl Decode {
    /// Both, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::Zero, Self::Stop];

    /// The word for it in scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::Stop => "stop",
        }
    }
}
