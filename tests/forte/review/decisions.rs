//! Claims and decisions: races, undo, restarts, and reports that change.

use forte_media::leasing::review::{
    ClaimOutcome, ConsoleDecisionError, DayOf, DecisionState, NewConsoleDecision, PageAt,
    QueueFilter, Reviewer, UndoOutcome,
};
use forte_media::model::{
    CompanyId, Decision, DecisionId, PersonId, RefKey, RejectCode, Rejection, ReportStatus,
};
use jiff::SignedDuration;

use super::{another, reviewer, submitted};
use crate::harness::service::{Options, Service, on_both_backends};

on_both_backends! {
    one_of_two_reviewers_claims_a_report,
    a_decision_takes_effect_after_ten_seconds_even_after_a_restart,
    an_undone_decision_never_takes_effect,
    a_decision_about_a_changed_report_is_void,
    two_nodes_settle_a_decision_once,
    a_decision_that_arrives_after_its_undo_is_not_stored,
    an_approval_with_the_id_of_a_rejection_is_another_decision,
    a_decided_report_has_no_claim,
}

const TEN: SignedDuration = SignedDuration::from_secs(10);

fn rejecting(service: &Service, ref_key: RefKey) -> NewConsoleDecision {
    let fixture = &service.env.fixture;
    let rejection = Rejection {
        codes: vec![RejectCode::Plate],
        items: vec!["Салон".to_owned()],
        text: "Снимите днём.".to_owned(),
    };
    let id = DecisionId::mint(&fixture.clock, &fixture.random);
    NewConsoleDecision { id, ref_key, version: 1, decision: Decision::Reject, rejection }
}

async fn status(service: &Service, reviewer: &Reviewer, report: RefKey) -> ReportStatus {
    service.app.state.review.report(reviewer, report).await.unwrap().row.status
}

async fn events(service: &Service) -> i64 {
    let sql = "SELECT COUNT(*) FROM outbox WHERE kind = 'report.decided'";
    service.env.db.number(sql).await
}

async fn one_of_two_reviewers_claims_a_report(service: Service) {
    let report = submitted(&service).await;
    let review = &service.app.state.review;
    let (one, two) = (reviewer(&service).await, another(&service, 901, CompanyId::LESSOR).await);
    let (first, second) = tokio::join!(review.claim(&one, report), review.claim(&two, report));
    let outcomes = [first.unwrap(), second.unwrap()];
    let mine = outcomes.iter().filter(|it| matches!(it, ClaimOutcome::Mine(_))).count();
    assert_eq!(mine, 1, "{outcomes:?}");
    let (holder, other) =
        if matches!(outcomes[0], ClaimOutcome::Mine(_)) { (&one, &two) } else { (&two, &one) };
    let decision = review.decide(other, rejecting(&service, report)).await;
    assert!(matches!(decision, Err(ConsoleDecisionError::HeldBy(_))), "{decision:?}");
    assert_eq!(review.next(other, &QueueFilter::default(), None).await.unwrap(), None);

    let stale = review.take_over(other, report, PersonId(7)).await.unwrap();
    assert!(matches!(stale, ClaimOutcome::HeldBy(_)));
    let taken = review.take_over(other, report, holder.person.id).await.unwrap();
    assert!(matches!(taken, ClaimOutcome::Mine(_)));
    assert!(matches!(review.keep_claim(holder, report).await.unwrap(), ClaimOutcome::HeldBy(_)));
    service.manual_clock().advance(SignedDuration::from_mins(10));
    assert_eq!(review.keep_claim(other, report).await.unwrap(), ClaimOutcome::Lost);
    assert!(matches!(review.claim(holder, report).await.unwrap(), ClaimOutcome::Mine(_)));
    review.release_claim(holder, report).await.unwrap();
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM claims").await, 0);
    let log = review.report(&one, report).await.unwrap().log;
    let actions: Vec<_> = log.iter().map(|entry| entry.action.as_str()).collect();
    assert!(actions.contains(&"claimed") && actions.contains(&"taken_over"), "{actions:?}");
}

async fn a_decision_takes_effect_after_ten_seconds_even_after_a_restart(service: Service) {
    let (report, one) = (submitted(&service).await, reviewer(&service).await);
    let review = &service.app.state.review;
    let new = rejecting(&service, report);
    let stored = review.decide(&one, new.clone()).await.unwrap();
    assert_eq!(review.decide(&one, new.clone()).await.unwrap(), stored, "a repeated request");
    let other = review.decide(&one, rejecting(&service, report)).await;
    assert!(matches!(other, Err(ConsoleDecisionError::Pending(_))), "{other:?}");
    let page = review.queue(&one, &QueueFilter::default(), PageAt::First, None).await.unwrap();
    assert!(page.rows.is_empty(), "it is out of the queue");
    service.manual_clock().advance(SignedDuration::from_secs(9));
    assert_eq!(review.settle_due().await.unwrap(), 0);
    assert_eq!(status(&service, &one, report).await, ReportStatus::Submitted);

    let env = service.crash().await;
    let service = Service::on(env, "one", Options::default()).await;
    let review = &service.app.state.review;
    service.manual_clock().advance(SignedDuration::from_secs(1));
    assert_eq!(review.settle_due().await.unwrap(), 1);
    let page = review.report(&one, report).await.unwrap();
    assert_eq!((page.row.status, page.row.version), (ReportStatus::Rejected, 2));
    let reason = "Не показано в видео: салон.\nНе читается госномер.\nСнимите днём.";
    assert_eq!((page.reject_reason.as_str(), page.rejection), (reason, Some(new.rejection)));
    assert_eq!(events(&service).await, 1);
    let late = review.undo(&one, new.id, None).await.unwrap();
    assert!(matches!(late, UndoOutcome::TooLate(_)));
    let day = review.day(&one, review.today(), DayOf::Mine, None).await.unwrap();
    assert_eq!((day.rejected, day.approved, day.rows[0].is_received), (1, 0, false));
    service.deliver().await;
    let day = review.day(&one, review.today(), DayOf::Everybody, None).await.unwrap();
    assert!(day.rows[0].is_received);
}

