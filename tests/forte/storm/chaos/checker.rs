//! The invariants: what clients heard, the rows, the stored bytes and the events must agree. A pure function,
//! so that it can be tested with planted faults.

use std::collections::{BTreeMap, BTreeSet};

use super::dump::{Dump, StoredObject, Submission};
use super::history::{Answer, Delivery, History, Observation};

/// Far more than twelve clients need, far less than their videos together.
const MOST_MEMORY: u64 = 512 * 1024;
/// The status of a report whose video was submitted.
const SUBMITTED: i64 = 2;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Violation {
    OffsetWentBack {
        upload: String,
        from: u64,
        to: u64,
    },
    NotRetryable {
        report: String,
        request: &'static str,
        status: u16,
    },
    StoredBeforeCommit {
        report: String,
    },
    Unfinished {
        report: String,
    },
    NoSubmission {
        report: String,
    },
    SeveralSubmissions {
        report: String,
    },
    /// A submission for a report that no client has brought a video to.
    UnexpectedSubmission {
        submission: String,
    },
    /// The client heard of another submission, or of other bytes.
    WrongAnswer {
        report: String,
    },
    /// The row does not have the video that the client sent.
    WrongVideo {
        report: String,
    },
    WrongStatus {
        report: String,
        status: i64,
    },
    NoCustody {
        submission: String,
    },
    NoObject {
        path: String,
    },
    DamagedObject {
        path: String,
    },
    Orphan {
        path: String,
    },
    NoEvent {
        submission: String,
    },
    SeveralEvents {
        submission: String,
    },
    StrangeEvent {
        event: String,
    },
    HeldLease {
        upload: String,
    },
    OpenUpload {
        upload: String,
    },
    TooMuchMemory {
        kib: u64,
    },
    Exited {
        node: String,
    },
}

/// Compares a history with what is left of it, in the order of the invariants.
pub(super) fn check(history: &History, dump: &Dump) -> Vec<Violation> {
    let mut found = Vec::new();
    for delivery in &history.deliveries {
        check_offsets(delivery, &mut found);
        check_delivery(delivery, dump, &mut found);
    }
    check_reports(history, dump, &mut found);
    for submission in &dump.submissions {
        check_submission(submission, dump, &mut found);
    }
    check_strangers(history, dump, &mut found);
    check_leftovers(dump, &mut found);
    found
}

/// No acknowledged byte is lost, and no client is sent away from an upload that lives.
fn check_offsets(delivery: &Delivery, found: &mut Vec<Violation>) {
    let mut known: BTreeMap<&str, u64> = BTreeMap::new();
    let report = &delivery.report;
    for step in &delivery.steps {
        match &step.what {
            Observation::Head { upload, offset } | Observation::Acknowledged { upload, offset } => {
                let (from, to) = (known.get(&**upload).copied().unwrap_or(0), *offset);
                if to < from {
                    found.push(Violation::OffsetWentBack { upload: upload.clone(), from, to });
                }
                known.insert(upload, to);
            }
            &Observation::NotRetryable { request, status } => {
                found.push(Violation::NotRetryable { report: report.clone(), request, status });
            }
            Observation::Stored { is_committed: false, .. } => {
                found.push(Violation::StoredBeforeCommit { report: report.clone() });
            }
            Observation::Stored { .. } | Observation::Broken { .. } => {}
        }
    }
}

