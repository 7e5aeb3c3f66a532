//! `backend:`: the protocols of `real`, a word or a map.

use fusion_2pc::backend::{Choice, Family, Options};
use fusion_2pc::ot::Extension;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// The two-party protocols that `real` runs. It is written as a word if every option is as by default, and otherwise as a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backend(pub Choice);

impl Serialize for Backend {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written::from(self.0).serialize(serializer)
    }
}

impl JsonSchema for Backend {
    fn schema_name() -> Cow<'static, str> {
        "Backend".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Written::json_schema(generator)
    }
}

/// The two-party protocols that `real` runs: a family as it is by default, or with options.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    Word(FamilyWord),
    Map(FamilyMap),
}

/// A family of two-party inference, as it is by default.
#[derive(Serialize, JsonSchema)]
enum FamilyWord {
    /// Cheetah (Huang et al., USENIX Security 2022).
    #[serde(rename = "cheetah")]
    Cheetah,
    /// `CrypTFlow2` with linear layers by oblivious transfer (Rathee et al., CCS 2020).
    #[serde(rename = "cryptflow2-ot")]
    Cryptflow2Ot,
    /// `CrypTFlow2` with linear layers under encryption (Rathee et al., CCS 2020).
    #[serde(rename = "cryptflow2-he")]
    Cryptflow2He,
    /// DELPHI (Mishra et al., USENIX Security 2020).
    #[serde(rename = "delphi")]
    Delphi,
    /// ABY modulo `2^64` (Demmler et al., NDSS 2015).
    #[serde(rename = "aby")]
    Aby,
    /// ABY modulo `2^32`, which holds the values that were seen, and not all that are proved possible.
    #[serde(rename = "aby-32")]
    Aby32,
}

/// A family of two-party inference, with options.
#[derive(Serialize, JsonSchema)]
enum FamilyMap {
    /// `CrypTFlow2` with linear layers by oblivious transfer.
    #[serde(rename = "cryptflow2-ot")]
    Cryptflow2Ot(OptionsSection),
    /// `CrypTFlow2` with linear layers under encryption.
    #[serde(rename = "cryptflow2-he")]
    Cryptflow2He(OptionsSection),
    /// DELPHI.
    #[serde(rename = "delphi")]
    Delphi(OptionsSection),
    /// ABY modulo `2^64`.
    #[serde(rename = "aby")]
    Aby(OptionsSection),
    /// ABY modulo `2^32`.
    #[serde(rename = "aby-32")]
    Aby32(OptionsSection),
}

/// The options of a family.
#[derive(Serialize, JsonSchema)]
struct OptionsSection {
    /// How transfers of one of two messages are extended.
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<ExtensionWord>,
}

/// An extension of oblivious transfers.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ExtensionWord {
    /// IKNP (Ishai et al., CRYPTO 2003): the default.
    Iknp,
    /// `SoftSpokenOT` (Roy, CRYPTO 2022).
    SoftSpoken,
    /// Ferret (Yang et al., CCS 2020).
    Ferret,
}

impl From<Choice> for Written {
    fn from(choice: Choice) -> Self {
        let options = choice.options();
        if options == Options::default() {
            return Self::Word(choice.family().into());
        }
        let options = options.into();
        match choice.family() {
            Family::Cheetah => Self::Word(FamilyWord::Cheetah),
            Family::Cryptflow2Ot => Self::Map(FamilyMap::Cryptflow2Ot(options)),
            Family::Cryptflow2He => Self::Map(FamilyMap::Cryptflow2He(options)),
            Family::Delphi => Self::Map(FamilyMap::Delphi(options)),
            Family::Aby => Self::Map(FamilyMap::Aby(options)),
            Family::Aby32 => Self::Map(FamilyMap::Aby32(options)),
        }
    }
}

impl From<Family> for FamilyWord {
    fn from(family: Family) -> Self {
        match family {
            Family::Cheetah => Self::Cheetah,
            Family::Cryptflow2Ot => Self::Cryptflow2Ot,
            Family::Cryptflow2He => Self::Cryptflow2He,
            Family::Delphi => Self::Delphi,
            Family::Aby => Self::Aby,
            Family::Aby32 => Self::Aby32,
        }
    }
}

impl From<Options> for OptionsSection {
    fn from(Options { extension }: Options) -> Self {
        Self { extension: extension.map(ExtensionWord::from) }
    }
}

impl From<Extension> for ExtensionWord {
    fn from(extension: Extension) -> Self {
        match extension {
            Extension::Iknp => Self::Iknp,
            Extension::SoftSpoken => Self::SoftSpoken,
            Extension::Ferret => Self::Ferret,
        }
    }
}
