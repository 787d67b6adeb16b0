//! The verdicts of the plausibility tests in the reviewer's language, with the compared values.

use jiff::SignedDuration;

use super::rows::{ViewContext, outcome_key};
use crate::http::pages::texts::isolated;
use crate::leasing::review::{ReviewedReport, ReviewedSubmission};
use crate::model::plausibility::{Outcome, PlausibilityTest, distance, is_known, recording_gap};
use crate::model::{Location, Place, Verdict};

/// The report for which the video was sent before.
pub(super) struct EarlierHolder {
    pub(super) number: String,
    pub(super) url: String,
}

pub(super) struct CheckView {
    pub(super) icon: &'static str,
    pub(super) title: &'static str,
    /// The outcome, for screen readers.
    pub(super) verdict: &'static str,
    pub(super) reason: String,
    /// The target of a link on the reason; empty: no link.
    pub(super) url: String,
}

/// All checks of a video.
#[derive(Default)]
pub(super) struct ChecksView {
    /// Checks that did not pass, the worst first.
    pub(super) open: Vec<CheckView>,
    pub(super) passed: Vec<CheckView>,
    pub(super) passed_title: String,
    pub(super) fails: usize,
}

impl ViewContext<'_> {
    pub(super) fn checks(
        &self,
        report: &ReviewedReport,
        sent: &ReviewedSubmission,
        earlier: Option<&EarlierHolder>,
    ) -> ChecksView {
        let view = |verdict: &Verdict| CheckView {
            icon: verdict.outcome.as_str(),
            title: self.texts.get(title(verdict.test)),
            verdict: self.texts.get(outcome_key(verdict.outcome)),
            reason: self.reason(report, sent, verdict, earlier),
            url: match (verdict.test, earlier) {
                (PlausibilityTest::Reuse, Some(earlier)) => earlier.url.clone(),
                _ => String::new(),
            },
        };
        let of = |outcome: Outcome| {
            let verdicts = sent.stored.verdicts.iter();
            verdicts.filter(move |verdict| verdict.outcome == outcome).map(view)
        };
        let open = of(Outcome::Fail).chain(of(Outcome::Warn)).chain(of(Outcome::Absent)).collect();
        let passed: Vec<_> = of(Outcome::Pass).collect();
        let fails = of(Outcome::Fail).count();
        let passed_title = self.texts.count("checks.passed", passed.len() as u64);
        ChecksView { open, passed, passed_title, fails }
    }

    fn reason(
        &self,
        report: &ReviewedReport,
        sent: &ReviewedSubmission,
        verdict: &Verdict,
        earlier: Option<&EarlierHolder>,
    ) -> String {
        let texts = self.texts;
        let is_absent = verdict.outcome == Outcome::Absent;
        match verdict.test {
            PlausibilityTest::RecordedAtSending | PlausibilityTest::RecordedAtReceipt => {
                self.time(sent, verdict.test)
            }
            PlausibilityTest::RecordedInWindow if is_absent => {
                let key = if recorded(sent) { "reason.no_dates" } else { "reason.no_time" };
                texts.get(key).to_owned()
            }
            PlausibilityTest::RecordedInWindow => {
                let at = sent.stored.recording_time();
                let date = at.map(|at| texts.moment(&self.local(at))).unwrap_or_default();
                texts.with("reason.window", "date", date)
            }
            PlausibilityTest::RecordedPlace => self.place(sent),
            PlausibilityTest::UsualPlace => self.usual_place(report, sent),
            PlausibilityTest::UsualLength => self.usual_length(sent, verdict),
            PlausibilityTest::Reuse => {
                let number = earlier.map(|earlier| isolated(&earlier.number)).unwrap_or_default();
                texts.with("reason.reuse", "number", number)
            }
        }
    }

    fn time(&self, sent: &ReviewedSubmission, test: PlausibilityTest) -> String {
        let stored = &sent.stored;
        let is_sending = test == PlausibilityTest::RecordedAtSending;
        let to = if is_sending { stored.time_sent.at } else { stored.received_at };
        let declared = stored.recorded_at.as_ref().map(|recorded| recorded.at);
        let Some(gap) = recording_gap(&stored.facts, declared, to) else {
            return self.texts.get("reason.no_time").to_owned();
        };
        let key = match (is_sending, gap.is_negative()) {
            (true, false) => "reason.time",
            (true, true) => "reason.time_after",
            (false, false) => "reason.receipt",
            (false, true) => "reason.receipt_after",
        };
        self.texts.with(key, "t", self.texts.duration(gap))
    }

    fn place(&self, sent: &ReviewedSubmission) -> String {
        match (file_location(sent), sent_location(sent)) {
            (Some(file), Some(sent)) => {
                self.texts.with("reason.place", "d", self.texts.distance(distance(file, sent)))
            }
            (None, _) => self.texts.get("reason.no_place").to_owned(),
            (_, None) => self.texts.get("reason.no_phone_place").to_owned(),
        }
    }

    fn usual_place(&self, report: &ReviewedReport, sent: &ReviewedSubmission) -> String {
        let Some(here) = sent_location(sent) else {
            return self.texts.get("reason.no_phone_place").to_owned();
        };
        let places = earlier_locations(report).into_iter().map(|place| distance(place, here));
        match places.min_by(f64::total_cmp) {
            Some(nearest) => {
                self.texts.with("reason.usual_place", "d", self.texts.distance(nearest))
            }
            None => self.texts.get("history.none").to_owned(),
        }
    }

    /// The usual length is stored only in the message of the verdict, which ends in `… is 42.0 s`.
    fn usual_length(&self, sent: &ReviewedSubmission, verdict: &Verdict) -> String {
        if verdict.outcome == Outcome::Absent {
            let has_length = sent.stored.facts.duration_ms.is_some_and(|length| length > 0);
            let key = if has_length { "reason.few" } else { "reason.no_length" };
            return self.texts.get(key).to_owned();
        }
        let usual = verdict.message.rsplit_once(" is ").map_or("", |(_, usual)| usual);
        let seconds = usual.trim_end_matches(" s").split('.').next().and_then(|s| s.parse().ok());
        let usual = SignedDuration::from_secs(seconds.unwrap_or(0));
        self.texts.with("reason.length", "t", self.texts.duration(usual))
    }
}

