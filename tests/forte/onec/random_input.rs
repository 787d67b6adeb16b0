//! Random input gets a specific error and never an internal one.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::{NODE, add_default_node, fixture, message, post, put, take_all};
use crate::harness::service::{Backend, Service, json as body_of};

/// The number of cases of a test.
const CASES: usize = 150;

/// A small JSON value of any type.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("0001-01-01T00:00:00")),
        Just(json!(super::COMPANY)),
        Just(json!(super::VEHICLE)),
        Just(json!("\u{0}")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("[a-z_]{0,6}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// A valid item in which some fields have random values.
fn corrupted_item() -> impl Strategy<Value = Value> {
    let fields = prop::sample::select(vec![
        "type",
        "ref_key",
        "version",
        "company_ref",
        "vehicle_ref",
        "type_ref",
        "contract_ref",
        "user_ref",
        "biin",
        "name",
        "email",
        "kind",
        "active",
        "role",
        "mobile",
        "title",
        "instructions",
        "date_start",
        "date_finish",
        "date_end",
        "status_code",
        "reject_reason",
        "report_number",
        "contract_number",
        "object",
        "decision",
    ]);
    let items = prop::sample::select(fixture());
    (items, vec((fields, any_json()), 0..4)).prop_map(|(mut item, corrupted)| {
        let fields = item.as_object_mut().unwrap();
        fields.extend(corrupted.into_iter().map(|(name, value)| (name.to_owned(), value)));
        item
    })
}

/// Random values of a strategy, different in each run.
fn generate<S: Strategy>(strategy: &S) -> Vec<S::Value> {
    let mut runner = TestRunner::default();
    (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

fn run_on(backend: Backend, test: &impl AsyncFn(&Service)) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let Some(service) = Box::pin(Service::start(backend)).await else { return };
        add_default_node(&service).await;
        take_all(&service, 0, &fixture()).await;
        test(&service).await;
    });
}

fn corrupted_messages() -> Vec<Vec<Value>> {
    generate(&vec(corrupted_item(), 0..6))
}

async fn corrupted_items_get_results(service: &Service) {
    for (number, items) in (1..).zip(corrupted_messages()) {
        let response = service.send(post(message(number, &items))).await;
        assert_eq!(response.status(), 200, "{items:?}");
        let results = body_of(response).await["results"].as_array().unwrap().clone();
        assert_eq!(results.len(), items.len());
        for result in results {
            assert_eq!(result["ok"] == true, result["error"] == "", "{result}");
        }
    }
}

#[test]
fn corrupted_items_get_results_on_sqlite() {
    run_on(Backend::Embedded, &corrupted_items_get_results);
}

#[test]
fn corrupted_items_get_results_on_postgresql() {
    run_on(Backend::Shared, &corrupted_items_get_results);
}

/// A JSON value, a text and a collection.
fn random_input() -> Vec<(Value, String, &'static str)> {
    let collections = prop::sample::select(vec![
        "companies",
        "users",
        "vehicle-types",
        "vehicles",
        "contracts",
        "reports",
        "assignments",
    ]);
    let strategy = (any_json(), ".{0,40}", collections);
    generate(&strategy)
}

async fn random_input_gets_a_response(service: &Service) {
    for (json, text, collection) in random_input() {
        let wrapped = json!({ "node": NODE, "message_no": json, "items": [json] });
        for body in [json.to_string(), wrapped.to_string(), text] {
            let status = service.send(post(body.clone())).await.status().as_u16();
            assert!([200, 400, 409, 422].contains(&status), "{status} for {body}");
        }
        let status = put(service, collection, super::COMPANY, &json).await.status().as_u16();
        assert!([200, 400, 422].contains(&status), "{status} for {json}");
    }
}

#[test]
fn random_input_gets_a_response_on_sqlite() {
    run_on(Backend::Embedded, &random_input_gets_a_response);
}
