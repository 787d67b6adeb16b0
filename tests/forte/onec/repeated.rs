//! Repeated messages: later, concurrently, and after an interruption at any point.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::Response;
use futures_util::future::{Either, select};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    NODE, REPORT, add_default_node, add_node, company, everything, fixture, message, post, report,
    request, send, take, take_all, with,
};
use crate::harness::answers::problem;
use crate::harness::process::Process;
use crate::harness::service::{
    Backend, Service, header, json as body_of, on_both_backends, send as send_to,
};
use sqlx::Connection as _;

on_both_backends! {
    a_repeated_message_gets_the_same_reply_and_changes_nothing,
    concurrent_copies_of_a_message_are_applied_once,
    concurrent_messages_of_two_nodes_do_not_deadlock,
    two_processes_apply_a_message_once,
    old_replies_are_deleted,
    a_message_interrupted_at_any_point_and_repeated_has_the_same_result,
}

async fn a_repeated_message_gets_the_same_reply_and_changes_nothing(service: Service) {
    add_default_node(&service).await;
    let items = [company(), json!({ "type": "user" })];
    let first = take(&service, 1, &items).await;
    take(&service, 7, &[]).await;
    let before = everything(&service.env.db).await;
    assert_eq!(take(&service, 1, &items).await, first);
    // A byte order mark is not part of the message.
    let with_bom = format!("\u{feff}{}", message(1, &items));
    assert_eq!(body_of(service.send(post(with_bom)).await).await["results"], json!(first));
    assert_eq!(everything(&service.env.db).await, before);
    // Another message with the same number is an error.
    let other = send(&service, 1, &[with(company(), json!({ "version": 2 }))]).await;
    let refusal = problem(other, 409, "message_differs").await;
    assert_eq!(refusal["details"]["received_no"], 7, "a restored 1C continues after it");
    assert_eq!(everything(&service.env.db).await, before);
}

async fn concurrent_copies_of_a_message_are_applied_once(service: Service) {
    add_default_node(&service).await;
    let items = fixture();
    let sent = futures_util::future::join_all((0..6).map(|_| send(&service, 1, &items))).await;
    let mut replies = Vec::new();
    for response in sent {
        assert_eq!(response.status(), 200);
        replies.push(body_of(response).await);
    }
    replies.dedup();
    assert_eq!(replies.len(), 1);
    let companies = "SELECT COUNT(*) FROM companies WHERE ref_key <> ''";
    assert_eq!(service.env.db.number(companies).await, 1);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM onec_messages").await, 1);
}

fn message_of(node: &str, number: i64, items: &[Value]) -> String {
    json!({ "node": node, "message_no": number, "items": items }).to_string()
}

/// A message that is repeated while its first copy is being applied waits, up to a limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_waits_too_long_gets_a_retry_after() {
    let service = Service::embedded_with(&[("ONEC__MESSAGE_WAIT", "50ms")]).await;
    add_default_node(&service).await;
    let writer = service.env.db.lock_sqlite().await;
    let items = fixture();
    let (one, other) = (send(&service, 1, &items), send(&service, 1, &items));
    let refused = select(Box::pin(one), Box::pin(other)).await;
    let (Either::Left((refused, first)) | Either::Right((refused, first))) = refused;
    assert_eq!(header(&refused, "retry-after"), "2");
    problem(refused, 423, "message_busy").await;
    writer.close().await.unwrap();
    assert_eq!(first.await.status(), 200);
    take_all(&service, 1, &items).await;
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM onec_messages").await, 1);
}

async fn concurrent_messages_of_two_nodes_do_not_deadlock(service: Service) {
    add_default_node(&service).await;
    add_node(&service, "astana").await;
    take_all(&service, 1, &fixture()).await;
    let reports: Vec<Value> = (0..100)
        .map(|at| {
            let key = format!("8d1c93a2-d1bd-11ec-8a4e-{at:012}");
            with(report(), json!({ "ref_key": key, "version": 0 }))
        })
        .collect();
    let reversed: Vec<Value> = reports.iter().rev().cloned().collect();
    let sent = (2..6).flat_map(|number| {
        [
            ("almaty", message_of("almaty", number, &reports)),
            ("astana", message_of("astana", number, &reversed)),
        ]
    });
    let sending =
        sent.map(|(node, body)| service.send(request(node, "POST", "/1c/v1/messages", body)));
    for response in futures_util::future::join_all(sending).await {
        assert_eq!(response.status(), 200);
    }
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM reports").await, 101);
}

