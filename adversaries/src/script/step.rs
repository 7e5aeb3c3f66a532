//! Patterns of step addresses, as a script writes them: where in the two-party protocol an act takes place.
//!
//! [`Pattern`] defines what they match; here they have the texts of a script: how they are written, described to an editor, and refused.

use crate::problem::{closest, quoted};
use fusion_2pc::address::{self, FORMS, Pattern};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

/// A pattern of step addresses, as it stands in a script; clones share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepPattern(Pattern);

/// Text that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct NoStep {
    pub(super) message: String,
    pub(super) help: String,
}

impl From<address::NoStep> for NoStep {
    fn from(address::NoStep { part, form }: address::NoStep) -> Self {
        let help = match form {
            Some(form) => format!("such as {form}; `*` is any"),
            None => match near(&part) {
                Some(form) => format!("did you mean {form}?"),
                None => "parts stand between `/`: layer[4:relu], round[1], a name such as msb, `*` or `**`".into(),
            },
        };
        Self { message: format!("{} is no part of a step", quoted(&part)), help }
    }
}

/// The form of the name that is nearest to what stands before the bracket.
fn near(part: &str) -> Option<&'static str> {
    let (name, _) = part.split_once('[')?;
    let near = closest(name, &FORMS.map(|(known, _)| known))?;
    FORMS.into_iter().find(|(known, _)| *known == near).map(|(_, form)| form)
}

impl Deref for StepPattern {
    type Target = Pattern;

    fn deref(&self) -> &Pattern {
        &self.0
    }
}

impl FromStr for StepPattern {
    type Err = NoStep;

    fn from_str(text: &str) -> Result<Self, NoStep> {
        Ok(Self(text.parse::<Pattern>()?))
    }
}

impl fmt::Display for StepPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for StepPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl JsonSchema for StepPattern {
    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "a pattern of step addresses, such as layer[*:relu]/msb/**" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_pattern_is_told_with_the_nearest_right_form() {
        for (text, message) in [
            ("layer[4]", "`layer[4]` is no part of a step; such as layer[4:relu]; `*` is any"),
            ("layer", "`layer` is no part of a step; such as layer[4:relu]; `*` is any"),
            ("layer[4:ReLU]", "`layer[4:ReLU]` is no part of a step; such as layer[4:relu]; `*` is any"),
            ("layer[-1:relu]", "`layer[-1:relu]` is no part of a step; such as layer[4:relu]; `*` is any"),
            ("layer[:]", "`layer[:]` is no part of a step; such as layer[4:relu]; `*` is any"),
            ("layer[4:relu]x", "`layer[4:relu]x` is no part of a step; such as layer[4:relu]; `*` is any"),
            ("**/slot[3]", "`slot[3]` is no part of a step; such as slot[0..64]; `*` is any"),
            ("**/msg[]", "`msg[]` is no part of a step; such as msg[0]; `*` is any"),
            (
                "round[99999999999999999999]",
                "`round[99999999999999999999]` is no part of a step; such as round[1]; `*` is any",
            ),
            ("lyaer[4:relu]", "`lyaer[4:relu]` is no part of a step; did you mean layer[4:relu]?"),
            ("**/rond[1]", "`rond[1]` is no part of a step; did you mean round[1]?"),
        ] {
            assert_eq!(text.parse::<StepPattern>().map_err(|error| error.to_string()), Err(message.into()));
        }
        let help = "parts stand between `/`: layer[4:relu], round[1], a name such as msb, `*` or `**`";
        for (text, part) in
            [("a//b", ""), ("/a", ""), ("Msb", "Msb"), ("***", "***"), ("colour[1]", "colour[1]"), ("a b", "a b")]
        {
            let error = NoStep { message: format!("`{part}` is no part of a step"), help: help.into() };
            assert_eq!(text.parse::<StepPattern>(), Err(error), "{text}");
        }
    }
}
