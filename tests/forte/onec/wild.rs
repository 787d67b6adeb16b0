//! Anything at all as a message: an answer with a reason, never "something is broken".

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::{NODE, admitted, fixture, message, post, put, take_all};
use crate::harness::service::{Backend, Service, json as body_of};

/// How many cases a test tries.
const CASES: usize = 150;

/// JSON of every kind, small.
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

/// A good item in which some fields have become anything.
fn spoilt_item() -> impl Strategy<Value = Value> {
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
    (items, vec((fields, any_json()), 0..4)).prop_map(|(mut item, spoilt)| {
        let fields = item.as_object_mut().unwrap();
        fields.extend(spoilt.into_iter().map(|(name, value)| (name.to_owned(), value)));
        item
    })
}

/// Values of the strategy, others at each run.
fn drawn<S: Strategy>(strategy: &S) -> Vec<S::Value> {
    let mut runner = TestRunner::default();
    (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

fn on(backend: Backend, test: &impl AsyncFn(&Service)) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let Some(service) = Box::pin(Service::start(backend)).await else { return };
        admitted(&service).await;
        take_all(&service, 0, &fixture()).await;
        test(&service).await;
    });
}

fn spoilt_messages() -> Vec<Vec<Value>> {
    drawn(&vec(spoilt_item(), 0..6))
}

async fn spoilt_items_get_results(service: &Service) {
    for (number, items) in (1..).zip(spoilt_messages()) {
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
fn spoilt_items_get_results_on_sqlite() {
    on(Backend::Embedded, &spoilt_items_get_results);
}

#[test]
fn spoilt_items_get_results_on_postgresql() {
    on(Backend::Shared, &spoilt_items_get_results);
}

/// A body, another body, and where to.
fn anything() -> Vec<(Value, String, &'static str)> {
    let places = prop::sample::select(vec![
        "companies",
        "users",
        "vehicle-types",
        "vehicles",
        "contracts",
        "reports",
        "assignments",
    ]);
    let strategy = (any_json(), ".{0,40}", places);
    drawn(&strategy)
}

async fn anything_gets_an_answer(service: &Service) {
    for (json, text, place) in anything() {
        let wrapped = json!({ "node": NODE, "message_no": json, "items": [json] });
        for body in [json.to_string(), wrapped.to_string(), text] {
            let status = service.send(post(body.clone())).await.status().as_u16();
            assert!([200, 400, 409, 422].contains(&status), "{status} for {body}");
        }
        let status = put(service, place, super::COMPANY, &json).await.status().as_u16();
        assert!([200, 400, 422].contains(&status), "{status} for {json}");
    }
}

#[test]
fn anything_gets_an_answer_on_sqlite() {
    on(Backend::Embedded, &anything_gets_an_answer);
}
