//! The document itself: it is complete, and agrees with the router.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use axum::body::Body;
use axum::http::Request;
use forte_media::http::ErrorCode;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use serde_json::Value;

use super::{Operation, operations, served};
use crate::harness::service::{Service, header};

/// The base URL in the document of these tests.
const PUBLIC: &str = "https://api.shakeshev.com";

fn document() -> Value {
    forte_media::http::openapi(Some(PUBLIC))
}

#[test]
fn the_document_is_as_published() {
    insta::assert_snapshot!("openapi", format!("{:#}", document()));
}

#[tokio::test]
async fn the_document_is_served_with_the_public_url() {
    let service =
        Service::embedded_with(&[("HTTP__PUBLIC_URL", "https://api.shakeshev.com/")]).await;
    assert_eq!(served(&service).await, document());
    assert_eq!(document()["openapi"], "3.1.0");
    assert_eq!(document()["servers"][0]["url"], PUBLIC);
}

/// The page sends its requests to the address under which it was opened.
#[tokio::test]
async fn without_a_public_url_the_address_in_the_document_is_relative() {
    let service = Service::embedded().await;
    assert_eq!(served(&service).await["servers"][0]["url"], "./");
}

#[test]
fn the_command_openapi_prints_the_document() {
    let output = Command::new(env!("CARGO_BIN_EXE_forte-media"))
        .arg("openapi")
        .env("FORTE_MEDIA__HTTP__PUBLIC_URL", PUBLIC)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), document());
}

