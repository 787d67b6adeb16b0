//! A client that retries until it succeeds.

use forte_media::model::RefKey;

use crate::harness::clips::GOOD;
use crate::harness::service::{Service, header};
use crate::harness::tus;

const TRIES: usize = 12;

/// Sends [`GOOD`] in three parts, and resumes after each failure. Acknowledged bytes must not be
/// lost.
pub(super) async fn send_with_retries(service: &Service, report: RefKey) {
    let path = tus::create(service, report, GOOD.len()).await;
    resume_with_retries(service, &path).await;
}

/// The same for an existing upload.
pub(super) async fn resume_with_retries(service: &Service, path: &str) {
    let mut acknowledged = 0;
    let mut answers = Vec::new();
    for _ in 0..TRIES {
        let response = tus::head(service, path).await;
        assert_eq!(response.status(), 200, "after {answers:?}");
        let offset: usize = header(&response, "upload-offset").parse().unwrap();
        assert!(offset >= acknowledged, "{offset} after {acknowledged}, {answers:?}");
        if offset == GOOD.len() {
            return;
        }
        let end = GOOD.len().min(offset + GOOD.len() / 3 + 1);
        let response = tus::patch(service, path, offset, &GOOD[offset..end]).await;
        let status = response.status().as_u16();
        assert!([204, 423, 500, 503, 507].contains(&status), "{status}");
        acknowledged = offset;
        if status == 204 {
            acknowledged = header(&response, "upload-offset").parse().unwrap();
            assert_eq!(acknowledged, end);
        }
        answers.push(status);
    }
    panic!("gave up: {answers:?}");
}
