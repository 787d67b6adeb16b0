//! The checker finds each kind of loss in an otherwise good history.

use std::time::Duration;

use super::checker::{Violation, check};
use super::dump::{Dump, Event, StoredObject, Submission};
use super::history::{Answer, Delivery, History, Observation, Step};
use super::recovery::{Recovery, percentile};
use super::schedule::{Fault, Kind};

const LENGTH: u64 = 1_000;

/// A change of a good history or dump.
type Plant = fn(&mut History, &mut Dump);

/// Two uploads: one was interrupted and resumed by tus, one came by form.
fn good() -> (History, Dump) {
    let (mut history, mut dump) = (History::default(), Dump::default());
    for name in ["a", "b"] {
        let steps = if name == "a" { tus_steps() } else { form_steps() };
        let (report, sha256) = (format!("report-{name}"), format!("sha256-{name}"));
        let (id, upload) = (format!("submission-{name}"), format!("upload-{name}"));
        history.deliveries.push(Delivery {
            report: report.clone(),
            sha256: sha256.clone(),
            length: LENGTH,
            steps,
        });
        dump.reports.insert(report.clone(), 2);
        dump.events.push(Event { id: format!("event-{name}"), submission: id.clone() });
        let submission = Submission {
            id,
            report,
            upload,
            sha256: sha256.clone(),
            length: LENGTH,
            has_custody: true,
        };
        dump.objects.push(StoredObject { path: submission.path(), sha256, length: LENGTH });
        dump.submissions.push(submission);
    }
    // A report that nobody has brought a video to.
    dump.reports.insert("report-c".to_owned(), 1);
    (history, dump)
}

fn tus_steps() -> Vec<Step> {
    let upload = "upload-a".to_owned();
    steps([
        Observation::Head { upload: upload.clone(), offset: 0 },
        Observation::Acknowledged { upload: upload.clone(), offset: 400 },
        Observation::Broken { upload: Some(upload.clone()), node: 0, began: Duration::ZERO },
        Observation::Head { upload: upload.clone(), offset: 600 },
        Observation::Acknowledged { upload, offset: LENGTH },
        Observation::Stored { answer: Answer::default(), is_committed: true },
    ])
}

fn form_steps() -> Vec<Step> {
    let answer =
        Answer { submission: Some("submission-b".to_owned()), sha256: Some("sha256-b".to_owned()) };
    steps([Observation::Stored { answer, is_committed: true }])
}

/// One step each second.
fn steps<const N: usize>(what: [Observation; N]) -> Vec<Step> {
    (0..).zip(what).map(|(second, what)| Step { at: Duration::from_secs(second), what }).collect()
}

