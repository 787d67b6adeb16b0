//! `PATCH`: appending to an upload.

use axum::body::Body;

use crate::harness::answers::tus_problem;
use crate::harness::bodies::{chunked, cut, held, paused};
use crate::harness::clips::{GOOD, NOT_MP4};
use crate::harness::service::{Service, header, on_both_backends};
use crate::harness::tus::{self, create, offset, patch};

on_both_backends! {
    a_patch_at_a_wrong_offset_is_rejected_and_changes_nothing,
    a_complete_upload_rejects_further_bytes,
    an_empty_patch_is_acknowledged,
    a_cut_patch_keeps_its_bytes_and_the_rest_completes_the_video,
    a_video_in_many_patches_is_stored_unchanged,
    a_content_length_beyond_the_upload_length_is_rejected_before_the_body,
    a_chunked_body_is_cut_at_the_upload_length,
    the_last_byte_can_be_lost_and_sent_again,
    the_newest_patch_wins,
    a_stale_patch_is_409_and_does_not_interrupt_the_writer,
    a_refused_video_ends_its_upload,
}

async fn a_patch_at_a_wrong_offset_is_rejected_and_changes_nothing(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    patch(&service, &path, 0, &GOOD[..100]).await;
    for wrong in [0, 99, 101, GOOD.len(), 9_223_372_036_854_775_807] {
        let answer = patch(&service, &path, wrong, &GOOD[100..200]).await;
        assert_eq!(header(&answer, "upload-offset"), "100", "{wrong}");
        let data = tus_problem(answer, 409, "offset_mismatch").await;
        assert_eq!(data["details"]["offset"], 100);
    }
    assert_eq!(offset(&service, &path).await, 100);
    patch(&service, &path, 100, &GOOD[100..]).await;
    assert_eq!(offset(&service, &path).await, GOOD.len());
}

async fn a_complete_upload_rejects_further_bytes(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let answer = patch(&service, &path, 0, GOOD).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(header(&answer, "x-report-status"), "2");
    for at in [0, GOOD.len()] {
        let answer = patch(&service, &path, at, &GOOD[..1]).await;
        assert_eq!(header(&answer, "upload-offset"), GOOD.len().to_string());
        tus_problem(answer, 409, "offset_mismatch").await;
    }
    assert_eq!(service.deliver().await, 1);
}

async fn an_empty_patch_is_acknowledged(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    for at in [0, 0, 50, 50] {
        if at == 50 {
            patch(&service, &path, 0, &GOOD[..50]).await;
        }
        let answer = patch(&service, &path, at, Body::empty()).await;
        assert_eq!(answer.status(), 204);
        assert_eq!(header(&answer, "upload-offset"), at.to_string());
    }
}

async fn a_cut_patch_keeps_its_bytes_and_the_rest_completes_the_video(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let mut at = 0;
    for until in [1, 777, 8192, 8193, GOOD.len() - 1] {
        let answer = patch(&service, &path, at, cut(&GOOD[at..until])).await;
        tus_problem(answer, 503, "body_cut").await;
        at = until;
        assert_eq!(offset(&service, &path).await, at);
    }
    assert_eq!(patch(&service, &path, at, &GOOD[at..]).await.status(), 204);
    assert_eq!(offset(&service, &path).await, GOOD.len());
    assert_eq!(service.deliver().await, 1);
}

async fn a_video_in_many_patches_is_stored_unchanged(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let mut at = 0;
    while at < GOOD.len() {
        let size = if at < 5 { 1 } else { 5000 };
        let next = GOOD.len().min(at + size);
        let answer = patch(&service, &path, at, chunked(&GOOD[at..next], 997)).await;
        assert_eq!(answer.status(), 204, "at {at}");
        assert_eq!(header(&answer, "upload-offset"), next.to_string());
        at = next;
    }
    let stored = service.remaining_files().await;
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(GOOD));
    assert!(stored.iter().any(|name| name.contains(&sha256)), "{stored:?}");
}