/// What a client sent and heard is what was submitted, once.
fn check_delivery(delivery: &Delivery, dump: &Dump, found: &mut Vec<Violation>) {
    let report = delivery.report.clone();
    if !delivery.is_stored() {
        found.push(Violation::Unfinished { report: report.clone() });
    }
    let mut submissions = dump.submissions.iter().filter(|row| row.report == report);
    let Some(submission) = submissions.next() else {
        if delivery.is_stored() {
            found.push(Violation::NoSubmission { report });
        }
        return;
    };
    if submissions.next().is_some() {
        found.push(Violation::SeveralSubmissions { report: report.clone() });
    }
    if submission.sha256 != delivery.sha256 || submission.length != delivery.length {
        found.push(Violation::WrongVideo { report: report.clone() });
    }
    let answers = delivery.steps.iter().filter_map(|step| match &step.what {
        Observation::Stored { answer, .. } => Some(answer),
        _ => None,
    });
    if answers.into_iter().any(|answer| !is_about(answer, submission)) {
        found.push(Violation::WrongAnswer { report });
    }
}

fn is_about(answer: &Answer, submission: &Submission) -> bool {
    let is_same =
        |said: &Option<String>, row: &String| said.as_ref().is_none_or(|said| said == row);
    is_same(&answer.submission, &submission.id) && is_same(&answer.sha256, &submission.sha256)
}

/// A report is submitted if and only if there is a submission.
fn check_reports(history: &History, dump: &Dump, found: &mut Vec<Violation>) {
    let submitted: BTreeSet<_> = dump.submissions.iter().map(|row| &row.report).collect();
    for Delivery { report, .. } in &history.deliveries {
        let status = dump.reports.get(report).copied().unwrap_or(0);
        if (status == SUBMITTED) != submitted.contains(report) {
            found.push(Violation::WrongStatus { report: report.clone(), status });
        }
    }
}

/// A submission has its bytes, its custody and exactly one event.
fn check_submission(submission: &Submission, dump: &Dump, found: &mut Vec<Violation>) {
    let (path, id) = (submission.path(), submission.id.clone());
    match dump.objects.iter().find(|object| object.path == path) {
        None => found.push(Violation::NoObject { path }),
        Some(StoredObject { sha256, length, .. })
            if *sha256 != submission.sha256 || *length != submission.length =>
        {
            found.push(Violation::DamagedObject { path });
        }
        Some(_) => {}
    }
    if !submission.has_custody {
        found.push(Violation::NoCustody { submission: id.clone() });
    }
    match dump.events.iter().filter(|event| event.submission == id).count() {
        0 => found.push(Violation::NoEvent { submission: id }),
        1 => {}
        _ => found.push(Violation::SeveralEvents { submission: id }),
    }
}

fn check_strangers(history: &History, dump: &Dump, found: &mut Vec<Violation>) {
    let reports: BTreeSet<_> = history.deliveries.iter().map(|delivery| &delivery.report).collect();
    let submissions: BTreeSet<_> = dump.submissions.iter().map(|row| &row.id).collect();
    for submission in dump.submissions.iter().filter(|row| !reports.contains(&row.report)) {
        found.push(Violation::UnexpectedSubmission { submission: submission.id.clone() });
    }
    for event in dump.events.iter().filter(|event| !submissions.contains(&event.submission)) {
        found.push(Violation::StrangeEvent { event: event.id.clone() });
    }
}

/// Nothing is left of uploads that have ended, nor of the work on them.
fn check_leftovers(dump: &Dump, found: &mut Vec<Violation>) {
    let owned: BTreeSet<_> = dump.submissions.iter().map(Submission::path).collect();
    let objects = dump.objects.iter().map(|object| &object.path);
    let orphans = objects.filter(|path| !owned.contains(*path)).chain(&dump.spool);
    found.extend(orphans.map(|path| Violation::Orphan { path: path.clone() }));
    found.extend(dump.leases.iter().map(|id| Violation::HeldLease { upload: id.clone() }));
    found.extend(dump.open_uploads.iter().map(|id| Violation::OpenUpload { upload: id.clone() }));
    let memory = dump.memory.iter().filter(|kib| **kib > MOST_MEMORY);
    found.extend(memory.map(|kib| Violation::TooMuchMemory { kib: *kib }));
    found.extend(dump.exited.iter().map(|node| Violation::Exited { node: node.clone() }));
}
