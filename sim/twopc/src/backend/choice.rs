//! A family together with what a user chooses about it.

use super::aby::Aby;
use super::cheetah::Cheetah;
use super::cryptflow2::{Cryptflow2He, Cryptflow2Ot};
use super::delphi::Delphi;
use super::family::{Family, ForBackend};
use crate::ot::Extension;

/// What a user may choose about a family, each left open if it is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// How transfers of one of two messages are extended.
    pub extension: Option<Extension>,
}

/// A family of two-party inference with its options: what is left open is as by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Choice {
    family: Family,
    extension: Extension,
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
        let Options { extension } = options;
        if extension.is_some() && !family.has(EXTENSION) {
            return Err(NoOption { family, option: EXTENSION });
        }
        Ok(Self { family, extension: extension.unwrap_or(Extension::Iknp) })
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
        Options { extension: self.extension().filter(|extension| *extension != Extension::default()) }
    }

    /// Does something for the backend of this choice.
    pub fn run<F: ForBackend>(self, what: F) -> F::Output {
        let extension = self.extension;
        match self.family {
            Family::Cheetah => what.run(Cheetah),
            Family::Cryptflow2Ot => what.run(Cryptflow2Ot { extension, ..Cryptflow2Ot::default() }),
            Family::Cryptflow2He => what.run(Cryptflow2He { extension }),
            Family::Delphi => what.run(Delphi { extension }),
            Family::Aby => what.run(Aby::proven().extended_by(extension)),
            Family::Aby32 => what.run(Aby::measured().extended_by(extension)),
        }
    }
}

impl From<Family> for Choice {
    fn from(family: Family) -> Self {
        Self { family, extension: Extension::default() }
    }
}

/// The option [`Options::extension`] in scripts and flags.
const EXTENSION: &str = "extension";

impl Family {
    /// The names of the options that a user may give for the family.
    #[must_use]
    pub const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Cheetah => &[],
            Self::Cryptflow2Ot | Self::Cryptflow2He | Self::Delphi | Self::Aby | Self::Aby32 => &[EXTENSION],
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
                let options = Options { extension: Some(extension) };
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
    }
}
