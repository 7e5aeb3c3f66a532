//! What is shared with Cheetah, and what differs here from each system as its authors released it.

use super::family::Family;

/// Whom a difference favours, in bytes or work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The system costs less here than as released.
    Favours,
    /// The system costs more here than as released.
    Against,
    /// The cost is the same, or one that is paid once for a pair of parties.
    Neither,
}

impl Effect {
    /// The effect in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Favours => "in its favour",
            Self::Against => "against it",
            Self::Neither => "neither",
        }
    }
}

/// One difference from a system as released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The part of the system.
    pub part: &'static str,
    /// What the authors' code does.
    pub released: &'static str,
    /// What is done here.
    pub here: &'static str,
    /// Whom it favours.
    pub effect: Effect,
}

const fn difference(part: &'static str, released: &'static str, here: &'static str, effect: Effect) -> Difference {
    Difference { part, released, here, effect }
}

use Effect::{Against, Favours, Neither};

const BASE: Difference = difference(
    "base transfers",
    "Naor and Pinkas on a curve",
    "Chou and Orlandi over ristretto255, once for a pair of parties",
    Neither,
);

const POOLING: Difference = difference(
    "average pooling",
    "a division for each pooled value",
    "a sum; its division is a part of the fixed-point form of the next layer",
    Favours,
);

const TRUNCATION: Difference = difference(
    "faithful truncation",
    "each party truncates its share alone: off by one, and with a small probability by much",
    "a free shift inside the garbled circuit, always rounded down; `one_bit` is the released one",
    Neither,
);

const FILLED: Difference =
    difference("numbers of transfers", "filled up to multiples of up to 16,384", "as many as are needed", Favours);

const TREE: Difference =
    difference("argmax", "each level is filled up to eight comparisons", "as many as there are", Favours);

const TRIPLES: Difference = difference(
    "correlated triples",
    "their mask is on the factors that are not shared, which shows the server four bits of a comparison",
    "the mask is on the shared factor, as in the paper; `triples: as-released` is the released form",
    Neither,
);

const FORM: Difference = difference(
    "form",
    "the head of the repository has all digits and triples of one size (WAN_EXEC): 1.9 % more for 36 bits, and fewer rounds there",
    "the paper's sizes; all digits and triples share a message each way, so that the rounds are as few in either form",
    Favours,
);

const CHEETAH: &[Difference] = &[
    difference(
        "comparison",
        "radix-16 digits",
        "digits of three bits, whose first message is the pads of the transfers; `carries: chain` goes by digits of two, without a tree",
        Favours,
    ),
    difference("ring", "37 bits throughout", "for each value the smallest that provably holds it", Favours),
    difference("truncation", "off by one with some probability", "always rounded down; `one_bit` is cheaper", Against),
    difference(
        "parameters",
        "one modulus for all layers",
        "few, with 128 bits of security by the tables of 2024; the client rounds its ciphertexts to what a layer needs",
        Neither,
    ),
];

const CRYPTFLOW2_OT: &[Difference] = &[
    BASE,
    FILLED,
    TREE,
    TRIPLES,
    FORM,
    difference(
        "product of matrices",
        "both cross terms are computed (TRAINING)",
        "one of them, as the server knows its weights",
        Favours,
    ),
    difference(
        "ring",
        "chosen by the user, 37 bits in the published runs",
        "the smallest that provably holds all values of the network",
        Against,
    ),
    POOLING,
];

const CRYPTFLOW2_HE: &[Difference] = &[
    BASE,
    FILLED,
    TREE,
    TRIPLES,
    FORM,
    difference(
        "modulus of ciphertexts",
        "180 bits and a special prime of 38 or 49: 218 or 229 bits",
        "168 bits and a special prime of 46: 214 bits, which the tables of 2024 allow",
        Favours,
    ),
    difference(
        "keys for rotations",
        "a set for convolutions, one for matrices and one that is not used",
        "one set, once for a pair of parties",
        Favours,
    ),
    difference(
        "prime",
        "chosen by the user, of 37 bits in the published runs",
        "the published one of 37 or of 41 bits that provably holds all values of the network, otherwise a larger one",
        Against,
    ),
    POOLING,
];

const DELPHI: &[Difference] = &[
    BASE,
    difference(
        "modulus of ciphertexts",
        "174 bits and a special prime of 44: 218 bits",
        "168 bits and a special prime of 46: 214 bits, which the tables of 2024 allow",
        Favours,
    ),
    difference("flooding", "none: only a mask is subtracted", "responses are flooded to within 2^-40", Neither),
    difference(
        "keys",
        "sent with every inference, 23.4 MB",
        "sent once for a pair of parties, without a relinearisation key; a deviating server can probe what is kept",
        Favours,
    ),
    difference("wires of a circuit", "one more than the bits of the prime", "as many as the prime has bits", Favours),
    difference(
        "prime",
        "2^41 - 2^37 + 1",
        "the same where it holds the proved ranges, otherwise the least larger one with slots",
        Against,
    ),
    TRUNCATION,
    difference("ReLU", "ReLU6: clipped at 6", "as the network has it", Against),
    difference(
        "label of the answer",
        "the client has the logits, and takes the largest itself",
        "a garbled argmax tells the client the label alone",
        Against,
    ),
    difference(
        "labels that decode to nothing",
        "end the client, in the middle of a session",
        "make the value 0; `decode: stop` is the released form, to be attacked only",
        Neither,
    ),
    difference(
        "a value that is pooled, and then enters a circuit",
        "does not occur",
        "one more message shares it anew",
        Against,
    ),
];

const ABY: &[Difference] = &[
    BASE,
    difference(
        "numbers of transfers",
        "filled up to multiples of the block of the extension",
        "as many as are needed",
        Favours,
    ),
    difference("triples of padding", "a product with a zero of the padding has one too", "none", Favours),
    difference("garbling", "offline", "when a layer needs it: the same bytes, all counted as online", Against),
    difference(
        "rounds of triples",
        "all triples in one exchange",
        "in pieces of 2^20 transfers, two flows each, so that memory is bounded",
        Against,
    ),
    difference(
        "from bits to numbers",
        "random transfers offline, each corrected by a bit online",
        "transfers of the bits themselves, one bit less each",
        Favours,
    ),
    TRUNCATION,
    difference(
        "label of the answer",
        "no argmax is provided",
        "a garbled argmax tells the client the label alone",
        Against,
    ),
];

impl Family {
    /// What the family shares here with Cheetah.
    #[must_use]
    pub const fn shared(self) -> &'static [&'static str] {
        match self {
            Self::Cheetah => &[],
            Self::Cryptflow2Ot => {
                &["the walk of the circuit", "link, meter and hooks", "base transfers", "pooling as a sum"]
            }
            Self::Aby | Self::Aby32 => &[
                "the walk of the circuit",
                "link, meter and hooks",
                "base transfers",
                "AES and the hash of transfers",
                "pooling as a sum",
            ],
            Self::Cryptflow2He | Self::Delphi => &[
                "the walk of the circuit",
                "link, meter and hooks",
                "base transfers",
                "AES and the hash of transfers",
                "number theoretic transforms",
                "pooling as a sum",
            ],
        }
    }

    /// What differs here from the system as its authors released it.
    #[must_use]
    pub const fn differences(self) -> &'static [Difference] {
        match self {
            Self::Cheetah => CHEETAH,
            Self::Cryptflow2Ot => CRYPTFLOW2_OT,
            Self::Cryptflow2He => CRYPTFLOW2_HE,
            Self::Delphi => DELPHI,
            Self::Aby | Self::Aby32 => ABY,
        }
    }
}
