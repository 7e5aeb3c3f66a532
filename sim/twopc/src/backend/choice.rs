//! A family together with what a user chooses about it.

use super::aby::Aby;
use super::cheetah::Cheetah;
use super::cryptflow2::{Cryptflow2He, Cryptflow2Ot};
use super::delphi::{Delphi, Mask};
use super::family::{Family, ForBackend};
use super::traits::Backend;
use crate::ot::Extension;
use crate::ot::probe::Parts;

/// What a user may choose about a family, each left open if it is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// How transfers of one of two messages are extended.
    pub extension: Option<Extension>,
    /// Where the client's masks are added.
    pub mask: Option<Mask>,
    /// The most slots that are evaluated together, if these are fewer than the family's own; 0 counts as 1.
    pub chunk: Option<u32>,
}

/// A family of two-party inference with its options: what is left open is as by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Choice {
    family: Family,
    extension: Extension,
    mask: Mask,
    chunk: Option<u32>,
}

/// The error for an option that a family does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} has no choice of {option}", .family.name())]
pub struct NoOption {
    /// The family.
    pub family: Family,
    /// The name of the option in scripts and flags.
    pub option: &'static str,
}

impl Choice {
    /// Chooses a family with these options.
    ///
    /// # Errors
    /// [`NoOption`] for an option that is given and that the family does not have.
    pub fn new(family: Family, options: Options) -> Result<Self, NoOption> {
        let Options { extension, mask, chunk } = options;
        for (option, is_given) in [(EXTENSION, extension.is_some()), (MASK, mask.is_some()), (CHUNK, chunk.is_some())] {
            if is_given && !family.has(option) {
                return Err(NoOption { family, option });
            }
        }
        let defaults = Self::from(family);
        Ok(Self {
            family,
            extension: extension.unwrap_or(defaults.extension),
            mask: mask.unwrap_or(defaults.mask),
            chunk,
        })
    }

    /// The family.
    #[must_use]
    pub const fn family(self) -> Family {
        self.family
    }

    /// How transfers of one of two messages are extended, if the family has the choice.
    #[must_use]
    pub fn extension(self) -> Option<Extension> {
        self.family.has(EXTENSION).then_some(self.extension)
    }

    /// The options that differ from what they are by default.
    #[must_use]
    pub fn options(self) -> Options {
        Options {
            extension: self.extension().filter(|extension| *extension != Extension::default()),
            mask: Some(self.mask).filter(|mask| *mask != Mask::default()),
            chunk: self.chunk,
        }
    }

    /// The most slots that are evaluated together, of a family that by itself evaluates so many.
    #[must_use]
    pub fn chunk(self, own: usize) -> usize {
        self.chunk.map_or(own, |most| own.min(most as usize)).max(1)
    }

    /// Whether a server that deviates can read what slots hold: see [`Backend::reader`](super::Backend::reader).
    #[must_use]
    pub fn exposes(self) -> bool {
        self.mask == Mask::Inside
    }

    /// The parts of a client's correlation that a server that deviates can guess: see [`Backend::parts`](super::Backend::parts).
    #[must_use]
    pub fn parts(self) -> Option<Parts> {
        self.run(PartsOf)
    }

    /// Does something for the backend of this choice.
    pub fn run<F: ForBackend>(self, what: F) -> F::Output {
        let extension = self.extension;
        match self.family {
            Family::Cheetah => what.run(Cheetah),
            Family::Cryptflow2Ot => what.run(Cryptflow2Ot { extension, ..Cryptflow2Ot::default() }),
            Family::Cryptflow2He => what.run(Cryptflow2He { extension }),
            Family::Delphi => what.run(Delphi { extension, mask: self.mask }),
            Family::Aby => what.run(Aby::proven().extended_by(extension)),
            Family::Aby32 => what.run(Aby::measured().extended_by(extension)),
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
        Self { family, extension: Extension::default(), mask: Mask::default(), chunk: None }
    }
}

/// The option [`Options::extension`] in scripts and flags.
const EXTENSION: &str = "extension";

/// The option [`Options::mask`] in scripts.
const MASK: &str = "mask";

/// The option [`Options::chunk`] in scripts.
const CHUNK: &str = "chunk";

impl Family {
    /// The names of the options that a user may give for the family.
    #[must_use]
    pub const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Cheetah => &[CHUNK],
            Self::Delphi => &[EXTENSION, MASK, CHUNK],
            Self::Cryptflow2Ot | Self::Cryptflow2He | Self::Aby | Self::Aby32 => &[EXTENSION, CHUNK],
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
                if family == Family::Cheetah {
                    let refusal = Choice::new(family, options).unwrap_err();
                    assert_eq!(refusal.to_string(), "cheetah has no choice of extension");
                    continue;
                }
                let choice = Choice::new(family, options).unwrap();
                assert_eq!((choice.family(), choice.extension()), (family, Some(extension)));
                assert_eq!(choice == family.into(), extension == Extension::Iknp);
                assert_eq!(Choice::new(family, choice.options()), Ok(choice), "said again, it is the same");
            }
        }
        assert_eq!(Choice::default().extension(), None);
        let inside = Options { mask: Some(Mask::Inside), ..Options::default() };
        assert!(
            Choice::new(Family::Delphi, inside).is_ok_and(Choice::exposes) && !Choice::from(Family::Delphi).exposes()
        );
        assert_eq!(Choice::new(Family::Aby, inside).unwrap_err().to_string(), "aby has no choice of mask");
        let chunk =
            |most| Choice::new(Family::Aby, Options { chunk: Some(most), ..Options::default() }).unwrap().chunk(7);
        assert_eq!([0, 1, 6, 8].map(chunk), [1, 1, 6, 7]);
    }
}
