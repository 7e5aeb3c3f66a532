//! Ring learning with errors: encryption of polynomials, products with plaintext polynomials.
//!
//! Ciphertexts are those of Fan and Vercauteren ("Somewhat practical fully homomorphic encryption", 2012) and of Brakerski (CRYPTO
//! 2012) with a plaintext modulus `2^l`, as Cheetah uses them (Huang et al., USENIX Security 2022, section 3): `(a, b)` with
//! `a s + b = round(q m / 2^l) + e`. The only operation is a sum of products with plaintext polynomials of small weights.
//!
//! Invariant: decryption of a response is exact, but for a probability below `2^-80` for each coefficient: a
//! [`parameters::Response`] exists only where that is proved (decision 7).
//!
//! [`once`] has the roles the other way round: the weights are encrypted, once, and the other party multiplies them by plaintexts of its own.
//!
//! [`slots`] is the other way to use the same rings: many numbers modulo a prime in the slots of one ciphertext, which rotate.

pub mod cipher;
pub mod once;
pub mod parameters;
pub mod ring;
pub mod slots;