async fn two_processes_apply_a_message_once(service: Service) {
    add_default_node(&service).await;
    let (app, shutdown) =
        service.second_node("two", crate::harness::service::Options::default()).await;
    let other = app.router();
    let items = fixture();
    let (here, there) =
        tokio::join!(send(&service, 1, &items), send_to(&other, post(message(1, &items))));
    assert_eq!((here.status().as_u16(), there.status().as_u16()), (200, 200));
    assert_eq!(body_of(here).await, body_of(there).await);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM onec_messages").await, 1);
    shutdown.hard().cancel();
}

async fn old_replies_are_deleted(service: Service) {
    add_default_node(&service).await;
    for number in 1..4 {
        take_all(&service, number, &[company()]).await;
    }
    service.manual_clock().advance(SignedDuration::from_hours(24 * 31));
    take_all(&service, 4, &[company()]).await;
    let kept = "SELECT message_no FROM onec_messages";
    assert_eq!(service.env.db.rows(kept).await, ["4"]);
}

/// A future that is dropped after a number of polls, as a crash or a lost connection drops a request.
struct PollLimit<F> {
    request: Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for PollLimit<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.request.as_mut().poll(context).map(Some)
    }
}

async fn interrupt_after(service: &Service, polls: usize, body: String) -> Option<Response<Body>> {
    PollLimit { request: Box::pin(service.send(post(body))), left: polls }.await
}

/// Messages that write to all tables, each with another effect.
fn message_sequence() -> Vec<String> {
    let report =
        |version, status| with(report(), json!({ "version": version, "status_code": status }));
    let more: Vec<Value> = (0..75)
        .map(|at| {
            let key = format!("8d1c93a2-d1bd-11ec-8a4e-{at:012}");
            with(super::report(), json!({ "ref_key": key }))
        })
        .collect();
    vec![
        message(1, &fixture()),
        message(2, &[report(2, 2)]),
        message(
            3,
            &[json!({ "type": "decision", "ref_key": REPORT, "decision": "reject",
                             "reject_reason": "Темно" })],
        ),
        message(4, &more),
        message(
            5,
            &[json!({ "type": "delete", "object": "user", "ref_key": super::DIRECTOR,
                             "version": 2 })],
        ),
    ]
}

/// The request is dropped at each await point of the service, and then repeated.
async fn a_message_interrupted_at_any_point_and_repeated_has_the_same_result(service: Service) {
    add_default_node(&service).await;
    let mut interruptions = 0;
    for body in message_sequence() {
        for polls in 1.. {
            if let Some(answer) = interrupt_after(&service, polls, body.clone()).await {
                assert_eq!(answer.status(), 200);
                break;
            }
            interruptions += 1;
        }
        assert_eq!(service.send(post(body)).await.status(), 200);
    }
    // How often a request is pending depends on timing: if PostgreSQL responds before the first poll, a
    // short message is never pending.
    assert!(interruptions > 0, "nothing was interrupted");
    let undisturbed = Service::start(if service.env.bucket.is_some() {
        Backend::Shared
    } else {
        Backend::Embedded
    });
    let undisturbed = undisturbed.await.unwrap();
    undisturbed.manual_clock().set(service.clock().now());
    add_default_node(&undisturbed).await;
    for body in message_sequence() {
        assert_eq!(undisturbed.send(post(body)).await.status(), 200);
    }
    let expected = everything(&undisturbed.env.db).await;
    assert_eq!(everything(&service.env.db).await, expected);
}

/// With the real program and SIGKILL, after a different delay for each message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_has_applied_a_message_completely_or_not_at_all() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    let env = service.crash().await;
    for number in 2..8_u64 {
        let reports: Vec<Value> = (0..400)
            .map(|at| {
                let key = format!("8d1c93a2-d1bd-11ec-{number:04}-{at:012}");
                with(report(), json!({ "ref_key": key }))
            })
            .collect();
        let body = message(i64::try_from(number).unwrap(), &reports);
        let mut process = Process::start(&env, "one", &[]).await;
        let sending = send_to_process(&process, body.clone());
        let delay = std::time::Duration::from_millis(number * 12);
        let answered = tokio::time::timeout(delay, sending).await;
        process.kill();
        let stored = env.db.number("SELECT COUNT(*) FROM reports").await;
        assert_eq!((stored - 1) % 400, 0, "{answered:?}");
        let process = Process::start(&env, "one", &[]).await;
        let again = send_to_process(&process, body).await.unwrap();
        assert_eq!(again.status(), 200);
        let stored = env.db.number("SELECT COUNT(*) FROM reports").await;
        assert_eq!(stored, 1 + 400 * i64::try_from(number - 1).unwrap());
    }
}

async fn send_to_process(process: &Process, body: String) -> reqwest::Result<reqwest::Response> {
    reqwest::Client::builder()
        .build()
        .unwrap()
        .post(format!("http://{}/1c/v1/messages", process.address))
        .basic_auth(NODE, Some(super::PASSWORD))
        .body(body)
        .send()
        .await
}
