//! The curated attack library: `adversaries/scripts/`.

/// File name and text of every script, by name.
pub const SCRIPTS: &[(&str, &str)] = &[];
