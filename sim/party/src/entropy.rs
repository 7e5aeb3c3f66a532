//! The randomness of the operating system: the only place where a party draws any.

use crate::error::PartyError;
use fusion_2pc::random::Entropy;
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;
use zeroize::Zeroizing;

/// Draws the root of the secrets of one session.
pub fn root() -> Result<Entropy, PartyError> {
    Entropy::filled(getrandom::fill).map_err(|_| PartyError::Randomness)
}

/// Draws a party's part of the name of a session.
pub fn nonce() -> Result<[u8; 32], PartyError> {
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).map_err(|_| PartyError::Randomness)?;
    Ok(nonce)
}

/// Draws a uniform whole number below `bound`, by rejection.
pub fn below(bound: u64) -> Result<u64, PartyError> {
    let most = u64::MAX - u64::MAX % bound;
    loop {
        let mut word = [0; 8];
        getrandom::fill(&mut word).map_err(|_| PartyError::Randomness)?;
        let word = u64::from_le_bytes(word);
        if word < most {
            return Ok(word % bound);
        }
    }
}

/// Draws a key pair for signatures, as a PKCS #8 document.
pub fn key() -> Result<Zeroizing<Vec<u8>>, PartyError> {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| PartyError::Randomness)?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}
