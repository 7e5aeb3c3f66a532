//! The two parties of a session.

/// One of the two parties of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The client holds the images and learns the labels.
    Client,
    /// The server holds the network.
    Server,
}

impl Role {
    /// The role of the other party.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}
