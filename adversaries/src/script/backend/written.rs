//! How `backend:` is written: a word, or a map with options.

use super::Backend;
use fusion_2pc::backend::cheetah::CarryChoice;
use fusion_2pc::backend::cryptflow2::TripleForm;
use fusion_2pc::backend::delphi::{Decode, Mask, Prepare};
use fusion_2pc::backend::{Choice, Family, Options};
use fusion_2pc::linear::Linear;
use fusion_2pc::ot::{Checks, Extension};
use fusion_active::network::Triples;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

impl Serialize for Backend {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written::from(*self).serialize(serializer)
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

/// The two-party protocols that `real` runs: as they are by default, or with options.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    Word(BackendWord),
    Map(BackendMap),
}

/// Protocols of two-party inference, as they are by default.
#[derive(Serialize, JsonSchema)]
enum BackendWord {
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
    /// SPDZ with triples of `LowGear` (Damgård et al., CRYPTO 2012; Keller et al., EUROCRYPT 2018), in which a server that deviates is caught. It evaluates one network on all slots at once.
    #[serde(rename = "spdz-lowgear")]
    Spdz,
}

/// Protocols of two-party inference, with options.
#[derive(Serialize, JsonSchema)]
enum BackendMap {
    /// Cheetah.
    #[serde(rename = "cheetah")]
    Cheetah(CheetahSection),
    /// `CrypTFlow2` with linear layers by oblivious transfer.
    #[serde(rename = "cryptflow2-ot")]
    Cryptflow2Ot(Cryptflow2Section),
    /// `CrypTFlow2` with linear layers under encryption.
    #[serde(rename = "cryptflow2-he")]
    Cryptflow2He(Cryptflow2Section),
    /// DELPHI.
    #[serde(rename = "delphi")]
    Delphi(DelphiSection),
    /// ABY modulo `2^64`.
    #[serde(rename = "aby")]
    Aby(OptionsSection),
    /// ABY modulo `2^32`.
    #[serde(rename = "aby-32")]
    Aby32(OptionsSection),
    /// SPDZ with triples of `LowGear`.
    #[serde(rename = "spdz-lowgear")]
    Spdz(SpdzSection),
}

/// The options of SPDZ.
#[derive(Serialize, JsonSchema)]
struct SpdzSection {
    /// By what triples linear layers are evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    triples: Option<SpdzTriplesWord>,
}

/// By what triples linear layers are evaluated.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum SpdzTriplesWord {
    /// A triple for each product of two numbers: the default.
    Elements,
    /// A triple of matrices for each layer.
    Matrices,
}

/// The options that every family has.
#[derive(Serialize, JsonSchema)]
struct EverySection {
    /// Whether extensions of oblivious transfers are checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<ChecksWord>,
    /// The most slots that are evaluated together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    chunk: Option<u32>,
}

/// The options of Cheetah.
#[derive(Serialize, JsonSchema)]
struct CheetahSection {
    /// How transfers are extended: by default as their number decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<RandomExtensionWord>,
    /// What is encrypted in linear layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    linear: Option<LinearWord>,
    /// How the carries are found of what a step compares first.
    #[serde(skip_serializing_if = "Option::is_none")]
    carries: Option<CarriesWord>,
    /// Those of every family.
    #[serde(flatten)]
    every: EverySection,
}

/// What is encrypted in linear layers.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum LinearWord {
    /// The client's shares of each batch: the default.
    Images,
    /// The server's weights, once for a network, to which it is bound; a server that deviates can read shares.
    Weights,
    /// For each layer whichever sends fewer bytes under one set-up; `images` where a strategy puts another model on a slot.
    Auto,
}

/// How the carries are found of what a ReLU, a truncation or a clip compares first.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum CarriesWord {
    /// By a tree of digits, in few messages: the default.
    Tree,
    /// Digit after digit, in few bytes; a server turns no sign by a digit.
    Chain,
    /// A chain in the steps of a chunk where it spares 250,000 bytes for each further message; `tree` where a strategy turns signs by a digit.
    Auto,
}

/// The options of a family that extends transfers of one of two messages.
#[derive(Serialize, JsonSchema)]
struct OptionsSection {
    /// How transfers of one of two messages are extended.
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<ExtensionWord>,
    /// Those of every family.
    #[serde(flatten)]
    every: EverySection,
}

/// The options of `CrypTFlow2`.
#[derive(Serialize, JsonSchema)]
struct Cryptflow2Section {
    /// How pairs of products use correlated triples.
    #[serde(skip_serializing_if = "Option::is_none")]
    triples: Option<TripleWord>,
    /// Those of every family that extends transfers.
    #[serde(flatten)]
    options: OptionsSection,
}

/// How pairs of products use correlated triples.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum TripleWord {
    /// The mask that a pair shares is on the factor that its products share: the default.
    Paper,
    /// It is on the other two factors, as in the released code, where a server reads a comparison of some digits.
    AsReleased,
}

/// The options of DELPHI.
#[derive(Serialize, JsonSchema)]
struct DelphiSection {
    /// Where the client's masks are added.
    #[serde(skip_serializing_if = "Option::is_none")]
    mask: Option<MaskWord>,
    /// When the client sends its encrypted masks. `batch` excludes `mask: inside`.
    #[serde(skip_serializing_if = "Option::is_none")]
    prepare: Option<PrepareWord>,
    /// What the client does where labels decode to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    decode: Option<DecodeWord>,
    /// Those of every family that extends transfers.
    #[serde(flatten)]
    options: OptionsSection,
}