async fn a_content_length_beyond_the_upload_length_is_rejected_before_the_body(service: Service) {
    let path = create(&service, service.report().await, 100).await;
    let request = tus::request("PATCH", &path)
        .header("Content-Type", "application/offset+octet-stream")
        .header("Content-Length", 101)
        .header("Upload-Offset", 0);
    let answer = service.send(request.body(GOOD[..101].into()).unwrap()).await;
    tus_problem(answer, 413, "file_too_large").await;
    assert_eq!(offset(&service, &path).await, 0);
}

async fn a_chunked_body_is_cut_at_the_upload_length(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let long = [GOOD, b"and more"].concat();
    let answer = patch(&service, &path, 0, chunked(&long, 1000)).await;
    tus_problem(answer, 413, "file_too_large").await;
    // The last byte is not acknowledged before the video is stored.
    let at = GOOD.len() - 1;
    assert_eq!(offset(&service, &path).await, at);
    assert_eq!(patch(&service, &path, at, &GOOD[at..]).await.status(), 204);
    assert_eq!(service.deliver().await, 1);
}

async fn the_last_byte_can_be_lost_and_sent_again(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let at = GOOD.len() - 1;
    patch(&service, &path, 0, &GOOD[..at]).await;
    tus_problem(patch(&service, &path, at, cut("")).await, 503, "body_cut").await;
    assert_eq!(offset(&service, &path).await, at);
    assert_eq!(patch(&service, &path, at, &GOOD[at..]).await.status(), 204);
}

/// A phone that lost its connection comes back before the old connection is known to be dead.
async fn the_newest_patch_wins(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let (body, taken) = held(&GOOD[..1000]);
    let (old, new) = tokio::join!(patch(&service, &path, 0, body), async {
        taken.await.unwrap();
        let at = offset(&service, &path).await;
        (at, patch(&service, &path, at, &GOOD[at..]).await.status())
    });
    assert_eq!(new, (1000, axum::http::StatusCode::NO_CONTENT));
    tus_problem(old, 423, "upload_locked").await;
}

/// A slow network delivers a request after the phone has come back on another connection.
async fn a_stale_patch_is_409_and_does_not_interrupt_the_writer(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    assert_eq!(patch(&service, &path, 0, &GOOD[..1000]).await.status(), 204);
    let (body, taken, go_on) = paused(&GOOD[1000..2000], &GOOD[2000..]);
    let (live, ()) = tokio::join!(patch(&service, &path, 1000, body), async {
        taken.await.unwrap();
        for stale in [0, 999, 1000, 1999] {
            let answer = patch(&service, &path, stale, &GOOD[stale..]).await;
            assert_eq!(header(&answer, "upload-offset"), "1000", "only durable bytes count");
            tus_problem(answer, 409, "offset_mismatch").await;
        }
        go_on.send(()).unwrap();
    });
    assert_eq!(live.status(), 204);
    assert_eq!(header(&live, "x-report-status"), "2");
}

/// 415 or 422 for the request that is refused, 410 afterwards.
async fn a_refused_video_ends_its_upload(service: Service) {
    let path = create(&service, service.report().await, NOT_MP4.len()).await;
    let answer = patch(&service, &path, 0, NOT_MP4).await;
    let data = tus_problem(answer, 415, "not_mp4").await;
    assert_eq!(data["details"]["code"], "NOT_MP4");
    assert_eq!(tus::head(&service, &path).await.status(), 410);
    let data = tus_problem(patch(&service, &path, 0, GOOD).await, 410, "not_mp4").await;
    assert_eq!(data["details"]["code"], "NOT_MP4");
    tus_problem(tus::by_owner(&service, "DELETE", &path).await, 410, "not_mp4").await;
    assert_eq!(service.deliver().await, 0);
}

/// What arrived is kept, and the next request need not wait.
#[tokio::test]
async fn an_idle_body_is_cut() {
    let service = Service::embedded_with(&[("UPLOAD__IDLE_TIMEOUT", "50ms")]).await;
    let path = create(&service, service.report().await, GOOD.len()).await;
    let (body, _taken) = held(&GOOD[..300]);
    let answer = patch(&service, &path, 0, body).await;
    assert_eq!(header(&answer, "connection"), "close");
    tus_problem(answer, 503, "body_cut").await;
    assert_eq!(offset(&service, &path).await, 300);
}
