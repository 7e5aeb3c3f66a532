//! The curated attack library: `adversaries/scripts/`.
