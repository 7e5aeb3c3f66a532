//! Where the client's mask is added to a value.

/// Where the client's mask for the next linear layer is added to the result of a circuit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mask {
    /// By the client itself, after it has decoded the result: as in DELPHI's released code since 2020. Nothing that the server receives depends on what it did.
    #[default]
    Outside,
    /// In the circuit, of which the mask is an input: as the diagrams of DELPHI and of MUSE (Lehmkuhl, Mishra, Srinivasan, Popa, USENIX Security 2021) have it. A server that deviates
    /// reads every value that a linear layer takes from a circuit. This is here to be attacked.
    Inside,
}
