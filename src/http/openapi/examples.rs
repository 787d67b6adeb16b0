//! Examples of bodies, assembled from the examples of their fields.

use serde_json::{Map, Value, json};

/// The deepest nesting of schemas that is followed. It exceeds that of all ours, and ends recursive
/// ones.
const MAX_DEPTH: usize = 16;

/// A typical value that the schema allows.
pub(super) fn of(schema: &Value, components: &Value) -> Value {
    at_depth(schema, components, 0)
}

fn at_depth(schema: &Value, components: &Value, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    if let Some(value) = declared(schema) {
        return value;
    }
    let deeper = |schema: &Value| at_depth(schema, components, depth + 1);
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return deeper(&components["schemas"][name]);
    }
    if let Some(all) = schema["allOf"].as_array() {
        let mut merged = object(schema, deeper);
        merged.extend(
            all.iter()
                .filter_map(|one| match deeper(one) {
                    Value::Object(fields) => Some(fields),
                    _ => None,
                })
                .flatten(),
        );
        return Value::Object(merged);
    }
    let any = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    if let Some(any) = any {
        let schema = any.iter().find(|schema| schema["type"] != "null");
        return schema.map(deeper).unwrap_or_default();
    }
    match kind(schema) {
        "object" => Value::Object(object(schema, deeper)),
        "array" => json!([deeper(&schema["items"])]),
        _ => scalar(schema),
    }
}

/// The example of the schema itself, or its default, constant or first enum value.
fn declared(schema: &Value) -> Option<Value> {
    let first = |list: &str| schema[list].as_array().and_then(|list| list.first().cloned());
    let one = |name: &str| schema.get(name).cloned();
    let example = one("example").or_else(|| first("examples")).or_else(|| one("default"));
    example.or_else(|| one("const")).or_else(|| first("enum"))
}

fn object(schema: &Value, deeper: impl Fn(&Value) -> Value) -> Map<String, Value> {
    let properties = schema["properties"].as_object();
    let fields = properties.into_iter().flatten();
    fields.map(|(name, field)| (name.clone(), deeper(field))).collect()
}

/// The type; of several, the first that is not `null`.
fn kind(schema: &Value) -> &str {
    let several = schema["type"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_several = several.iter().filter_map(Value::as_str).find(|kind| *kind != "null");
    let kind = schema["type"].as_str().or(of_several);
    kind.unwrap_or(if schema.get("properties").is_some() { "object" } else { "" })
}

fn scalar(schema: &Value) -> Value {
    match (kind(schema), schema["format"].as_str().unwrap_or_default()) {
        ("string", "uuid") => json!("646ba713-d1d7-11ec-9405-005056aaa4ae"),
        ("string", "date-time") => json!("2022-06-21T09:50:06Z"),
        ("string", "date") => json!("2022-06-21"),
        ("string", "uri") => json!("https://api.shakeshev.com/"),
        ("string", _) => json!(""),
        ("integer", _) => schema.get("minimum").cloned().unwrap_or(json!(1)),
        ("number", _) => json!(1.0),
        ("boolean", _) => json!(false),
        _ => json!({}),
    }
}
