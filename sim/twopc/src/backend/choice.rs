//! A family together with what a user chooses about it.

use super::aby::Aby;
use super::cheetah::{CarryChoice, Cheetah};
use super::cryptflow2::{Cryptflow2He, Cryptflow2Ot, TripleForm};
use super::delphi::{Decode, Delphi, Mask, Prepare};
use super::family::{Family, ForBackend};
use super::reader::Exposure;
use super::traits::Backend;
use crate::linear::Linear;
use crate::ot::probe::Parts;
use crate::ot::{Checks, Extension, Scheme};

/// What a user may choose about a family, each left open if it is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// How transfers are extended: of `cheetah` all, of the other families those of one of two messages.
    pub extension: Option<Extension>,
    /// Whether extensions of transfers are checked.
    pub checks: Option<Checks>,
    /// Where the client's masks are added.
    pub mask: Option<Mask>,
    /// When the client sends its encrypted masks.
    pub prepare: Option<Prepare>,
    /// What the client does where labels decode to nothing.
    pub decode: Option<Decode>,
    /// How pairs of products use correlated triples.
    pub triples: Option<TripleForm>,
    /// The most slots that are evaluated together, if these are fewer than the family's own; 0 counts as 1.
    pub chunk: Option<u32>,
    /// What is encrypted in linear layers.
    pub linear: Option<Linear>,
    /// How carries are found.
    pub carries: Option<CarryChoice>,
}

/// A family of two-party inference with its options: what is left open is as by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Choice {
    family: Family,
    /// Where it is not as by default.
    extension: Option<Extension>,
    checks: Checks,
    mask: Mask,
    prepare: Prepare,
    decode: Decode,
    triples: TripleForm,
    chunk: Option<u32>,
    linear: Linear,
    carries: CarryChoice,
}

/// The error for an option that a family does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} has no choice of {option}{}", .family.name(), .value.map_or_else(String::new, |value| format!(" `{value}`")))]
pub struct NoOption {
    /// The family.
    pub family: Family,
    /// The name of the option in scripts and flags.
    pub option: &'static str,
    /// The value that it does not have, where it has others.
    pub value: Option<&'static str>,
}

impl Choice {
    /// Chooses a family with these options.
    ///
    /// # Errors
    /// [`NoOption`] for an option that is given and that the family does not have, or not with this value.
    pub fn new(family: Family, options: Options) -> Result<Self, NoOption> {
        let Options { extension, checks, mask, prepare, decode, triples, chunk, linear, carries } = options;
        let given = [
            (EXTENSION, extension.is_some()),
            (CHECKS, checks.is_some()),
            (MASK, mask.is_some()),
            (PREPARE, prepare.is_some()),
            (DECODE, decode.is_some()),
            (TRIPLES, triples.is_some()),
            (CHUNK, chunk.is_some()),
            (LINEAR, linear.is_some()),
            (CARRIES, carries.is_some()),
        ];
        for (option, is_given) in given {
            if is_given && !family.has(option) {
                return Err(NoOption { family, option, value: None });
            }
        }
        if let (Family::Cheetah, Some(Extension::Iknp)) = (family, extension) {
            // Its columns carry the receiver's choices, and Cheetah's receivers have none.
            return Err(NoOption { family, option: EXTENSION, value: Some(Extension::Iknp.name()) });
        }
        if mask == Some(Mask::Inside) && prepare == Some(Prepare::Batch) {
            // The masks of a layer would be those of the circuits before it.
            return Err(NoOption { family, option: "prepare where masks are inside", value: None });
        }
        let defaults = Self::from(family);
        Ok(Self {
            family,
            extension: extension.filter(|extension| *extension != Extension::default()),
            checks: checks.unwrap_or(defaults.checks),
            mask: mask.unwrap_or(defaults.mask),
            prepare: prepare.unwrap_or(defaults.prepare),
            decode: decode.unwrap_or(defaults.decode),
            triples: triples.unwrap_or(defaults.triples),
            chunk,
            linear: linear.unwrap_or(defaults.linear),
            carries: carries.unwrap_or(defaults.carries),
        })
    }

    /// The family.
    #[must_use]
    pub const fn family(self) -> Family {
        self.family
    }

    /// How transfers are extended: of `cheetah` all of them, and `None` where the number that a session needs decides ([`Extension::for_count`]); of the other families those of one of two messages.
    #[must_use]
    pub fn extension(self) -> Option<Extension> {
        match self.family {
            Family::Cheetah => self.extension,
            _ => Some(self.one_of_two()),
        }
    }

    /// How transfers of one of two messages are extended.
    fn one_of_two(self) -> Extension {
        self.extension.unwrap_or(Extension::Iknp)
    }

    /// Whether extensions of transfers are checked.
    #[must_use]
    pub const fn checks(self) -> Checks {
        self.checks
    }

