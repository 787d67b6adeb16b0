//! The pages of the service, requested like a browser does.

mod browser;
mod changes;
mod decisions;
mod drive;
mod hostile;
mod isolation;
mod visitor;
mod weight;

use forte_media::model::RefKey;

use crate::harness::clips::GOOD;
use crate::harness::service::Service;
use crate::harness::tus;

/// A report that holds a video, at version 1.
async fn submitted(service: &Service) -> RefKey {
    let report = service.report().await;
    let path = tus::create(service, report, GOOD.len()).await;
    assert_eq!(tus::patch(service, &path, 0, GOOD).await.status(), 204);
    report
}
