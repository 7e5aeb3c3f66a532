//! Sizes within a simulated session. Its slots fit in 32 bits, as its [`View`](fusion_adversaries::strategy::View) guarantees,
//! and so does every count among them.

/// Converts a count of slots of a session, or of images of its pools, to 32 bits.
#[expect(
    clippy::expect_used,
    reason = "a view has no more than 2^32 - 1 slots, and a range of images is of 32-bit numbers"
)]
pub(super) fn in_32_bits(count: u64) -> u32 {
    u32::try_from(count).expect("slots and images are counted in 32 bits")
}