/// The place of the recording, according to the file.
pub(super) fn file_location(sent: &ReviewedSubmission) -> Option<Location> {
    sent.stored.facts.location.filter(|location| is_known(*location))
}

/// The place of sending, according to the phone.
pub(super) fn sent_location(sent: &ReviewedSubmission) -> Option<Location> {
    known(sent.stored.place)
}

/// The places from which earlier videos of the vehicle were sent.
pub(super) fn earlier_locations(report: &ReviewedReport) -> Vec<Location> {
    report.earlier.iter().filter_map(|earlier| known(earlier.place)).collect()
}

fn known(place: Option<Place>) -> Option<Location> {
    let place = place?;
    let location = Location { lat: place.lat(), long: place.long() };
    is_known(location).then_some(location)
}

fn recorded(sent: &ReviewedSubmission) -> bool {
    sent.stored.recording_time().is_some()
}

const fn title(test: PlausibilityTest) -> &'static str {
    match test {
        PlausibilityTest::RecordedAtSending => "test.recorded_at_sending",
        PlausibilityTest::RecordedAtReceipt => "test.recorded_at_receipt",
        PlausibilityTest::RecordedInWindow => "test.recorded_in_window",
        PlausibilityTest::RecordedPlace => "test.recorded_place",
        PlausibilityTest::UsualPlace => "test.usual_place",
        PlausibilityTest::UsualLength => "test.usual_length",
        PlausibilityTest::Reuse => "test.reuse",
    }
}
