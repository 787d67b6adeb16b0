//! The review console: queue, claims, decisions with undo, and the queue as JSON.

mod decisions;
mod queue;

use forte_media::leasing::review::Reviewer;
use forte_media::model::{CompanyId, Person, PersonId, RefKey, Role};

use crate::harness::clips::GOOD;
use crate::harness::service::Service;
use crate::harness::tus;

/// A reviewer of the lessor.
async fn reviewer(service: &Service) -> Reviewer {
    another(service, 900, CompanyId::LESSOR).await
}

/// A reviewer of a company.
async fn another(service: &Service, id: i64, company: CompanyId) -> Reviewer {
    let person = Person { id: PersonId(id), company, role: Role::Reviewer };
    service.env.fixture.add_person(person).await;
    service.app.state.review.reviewer(person).await.unwrap()
}

/// A report that holds a video, at version 1.
async fn submitted(service: &Service) -> RefKey {
    let report = service.report().await;
    let path = tus::create(service, report, GOOD.len()).await;
    assert_eq!(tus::patch(service, &path, 0, GOOD).await.status(), 204);
    report
}
