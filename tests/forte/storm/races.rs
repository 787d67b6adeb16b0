//! Concurrent requests of which only one may win.

use axum::http::StatusCode;
use futures_util::future::join_all;

use super::{assert_submitted, form_request, offset};
use crate::harness::clips::{GOOD, MOOV_FIRST};
use crate::harness::service::{Service, json, on_both_backends};
use crate::harness::tus;

on_both_backends! {
    a_hundred_concurrent_last_patches_have_one_effect,
    repeating_a_form_returns_the_same_submission,
    a_hundred_concurrent_identical_forms_have_one_effect,
    one_of_two_videos_racing_for_a_report_wins,
}

async fn a_hundred_concurrent_last_patches_have_one_effect(service: Service) {
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    let half = GOOD.len() / 2;
    assert_eq!(tus::patch(&service, &path, 0, &GOOD[..half]).await.status(), 204);
    let all = (0..100).map(|_| tus::patch(&service, &path, half, &GOOD[half..]));
    let statuses: Vec<_> = join_all(all).await.iter().map(|one| one.status().as_u16()).collect();
    assert!(statuses.iter().all(|status| [204, 409, 423].contains(status)), "{statuses:?}");
    assert!(statuses.iter().filter(|status| **status == 204).count() <= 1, "{statuses:?}");
    // All of them may have interrupted one another; then the next request completes the upload.
    let at = offset(&service, &path).await;
    if at < GOOD.len() {
        assert_eq!(tus::patch(&service, &path, at, &GOOD[at..]).await.status(), 204);
    }
    assert_submitted(&service, 1, GOOD).await;
}

async fn repeating_a_form_returns_the_same_submission(service: Service) {
    let report = service.report().await;
    let mut submissions = Vec::new();
    for _ in 0..3 {
        let response = service.send(form_request(&service, report, GOOD)).await;
        assert_eq!(response.status(), 201);
        submissions.push(json(response).await["data"]["submission_id"].clone());
    }
    assert!(submissions.iter().all(|id| *id == submissions[0]), "{submissions:?}");
    let other = service.send(form_request(&service, report, MOOV_FIRST)).await;
    assert_eq!(other.status(), 409);
    assert_submitted(&service, 1, GOOD).await;
}

async fn a_hundred_concurrent_identical_forms_have_one_effect(service: Service) {
    let report = service.report().await;
    let all = (0..100).map(|_| service.send(form_request(&service, report, GOOD)));
    for response in join_all(all).await {
        // Requests beyond the limit of open uploads are rejected.
        assert!([201, 429].contains(&response.status().as_u16()), "{response:?}");
    }
    assert_submitted(&service, 1, GOOD).await;
}

async fn one_of_two_videos_racing_for_a_report_wins(service: Service) {
    let report = service.report().await;
    let mut paths = Vec::new();
    for video in [GOOD, MOOV_FIRST] {
        let path = tus::create(&service, report, video.len()).await;
        let last = video.len() - 1;
        assert_eq!(tus::patch(&service, &path, 0, &video[..last]).await.status(), 204);
        paths.push(path);
    }
    let (first, second) = tokio::join!(
        tus::patch(&service, &paths[0], GOOD.len() - 1, &GOOD[GOOD.len() - 1..]),
        tus::patch(&service, &paths[1], MOOV_FIRST.len() - 1, &MOOV_FIRST[MOOV_FIRST.len() - 1..]),
    );
    let (won, lost) = (StatusCode::NO_CONTENT, StatusCode::UNPROCESSABLE_ENTITY);
    match (first.status(), second.status()) {
        (one, other) if (one, other) == (won, lost) => assert_submitted(&service, 1, GOOD).await,
        (one, other) if (one, other) == (lost, won) => {
            assert_submitted(&service, 1, MOOV_FIRST).await;
        }
        statuses => panic!("{statuses:?}"),
    }
}