fn offset(history: &mut History, step: usize) -> &mut u64 {
    match &mut history.deliveries[0].steps[step].what {
        Observation::Head { offset, .. } | Observation::Acknowledged { offset, .. } => offset,
        other => panic!("{other:?}"),
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn a_good_history_has_no_violation() {
    let (history, dump) = good();
    assert_eq!(check(&history, &dump), []);
}

/// Asserts that each planted fault is found, and nothing else.
fn assert_found(planted: Vec<(Plant, Violation)>) {
    for (plant, violation) in planted {
        let (mut history, mut dump) = good();
        plant(&mut history, &mut dump);
        assert_eq!(check(&history, &dump), [violation]);
    }
}

#[test]
fn a_lost_byte_or_upload_is_found() {
    let (upload, report) = (text("upload-a"), text("report-a"));
    assert_found(vec![
        // An acknowledged byte is lost.
        (
            |history, _| *offset(history, 3) = 399,
            Violation::OffsetWentBack { upload: upload.clone(), from: 400, to: 399 },
        ),
        // An acknowledgement takes back what a HEAD has answered.
        (
            |history, _| *offset(history, 4) = 599,
            Violation::OffsetWentBack { upload, from: 600, to: 599 },
        ),
        (
            |history, _| {
                let gone = Observation::NotRetryable { request: "HEAD", status: 404 };
                history.deliveries[0].steps[3].what = gone;
            },
            Violation::NotRetryable { report: report.clone(), request: "HEAD", status: 404 },
        ),
        (|history, _| history.deliveries[0].steps.truncate(5), Violation::Unfinished { report }),
    ]);
}

#[test]
fn a_wrong_answer_is_found() {
    let report = || text("report-a");
    assert_found(vec![
        (
            |history, _| answer(history, Answer::default(), false),
            Violation::StoredBeforeCommit { report: report() },
        ),
        (
            |history, _| {
                let submission = Some("submission-b".to_owned());
                answer(history, Answer { submission, sha256: None }, true);
            },
            Violation::WrongAnswer { report: report() },
        ),
        (
            |history, _| {
                let sha256 = Some("sha256-b".to_owned());
                answer(history, Answer { submission: None, sha256 }, true);
            },
            Violation::WrongAnswer { report: report() },
        ),
        (
            |history, _| history.deliveries[0].sha256 = "sha256-c".to_owned(),
            Violation::WrongVideo { report: report() },
        ),
        (
            |history, _| history.deliveries[0].length += 1,
            Violation::WrongVideo { report: report() },
        ),
        (
            |_, dump| *dump.reports.get_mut("report-a").unwrap() = 1,
            Violation::WrongStatus { report: report(), status: 1 },
        ),
    ]);
}

/// Replaces the last answer that the client of the first delivery got.
fn answer(history: &mut History, answer: Answer, is_committed: bool) {
    history.deliveries[0].steps[5].what = Observation::Stored { answer, is_committed };
}

#[test]
fn a_missing_or_damaged_object_is_found() {
    let (submission, path) = (text("submission-a"), || text("videos/upload-a/sha256-a"));
    assert_found(vec![
        (|_, dump| drop(dump.objects.remove(0)), Violation::NoObject { path: path() }),
        // One byte of a stored video is flipped.
        (
            |_, dump| dump.objects[0].sha256 = "sha256-c".to_owned(),
            Violation::DamagedObject { path: path() },
        ),
        (|_, dump| dump.objects[0].length -= 1, Violation::DamagedObject { path: path() }),
        (|_, dump| dump.submissions[0].has_custody = false, Violation::NoCustody { submission }),
    ]);
}

#[test]
fn a_missing_or_doubled_event_is_found() {
    let submission = || text("submission-a");
    assert_found(vec![
        (|_, dump| drop(dump.events.remove(0)), Violation::NoEvent { submission: submission() }),
        (
            |_, dump| dump.events.push(event("submission-a")),
            Violation::SeveralEvents { submission: submission() },
        ),
        (
            |_, dump| dump.events.push(event("submission-c")),
            Violation::StrangeEvent { event: text("event-c") },
        ),
    ]);
}

/// One more event.
fn event(submission: &str) -> Event {
    Event { id: text("event-c"), submission: text(submission) }
}

#[test]
fn what_is_left_behind_is_found() {
    let upload = || text("upload-a");
    assert_found(vec![
        (
            |_, dump| {
                let path = "staging/upload-a/0-400-1".to_owned();
                dump.objects.push(StoredObject { path, ..dump.objects[0].clone() });
            },
            Violation::Orphan { path: text("staging/upload-a/0-400-1") },
        ),
        (
            |_, dump| dump.spool.push("spool-one/upload-a".to_owned()),
            Violation::Orphan { path: text("spool-one/upload-a") },
        ),
        (
            |_, dump| dump.leases.push("upload-a".to_owned()),
            Violation::HeldLease { upload: upload() },
        ),
        (
            |_, dump| dump.open_uploads.push("upload-a".to_owned()),
            Violation::OpenUpload { upload: upload() },
        ),
        (|_, dump| dump.memory.push(1 << 20), Violation::TooMuchMemory { kib: 1 << 20 }),
        (|_, dump| dump.exited.push("one".to_owned()), Violation::Exited { node: text("one") }),
    ]);
}

/// With its own object and event.
#[test]
fn a_second_submission_is_found() {
    assert_found(vec![(
        |_, dump| {
            let (id, upload) = (text("submission-c"), text("upload-c"));
            let second = Submission { id, upload, ..dump.submissions[0].clone() };
            let path = second.path();
            dump.objects.push(StoredObject { path, ..dump.objects[0].clone() });
            dump.events.push(event("submission-c"));
            dump.submissions.push(second);
        },
        Violation::SeveralSubmissions { report: text("report-a") },
    )]);
}

/// Its report, its object and its event tell of it, too.
#[test]
fn a_missing_submission_is_found() {
    let (history, mut dump) = good();
    dump.submissions.remove(0);
    let found = [
        Violation::NoSubmission { report: text("report-a") },
        Violation::WrongStatus { report: text("report-a"), status: 2 },
        Violation::StrangeEvent { event: text("event-a") },
        Violation::Orphan { path: text("videos/upload-a/sha256-a") },
    ];
    assert_eq!(check(&history, &dump), found);
}

#[test]
fn a_submission_that_no_client_sent_is_found() {
    let (mut history, dump) = good();
    history.deliveries.remove(0);
    let found = [Violation::UnexpectedSubmission { submission: text("submission-a") }];
    assert_eq!(check(&history, &dump), found);
}

#[test]
fn recovery_is_measured_from_the_break_to_the_next_head() {
    let (mut history, _) = good();
    let kill = Fault {
        kind: Kind::Kill,
        node: 0,
        at: Duration::from_millis(1_900),
        lasts: Duration::from_millis(300),
    };
    (history.faults, history.nodes) = (vec![kill], 3);
    let recovery = Recovery::of(&history);
    assert_eq!(recovery.all, [Duration::from_secs(1)]);
    assert_eq!(recovery.after_kill, [Duration::from_secs(1)]);

    // The only node was down for a while.
    history.nodes = 1;
    assert_eq!(Recovery::of(&history).after_kill, [Duration::from_millis(800)]);

    // Something else was broken meanwhile, or another node was killed.
    history.faults.push(Fault { kind: Kind::StallDatabase, ..kill });
    assert!(Recovery::of(&history).after_kill.is_empty());
    history.faults = vec![Fault { node: 1, ..kill }];
    assert!(Recovery::of(&history).after_kill.is_empty());
}

#[test]
fn percentiles_are_those_of_the_nearest_rank() {
    let sorted: Vec<_> = (1..=200).map(Duration::from_secs).collect();
    assert_eq!(percentile(&sorted, 50), Duration::from_secs(100));
    assert_eq!(percentile(&sorted, 99), Duration::from_secs(198));
    assert_eq!(percentile(&sorted[..1], 99), Duration::from_secs(1));
    assert_eq!(percentile(&[], 99), Duration::ZERO);
}
