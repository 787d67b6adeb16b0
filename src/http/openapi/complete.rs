//! Completes the generated document: adds the errors that all operations of a kind share, the meanings
//! of their codes, common headers and examples. A handler declares only what is specific to it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::http::error_code::ErrorCode;

use super::examples;

/// The keys of a path item that are operations.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// The extension of an operation in which its handler declares errors: rows of
/// `[status, [codes…], "note"]`. It does not appear in the finished document.
const ERRORS: &str = "x-errors";

/// The schema of every problem.
const ERROR_ANSWER: &str = "#/components/schemas/ErrorAnswer";

/// The errors of one status, as a handler declares them in the extension [`ERRORS`]: the status, the
/// codes, and a sentence where the meaning of the codes does not say enough.
#[derive(Deserialize)]
struct DeclaredErrors(u16, Vec<ErrorCode>, #[serde(default)] String);

/// Fills in what is the same for all operations.
pub(super) fn complete(document: &mut Value) {
    let components = document["components"].clone();
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for path in paths.values_mut().filter_map(Value::as_object_mut) {
        for (method, operation) in path.iter_mut() {
            if METHODS.contains(&method.as_str()) {
                complete_operation(operation, method, &components);
            }
        }
    }
}

fn complete_operation(operation: &mut Value, method: &str, components: &Value) {
    add_errors(operation);
    if let Some(contents) = operation.pointer_mut("/requestBody/content") {
        describe_bytes(contents);
        add_examples(contents, components);
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, response) in responses {
        if let Some(contents) = response.get_mut("content") {
            describe_bytes(contents);
            add_examples(contents, components);
        }
        add_headers(status, response);
        // The response to HEAD has no body.
        if let ("head", Some(response)) = (method, response.as_object_mut()) {
            response.remove("content");
        }
    }
}

/// Adds a response for each status that the handler declares, and for the common statuses of its kind of
/// operation.
fn add_errors(operation: &mut Value) {
    let declared = operation.as_object_mut().and_then(|fields| fields.remove(ERRORS));
    let declared: Vec<DeclaredErrors> =
        declared.and_then(|rows| serde_json::from_value(rows).ok()).unwrap_or_default();
    let mut common = common_errors(operation);
    common.retain(|error| declared.iter().all(|other| other.0 != error.0));
    for error in declared.into_iter().chain(common) {
        let response = &mut operation["responses"][error.0.to_string()];
        let DeclaredErrors(status, codes, note) = error;
        response["description"] = json!(description(&codes, &note));
        let examples: Map<_, _> = codes
            .into_iter()
            .map(|code| (code.as_str().to_owned(), json!({ "value": envelope(status, code) })))
            .collect();
        let content = json!({ "schema": { "$ref": ERROR_ANSWER }, "examples": examples });
        response["content"] = json!({ "application/json": content });
    }
}

/// The errors that any operation of this kind may report.
fn common_errors(operation: &Value) -> Vec<DeclaredErrors> {
    let mut errors = Vec::new();
    let mut add = |status, codes: &[ErrorCode], note: &str| {
        errors.push(DeclaredErrors(status, codes.to_vec(), note.to_owned()));
    };
    add(500, &[ErrorCode::Internal], "");
    let security = operation["security"].as_array().map(Vec::as_slice).unwrap_or_default();
    let has_scheme = |scheme: &str| security.iter().any(|entry| entry.get(scheme).is_some());
    if has_scheme("access_token") {
        add(401, &[ErrorCode::TokenInvalid, ErrorCode::TokenExpired], "");
    } else if has_scheme("exchange") {
        add(401, &[ErrorCode::CredentialsInvalid], "");
    }
    if has_scheme("exchange") {
        add(403, &[ErrorCode::Forbidden], "The account may not be used from this address.");
        add(429, &[ErrorCode::RateLimited], "Too many wrong passwords.");
        add(503, &[ErrorCode::StorageUnavailable, ErrorCode::Busy], "");
    } else if !security.is_empty() {
        add(503, &[ErrorCode::StorageUnavailable], "");
    }
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if parameters.iter().any(|parameter| parameter["in"] == "path") {
        add(404, &[ErrorCode::NotFound], "");
    }
    // The parameters of paging.
    if parameters.iter().any(|parameter| parameter["name"] == "after") {
        add(400, &[ErrorCode::ValidationFailed], "The query cannot be read.");
        add(422, &[ErrorCode::ValidationFailed], "`details` names the parameter.");
    }
    if parameters.iter().any(|parameter| parameter["name"] == "Tus-Resumable") {
        add(412, &[ErrorCode::ValidationFailed], "The request is for another version of tus.");
    }
    if operation.get("requestBody").is_some() {
        add(400, &[ErrorCode::ValidationFailed], "The body cannot be read.");
        add(413, &[ErrorCode::BodyTooLarge], "");
        add(415, &[ErrorCode::UnsupportedEncoding], "");
        add(422, &[ErrorCode::ValidationFailed], "");
    }
    errors
}

/// The note, and a list of the codes with their meanings.
fn description(codes: &[ErrorCode], note: &str) -> String {
    let list: Vec<_> =
        codes.iter().map(|code| format!("- `{}`: {}", code.as_str(), code.meaning())).collect();
    let note = if note.is_empty() { String::new() } else { format!("{note}\n\n") };
    format!("{note}{}", list.join("\n"))
}

fn envelope(status: u16, code: ErrorCode) -> Value {
    json!({
        "status": "error",
        "data": {
            "message": code.meaning(),
            "code": status,
            "error": code,
            "request_id": "5f0c0d2a4b0b4a0f9a4f0c8e5d0f7a11",
            "details": {},
        },
    })
}

/// Declares binary contents as such. An optional binary body is absent, never `null`.
fn describe_bytes(contents: &mut Value) {
    let Some(contents) = contents.as_object_mut() else { return };
    for (kind, content) in contents {
        if ["json", "text/", "multipart/", "urlencoded"].iter().any(|text| kind.contains(text)) {
            continue;
        }
        let alternatives = content["schema"]["oneOf"].as_array();
        let bytes = alternatives.and_then(|list| list.iter().find(|one| one["type"] != "null"));
        if let Some(bytes) = bytes.cloned() {
            content["schema"] = bytes;
        }
        if content["schema"].is_null() {
            content["schema"] = json!({ "type": "string", "format": "binary" });
        }
    }
}

/// A body without an example gets one that is assembled from the examples of its fields.
fn add_examples(contents: &mut Value, components: &Value) {
    let Some(contents) = contents.as_object_mut() else { return };
    for (kind, content) in contents {
        let has_example = content.get("example").is_some() || content.get("examples").is_some();
        if !has_example && kind.contains("json") {
            content["example"] = examples::of(&content["schema"], components);
        }
    }
}

fn add_headers(status: &str, response: &mut Value) {
    let mut add = |name: &str, schema: Value, description: &str| {
        if response["headers"].is_null() {
            response["headers"] = json!({});
        }
        if response["headers"].get(name).is_none() {
            response["headers"][name] = json!({ "schema": schema, "description": description });
        }
    };
    let text = json!({ "type": "string" });
    add("X-Request-Id", text.clone(), "Identifies this request in our log");
    match status {
        "401" => add("WWW-Authenticate", text, "The authentication scheme that is required"),
        "423" | "429" | "503" | "507" => {
            let seconds = json!({ "type": "integer", "minimum": 0 });
            add("Retry-After", seconds, "When to retry, in seconds");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::complete;

    #[test]
    fn adds_the_declared_errors_and_those_of_the_kind_of_operation() {
        let mut document = json!({ "paths": { "/a/{b}": { "get": {
            "security": [{ "access_token": [] }],
            "parameters": [{ "name": "b", "in": "path" }],
            "x-errors": [[409, ["report_closed"], "It has been decided."]],
            "responses": {
                "200": { "content": { "application/json": { "schema": { "type": "boolean" } } } },
            },
        } } } });
        complete(&mut document);
        let operation = &document["paths"]["/a/{b}"]["get"];
        assert!(operation.get("x-errors").is_none());
        let responses = &operation["responses"];
        for status in ["200", "401", "404", "409", "500", "503"] {
            assert!(responses[status]["headers"]["X-Request-Id"].is_object(), "{status}");
        }
        let example = &responses["409"]["content"]["application/json"]["examples"]["report_closed"];
        assert_eq!(example["value"]["data"]["code"], 409);
        let description = responses["409"]["description"].as_str().unwrap();
        assert!(description.starts_with("It has been decided.\n\n- `report_closed`: "));
        assert_eq!(responses["200"]["content"]["application/json"]["example"], false);
    }
}