#[test]
fn every_operation_has_an_id_a_summary_tags_descriptions_and_examples() {
    let (mut wrong, mut names) = (Vec::new(), BTreeSet::new());
    let document = document();
    let tags: Vec<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for Operation { name, description, .. } in operations(&document) {
        let mut check = |is_met: bool, complaint: &str| {
            if !is_met {
                wrong.push(format!("{name}: {complaint}"));
            }
        };
        let id = description["operationId"].as_str().unwrap_or_default().to_owned();
        check(!id.is_empty() && names.insert(id), "has no unique id");
        check(description["summary"].is_string(), "has no summary");
        let own_tags = description["tags"].as_array().unwrap();
        check(own_tags.iter().all(|tag| tags.contains(&tag)), "has a tag that is not in the list");
        for parameter in description["parameters"].as_array().into_iter().flatten() {
            let text = parameter["description"].as_str().unwrap_or_default();
            check(!text.is_empty(), &format!("{} has no description", parameter["name"]));
        }
        for content in contents(&description["requestBody"]) {
            check(has_example(&content), "has no example of its body");
        }
        for (status, response) in description["responses"].as_object().unwrap() {
            check(response["description"].is_string(), &format!("{status}: has no description"));
            for content in contents(response) {
                check(has_example(&content), &format!("{status}: has no example"));
            }
            let is_problem = status.starts_with(['4', '5']);
            let names_code = ErrorCode::ALL.iter().any(|code| {
                let code = format!("`{}`", code.as_str());
                response["description"].as_str().unwrap().contains(&code)
            });
            check(!is_problem || names_code, &format!("{status}: names no code"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Otherwise no client can be generated.
#[test]
fn every_reference_in_the_document_resolves() {
    let document = document();
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

/// utoipa names schemas by their types without a path, so one of two equal names would describe both.
#[test]
fn no_two_schemas_have_the_same_name() {
    let mut seen = BTreeMap::new();
    for (file, tokens) in sources("no file") {
        let mut described = false;
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match &token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                    described |= group.to_string().contains("ToSchema");
                }
                TokenTree::Ident(word) if *word == "struct" || *word == "enum" => {
                    let name = tokens.peek().unwrap().to_string();
                    let other = std::mem::take(&mut described)
                        .then(|| seen.insert(name.clone(), file.clone()));
                    assert_eq!(other.flatten(), None, "{name} is in {file} too");
                }
                TokenTree::Ident(word) if *word == "fn" || *word == "impl" => described = false,
                _ => {}
            }
        }
    }
    assert!(seen.len() > 10, "the sources are read");
}

fn contents(body: &Value) -> Vec<(String, Value)> {
    let contents = body["content"].as_object().into_iter().flatten();
    contents.map(|(kind, content)| (kind.clone(), content.clone())).collect()
}

/// Binary content and form fields need none.
fn has_example((kind, content): &(String, Value)) -> bool {
    let given = content.get("example").is_some_and(|example| *example != serde_json::json!({}));
    let in_fields = kind.starts_with("multipart/");
    given || content.get("examples").is_some() || in_fields || !kind.contains("json")
}

/// S52: `Allow` lists the methods of the document.
#[tokio::test]
async fn each_path_allows_exactly_the_methods_of_the_document() {
    let service = Service::embedded().await;
    let mut documented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Operation { path, method, .. } in operations(&document()) {
        documented.entry(path).or_default().insert(method);
    }
    for (path, mut methods) in documented {
        let request = Request::builder().method("PROPFIND").uri(path.replace(['{', '}'], ""));
        let response = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 405, "{path}");
        let allowed = header(&response, "allow").split(',').map(|method| method.trim().to_owned());
        let allowed: BTreeSet<_> = allowed.collect();
        // HEAD comes with GET and is not in the document.
        if methods.contains("GET") {
            methods.insert("HEAD".to_owned());
        }
        // The sign-in page of the console has the same path as the API's sign-in.
        if path == "/review/sign-in" {
            methods.extend(["GET", "HEAD"].map(str::to_owned));
        }
        assert_eq!(allowed, methods, "{path}");
    }
}

/// Reads the routes from the sources.
#[test]
fn every_route_is_in_the_document() {
    let document = document();
    // Redirects to the page.
    let not_described = ["/docs/"];
    // Routes of the operators' listener.
    let excluded = "ops.rs";
    let mut found = 0;
    for (file, tokens) in sources(excluded) {
        each_call(&tokens, &["route"], &mut |arguments| {
            let Some(path) = arguments.first().and_then(text_of) else { return };
            let known = document["paths"].get(&path).is_some();
            assert!(known || not_described.contains(&path.as_str()), "{file}: {path}");
            found += 1;
        });
    }
    assert!(found > 4, "the sources are read");
}

#[test]
fn error_codes_are_sorted_and_serialize_as_they_are_documented() {
    let names: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert!(names.is_sorted(), "in alphabetical order");
    assert_eq!(serde_json::to_value(ErrorCode::ALL).unwrap(), serde_json::json!(names));
}

/// The source files of `http`, without one.
fn sources(excluded: &str) -> Vec<(String, TokenStream)> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Not part of the API.
            let is_for_browsers =
                ["pages", "browser_session"].iter().any(|name| path.ends_with(name));
            if path.is_dir() && !is_for_browsers {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with(excluded)
            {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.display().to_string(), text.parse().unwrap()));
            }
        }
    }
    files
}

/// Visits the arguments of every call whose path ends in `name`.
fn each_call(tokens: &TokenStream, name: &[&str], visit: &mut impl FnMut(&[TokenStream])) {
    let mut words: Vec<String> = Vec::new();
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(word) => words.push(word.to_string()),
            TokenTree::Punct(mark) if mark.as_char() == ':' => {}
            TokenTree::Group(group) => {
                if group.delimiter() == Delimiter::Parenthesis && words.ends_with(&owned(name)) {
                    visit(&arguments(group.stream()));
                }
                words.clear();
                each_call(&group.stream(), name, visit);
            }
            _ => words.clear(),
        }
    }
}

fn owned(name: &[&str]) -> Vec<String> {
    name.iter().map(|word| (*word).to_owned()).collect()
}

fn arguments(tokens: TokenStream) -> Vec<TokenStream> {
    let mut arguments = vec![TokenStream::new()];
    for token in tokens {
        match &token {
            TokenTree::Punct(mark) if mark.as_char() == ',' => arguments.push(TokenStream::new()),
            _ => arguments.last_mut().unwrap().extend([token]),
        }
    }
    arguments.retain(|argument| !argument.is_empty());
    arguments
}

/// The content of a string literal.
fn text_of(argument: &TokenStream) -> Option<String> {
    let text = argument.to_string();
    let text = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    Some(text.to_owned())
}
