//! The paper's tables beside measurements of this program.

pub mod figures;
pub mod jobs;
pub mod kept;
pub mod published;
pub mod regenerated;
