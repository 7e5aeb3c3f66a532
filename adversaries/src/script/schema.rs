//! The JSON schema of a type, made as strict as the reader is: one alternative and no more, no unknown key, and no `null`.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

/// The schema of a type.
pub fn of<T: JsonSchema>() -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    RecursiveTransform(strict).transform(&mut schema);
    schema
}

fn strict(schema: &mut Schema) {
    let Some(map) = schema.as_object_mut() else { return };
    no_null(map);
    if let Some(alternatives) = map.remove("anyOf") {
        map.insert("oneOf".into(), alternatives);
    }
    if map.contains_key("properties") && map.contains_key("oneOf") {
        distribute(map);
    }
    if map.contains_key("properties") {
        map.entry("additionalProperties").or_insert(Value::Bool(false));
    }
}

/// A key that may be left out has no value `null`.
fn no_null(map: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            map.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(alternatives)) = map.get_mut("anyOf") {
        alternatives.retain(|alternative| alternative["type"] != "null");
        if let [Value::Object(only)] = &mut alternatives[..] {
            let only = std::mem::take(only);
            map.remove("anyOf");
            map.extend(only);
        }
    }
}

/// Copies the keys that a map has beside its alternatives into each of them, so that each is a whole map: the alternatives exclude one
/// another, and none has a key of another.
fn distribute(map: &mut Map<String, Value>) {
    let Some(Value::Array(mut alternatives)) = map.remove("oneOf") else { return };
    let common: Vec<(String, Value)> =
        ["properties", "required"].into_iter().filter_map(|key| Some((key.into(), map.remove(key)?))).collect();
    map.remove("unevaluatedProperties");
    for alternative in alternatives.iter_mut().filter_map(Value::as_object_mut) {
        for (key, value) in &common {
            match (value, alternative.get_mut(key)) {
                (Value::Object(common), Some(Value::Object(own))) => own.extend(common.clone()),
                (Value::Array(common), Some(Value::Array(own))) => {
                    drop(own.splice(0..0, common.iter().cloned()));
                }
                (common, _) => drop(alternative.insert(key.clone(), common.clone())),
            }
        }
    }
    map.insert("oneOf".into(), Value::Array(alternatives));
}