    /// The options that differ from what they are by default.
    #[must_use]
    pub fn options(self) -> Options {
        Options {
            extension: self.extension,
            checks: Some(self.checks).filter(|checks| *checks != Checks::default()),
            mask: Some(self.mask).filter(|mask| *mask != Mask::default()),
            prepare: Some(self.prepare).filter(|prepare| *prepare != Prepare::default()),
            decode: Some(self.decode).filter(|decode| *decode != Decode::default()),
            triples: Some(self.triples).filter(|triples| *triples != TripleForm::default()),
            chunk: self.chunk,
            linear: Some(self.linear).filter(|linear| *linear != Linear::default()),
            carries: Some(self.carries).filter(|carries| *carries != CarryChoice::default()),
        }
    }

    /// The most slots that are evaluated together, of a family that by itself evaluates so many.
    #[must_use]
    pub fn chunk(self, own: usize) -> usize {
        self.chunk.map_or(own, |most| own.min(most as usize)).max(1)
    }

    /// What is encrypted in linear layers. If it is not `images`, a server that deviates can read the client's shares, as it can encrypt other things than weights (decision 22);
    /// and a server that keeps to the protocol answers every slot by one network.
    #[must_use]
    pub const fn linear(self) -> Linear {
        self.linear
    }

    /// How carries are found. By a `chain` no server turns signs by a digit (decision 38).
    #[must_use]
    pub const fn carries(self) -> CarryChoice {
        self.carries
    }

    /// The same family with carries by trees.
    #[must_use]
    pub const fn with_trees(self) -> Self {
        Self { carries: CarryChoice::Tree, ..self }
    }

    /// The same family with the client's shares encrypted.
    #[must_use]
    pub const fn with_images(self) -> Self {
        Self { linear: Linear::Images, ..self }
    }

    /// What a server can read of slots: see [`Backend::reader`](super::Backend::reader).
    #[must_use]
    pub fn exposure(self) -> Exposure {
        match (self.family, self.triples) {
            (Family::Cryptflow2He, TripleForm::AsReleased) => Exposure::Samples,
            (Family::Cryptflow2Ot, TripleForm::AsReleased) => Exposure::Likeness,
            _ if self.mask == Mask::Inside || self.prepare == Prepare::Batch => Exposure::Samples,
            _ => Exposure::Nothing,
        }
    }

    /// What the client does where labels decode to nothing.
    #[must_use]
    pub const fn decode(self) -> Decode {
        self.decode
    }

    /// Whether what a server can read of slots is the same for copies.
    #[must_use]
    pub fn exposes(self) -> bool {
        self.exposure() == Exposure::Samples
    }

    /// The parts of a client's correlation that a server that deviates can guess: see [`Backend::parts`](super::Backend::parts).
    #[must_use]
    pub fn parts(self) -> Option<Parts> {
        self.run(PartsOf)
    }

    /// Does something for the backend of this choice.
    pub fn run<F: ForBackend>(self, what: F) -> F::Output {
        let Self { extension, checks, mask, prepare, decode, triples, linear, carries, .. } = self;
        let scheme = Scheme { extension: self.one_of_two(), checks };
        match self.family {
            Family::Cheetah => what.run(Cheetah { extension, checks, linear, carries }),
            Family::Cryptflow2Ot => what.run(Cryptflow2Ot { scheme, triples, ring: None }),
            Family::Cryptflow2He => what.run(Cryptflow2He { scheme, triples }),
            Family::Delphi => what.run(Delphi { mask, prepare, decode, scheme }),
            Family::Aby => what.run(Aby::proven().extended_by(scheme)),
            Family::Aby32 => what.run(Aby::measured().extended_by(scheme)),
        }
    }
}

struct PartsOf;

impl ForBackend for PartsOf {
    type Output = Option<Parts>;

    fn run<B: Backend>(self, backend: B) -> Option<Parts> {
        backend.parts()
    }
}

impl From<Family> for Choice {
    fn from(family: Family) -> Self {
        Self {
            family,
            extension: None,
            checks: Checks::default(),
            mask: Mask::default(),
            prepare: Prepare::default(),
            decode: Decode::default(),
            triples: TripleForm::default(),
            chunk: None,
            linear: Linear::default(),
            carries: CarryChoice::default(),
        }
    }
}

/// The option [`Options::extension`] in scripts and flags.
const EXTENSION: &str = "extension";

/// The option [`Options::checks`] in scripts and flags.
const CHECKS: &str = "checks";

/// The option [`Options::mask`] in scripts.
const MASK: &str = "mask";

/// The option [`Options::prepare`] in scripts.
const PREPARE: &str = "prepare";

/// The option [`Options::decode`] in scripts.
const DECODE: &str = "decode";

/// The option [`Options::triples`] in scripts.
const TRIPLES: &str = "triples";

/// The option [`Options::chunk`] in scripts.
const CHUNK: &str = "chunk";