/// A place where the client's masks are added.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum MaskWord {
    /// Outside of circuits, by the client: the default.
    Outside,
    /// Inside of circuits, where a server that deviates reads what they mask.
    Inside,
}

/// What a client does where labels decode to nothing.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum DecodeWord {
    /// It takes the value for 0, and goes on: the default.
    Zero,
    /// It stops, as in the released code, which tells a server that deviates a bit of a value.
    Stop,
}

/// Whether extensions of oblivious transfers are checked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ChecksWord {
    /// They are semi-honest: the default.
    None,
    /// A party proves that it kept to the extension before its transfers are used, and the other one stops where the proof fails.
    Active,
}

/// When the client sends its encrypted masks.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum PrepareWord {
    /// Layer by layer, each after the answer to the one before: the default.
    Layers,
    /// All at once, where a server that deviates reads what a rectifier between two matrices is given.
    Batch,
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
    /// Dual LPN with an expand-convolute code (Raghuraman, Rindal, Tanguy, CRYPTO 2023).
    #[serde(rename = "dual-lpn")]
    DualLpn,
}

/// An extension of oblivious transfers with random choices.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RandomExtensionWord {
    /// `SoftSpokenOT` (Roy, CRYPTO 2022): by default up to 17,408 transfers in a direction.
    SoftSpoken,
    /// Ferret (Yang et al., CCS 2020): by default beyond 630,784 transfers.
    Ferret,
    /// Dual LPN with an expand-convolute code (Raghuraman, Rindal, Tanguy, CRYPTO 2023): by default in between.
    #[serde(rename = "dual-lpn")]
    DualLpn,
}

impl From<Backend> for Written {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Family(choice) => choice.into(),
            Backend::Spdz(triples) if triples == Triples::default() => Self::Word(BackendWord::Spdz),
            Backend::Spdz(triples) => Self::Map(BackendMap::Spdz(SpdzSection { triples: Some(triples.into()) })),
        }
    }
}

impl From<Choice> for Written {
    fn from(choice: Choice) -> Self {
        let options = choice.options();
        if options == Options::default() {
            return Self::Word(choice.family().into());
        }
        match choice.family() {
            Family::Cheetah => Self::Map(BackendMap::Cheetah(options.into())),
            Family::Cryptflow2Ot => Self::Map(BackendMap::Cryptflow2Ot(options.into())),
            Family::Cryptflow2He => Self::Map(BackendMap::Cryptflow2He(options.into())),
            Family::Delphi => Self::Map(BackendMap::Delphi(options.into())),
            Family::Aby => Self::Map(BackendMap::Aby(options.into())),
            Family::Aby32 => Self::Map(BackendMap::Aby32(options.into())),
        }
    }
}

impl From<Options> for OptionsSection {
    fn from(options: Options) -> Self {
        Self { extension: options.extension.map(ExtensionWord::from), every: options.into() }
    }
}

impl From<Options> for EverySection {
    fn from(Options { checks, chunk, .. }: Options) -> Self {
        Self { checks: checks.map(ChecksWord::from), chunk }
    }
}

impl From<Options> for CheetahSection {
    fn from(options: Options) -> Self {
        let (linear, carries) = (options.linear.map(LinearWord::from), options.carries.map(CarriesWord::from));
        let extension = options.extension.map(|extension| match extension {
            Extension::Iknp => unreachable!("cheetah has no choice of IKNP"),
            Extension::SoftSpoken => RandomExtensionWord::SoftSpoken,
            Extension::Ferret => RandomExtensionWord::Ferret,
            Extension::DualLpn => RandomExtensionWord::DualLpn,
        });
        Self { extension, linear, carries, every: options.into() }
    }
}

impl From<Options> for DelphiSection {
    fn from(options: Options) -> Self {
        let prepare = options.prepare.map(PrepareWord::from);
        let decode = options.decode.map(DecodeWord::from);
        Self { mask: options.mask.map(MaskWord::from), prepare, decode, options: options.into() }
    }
}

impl From<Options> for Cryptflow2Section {
    fn from(options: Options) -> Self {
        Self { triples: options.triples.map(TripleWord::from), options: options.into() }
    }
}

/// Makes words from the enumerations that they name, variant by variant.
macro_rules! words {
    ($($of:ident => $word:ident { $($variant:ident),+ };)+) => {
        $(impl From<$of> for $word {
            fn from(value: $of) -> Self {
                match value {
                    $($of::$variant => Self::$variant,)+
                }
            }
        })+
    };
}

words! {
    Family => BackendWord { Cheetah, Cryptflow2Ot, Cryptflow2He, Delphi, Aby, Aby32 };
    Linear => LinearWord { Images, Weights, Auto };
    CarryChoice => CarriesWord { Tree, Chain, Auto };
    Triples => SpdzTriplesWord { Elements, Matrices };
    TripleForm => TripleWord { Paper, AsReleased };
    Mask => MaskWord { Outside, Inside };
    Decode => DecodeWord { Zero, Stop };
    Checks => ChecksWord { None, Active };
    Prepare => PrepareWord { Layers, Batch };
    Extension => ExtensionWord { Iknp, SoftSpoken, Ferret, DualLpn };
}
