//! The published schema against the reader: both take every curated script, and neither takes two alternatives at once.

use crate::library::SCRIPTS;
use crate::script::Script;
use serde_json::{Map, Value};

/// What is wrong with a value by a schema; by `oneOf`, exactly one alternative must fit. A keyword that is not known here fails the test.
fn wrong(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let Value::Object(map) = schema else { return Err(format!("no schema: {schema}")) };
    for (keyword, rule) in map {
        let fits = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "format" | "pattern" => true,
            "$ref" => {
                let name = rule.as_str().and_then(|path| path.strip_prefix("#/$defs/")).expect("a definition");
                return wrong(root, &root["$defs"][name], value);
            }
            "type" => types(rule).iter().any(|name| is(name, value)),
            "const" => rule == value,
            "enum" => rule.as_array().expect("values").contains(value),
            "minimum" => number(value).is_none_or(|n| n >= number(rule).expect("a number")),
            "maximum" => number(value).is_none_or(|n| n <= number(rule).expect("a number")),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().expect("a count")),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().expect("a count")),
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|item| wrong(root, rule, item)).map(|()| true)?
            }
            "properties" => properties(root, rule, value).map(|()| true)?,
            "additionalProperties" => {
                assert_eq!(rule, &Value::Bool(false));
                let known = map["properties"].as_object().expect("a map");
                value.as_object().is_none_or(|map| map.keys().all(|key| known.contains_key(key)))
            }
            "required" => {
                let has = |key: &Value| value.get(key.as_str().expect("a key")).is_some();
                !value.is_object() || rule.as_array().expect("keys").iter().all(has)
            }
            "oneOf" => {
                let fits = |alternative: &&Value| wrong(root, alternative, value).is_ok();
                rule.as_array().expect("alternatives").iter().filter(fits).count() == 1
            }
            other => panic!("a keyword that is not known here: {other}"),
        };
        if !fits {
            return Err(format!("{value} is not {keyword} {rule}"));
        }
    }
    Ok(())
}

fn properties(root: &Value, rule: &Value, value: &Value) -> Result<(), String> {
    let empty = Map::new();
    let values = value.as_object().unwrap_or(&empty);
    let rules = rule.as_object().expect("a map");
    values.iter().filter_map(|(key, value)| Some((rules.get(key)?, value))).try_for_each(|(r, v)| wrong(root, r, v))
}

fn types(rule: &Value) -> Vec<&str> {
    let many = rule.as_array().into_iter().flatten();
    std::iter::once(rule).chain(many).filter_map(Value::as_str).collect()
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        other => panic!("a type that is not known here: {other}"),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64()
}

fn checked(text: &str) -> Result<(), String> {
    let schema = serde_json::to_value(Script::json_schema()).expect("serialisable");
    wrong(&schema, &schema, &serde_yaml::from_str(text).expect("YAML"))
}

#[test]
fn every_script_that_is_read_fits_the_schema() {
    for (name, text) in SCRIPTS.iter().chain([&("full", super::FULL)]) {
        assert_eq!(checked(text), Ok(()), "{name}");
        let whole = Script::read(text).expect("good").to_yaml().expect("serialisable");
        assert_eq!(checked(&whole), Ok(()), "{name}, written");
    }
}

#[test]
fn two_alternatives_at_once_fit_neither_the_schema_nor_the_reader() {
    let good = "schema: fusion/campaign/v1
name: two
protocol: { R: 8, B: 2, T: 4 }
goal: { lambda: 40 }
strategies:
  - { name: a, do: [{ at: { random: 2 }, when: { pixel: [1, 2], at_least: 9 }, relabel: next }], expect: { win: { equals: spec } } }
  - { name: b, one_of: [{ weight: 1, do: [] }], sessions: { until: accepted, max: 2 } }
  - { name: c, flaky: 1/2 }
  - { name: d, link: [0, 1] }
  - { name: e, do: [{ at: { each: 1/2, from: 1 }, bend: { step: '**', drop: true } }] }
";
    assert_eq!((checked(good), Script::read(good).map(|_| ())), (Ok(()), Ok(())));
    for (old, new) in [
        ("flaky: 1/2", "flaky: 1/2, do: []"),
        ("flaky: 1/2", "flaky: 1/2, link: [0, 1]"),
        ("flaky: 1/2", "about: nothing"),
        ("sessions: {", "flaky: 1/2, sessions: {"),
        ("link: [0, 1]", "link: [0, 1], sessions: { until: accepted, max: 2 }"),
        ("random: 2", "random: 2, slots: [1]"),
        ("random: 2", "random: 2, from: 3"),
        ("random: 2", "from: 3"),
        ("each: 1/2", "each: 1/2, random: 2"),
        ("pixel: [1, 2]", "pixel: [1, 2], memorised: file"),
        ("pixel: [1, 2]", "memorised: file"),
        ("pixel: [1, 2]", "pixel: [1]"),
        (", at_least: 9", ""),
        ("relabel: next", "relabel: next, model: m.onnx"),
        ("relabel: next", "relabel: { to: 1, next: 2 }"),
        (", relabel: next", ""),
        ("relabel: next", "stop: { step: '**', how: crash }"),
        ("bend: {", "model: m.onnx, bend: {"),
        ("drop: true", "drop: true, replay: true"),
        (", drop: true", ""),
        ("drop: true", "drop: false"),
        ("equals: spec", "equals: spec, at_most: 1"),
        ("equals: spec", ""),
        ("B: 2", "B: auto"),
        ("T: 4", "T: auto"),
        ("T: 4", "T: 4, slack: auto"),
        ("goal: { lambda: 40 }", "goal: null"),
        ("lambda: 40", "lambda: 40, kappa: null"),
    ] {
        assert_eq!(good.matches(old).count(), 1, "{old}");
        let bad = good.replacen(old, new, 1);
        assert!(checked(&bad).is_err(), "the schema takes {new}");
        assert!(Script::read(&bad).is_err(), "the reader takes {new}");
    }
}
