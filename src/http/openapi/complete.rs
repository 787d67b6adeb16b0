//! What every operation has in common, written into the document once it is put together: the
//! problems that any route of its kind may answer, the sentences behind their codes, headers,
//! examples. So a handler names only what is its own.

use serde_json::{Map, Value, json};

use crate::http::error_code::ErrorCode;

use super::examples;

/// Methods an operation may have, as the document writes them.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// The schema of every problem.
const ERROR_ANSWER: &str = "#/components/schemas/ErrorAnswer";

/// A status and its codes.
type Expected = (&'static str, &'static str);

/// Fills in what is the same for all.
pub(super) fn complete(document: &mut Value) {
    let components = document["components"].clone();
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for path in paths.values_mut().filter_map(Value::as_object_mut) {
        for (method, operation) in path.iter_mut() {
            if METHODS.contains(&method.as_str()) {
                fill(operation, method, &components);
            }
        }
    }
}

fn fill(operation: &mut Value, method: &str, components: &Value) {
    for (status, codes) in expected(operation) {
        let response = &mut operation["responses"][status];
        if response.is_null() {
            *response = json!({ "description": codes });
        }
    }
    if let Some(contents) = operation.pointer_mut("/requestBody/content") {
        say_bytes(contents);
        add_examples(contents, components);
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, response) in responses {
        if status.starts_with(['4', '5']) {
            problem(status, response);
        } else if let Some(contents) = response.get_mut("content") {
            say_bytes(contents);
            add_examples(contents, components);
        }
        add_headers(status, response);
        // The answer to HEAD has no body, whatever it says.
        if let ("head", Some(response)) = (method, response.as_object_mut()) {
            response.remove("content");
        }
    }
}

/// What an operation of this kind may answer, whatever else it says.
fn expected(operation: &Value) -> Vec<Expected> {
    let mut expected = vec![("500", "internal")];
    let security = operation["security"].as_array().map(Vec::as_slice).unwrap_or_default();
    let asks_for = |scheme: &str| security.iter().any(|either| either.get(scheme).is_some());
    if asks_for("access_token") {
        expected.push(("401", "token_invalid, token_expired"));
    }
    if asks_for("exchange") {
        expected.push(("401", "credentials_invalid"));
        expected.push(("403", "forbidden: not from this address"));
        expected.push(("429", "rate_limited: too many wrong passwords"));
    }
    if !security.is_empty() {
        expected.push(("503", "storage_unavailable"));
    }
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if parameters.iter().any(|parameter| parameter["in"] == "path") {
        expected.push(("404", "not_found"));
    }
    if operation.get("requestBody").is_some() {
        expected.push(("400", "validation_failed"));
    }
    expected
}

/// A problem has the envelope, says what its codes mean, and shows each of them.
fn problem(status: &str, response: &mut Value) {
    let said = response["description"].as_str().unwrap_or_default().to_owned();
    let codes = codes_in(&said);
    let said_more = said.split(", ").any(|part| meaning(part).is_none());
    let list: Vec<_> =
        codes.iter().map(|(code, meaning)| format!("- `{code}`: {meaning}")).collect();
    let more = if said_more { format!("{said}\n\n") } else { String::new() };
    response["description"] = json!(format!("{more}{}", list.join("\n")));
    let examples: Map<_, _> = codes
        .into_iter()
        .map(|(code, meaning)| {
            (code.to_owned(), json!({ "value": envelope(status, code, meaning) }))
        })
        .collect();
    let content = json!({ "schema": { "$ref": ERROR_ANSWER }, "examples": examples });
    response["content"] = json!({ "application/json": content });
}

fn meaning(code: &str) -> Option<&'static str> {
    ErrorCode::ALL.iter().find(|known| known.as_str() == code).map(|code| code.meaning())
}

/// The codes that a description names.
fn codes_in(description: &str) -> Vec<(&str, &'static str)> {
    let words =
        description.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
    let mut codes: Vec<(&str, &str)> = Vec::new();
    for word in words {
        if let Some(meaning) = meaning(word)
            && !codes.contains(&(word, meaning))
        {
            codes.push((word, meaning));
        }
    }
    codes
}

fn envelope(status: &str, code: &str, meaning: &str) -> Value {
    let status = status.parse::<u16>().unwrap_or_default();
    let request_id = "5f0c0d2a4b0b4a0f9a4f0c8e5d0f7a11";
    json!({
        "status": "error",
        "data": {
            "message": meaning,
            "code": status,
            "error": code,
            "request_id": request_id,
            "details": {},
        },
    })
}

/// Bytes that are no text say so; where they need not be there, they are not there, never `null`.
fn say_bytes(contents: &mut Value) {
    let Some(contents) = contents.as_object_mut() else { return };
    for (kind, content) in contents {
        if ["json", "text/", "multipart/", "urlencoded"].iter().any(|text| kind.contains(text)) {
            continue;
        }
        let either = content["schema"]["oneOf"].as_array();
        let bytes = either.and_then(|either| either.iter().find(|one| one["type"] != "null"));
        if let Some(bytes) = bytes.cloned() {
            content["schema"] = bytes;
        }
        if content["schema"].is_null() {
            content["schema"] = json!({ "type": "string", "format": "binary" });
        }
    }
}

/// A body without an example gets one that is put together from those of its fields.
fn add_examples(contents: &mut Value, components: &Value) {
    let Some(contents) = contents.as_object_mut() else { return };
    for (kind, content) in contents {
        let has_one = content.get("example").is_some() || content.get("examples").is_some();
        if !has_one && kind.contains("json") {
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
    add("X-Request-Id", text.clone(), "Names this request in our log");
    match status {
        "401" => add("WWW-Authenticate", text, "Which kind of credentials is asked for"),
        "423" | "429" | "503" | "507" => {
            let seconds = json!({ "type": "integer", "minimum": 0 });
            add("Retry-After", seconds, "When to ask again, in seconds");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::complete;

    #[test]
    fn a_handler_names_its_codes_and_the_rest_is_filled_in() {
        let mut document = json!({ "paths": { "/a/{b}": { "get": {
            "security": [{ "access_token": [] }],
            "parameters": [{ "name": "b", "in": "path" }],
            "responses": {
                "200": { "content": { "application/json": { "schema": { "type": "boolean" } } } },
                "409": { "description": "report_closed: it has been decided" },
            },
        } } } });
        complete(&mut document);
        let responses = &document["paths"]["/a/{b}"]["get"]["responses"];
        for status in ["200", "401", "404", "409", "500", "503"] {
            assert!(responses[status]["headers"]["X-Request-Id"].is_object(), "{status}");
        }
        let shown = &responses["409"]["content"]["application/json"]["examples"]["report_closed"];
        assert_eq!(shown["value"]["data"]["code"], 409);
        let said = responses["409"]["description"].as_str().unwrap();
        assert!(said.starts_with("report_closed: it has been decided\n\n- `report_closed`: "));
        assert_eq!(responses["200"]["content"]["application/json"]["example"], false);
    }
}
