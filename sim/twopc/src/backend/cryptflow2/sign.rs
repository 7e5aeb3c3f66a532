//! The derivative of ReLU (Rathee et al., CCS 2020, section 4.1, Algorithm 2, in rings): shares of the bits `x >= 0`.

use super::millionaires;
use super::transfers::Transfers;
use crate::party::Party;
use crate::wire::link::Halt;

/// Computes shares of the bits `x >= 0` of values modulo `2^ring`: from the top bits, and the carry into them.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn positive(party: &mut Party<Transfers>, numbers: &[u64], ring: u32) -> Result<Vec<u8>, Halt> {
    let carries = millionaires::carries(party, numbers, ring - 1)?;
    let lead = party.leads();
    Ok(numbers.iter().zip(carries).map(|(x, carry)| (x >> (ring - 1) & 1) as u8 ^ carry ^ lead).collect())
}
