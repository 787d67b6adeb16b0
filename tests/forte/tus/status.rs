//! `HEAD`: the offset of an upload.

use axum::body::Body;
use forte_media::model::NodeId;
use jiff::SignedDuration;

use crate::harness::answers::tus_problem;
use crate::harness::clips::GOOD;
use crate::harness::rows::Rows;
use crate::harness::service::{Service, header, on_both_backends};
use crate::harness::tus::{self, create, id_of};

on_both_backends! {
    head_returns_offset_length_and_metadata,
    an_unknown_upload_has_no_offset,
    the_secret_in_the_url_authorizes_appending_but_not_terminating,
    head_is_answered_423_while_the_database_is_unavailable,
    head_is_answered_423_while_another_node_stores_the_video,
    an_abandoned_finish_can_be_resumed,
    an_upload_of_a_deactivated_person_is_not_found,
}

async fn head_returns_offset_length_and_metadata(service: Service) {
    let report = service.report().await;
    let metadata = format!("{},empty ,alone", tus::metadata(report));
    let request = tus::request("POST", "/uploads")
        .header("Authorization", format!("Bearer {}", service.driver()))
        .header("Upload-Length", GOOD.len())
        .header("Upload-Metadata", &metadata);
    let created = service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(created.status(), 201);
    let path = tus::path_of(header(&created, "location"));
    for (from, to) in [(0, 0), (0, 1), (1, 4096), (4096, GOOD.len())] {
        tus::patch(&service, &path, from, &GOOD[from..to]).await;
        let answer = tus::head(&service, &path).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "upload-offset"), to.to_string());
        assert_eq!(header(&answer, "upload-length"), GOOD.len().to_string());
        assert_eq!(header(&answer, "upload-metadata"), metadata);
        assert_eq!(header(&answer, "cache-control"), "no-store");
        assert_eq!(answer.headers().contains_key("upload-expires"), to < GOOD.len());
    }
    service.drain_and_sweep().await;
    let answer = tus::head(&service, &path).await;
    assert_eq!(header(&answer, "upload-metadata"), metadata, "also after what is left was removed");
}

/// Unknown, malformed, with a wrong secret, another person's.
async fn an_unknown_upload_has_no_offset(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let (id, secret) = path.rsplit_once('.').unwrap();
    let foreign = format!("Bearer {}", service.foreign_driver().await);
    let unknown = format!("/uploads/{}.{secret}", service.report().await);
    let nothing = format!("{id}.{}", "A".repeat(22));
    let paths = [&unknown, &nothing, id, "/uploads/x", "/uploads/.", "/uploads/%00.%ff", &path];
    for to in paths {
        for method in ["HEAD", "PATCH", "DELETE"] {
            let request = tus::request(method, to)
                .header("Content-Type", "application/offset+octet-stream")
                .header("Upload-Offset", 0);
            let bearer =
                if to == path { &foreign } else { &format!("Bearer {}", service.driver()) };
            let request = request.header("Authorization", bearer).body(GOOD.into());
            let answer = service.send(request.unwrap()).await;
            assert_eq!(answer.status(), 404, "{method} {to}");
            assert!(!answer.headers().contains_key("upload-offset"));
        }
    }
    assert_eq!(tus::offset(&service, &path).await, 0);
}

/// Tokens are valid for minutes, uploads for a day.
async fn the_secret_in_the_url_authorizes_appending_but_not_terminating(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let expired = service.driver();
    service.manual_clock().advance(SignedDuration::from_mins(10));
    for bearer in ["Bearer nonsense", &format!("Bearer {expired}"), "Basic eDp5", ""] {
        let with = |method: &str| {
            tus::request(method, &path)
                .header("Authorization", bearer)
                .header("Content-Type", "application/offset+octet-stream")
                .header("Upload-Offset", 0)
        };
        let answer = service.send(with("HEAD").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 200, "{bearer}");
        let answer = service.send(with("PATCH").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 204, "{bearer}");
        let answer = service.send(with("DELETE").body(Body::empty()).unwrap()).await;
        let code = if bearer.contains(&expired) { "token_expired" } else { "token_invalid" };
        tus_problem(answer, 401, code).await;
        let answer = service.send(with("GET").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 401, "{bearer}");
    }
    assert_eq!(tus::offset(&service, &path).await, 0);
}

/// HEAD never makes a client start again because of a temporary failure.
async fn head_is_answered_423_while_the_database_is_unavailable(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    service.app.database.close().await;
    let answer = tus::head(&service, &path).await;
    assert_eq!(answer.status(), 423);
    assert!(!header(&answer, "retry-after").is_empty());
    assert!(!answer.headers().contains_key("upload-offset"));
    let answer = tus::patch(&service, &path, 0, GOOD).await;
    assert!(!header(&answer, "retry-after").is_empty());
    tus_problem(answer, 503, "storage_unavailable").await;
    let creation = tus::creation(&service, service.report().await, 9).body(Body::empty());
    let answer = service.send(creation.unwrap()).await;
    tus_problem(answer, 503, "storage_unavailable").await;
}

/// Finishing cannot be interrupted.
async fn head_is_answered_423_while_another_node_stores_the_video(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let other: NodeId = service.env.fixture.node("elsewhere").await;
    let fence = service.database().acquire_lease(id_of(&path), 0, other).await.unwrap().unwrap();
    assert!(service.database().begin_finishing(id_of(&path), fence).await.unwrap());
    let answers = [
        tus::head(&service, &path).await,
        tus::patch(&service, &path, 0, GOOD).await,
        tus::by_owner(&service, "DELETE", &path).await,
    ];
    for answer in answers {
        assert_eq!(answer.status(), 423);
        assert!(!header(&answer, "retry-after").is_empty());
        assert!(!answer.headers().contains_key("upload-offset"));
    }
}

/// The node is alive but has failed to finish, and released its lease.
async fn an_abandoned_finish_can_be_resumed(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let half = GOOD.len() / 2;
    assert_eq!(tus::patch(&service, &path, 0, &GOOD[..half]).await.status(), 204);
    let leave = "UPDATE uploads SET state = 'finishing', holder = (SELECT id FROM nodes)";
    service.env.db.execute(leave).await;
    let answer = tus::head(&service, &path).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "upload-offset"), half.to_string());
    assert_eq!(tus::patch(&service, &path, half, &GOOD[half..]).await.status(), 204);
}

/// Checked on each request.
async fn an_upload_of_a_deactivated_person_is_not_found(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    service.database().set_person_active(service.env.fixture.driver.id, false).await.unwrap();
    assert_eq!(tus::head(&service, &path).await.status(), 404);
    assert_eq!(tus::patch(&service, &path, 0, GOOD).await.status(), 404);
}
