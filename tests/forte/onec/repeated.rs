//! Messages that come again: repeated, at the same time, after a cut at any point.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::Response;
use futures_util::future::{Either, select};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    NODE, REPORT, admit, admitted, company, everything, fixture, message, post, report, request,
    send, take, take_all, with,
};
use crate::harness::answers::problem;
use crate::harness::process::Process;
use crate::harness::service::{
    Backend, Service, header, json as body_of, on_both_backends, send as send_to,
};
use sqlx::Connection as _;

on_both_backends! {
    the_same_message_gets_the_same_reply_and_nothing_twice,
    one_message_twice_at_once_is_taken_once,
    two_nodes_at_once_do_not_stand_in_each_others_way,
    two_processes_take_one_message_once,
    old_replies_are_cleared,
    a_message_cut_at_any_point_and_sent_again_has_the_same_result,
}

async fn the_same_message_gets_the_same_reply_and_nothing_twice(service: Service) {
    admitted(&service).await;
    let items = [company(), json!({ "type": "user" })];
    let first = take(&service, 1, &items).await;
    take(&service, 7, &[]).await;
    let before = everything(&service.env.db).await;
    assert_eq!(take(&service, 1, &items).await, first);
    // A byte order mark is no part of the message.
    let marked = format!("\u{feff}{}", message(1, &items));
    assert_eq!(body_of(service.send(post(marked)).await).await["results"], json!(first));
    assert_eq!(everything(&service.env.db).await, before);
    // Another message with that number is a mistake of somebody.
    let other = send(&service, 1, &[with(company(), json!({ "version": 2 }))]).await;
    let told = problem(other, 409, "message_differs").await;
    assert_eq!(told["details"]["received_no"], 7, "a restored 1C goes on after it");
    assert_eq!(everything(&service.env.db).await, before);
}

async fn one_message_twice_at_once_is_taken_once(service: Service) {
    admitted(&service).await;
    let items = fixture();
    let sent = futures_util::future::join_all((0..6).map(|_| send(&service, 1, &items))).await;
    let mut replies = Vec::new();
    for response in sent {
        assert_eq!(response.status(), 200);
        replies.push(body_of(response).await);
    }
    replies.dedup();
    assert_eq!(replies.len(), 1);
    let twice = "SELECT COUNT(*) FROM companies WHERE ref_key <> ''";
    assert_eq!(service.env.db.number(twice).await, 1);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM onec_messages").await, 1);
}

fn of(node: &str, number: i64, items: &[Value]) -> String {
    json!({ "node": node, "message_no": number, "items": items }).to_string()
}

/// A message that is sent again while it is still being taken waits; not for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_waits_too_long_is_told_to_come_again() {
    let service = Service::embedded_with(&[("ONEC__MESSAGE_WAIT", "50ms")]).await;
    admitted(&service).await;
    let writer = service.env.db.lock_sqlite().await;
    let items = fixture();
    let (one, other) = (send(&service, 1, &items), send(&service, 1, &items));
    let told = select(Box::pin(one), Box::pin(other)).await;
    let (Either::Left((told, first)) | Either::Right((told, first))) = told;
    assert_eq!(header(&told, "retry-after"), "2");
    problem(told, 423, "message_busy").await;
    writer.close().await.unwrap();
    assert_eq!(first.await.status(), 200);
    take_all(&service, 1, &items).await;
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM onec_messages").await, 1);
}

async fn two_nodes_at_once_do_not_stand_in_each_others_way(service: Service) {
    admitted(&service).await;
    admit(&service, "astana").await;
    take_all(&service, 1, &fixture()).await;
    let reports: Vec<Value> = (0..100)
        .map(|at| {
            let key = format!("8d1c93a2-d1bd-11ec-8a4e-{at:012}");
            with(report(), json!({ "ref_key": key, "version": 0 }))
        })
        .collect();
    let turned: Vec<Value> = reports.iter().rev().cloned().collect();
    let sent = (2..6).flat_map(|number| {
        [("almaty", of("almaty", number, &reports)), ("astana", of("astana", number, &turned))]
    });
    let sending =
        sent.map(|(node, body)| service.send(request(node, "POST", "/1c/v1/messages", body)));
    for response in futures_util::future::join_all(sending).await {
        assert_eq!(response.status(), 200);
    }
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM reports").await, 101);
}

async fn two_processes_take_one_message_once(service: Service) {
    admitted(&service).await;
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

async fn old_replies_are_cleared(service: Service) {
    admitted(&service).await;
    for number in 1..4 {
        take_all(&service, number, &[company()]).await;
    }
    service.manual_clock().advance(SignedDuration::from_hours(24 * 31));
    take_all(&service, 4, &[company()]).await;
    let kept = "SELECT message_no FROM onec_messages";
    assert_eq!(service.env.db.rows(kept).await, ["4"]);
}

/// A future that is dropped after so many polls: what a crash, or a cut line, does to a request.
struct Cut<F> {
    request: Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for Cut<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.request.as_mut().poll(context).map(Some)
    }
}

async fn cut_after(service: &Service, polls: usize, body: String) -> Option<Response<Body>> {
    Cut { request: Box::pin(service.send(post(body))), left: polls }.await
}

/// Messages that touch everything, each of another result than those before.
fn story() -> Vec<String> {
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

/// «killed halfway»: at each point where the service waits for something, and then sent again.
async fn a_message_cut_at_any_point_and_sent_again_has_the_same_result(service: Service) {
    admitted(&service).await;
    let mut cuts = 0;
    for body in story() {
        for polls in 1.. {
            if let Some(answer) = cut_after(&service, polls, body.clone()).await {
                assert_eq!(answer.status(), 200);
                break;
            }
            cuts += 1;
        }
        assert_eq!(service.send(post(body)).await.status(), 200);
    }
    // How often a request waits is the machine's affair: where PostgreSQL has answered before we look,
    // a short message does not wait at all.
    assert!(cuts > 0, "nothing was cut");
    let undisturbed = Service::start(if service.env.bucket.is_some() {
        Backend::Shared
    } else {
        Backend::Embedded
    });
    let undisturbed = undisturbed.await.unwrap();
    undisturbed.manual_clock().set(service.clock().now());
    admitted(&undisturbed).await;
    for body in story() {
        assert_eq!(undisturbed.send(post(body)).await.status(), 200);
    }
    let expected = everything(&undisturbed.env.db).await;
    assert_eq!(everything(&service.env.db).await, expected);
}

/// The same with the real program and SIGKILL, at a moment that differs from message to message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_has_taken_a_message_whole_or_not_at_all() {
    let service = Service::embedded().await;
    admitted(&service).await;
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
        let sending = sent_to(&process, body.clone());
        let delay = std::time::Duration::from_millis(number * 12);
        let answered = tokio::time::timeout(delay, sending).await;
        process.kill();
        let there = env.db.number("SELECT COUNT(*) FROM reports").await;
        assert_eq!((there - 1) % 400, 0, "{answered:?}");
        let process = Process::start(&env, "one", &[]).await;
        let again = sent_to(&process, body).await.unwrap();
        assert_eq!(again.status(), 200);
        let there = env.db.number("SELECT COUNT(*) FROM reports").await;
        assert_eq!(there, 1 + 400 * i64::try_from(number - 1).unwrap());
    }
}

async fn sent_to(process: &Process, body: String) -> reqwest::Result<reqwest::Response> {
    reqwest::Client::builder()
        .build()
        .unwrap()
        .post(format!("http://{}/1c/v1/messages", process.address))
        .basic_auth(NODE, Some(super::PASSWORD))
        .body(body)
        .send()
        .await
}
