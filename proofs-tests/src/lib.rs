//! What tests share: small networks, folders to write in, and the bodies of fuzz targets.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a test fails by panicking")]
#![expect(clippy::must_use_candidate, reason = "tests use what they ask for")]

pub mod fuzz;
pub mod line;
pub mod networks;
pub mod random;
pub mod scratch;
pub mod slurm;
