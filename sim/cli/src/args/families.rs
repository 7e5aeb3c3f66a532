//! The names of the families of protocols.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use fusion_2pc::backend::Family;

/// Reads the name of a family.
pub fn families() -> impl TypedValueParser<Value = Family> {
    let values = Family::ALL.map(|family| PossibleValue::new(family.name()).help(family.about()));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Family>())
}
