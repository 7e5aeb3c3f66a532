//! The names of the families of protocols, and of what a user chooses about them.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use fusion_2pc::backend::cheetah::CarryChoice;
use fusion_2pc::backend::{Choice, Family, NoOption, Options};
use fusion_2pc::linear::Linear;
use fusion_2pc::ot::{Checks, Extension};
use fusion_active::network::Triples;
use fusion_adversaries::script::Backend;
use fusion_engine::failure::Failure;

/// Reads the name of a family.
pub fn families() -> impl TypedValueParser<Value = Family> {
    let values = Family::ALL.map(|family| PossibleValue::new(family.name()).help(family.about()));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Family>())
}

/// Reads the name of what two parties of a script run.
pub fn backends() -> impl TypedValueParser<Value = Backend> {
    let values: Vec<_> =
        Backend::all().map(|backend| PossibleValue::new(backend.name()).help(backend.about())).collect();
    let known = |name: String| Backend::all().find(|backend| backend.name() == name);
    PossibleValuesParser::new(values).try_map(move |name| known(name).ok_or("it is none of these backends"))
}

/// Reads the name of an extension.
fn extensions() -> impl TypedValueParser<Value = Extension> {
    let values = Extension::ALL.map(|extension| PossibleValue::new(extension.name()).help(extension.about()));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Extension>())
}

/// Reads whether extensions are checked.
pub fn checks() -> impl TypedValueParser<Value = Checks> {
    let values = Checks::ALL.map(|checks| PossibleValue::new(checks.name()).help(checks.about()));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Checks>())
}

/// Reads what linear layers encrypt.
pub fn linears() -> impl TypedValueParser<Value = Linear> {
    let values = Linear::ALL.map(|linear| PossibleValue::new(linear.name()).help(linear.about()));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Linear>())
}

/// Reads by what triples full active security evaluates linear layers.
pub fn triples() -> impl TypedValueParser<Value = Triples> {
    let values = Triples::ALL.map(|triples| PossibleValue::new(triples.name()).help(triples.about()));
    let known = |name: String| Triples::ALL.into_iter().find(|triples| triples.name() == name);
    PossibleValuesParser::new(values).try_map(move |name| known(name).ok_or("it is none of these triples"))
}

/// Reads how carries are found.
pub fn carries() -> impl TypedValueParser<Value = CarryChoice> {
    let values = CarryChoice::ALL.map(|carries| PossibleValue::new(carries.name()).help(carries.about()));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<CarryChoice>())
}

/// The flags that choose something about a family.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct OptionsArgs {
    /// How the family extends transfers of one of two messages, or of cheetah all [default: iknp; of cheetah, which has no iknp, by their number].
    #[arg(long, value_name = "NAME", value_parser = extensions())]
    pub extension: Option<Extension>,
    /// Whether extensions of transfers are proved consistent before they are used [default: none].
    #[arg(long, value_name = "NAME", value_parser = checks())]
    pub checks: Option<Checks>,
}

impl OptionsArgs {
    /// Returns the first of the flags that is given.
    pub fn given(self) -> Option<&'static str> {
        self.extension.map(|_| "--extension").or(self.checks.map(|_| "--checks"))
    }

    /// Returns a family with these options.
    ///
    /// # Errors
    /// [`Failure::Usage`] for an option that the family does not have; it names the flag.
    pub fn of(self, family: Family) -> Result<Choice, Failure> {
        self.with(family, None, None)
    }

    /// Returns a family with these options, and with what linear layers encrypt and how carries are found, if that is given.
    ///
    /// # Errors
    /// As [`OptionsArgs::of`].
    pub fn with(self, family: Family, linear: Option<Linear>, carries: Option<CarryChoice>) -> Result<Choice, Failure> {
        let Self { extension, checks } = self;
        let refused = |refusal: NoOption| Failure::Usage(format!("--{}: {refusal}", refusal.option));
        Choice::new(family, Options { extension, checks, linear, carries, ..Options::default() }).map_err(refused)
    }
}
