//! What the JSON outputs are held against.

use serde_json::Value;

/// Whether a value is as the schema says: types, keys, choices. A key that the schema does not know is wrong too.
pub(crate) fn agree(value: &Value, schema: &Value, root: &Value, path: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        return agree(value, root.pointer(name.trim_start_matches('#')).unwrap(), root, path);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return agree(value, &choices[usize::from(value.is_null())], root, path);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = &schema["type"];
    let is_allowed = allowed == kind || allowed.as_array().is_some_and(|kinds| kinds.iter().any(|one| one == kind));
    assert!(is_allowed, "{path} is {kind}, the schema says {allowed}");
    if let Some(choices) = schema["enum"].as_array() {
        assert!(choices.contains(value), "{path} is {value}");
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        agree(item, &schema["items"], root, &format!("{path}[{index}]"));
    }
    let any_key = &schema["additionalProperties"];
    if let Some(object) = value.as_object().filter(|_| any_key.is_object()) {
        object.iter().for_each(|(key, item)| agree(item, any_key, root, &format!("{path}.{key}")));
    } else if let Some(object) = value.as_object() {
        let mut required: Vec<&str> =
            schema["required"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
        required.sort_unstable();
        let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, required, "{path}");
        for (key, item) in object {
            agree(item, &schema["properties"][key], root, &format!("{path}.{key}"));
        }
    }
}
