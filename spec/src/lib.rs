//! Mix-and-check, the protocol of Fusion (Dong et al., NDSS 2023), as a specification that runs.
//!
//! A client wants a server's answers to `R` queries and does not trust it. It sends each query in `B` copies, mixes them with `T` public samples
//! whose results it knows, and accepts only if the copies agree and the public samples are right. Use this crate to run that protocol on the client's side, to
//! compute the exact probability with which a cheating server wins, to choose the numbers of copies and public samples, and to judge
//! counted trials by those probabilities. It knows nothing of neural networks or of how an answer is computed.
//!
//! Everything here is pure: there is no I/O, no clock, no thread, and no randomness but what a caller passes in. Probabilities are
//! exact rationals; floating point appears in [`bound::bits`] alone, when a number is about to be printed.
//!
//! | module | subject |
//! |---|---|
//! | [`params`] | the numbers of a session: `R`, `B`, `T`, slack (how many public samples may be wrong), and the security parameter lambda |
//! | [`mix`] | the shuffled batch of copies and public samples |
//! | [`machine`], [`client`], [`verdict`] | the protocol, the client's typestate around it, how it ends |
//! | [`trace`] | a client's log, compared with the machine |
//! | [`lockstep`] | a session as a line, which the machine extracted from Coq plays again |
//! | [`bound`] | exact probabilities, worst cases, the certified planner |
//! | [`evidence`] | what counted trials say about a claimed rate |
//! | [`exact`] | certified logarithms, bounded binomials, numbers from text |
//!
//! A whole session, with a server that answers one slot of ten wrongly:
//!
//! ```
//! use fusion_spec::bound::deviation::Deviation;
//! use fusion_spec::client::{Client, Progress};
//! use fusion_spec::mix::{Mix, Sample};
//! use fusion_spec::{params::Params, rug::Rational, verdict::{Label, Outcome, Reason, Verdict}};
//! use rand_pcg::{Pcg64, rand_core::SeedableRng};
//!
//! // Three queries in two copies each and four public samples, mixed. The model says 7 to everything.
//! let params = Params::new(3, 2, 4, 0)?;
//! let mix = Mix::new(params)?.finish(&mut Pcg64::seed_from_u64(1));
//! let touched = mix.at(0);
//! let mut client = Client::new(params, mix, vec![Label(7); 4])?;
//!
//! let mut sent = Vec::new();
//! while let Some((slot, _sample)) = client.next_query() {
//!     sent.push(slot);
//! }
//! let mut progress = Progress::Waiting(client);
//! for slot in sent {
//!     let Progress::Waiting(waiting) = progress else { unreachable!("answers are missing") };
//!     progress = waiting.answer(slot, Label(if slot == 0 { 8 } else { 7 }));
//! }
//!
//! // The check compares the public samples with their known results, and copies with each other.
//! let Progress::Answered(client) = progress else { unreachable!("all answers are in") };
//! let verdict = client.check();
//! let reason = match touched {
//!     Some(Sample::Public { .. }) => Reason::PublicWrong,
//!     _ => Reason::CopiesDisagree,
//! };
//! assert_eq!(verdict, Verdict::Rejected(reason));
//! assert_eq!(Outcome::of(&verdict, &[Label(7); 3]), Outcome::Caught(reason));
//!
//! // One wrong slot never wins. Two win where they are the copies of one query: three pairs of the 45.
//! assert_eq!(Deviation::full(params, 1)?.pr_win()?, 0);
//! assert_eq!(Deviation::full(params, 2)?.pr_win()?, Rational::from((3, 45)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Choosing the numbers for a real session:
//!
//! ```
//! use fusion_spec::bound::plan::{Goal, plan};
//! use fusion_spec::params::Lambda;
//!
//! // The published setting for eight queries at 40 bits: eight copies of each, a hundred public samples.
//! let goal = Goal { R: 8, lambda: Lambda::new(40)?, min_T: 100, max_T: None, slack: None, accuracy: None, substitution: None };
//! let plan = plan(&goal)?;
//! assert_eq!((plan.params.B(), plan.params.T()), (8, 100));
//! assert_eq!(format!("{:.2}", plan.correctness.bits()), "40.31");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bound;
pub mod client;
pub mod evidence;
pub mod exact;
pub mod lockstep;
pub mod machine;
pub mod mix;
pub mod params;
pub mod trace;
pub mod verdict;

/// The arithmetic that this crate's functions take and return: exact integers and rationals. A caller that names them through here always has the version
/// that fits.
pub use rug;
