//! What both parties agree on before a session, and the documents in which they do.
//!
//! The server says hello first, as a client learns only then that its key was accepted. The client asks for a number of slots; the server offers a circuit; each
//! works out the parameters for itself, and both compare what they have, field by field, as texts and hashes.

use crate::error::{PartyError, Refusal, printable};
use crate::fingerprint::Fingerprint;
use fusion_2pc::backend::{Backend, Choice};
use fusion_2pc::ot::Checks;
use fusion_2pc::random::Seed;
use fusion_2pc::session::Plan;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write};

/// The version of what parties say to each other.
pub const VERSION: &str = concat!("fusion-party/4 ", env!("CARGO_PKG_VERSION"));

/// The first word, which is the server's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The server's version.
    pub version: String,
}

/// What a client insists on; what is `None` it leaves to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The family of protocols.
    pub backend: Option<fusion_2pc::backend::Family>,
    /// Whether extensions of transfers are checked.
    pub checks: Option<Checks>,
}

impl Wanted {
    /// Checks what a server offers.
    ///
    /// # Errors
    /// [`PartyError::Refuses`] names the field.
    pub fn is_met(self, offered: Choice) -> Result<(), PartyError> {
        let refuse = |field, found: &str, wanted: &str| {
            Err(PartyError::Refuses(Refusal::new(field, format!("the server has {found}, and {wanted} is wanted"))))
        };
        match (self.backend, self.checks) {
            (Some(family), _) if family != offered.family() => {
                refuse("backend", offered.family().name(), family.name())
            }
            (_, Some(checks)) if checks != offered.checks() => refuse("checks", offered.checks().name(), checks.name()),
            _ => Ok(()),
        }
    }
}

/// A party's part of the name of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamePart {
    /// The number of the session, as the party counts.
    pub number: u64,
    /// Bytes that the party has drawn for this session.
    #[serde(with = "crate::hex")]
    pub nonce: [u8; 32],
}

/// The name of a session, which no other session of these parties has: of both keys, both numbers and both nonces.
pub fn name([client, server]: [(Fingerprint, NamePart); 2]) -> Seed {
    let mut hasher = blake3::Hasher::new_derive_key("fusion-party 2026-11 name of a session");
    for (key, NamePart { number, nonce }) in [client, server] {
        hasher.update(key.bytes());
        hasher.update(&number.to_le_bytes());
        hasher.update(&nonce);
    }
    Seed(*hasher.finalize().as_bytes())
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The client's version.
    pub version: String,
    /// The number of slots.
    pub slots: u32,
    /// The client's part of the session's name.
    pub part: NamePart,
}

/// A party's answer: what was asked for, or a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply<T> {
    /// It goes on.
    Yes(T),
    /// It ends here.
    No(Refusal),
}

impl<T> Reply<T> {
    /// What the peer said, if it goes on.
    ///
    /// # Errors
    /// [`PartyError::Refused`].
    pub fn taken(self) -> Result<T, PartyError> {
        match self {
            Self::Yes(said) => Ok(said),
            Self::No(Refusal { field, reason }) => {
                Err(PartyError::Refused(Refusal { field: printable(&field), reason: printable(&reason) }))
            }
        }
    }
}

/// What a party has worked out: a text or a hash of each field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The family of protocols with its options.
    pub backend: String,
    /// The number of slots, and of sessions that share the budget of flooding noise.
    pub slots: String,
    /// The number of lanes in which chunks are evaluated beside each other.
    pub lanes: String,
    /// A hash of the circuit.
    pub circuit: String,
    /// A hash of the integer of each pixel.
    pub pixels: String,
    /// A hash of how every layer is laid out, with its parameters.
    pub parameters: String,
}

impl Terms {
    /// The terms of a session that is planned so.
    pub fn of<B: Backend>(plan: &Plan<B>, backend: Choice, sessions: u64, pixels: &[i64]) -> Self {
        let mut parameters = Hashed(blake3::Hasher::new());
        // Writing into a hash cannot fail.
        let _ = write!(parameters, "{} ", plan.slots_per_message());
        for packing in plan.packings() {
            let _ = write!(parameters, "{packing:?} ");
        }
        Self {
            backend: format!("{backend:?}"),
            slots: format!("{} of {sessions} sessions", plan.slots),
            lanes: plan.lanes().to_string(),
            circuit: hash(&plan.circuit),
            pixels: hash(&pixels),
            parameters: parameters.0.finalize().to_hex().to_string(),
        }
    }

    /// Compares what two parties have.
    ///
    /// # Errors
    /// [`Refusal`] names the first field in which they differ.
    pub fn meet(&self, other: &Self) -> Result<(), Refusal> {
        let Self { backend, slots, lanes, circuit, pixels, parameters } = self;
        let fields = [
            ("backend", backend, &other.backend),
            ("slots", slots, &other.slots),
            ("lanes", lanes, &other.lanes),
            ("circuit", circuit, &other.circuit),
            ("pixels", pixels, &other.pixels),
            ("parameters", parameters, &other.parameters),
        ];
        match fields.into_iter().find(|(_, a, b)| a != b) {
            Some((field, ..)) => Err(Refusal::new(field, "the parties have worked out different ones")),
            None => Ok(()),
        }
    }
}

/// The hash of a document's JSON.
fn hash(document: &impl Serialize) -> String {
    let json =
        serde_json::to_vec(document).unwrap_or_else(|error| unreachable!("it is made of numbers and texts: {error}"));
    blake3::hash(&json).to_hex().to_string()
}

/// A text that is hashed while it is written.
struct Hashed(blake3::Hasher);

impl fmt::Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_depend_on_every_part() {
        let key = Fingerprint::of(b"a");
        let part = |number, byte| NamePart { number, nonce: [byte; 32] };
        let sides = [(key, part(1, 1)), (key, part(2, 2))];
        let other = Fingerprint::of(b"b");
        let changed = [
            [(other, part(1, 1)), (key, part(2, 2))],
            [(key, part(3, 1)), (key, part(2, 2))],
            [(key, part(1, 3)), (key, part(2, 2))],
            [(key, part(1, 1)), (other, part(2, 2))],
            [(key, part(1, 1)), (key, part(3, 2))],
            [(key, part(1, 1)), (key, part(2, 3))],
            [(key, part(2, 2)), (key, part(1, 1))],
        ];
        assert_eq!(name(sides), name(sides));
        assert!(changed.into_iter().all(|sides_of| name(sides_of) != name(sides)));
    }

    #[test]
    fn the_field_that_differs_is_named() {
        let terms = |field: usize| {
            let text = |at: usize| if at == field { "other".to_string() } else { "same".to_string() };
            let [backend, slots, lanes, circuit, pixels, parameters] = std::array::from_fn(text);
            Terms { backend, slots, lanes, circuit, pixels, parameters }
        };
        assert_eq!(terms(9).meet(&terms(9)), Ok(()));
        for (at, field) in ["backend", "slots", "lanes", "circuit", "pixels", "parameters"].into_iter().enumerate() {
            assert_eq!(terms(9).meet(&terms(at)).unwrap_err().field, field);
        }
    }
}