async fn an_undone_decision_never_takes_effect(service: Service) {
    let (report, one) = (submitted(&service).await, reviewer(&service).await);
    let review = &service.app.state.review;
    let new = rejecting(&service, report);
    review.decide(&one, new.clone()).await.unwrap();
    let stranger = another(&service, 901, CompanyId::LESSOR).await;
    assert!(review.undo(&stranger, new.id, None).await.is_err());
    service.manual_clock().advance(TEN);
    let (undone, settled) = tokio::join!(review.undo(&one, new.id, None), review.settle_due());
    let (undone, settled) = (undone.unwrap(), settled.unwrap());
    let state = review.decision(&one, new.id).await.unwrap().state;
    match undone {
        UndoOutcome::Undone(_) => assert_eq!(state, DecisionState::Undone),
        UndoOutcome::TooLate(_) => assert_eq!((state, settled), (DecisionState::Effective, 1)),
    }
    let effective = i64::from(state == DecisionState::Effective);
    assert_eq!(events(&service).await, effective);
    service.manual_clock().advance(TEN);
    review.settle_due().await.unwrap();
    assert_eq!(events(&service).await, effective);
}

async fn a_decision_about_a_changed_report_is_void(service: Service) {
    let (report, one) = (submitted(&service).await, reviewer(&service).await);
    let review = &service.app.state.review;
    let new = rejecting(&service, report);
    review.decide(&one, new.clone()).await.unwrap();
    service.env.db.execute("UPDATE reports SET revision = revision + 1").await;
    service.manual_clock().advance(TEN);
    review.settle_due().await.unwrap();
    assert_eq!(review.decision(&one, new.id).await.unwrap().state, DecisionState::Void);
    assert_eq!(status(&service, &one, report).await, ReportStatus::Submitted);
    assert_eq!(events(&service).await, 0);
    let undone = review.undo(&one, new.id, None).await.unwrap();
    assert!(matches!(undone, UndoOutcome::Undone(_)), "1C and the driver know nothing: {undone:?}");
    let repeated = review.decide(&one, new).await;
    assert!(matches!(repeated, Err(ConsoleDecisionError::Over(_))), "{repeated:?}");
    let stale = review.decide(&one, rejecting(&service, report)).await;
    assert!(matches!(stale, Err(ConsoleDecisionError::Changed(_))), "{stale:?}");
}

async fn two_nodes_settle_a_decision_once(service: Service) {
    let (report, one) = (submitted(&service).await, reviewer(&service).await);
    let (node, _) = service.second_node("two", Options::default()).await;
    service.app.state.review.decide(&one, rejecting(&service, report)).await.unwrap();
    service.manual_clock().advance(TEN);
    let (first, second) =
        tokio::join!(service.app.state.review.settle_due(), node.state.review.settle_due());
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(status(&service, &one, report).await, ReportStatus::Rejected);
    assert_eq!(events(&service).await, 1);
}

async fn a_decision_that_arrives_after_its_undo_is_not_stored(service: Service) {
    let (report, one) = (submitted(&service).await, reviewer(&service).await);
    let review = &service.app.state.review;
    let new = rejecting(&service, report);
    assert!(review.undo(&one, new.id, None).await.is_err(), "nobody knows it");
    for _ in 0..2 {
        let undone = review.undo(&one, new.id, Some(&new)).await.unwrap();
        assert!(matches!(undone, UndoOutcome::Undone(_)), "{undone:?}");
    }
    let late = review.decide(&one, new).await;
    assert!(matches!(late, Err(ConsoleDecisionError::Over(_))), "{late:?}");
    service.manual_clock().advance(TEN);
    assert_eq!(review.settle_due().await.unwrap(), 0);
    assert_eq!(status(&service, &one, report).await, ReportStatus::Submitted);
    let again = rejecting(&service, report);
    assert!(review.decide(&one, again.clone()).await.is_ok(), "a new decision is another one");
    let undone = review.undo(&one, again.id, Some(&again)).await.unwrap();
    assert!(matches!(undone, UndoOutcome::Undone(_)), "{undone:?}");
}

async fn an_approval_with_the_id_of_a_rejection_is_another_decision(service: Service) {
    let (report, one) = (submitted(&service).await, reviewer(&service).await);
    let review = &service.app.state.review;
    let new = rejecting(&service, report);
    review.decide(&one, new.clone()).await.unwrap();
    let other = NewConsoleDecision { decision: Decision::Approve, ..new };
    let refused = review.decide(&one, other).await;
    assert!(matches!(refused, Err(ConsoleDecisionError::Pending(_))), "{refused:?}");
}

async fn a_decided_report_has_no_claim(service: Service) {
    let (first, second) = (submitted(&service).await, submitted(&service).await);
    let one = reviewer(&service).await;
    let review = &service.app.state.review;
    for report in [first, second] {
        assert!(matches!(review.claim(&one, report).await.unwrap(), ClaimOutcome::Mine(_)));
        review.decide(&one, rejecting(&service, report)).await.unwrap();
    }
    let change = format!("UPDATE reports SET revision = revision + 1 WHERE ref_key = '{second}'");
    service.env.db.execute(change).await;
    service.manual_clock().advance(TEN);
    assert_eq!(review.settle_due().await.unwrap(), 2);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM claims").await, 0);
}
