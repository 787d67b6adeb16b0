//! Incomplete forms leave nothing, and can be repeated.

use std::future::ready;
use std::io;

use axum::body::Body;
use forte_media::model::Faults;
use futures_util::{StreamExt as _, stream};
use tokio::sync::{mpsc, oneshot};

use crate::harness::answers::problem;
use crate::harness::bodies::{chunked, cut, held};
use crate::harness::clips::GOOD;
use crate::harness::form::{Form, send};
use crate::harness::service::{Backend, Options, Service, on_both_backends};

on_both_backends! {
    a_form_cut_at_any_byte_leaves_nothing_and_can_be_repeated,
    a_form_of_a_disconnected_client_leaves_nothing,
}

async fn a_form_cut_at_any_byte_leaves_nothing_and_can_be_repeated(service: Service) {
    let report = service.report().await;
    let form = Form::of(report).file(GOOD).done();
    let file = form.len() - GOOD.len();
    for at in [0, 1, 50, 200, file - 60, file, file + 4096, form.len() - 60, form.len() - 10] {
        for body in [cut(form[..at].to_vec()), chunked(&form[..at], 1000)] {
            let answer = send(&service, body).await;
            let status = answer.status().as_u16();
            assert!([400, 503].contains(&status), "{at}: {status}");
            let code = if status == 400 { "validation_failed" } else { "body_cut" };
            let data = problem(answer, status, code).await;
            assert!(!data["message"].as_str().unwrap().contains("was kept"), "{data}");
        }
    }
    service.assert_nothing_left().await;
    assert_eq!(service.deliver().await, 0);
    assert_eq!(send(&service, chunked(&form, 7)).await.status(), 201);
    assert_eq!(service.deliver().await, 1);
}

/// hyper drops the handler when the client disconnects.
async fn a_form_of_a_disconnected_client_leaves_nothing(service: Service) {
    let report = service.report().await;
    let form = Form::of(report).file(GOOD).done();
    let (body, taken) = held(form[..form.len() - 500].to_vec());
    tokio::select! {
        answer = send(&service, body) => panic!("answered {}", answer.status()),
        read = taken => read.unwrap(),
    }
    service.assert_nothing_left().await;
    assert_eq!(send(&service, form).await.status(), 201);
}

/// The request is dropped at the first pause after its last bytes were read.
#[tokio::test]
async fn a_complete_form_of_a_disconnected_client_is_stored() {
    let (written, mut writes) = mpsc::channel(64);
    let faults = Faults::scripted(move |place| {
        if place == "storage.spool.write" {
            written.try_send(()).unwrap();
        }
        false
    });
    let options = Options { faults, ..Options::default() };
    let service = Box::pin(Service::start_with(Backend::Embedded, options)).await.unwrap();
    let form = Form::of(service.report().await).file(GOOD).text("last", "part").done();
    let (first, last) = form.split_at(form.len() - 10);
    let (first, last) = (Ok(first.to_vec()), last.to_vec());
    let (taken, is_taken) = oneshot::channel();
    let rest = stream::once(async move {
        writes.recv().await.unwrap();
        taken.send(()).unwrap();
        io::Result::Ok(last)
    });
    let body = Body::from_stream(stream::once(ready(first)).chain(rest));
    tokio::select! {
        biased;
        answer = send(&service, body) => panic!("answered {}", answer.status()),
        read = is_taken => read.unwrap(),
    }
    service.drain_and_sweep().await;
    assert_eq!(service.deliver().await, 1);
}

#[tokio::test]
async fn a_form_that_idles_after_its_file_is_cut() {
    let service = Service::embedded_with(&[("UPLOAD__IDLE_TIMEOUT", "50ms")]).await;
    let form = Form::of(service.report().await).file(GOOD).done();
    let (body, _taken) = held(form[..form.len() - 8].to_vec());
    problem(send(&service, body).await, 503, "body_cut").await;
    service.assert_nothing_left().await;
}

#[tokio::test]
async fn an_idle_form_is_cut() {
    let service = Service::embedded_with(&[("UPLOAD__IDLE_TIMEOUT", "50ms")]).await;
    let form = Form::of(service.report().await).file(GOOD).done();
    let (body, _taken) = held(form[..form.len() - 500].to_vec());
    problem(send(&service, body).await, 503, "body_cut").await;
    service.assert_nothing_left().await;
}
