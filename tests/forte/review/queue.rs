//! The order, the filters, the search and the pages of the queue.

use axum::body::Body;
use axum::http::Request;
use forte_media::leasing::review::{
    PageAt, QueueFilter, ReviewError, decode_queue_cursor, encode_queue_cursor,
};
use forte_media::model::{CompanyId, RefKey, ReportStatus, VideoCodec};
use serde_json::Value;

use super::{another, reviewer, submitted};
use crate::harness::answers::problem;
use crate::harness::service::{Service, json, on_both_backends};

on_both_backends! {
    the_queue_is_paged_in_both_directions,
    a_search_finds_by_plate_number_vin_and_the_other_layout,
    a_reviewer_of_a_company_sees_only_its_reports,
    filters_and_counts_agree,
    the_queue_is_listed_as_json,
}

async fn keys(service: &Service, filter: &QueueFilter) -> Vec<RefKey> {
    let reviewer = reviewer(service).await;
    let page = service.app.state.review.queue(&reviewer, filter, PageAt::First, None).await;
    page.unwrap().rows.iter().map(|row| row.ref_key).collect()
}

async fn the_queue_is_paged_in_both_directions(service: Service) {
    let mut expected = Vec::new();
    for hours in 0..5 {
        let report = service.report_in(ReportStatus::Submitted).await;
        // "Next" offers only reports with a video.
        let later = "UPDATE reports SET latest_submission = 'any', due_at = due_at +";
        service.env.db.execute(format!("{later} {hours} WHERE ref_key = '{report}'")).await;
        expected.push(report);
    }
    let (review, reviewer) = (&service.app.state.review, reviewer(&service).await);
    let filter = QueueFilter::default();
    let read = async |at| review.queue(&reviewer, &filter, at, Some(2)).await.unwrap();
    let (mut at, mut seen, mut pages) = (PageAt::First, Vec::new(), Vec::new());
    loop {
        let page = read(at).await;
        pages.push(page.rows.iter().map(|row| row.ref_key).collect::<Vec<_>>());
        seen.extend(page.rows.iter().map(|row| row.ref_key));
        let Some(next) = page.next else { break };
        assert_eq!(decode_queue_cursor(&encode_queue_cursor(&next)), Some(next));
        at = PageAt::After(next);
    }
    assert_eq!(seen, expected);
    let last = read(at).await;
    let back = read(PageAt::Before(last.previous.unwrap())).await;
    assert_eq!(back.rows.iter().map(|row| row.ref_key).collect::<Vec<_>>(), pages[1]);
    assert!(back.previous.is_some() && back.next.is_some());

    let position = review.position(&reviewer, &filter, expected[2]).await.unwrap().unwrap();
    assert_eq!((position.number.number, position.total.number), (3, 5));
    let next = review.next(&reviewer, &filter, Some(expected[2])).await.unwrap();
    assert_eq!(next, Some(expected[3]));
    let next = review.next(&reviewer, &filter, Some(expected[4])).await.unwrap();
    assert_eq!(next, Some(expected[0]), "from the beginning");
    service.env.db.execute("UPDATE reports SET latest_submission = ''").await;
    let next = review.next(&reviewer, &filter, None).await.unwrap();
    assert_eq!(next, None, "without a video there is nothing to decide");
}

async fn a_search_finds_by_plate_number_vin_and_the_other_layout(service: Service) {
    let report = service.report().await;
    let search = |text: &str| QueueFilter { search: text.to_owned(), ..QueueFilter::default() };
    for text in ["123 авс", "123-ABC-02", "0001", "1", "0002", "JTMHU", "012345"] {
        assert_eq!(keys(&service, &search(text)).await, [report], "{text}");
    }
    for text in ["ABC", "124", "№"] {
        assert!(keys(&service, &search(text)).await.is_empty(), "{text}");
    }
    let (review, reviewer) = (&service.app.state.review, reviewer(&service).await);
    let page = review.queue(&reviewer, &search("123фис"), PageAt::First, None).await.unwrap();
    assert_eq!((page.rows.len(), page.swapped.as_deref()), (1, Some("123ABC")));
}

async fn a_reviewer_of_a_company_sees_only_its_reports(service: Service) {
    let report = submitted(&service).await;
    service.env.fixture.foreign_driver().await;
    let (review, foreign) =
        (&service.app.state.review, another(&service, 901, CompanyId(99)).await);
    let filter = QueueFilter::default();
    let page = review.queue(&foreign, &filter, PageAt::First, None).await.unwrap();
    assert!(page.rows.is_empty());
    assert_eq!(review.total(&foreign, &filter).await.unwrap().number, 0);
    assert!(matches!(review.report(&foreign, report).await, Err(ReviewError::NotFound)));
    assert!(matches!(review.claim(&foreign, report).await, Err(ReviewError::NotFound)));
    let own = another(&service, 902, service.env.fixture.driver.company).await;
    let page = review.report(&own, report).await.unwrap();
    assert_eq!(page.submission.unwrap().sender_name, "Айбек Сапаров");
    assert_eq!(page.log[0].action, "stored");
}

async fn filters_and_counts_agree(service: Service) {
    submitted(&service).await;
    service.report().await;
    let (review, reviewer) = (&service.app.state.review, reviewer(&service).await);
    let filter = QueueFilter::default();
    let counts = review.counts(&reviewer, &filter).await.unwrap();
    let statuses: Vec<_> =
        counts.statuses.iter().map(|(status, count)| (status.code(), count.number)).collect();
    assert_eq!(statuses, [(2, 1), (1, 1), (4, 0), (3, 0)]);
    for (codec, count) in counts.codecs {
        let expected = u32::from(codec == VideoCodec::H264);
        assert_eq!(count.number, expected, "{codec:?}");
        let rows = keys(&service, &QueueFilter { codec: Some(codec), ..filter.clone() }).await;
        assert_eq!(rows.len(), expected as usize);
    }
    for (outcome, count) in counts.outcomes {
        let rows = keys(&service, &QueueFilter { outcome: Some(outcome), ..filter.clone() }).await;
        assert_eq!(rows.len(), count.number as usize, "{outcome:?}");
    }
    let searched = QueueFilter { search: "123".to_owned(), ..filter };
    let counts = review.counts(&reviewer, &searched).await.unwrap();
    assert_eq!(counts.statuses.iter().map(|(_, count)| count.number).sum::<u32>(), 2);
}

async fn the_queue_is_listed_as_json(service: Service) {
    let report = submitted(&service).await;
    let get = async |token: String, query: &str| {
        let request = Request::get(format!("/review/reports{query}"));
        let request = request.header("Authorization", format!("Bearer {token}"));
        service.send(request.body(Body::empty()).unwrap()).await
    };
    let reviewer = service.reviewer().await;
    let response = get(reviewer.clone(), "?status=2&codec=h264&limit=1&after=&search=").await;
    assert_eq!(response.status(), 200);
    let data = json(response).await["data"].clone();
    assert_eq!(data["reports"].as_array().unwrap().len(), 1);
    let row = &data["reports"][0];
    assert_eq!(row["ref_key"], report.to_string());
    assert_eq!((&row["version"], &row["claim"]), (&1.into(), &Value::Null));
    assert_eq!((&data["next"], &data["previous"]), (&Value::Null, &Value::Null));
    for query in ["?status=7", "?limit=0", "?limit=201", "?after=x", "?before=x"] {
        problem(get(reviewer.clone(), query).await, 422, "validation_failed").await;
    }
    problem(get(service.driver(), "").await, 403, "forbidden").await;
}
