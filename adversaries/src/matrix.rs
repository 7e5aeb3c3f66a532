//! What a deviating server can do to each family of protocols, by kind of deviation: an attack that runs, or an argument with the test behind it.
//!
//! Attacks that need nothing but a script are the strategies of [`SCRIPT`], each named by its kind. How their trials end is a function of the seed, and is kept here as it was counted.
//!
//! ```
//! use fusion_2pc::backend::Family;
//! use fusion_adversaries::matrix::{Cell, Kind};
//! assert!(matches!(Kind::Silence.cell(Family::Delphi), Cell::Attack(measured) if measured.count == measured.trials));
//! ```

use crate::hypothesis::Hypothesis;
use fusion_2pc::backend::delphi::Decode;
use fusion_2pc::backend::{Choice, Exposure, Family};
use fusion_2pc::linear::Linear;

/// The script of the attacks that are counted here.
pub const SCRIPT: &str = include_str!("../matrix.yaml");

/// What was counted: family, kind, event, its exact rate, how often it happened, trials.
const COUNTED: &str = include_str!("../matrix.csv");

/// A kind of deviation of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The server stops answering.
    Silence,
    /// Another network answers on some slots.
    AnotherModel,
    /// The server adds a number to its share of a value.
    ShareShift,
    /// An error that is there if a bit of a value is set, which the server does not see.
    BitError,
    /// An error by any function of a value.
    AnyFunction,
    /// The server learns what slots hold, before it must answer.
    Exposure,
    /// The server recognises slots of one query.
    Linking,
    /// The client stops where a value tells it to, in the middle of a session.
    Stop,
    /// The verdict is made to tell a bit of the inputs.
    Verdict,
    /// Verdicts are spent on a secret that the client keeps.
    Probe,
}

/// What is known of a kind of deviation in a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A strategy of [`SCRIPT`], with what it did.
    Attack(Measured),
    /// A test plays the attack.
    Played(Shown),
    /// The server gains nothing.
    Nothing(Shown),
    /// Nothing here tests it.
    Open(&'static str),
}

/// A reason, and the tests behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The reason, in a sentence.
    pub because: &'static str,
    /// The files of the tests, below `proofs-tests/tests`.
    pub tests: &'static [&'static str],
}

/// What is known of a hypothesis in sessions of a backend, of a server that may deviate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A server that deviates does not break it, for this reason.
    Holds(&'static str),
    /// A server breaks it by deviations of these kinds; it is assumed of one that does not.
    Breakable(Vec<Kind>),
    /// It is assumed: no kind of deviation is about it.
    Assumed,
}

/// Returns what the matrix says of a hypothesis, for a backend with its options.
#[must_use]
pub fn standing(hypothesis: Hypothesis, backend: Choice) -> Standing {
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| kind.falls().contains(&hypothesis)).collect();
    let breaking: Vec<Kind> = kinds.iter().copied().filter(|kind| kind.breaks(backend)).collect();
    let reason = kinds.iter().find_map(|kind| match kind.cell(backend.family()) {
        Cell::Nothing(shown) => Some(shown.because),
        _ => None,
    });
    match reason {
        _ if !breaking.is_empty() => Standing::Breakable(breaking),
        Some(because) => Standing::Holds(because),
        None => Standing::Assumed,
    }
}

/// Returns how a hypothesis stands where two parties run SPDZ, in which the server enters one network for all slots and each of its other deviations is caught, but with a probability below `2^-40`.
#[must_use]
pub fn standing_in_spdz(hypothesis: Hypothesis) -> Standing {
    match hypothesis {
        Hypothesis::H2 => Standing::Holds("whatever a server sees is masked by values that nobody knows"),
        Hypothesis::H3 => Standing::Holds("an error that depends on a value is caught by a check"),
        Hypothesis::H4a => Standing::Breakable(vec![Kind::AnotherModel]),
        Hypothesis::H4b => Standing::Holds("one network answers all slots"),
        Hypothesis::H6 => {
            Standing::Holds("whether a check fails depends on what the server sent, and on no content of a slot")
        }
        Hypothesis::H7 => Standing::Holds("keys and shares are those of one session"),
        Hypothesis::H1 | Hypothesis::H5 | Hypothesis::H8 => Standing::Assumed,
    }
}

