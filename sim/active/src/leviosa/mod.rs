//! Products of linear layers with full active security in the style of LevioSA (Hazay, Ishai, Marcedone, Venkitasubramaniam, CCS 2019): the compiler of Ishai, Prabhakaran and Sahai (CRYPTO 2008) with
//! packed sharing and the tests of Ligero (CCS 2017), over passive products by learning with errors. Decision 34 has the protocol, its argument, and where the argument stops.
//!
//! | module | what it is for |
//! |---|---|
//! | [`product`] | a run of both parties: outputs of linear layers, shared |
//! | [`packed`], [`layout`] | how blocks are shared among emulated servers, and which product is in which block |
//! | [`ole`] | passive products of shares, with parameters and bounds |
//! | `watch`, `checks` | the choice of watched servers, and the tests of degree, copies, products |
//! | [`cost`], [`soundness`] | bytes before they are sent, and the error as named terms |

mod checks;
pub mod cost;
pub mod layout;
pub mod ole;
pub mod packed;
pub mod product;
pub mod soundness;
mod watch;

#[cfg(test)]
mod tests;
