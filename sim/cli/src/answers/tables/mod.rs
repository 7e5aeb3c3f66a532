//! The paper's tables beside measurements of this program.

pub mod active;
pub mod figures;
pub mod jobs;
pub mod kept;
pub mod published;
pub mod regenerated;
