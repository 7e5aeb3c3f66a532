//! Parts of a script as YAML text.

use serde::Serialize;

/// The YAML of a value. Choices are written as maps of one key, as scripts have them.
pub fn yaml_of(value: &impl Serialize) -> Result<String, serde_yaml::Error> {
    let mut text = Vec::new();
    serde_yaml::with::singleton_map_recursive::serialize(value, &mut serde_yaml::Serializer::new(&mut text))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
