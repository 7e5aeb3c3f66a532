//! Errors of parties as failures of a command.

use fusion_engine::failure::Failure;
use fusion_party::PartyError;
use std::io;

/// What a party's error is for the command line: a mistake of a user's at either end, or trouble with files and the network.
pub fn failure(error: PartyError) -> Failure {
    let message = error.to_string();
    match error {
        PartyError::File { error, .. } if error.kind() == io::ErrorKind::Other => Failure::Usage(message),
        PartyError::File { what, error } => Failure::Io(what, error),
        PartyError::Unreachable { address, error } => Failure::Io(address, error),
        PartyError::NoAddress { .. }
        | PartyError::InUse(_)
        | PartyError::WrongKey { .. }
        | PartyError::NotPinned
        | PartyError::Refuses(_)
        | PartyError::Refused(_) => Failure::Usage(message),
        PartyError::Randomness
        | PartyError::Insecure(_)
        | PartyError::Gone(_)
        | PartyError::Malformed(_)
        | PartyError::Halt(_) => Failure::Io("the session".into(), io::Error::other(message)),
    }
}
