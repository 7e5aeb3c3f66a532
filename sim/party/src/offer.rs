//! What a server offers: its circuit, which is public, in a form that travels, and the check of it by the client.

use crate::agreement::NamePart;
use crate::error::{PartyError, Refusal, printable};
use fusion_2pc::backend::{Backend, Choice, Family, ForBackend, Options};
use fusion_2pc::circuit::{Circuit, Unsupported};
use fusion_2pc::ot::{Checks, Extension};
use fusion_2pc::session::Grouping;
use serde::{Deserialize, Serialize};

/// The most bytes of an offer.
pub const MOST_OFFER_BYTES: u32 = 1 << 24;
/// The number of values of a pixel.
const PIXEL_VALUES: usize = 256;

/// What a server computes, and with which protocols.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The name of the family of protocols.
    pub backend: String,
    /// The name of the extension of transfers, where the family has the choice; of `cheetah` where it was chosen.
    pub extension: Option<String>,
    /// Whether extensions are checked.
    pub checks: String,
    /// Whether no slots share ciphertexts, as where a server puts other networks on some of them.
    pub slot_by_slot: bool,
    /// The number of sessions whose responses together reveal nothing of the weights, within `2^-40`.
    pub sessions: u64,
    /// The circuit, without weights.
    pub circuit: Circuit,
    /// The integer that each of the 256 values of a pixel enters as.
    pub pixels: Vec<i64>,
    /// The server's part of the session's name.
    pub part: NamePart,
}

impl Offer {
    /// How slots are grouped.
    pub fn grouping(&self) -> Grouping {
        if self.slot_by_slot { Grouping::Slot } else { Grouping::Chunk }
    }

    /// The family with its options, as a client takes it.
    ///
    /// # Errors
    /// [`PartyError::Refuses`] for names that are not known.
    pub fn choice(&self) -> Result<Choice, PartyError> {
        let refused = |reason: String| PartyError::Refuses(Refusal::new("backend", reason));
        let unknown = |_| refused("the server's family of protocols is not known here".into());
        let family = self.backend.parse::<Family>().map_err(unknown)?;
        let extension = self.extension.as_deref().map(str::parse::<Extension>).transpose();
        let extension =
            extension.map_err(|_| refused("the server's extension of transfers is not known here".into()))?;
        let checks = self.checks.parse::<Checks>();
        let checks = checks.map_err(|_| refused("the server's checks are not known here".into()))?;
        let options = Options { extension, checks: Some(checks), ..Options::default() };
        Choice::new(family, options).map_err(|error| refused(error.to_string()))
    }

    /// Checks the circuit and the pixels, and names the circuit's steps by their addresses.
    ///
    /// # Errors
    /// [`PartyError::Refuses`] with what is amiss.
    pub fn checked(mut self, choice: Choice) -> Result<Self, PartyError> {
        let refused = |found: Unsupported| PartyError::Refuses(Refusal::new("circuit", printable(&found.to_string())));
        self.circuit.check().map_err(refused)?;
        for step in &mut self.circuit.steps {
            step.node = step.address.to_string();
        }
        choice.run(Admitted(&self.circuit)).map_err(refused)?;
        if self.pixels.len() != PIXEL_VALUES {
            return Err(PartyError::Refuses(Refusal::new("pixels", "a pixel has 256 values")));
        }
        Ok(self)
    }
}

struct Admitted<'c>(&'c Circuit);

impl ForBackend for Admitted<'_> {
    type Output = Result<(), Unsupported>;

    fn run<B: Backend>(self, backend: B) -> Self::Output {
        backend.admits(self.0)
    }
}