/// The option [`Options::linear`] in scripts and flags.
const LINEAR: &str = "linear";

/// The option [`Options::carries`] in scripts and flags.
const CARRIES: &str = "carries";

impl Family {
    /// The names of the options that a user may give for the family.
    #[must_use]
    pub const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Cheetah => &[EXTENSION, CHECKS, CHUNK, LINEAR, CARRIES],
            Self::Delphi => &[EXTENSION, CHECKS, MASK, PREPARE, DECODE, CHUNK],
            Self::Cryptflow2Ot | Self::Cryptflow2He => &[EXTENSION, CHECKS, TRIPLES, CHUNK],
            Self::Aby | Self::Aby32 => &[EXTENSION, CHECKS, CHUNK],
        }
    }

    fn has(self, option: &str) -> bool {
        self.options().contains(&option)
    }

    /// Does something for the backend of this family, with every option as by default.
    pub fn run<F: ForBackend>(self, what: F) -> F::Output {
        Choice::from(self).run(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_is_what_is_said_and_a_default_is_not_said() {
        for family in Family::ALL {
            assert_eq!(Choice::new(family, Options::default()), Ok(family.into()));
            for extension in Extension::ALL {
                let options = Options { extension: Some(extension), ..Options::default() };
                if family == Family::Cheetah && extension == Extension::Iknp {
                    let refusal = Choice::new(family, options).unwrap_err();
                    assert_eq!(refusal.to_string(), "cheetah has no choice of extension `iknp`");
                    continue;
                }
                let choice = Choice::new(family, options).unwrap();
                assert_eq!((choice.family(), choice.extension()), (family, Some(extension)));
                assert_eq!(choice == family.into(), extension == Extension::Iknp);
                assert_eq!(Choice::new(family, choice.options()), Ok(choice), "said again, it is the same");
            }
        }
        assert_eq!(Choice::default().extension(), None, "by the number of transfers");
        for (family, checks) in Family::ALL.into_iter().flat_map(|family| Checks::ALL.map(|checks| (family, checks))) {
            let choice = Choice::new(family, Options { checks: Some(checks), ..Options::default() }).unwrap();
            assert_eq!((choice.checks(), choice == family.into()), (checks, checks == Checks::None));
            assert_eq!(Choice::new(family, choice.options()), Ok(choice), "said again, it is the same");
        }
        let inside = Options { mask: Some(Mask::Inside), ..Options::default() };
        assert!(
            Choice::new(Family::Delphi, inside).is_ok_and(Choice::exposes) && !Choice::from(Family::Delphi).exposes()
        );
        let batch = Options { prepare: Some(Prepare::Batch), ..Options::default() };
        assert!(Choice::new(Family::Delphi, batch).is_ok_and(Choice::exposes));
        assert_eq!(Choice::new(Family::Aby, batch).unwrap_err().to_string(), "aby has no choice of prepare");
        let both = Choice::new(Family::Delphi, Options { mask: Some(Mask::Inside), ..batch }).unwrap_err();
        assert_eq!(both.to_string(), "delphi has no choice of prepare where masks are inside");
        let released = Options { triples: Some(TripleForm::AsReleased), ..Options::default() };
        let exposes = |family| Choice::new(family, released).map(Choice::exposes);
        assert_eq!(exposes(Family::Cryptflow2He), Ok(true));
        assert_eq!(exposes(Family::Cryptflow2Ot), Ok(false), "there the server chooses no shares");
        let exposure = |family| Choice::new(family, released).map(Choice::exposure);
        assert_eq!(exposure(Family::Cryptflow2Ot), Ok(Exposure::Likeness));
        assert!(Family::ALL.iter().all(|&family| Choice::from(family).exposure() == Exposure::Nothing));
        assert_eq!(exposes(Family::Cheetah).unwrap_err().to_string(), "cheetah has no choice of triples");
        assert_eq!(Choice::new(Family::Aby, inside).unwrap_err().to_string(), "aby has no choice of mask");
        for carries in CarryChoice::ALL {
            let options = Options { carries: Some(carries), ..Options::default() };
            let choice = Choice::new(Family::Cheetah, options).unwrap();
            assert_eq!((choice.carries(), choice == Family::Cheetah.into()), (carries, carries == CarryChoice::Tree));
            assert_eq!(
                (Choice::new(Family::Cheetah, choice.options()), choice.with_trees()),
                (Ok(choice), Family::Cheetah.into())
            );
            assert_eq!(
                Choice::new(Family::Delphi, options).unwrap_err().to_string(),
                "delphi has no choice of carries"
            );
        }
        let chunk =
            |most| Choice::new(Family::Aby, Options { chunk: Some(most), ..Options::default() }).unwrap().chunk(7);
        assert_eq!([0, 1, 6, 8].map(chunk), [1, 1, 6, 7]);
    }
}