/// How the trials of an attack ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The event that is counted.
    pub event: &'static str,
    /// Its exact rate, as a fraction.
    pub exact: &'static str,
    /// How often it happened.
    pub count: u64,
    /// The number of trials.
    pub trials: u64,
}

impl Kind {
    /// Every kind of deviation, in the order in which the matrix lists them.
    pub const ALL: [Self; 10] = [
        Self::Silence,
        Self::AnotherModel,
        Self::ShareShift,
        Self::BitError,
        Self::AnyFunction,
        Self::Exposure,
        Self::Linking,
        Self::Stop,
        Self::Verdict,
        Self::Probe,
    ];

    /// The name of the kind, which its strategy in [`SCRIPT`] has too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::AnotherModel => "another-model",
            Self::ShareShift => "share-shift",
            Self::BitError => "error-by-a-bit",
            Self::AnyFunction => "any-function",
            Self::Exposure => "exposure",
            Self::Linking => "linking",
            Self::Stop => "stop",
            Self::Verdict => "verdict",
            Self::Probe => "probe",
        }
    }

    /// The kind in a few words.
    #[must_use]
    pub const fn statement(self) -> &'static str {
        match self {
            Self::Silence => "the server stops answering",
            Self::AnotherModel => "another network on some slots",
            Self::ShareShift => "a number added to a share",
            Self::BitError => "an error if a bit of a value is set",
            Self::AnyFunction => "an error by any function of a value",
            Self::Exposure => "the server reads what slots hold",
            Self::Linking => "the server names two copies of a query, in matrix.yaml by guessing",
            Self::Stop => "the client stops where a value tells it to",
            Self::Verdict => "the verdict tells a bit of the inputs",
            Self::Probe => "verdicts tell a secret that the client keeps",
        }
    }

    /// The hypotheses that fail where the kind succeeds.
    #[must_use]
    pub const fn falls(self) -> &'static [Hypothesis] {
        match self {
            Self::Silence => &[],
            Self::AnotherModel => &[Hypothesis::H4a],
            Self::ShareShift => &[Hypothesis::H4a, Hypothesis::H4b],
            Self::BitError | Self::AnyFunction | Self::Verdict => &[Hypothesis::H3, Hypothesis::H4a],
            Self::Exposure | Self::Linking => &[Hypothesis::H2],
            Self::Stop => &[Hypothesis::H6],
            Self::Probe => &[Hypothesis::H7],
        }
    }

    /// Whether a server of a backend breaks hypotheses by deviations of this kind. A guess of two copies breaks none.
    fn breaks(self, backend: Choice) -> bool {
        match self {
            Self::Linking => false,
            Self::Exposure => backend.exposure() != Exposure::Nothing || backend.linear() != Linear::Images,
            Self::Stop => backend.decode() == Decode::Stop,
            _ => matches!(self.cell(backend.family()), Cell::Attack(_) | Cell::Played(_)),
        }
    }

    /// What is known of the kind in a family with all options as by default.
    #[must_use]
    pub fn cell(self, family: Family) -> Cell {
        if let Some(measured) = counted(self, family) {
            return Cell::Attack(measured);
        }
        match self {
            Self::AnyFunction if family.garbles() => Cell::Played(Shown {
                because: "the server garbles another circuit of the same gates; which functions they carry is limited by the gates",
                tests: &["attacks/by_a_bit.rs", "attacks/own_choice.rs"],
            }),
            Self::AnyFunction if family == Family::Cryptflow2He => Cell::Played(Shown {
                because: "a ReLU takes a value for negative, or not, by any function of four of its bits: the server chooses its share of it, and offers false messages in the transfers of a comparison; or it keeps what is negative alone, by a choice that is not the server's share",
                tests: &["attacks/by_a_digit.rs", "two_party/by_a_digit.rs", "attacks/own_choice.rs"],
            }),
            Self::AnyFunction => Cell::Played(Shown {
                because: "a ReLU takes a value for negative, or not, by any function of the digit below its sign: the server offers false messages in the transfers of a comparison; or it keeps what is negative alone, by a choice that is not the server's share",
                tests: &["attacks/by_a_digit.rs", "two_party/by_a_digit.rs", "attacks/own_choice.rs"],
            }),
            Self::Exposure => Cell::Nothing(Shown {
                because: "every message of the client is masked by a coin of its own, whatever the server sent before, if transfers and encryption are secure; not in the named modes of docs/security.md",
                tests: &["two_party/transcript.rs", "two_party/views.rs", "attacks/noise.rs"],
            }),
            Self::Stop if family == Family::Delphi => Cell::Nothing(Shown {
                because: "the client takes a value whose labels decode to nothing for 0, where the released code stops (`decode: stop`), and looks at labels after the last answer",
                tests: &[
                    "two_party/undecodable.rs",
                    "attacks/undecodable.rs",
                    "two_party/families.rs",
                    "attacks/matrix.rs",
                ],
            }),
            Self::Stop => Cell::Nothing(Shown {
                because: "the client takes any bytes of the right length as some value, and looks at labels after the last answer",
                tests: &["two_party/families.rs", "attacks/matrix.rs"],
            }),
            Self::Probe => Cell::Played(Shown {
                because: "with a set-up that is kept: of the correlation of transfers in which the client sends, or of its encryption key; with one for each session nothing is left",
                tests: match family {
                    Family::Cheetah => &["attacks/probes.rs", "two_party/kept_key.rs"],
                    _ => &["attacks/probes.rs"],
                },
            }),
            _ => Cell::Open("not counted yet"),
        }
    }
}

