//! Ring learning with errors over slots: vectors modulo a prime, which are added, multiplied by vectors in the clear, and rotated.
//!
//! The scheme is that of Brakerski (CRYPTO 2012) and of Fan and Vercauteren ("Somewhat practical fully homomorphic encryption", 2012), with a prime
//! plaintext modulus `p = 1 mod 2N`, so that a polynomial modulo `p` is a vector of `N` slots (Smart and Vercauteren, "Fully homomorphic SIMD
//! operations", 2014): two rows of `N/2`, which an automorphism rotates together and another one swaps (Gentry, Halevi, Smart, EUROCRYPT 2012).
//! Keys are switched with a special prime (Gentry, Halevi, Smart, CRYPTO 2012, section 3.1) digit by digit, one for each prime of the modulus (Bajard et
//! al., SAC 2016). This is what the linear layers of CrypTFlow2 (Rathee et al., CCS 2020) and of DELPHI (Mishra et al., USENIX Security
//! 2020) need, both of which use SEAL with `N = 8192`.
//!
//! Invariant: decryption of a response is exact, but for a probability below `2^-52` for each ciphertext, and all responses of a session together are
//! within `2^-40` of ones that reveal nothing of the weights: a [`Response`] exists only where that is proved.
//!
//! ```
//! use fusion_2pc::bits::{Packer, Unpacker};
//! use fusion_2pc::he::parameters::Released;
//! use fusion_2pc::he::slots::{ClientKey, Form, Response, SLOTS, Scheme, ServerKeys, Work};
//! use fusion_2pc::random::Seed;
//!
//! let scheme = Scheme::new(137_438_822_401);
//! let work = Work { switches_before: 1, products: 1, switches_after: 0 };
//! let response = Response::new(scheme.modulus(), work, Form::Switched, Released(1 << 20)).expect("little work");
//!
//! let key = ClientKey::new(&Seed([1; 32]), &scheme);
//! let server = ServerKeys::read(&scheme, &key.message());
//!
//! let numbers: Vec<u64> = (0..SLOTS as u64).collect();
//! let mut packer = Packer::default();
//! key.encrypt(&numbers, &mut Seed([2; 32]).stream(), &mut packer);
//! let sent = packer.finish();
//!
//! let fresh = scheme.read(&mut Unpacker::new(&sent));
//! let rotated = server.rotate(&fresh, 3);
//! let mut product = scheme.nothing();
//! scheme.multiply_add(&mut product, &scheme.factor(&[5; SLOTS]), &rotated);
//! let mut packer = Packer::default();
//! server.respond(product, response, &[100; SLOTS], &mut Seed([3; 32]).stream(), &mut packer);
//!
//! let answer = key.decrypt(response.form, &mut Unpacker::new(&packer.finish()));
//! assert_eq!(answer[1000], 5 * 1003 - 100);
//! ```

mod batch;
mod cipher;
mod keys;
mod parameters;
mod probe;
mod scheme;
mod switch;
#[cfg(test)]
mod tests;

pub use batch::SLOTS;
pub use cipher::ClientKey;
pub use keys::{ServerKeys, key_bytes};
pub use parameters::{Form, Response, SLOT_ROW, Work, ciphertext_bytes};
pub use probe::{Edge, at_the_edge};
pub use scheme::Scheme;
pub use switch::signed_digits;
