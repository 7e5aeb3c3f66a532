//! The JSON of a run: `result.json`, `exemplars/`, and the events of `sim attack --json`, each written and read through one type.
//! `env.json` is [`crate::store::Environment`]. [`tables`] is what `sim tables --json` prints, and [`sweep`] what `sim sweep` does.
//!
//! Fields stand in the order of their keys in the files, which is alphabetical. JSON schemas are generated from the types into
//! docs/schema/.

pub mod active;
pub mod cost;
pub mod event;
pub mod headline;
pub mod replay;
pub mod result;
pub mod substitution;
pub mod sweep;
pub mod tables;

#[cfg(test)]
mod tests {
    use super::event::CampaignEvent;
    use super::replay::ReplayDocument;
    use super::result::ResultDocument;
    use super::sweep::SweepRow;
    use super::tables::TablesDocument;
    use crate::store::Environment;
    use schemars::{Schema, schema_for};

    /// The schemas that other programs read are those of the types that write the files.
    #[test]
    fn the_published_schemas_are_current() {
        let schemas: [(&str, Schema); 6] = [
            ("env", schema_for!(Environment)),
            ("result", schema_for!(ResultDocument)),
            ("exemplar", schema_for!(ReplayDocument)),
            ("events", schema_for!(CampaignEvent)),
            ("tables", schema_for!(TablesDocument)),
            ("sweep", schema_for!(Vec<SweepRow>)),
        ];
        for (name, schema) in schemas {
            let schema = serde_json::to_string_pretty(&schema).expect("serialisable") + "\n";
            let path = format!("{}/../../docs/schema/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("UPDATE_SCHEMA").is_some() {
                std::fs::write(&path, &schema).expect("writable");
            }
            let published = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(published == schema, "run UPDATE_SCHEMA=1 cargo test -p fusion-engine and look at the difference");
        }
    }
}