fn counted(kind: Kind, family: Family) -> Option<Measured> {
    let line = COUNTED.lines().find_map(|line| line.strip_prefix(&format!("{},{},", family.name(), kind.name())))?;
    let [event, exact, count, trials] = line.split(',').collect::<Vec<_>>().try_into().ok()?;
    Some(Measured { event, exact, count: count.parse().ok()?, trials: trials.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_2pc::backend::Options;
    use fusion_2pc::backend::delphi::Mask;

    #[test]
    fn every_line_of_what_was_counted_is_a_cell() {
        let cells = Family::ALL.iter().flat_map(|family| Kind::ALL.map(|kind| kind.cell(*family)));
        let attacks = cells.filter(|cell| matches!(cell, Cell::Attack(_))).count();
        assert_eq!(attacks, COUNTED.lines().count() - 1, "but for the heading");
        assert_eq!(attacks, 36, "six kinds in six families");
    }

    #[test]
    fn a_hypothesis_stands_as_the_matrix_says() {
        let names = |hypothesis, backend: Choice| match standing(hypothesis, backend) {
            Standing::Holds(because) => format!("holds: {}", because.split(' ').take(4).collect::<Vec<_>>().join(" ")),
            Standing::Breakable(kinds) => kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" "),
            Standing::Assumed => "assumed".into(),
        };
        for family in Family::ALL {
            let all = Hypothesis::ALL.map(|hypothesis| names(hypothesis, family.into()));
            let stop =
                if family == Family::Delphi { "holds: the client takes a" } else { "holds: the client takes any" };
            let errors = "error-by-a-bit any-function verdict";
            assert_eq!(all[..2], ["assumed", "holds: every message of the"]);
            assert_eq!(all[2..4], [errors.into(), format!("another-model share-shift {errors}")]);
            assert_eq!(all[4..], ["share-shift", "assumed", stop, "probe", "assumed"], "{family:?}");
        }
        let inside = Options { mask: Some(Mask::Inside), ..Options::default() };
        assert_eq!(names(Hypothesis::H2, Choice::new(Family::Delphi, inside).unwrap()), "exposure");
        let stops = Options { decode: Some(Decode::Stop), ..Options::default() };
        assert_eq!(names(Hypothesis::H6, Choice::new(Family::Delphi, stops).unwrap()), "stop");
    }

    #[test]
    fn nothing_is_open() {
        let cells = Family::ALL.iter().flat_map(|family| Kind::ALL.map(|kind| kind.cell(*family)));
        assert_eq!(cells.filter(|cell| matches!(cell, Cell::Open(_))).count(), 0);
    }
}
