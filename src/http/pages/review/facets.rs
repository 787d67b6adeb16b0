//! The filters of the queue. Each option is a link.

use super::filters::filtered_path;
use super::rows::{codec_name, outcome_key, status_key};
use crate::http::pages::texts::Texts;
use crate::leasing::review::{Deadline, QueueFilter, TypeChoice};
use crate::model::plausibility::Outcome;
use crate::model::{ReportStatus, VideoCodec};

/// A group of options.
pub(super) struct Facet {
    pub(super) title: &'static str,
    pub(super) options: Vec<FacetOption>,
}

pub(super) struct FacetOption {
    /// The key of its count, which a script loads after the page.
    pub(super) key: String,
    pub(super) text: String,
    /// The icon of an outcome; empty for other options.
    pub(super) icon: &'static str,
    pub(super) url: String,
    pub(super) is_chosen: bool,
}

/// In the order of display: reports that wait for a reviewer come first.
const STATUSES: [ReportStatus; 4] = [
    ReportStatus::Submitted,
    ReportStatus::AwaitingVideo,
    ReportStatus::Rejected,
    ReportStatus::Approved,
];

const OUTCOMES: [Outcome; 4] = [Outcome::Fail, Outcome::Warn, Outcome::Absent, Outcome::Pass];

pub(super) fn facets(texts: Texts, filter: &QueueFilter, types: &[TypeChoice]) -> Vec<Facet> {
    vec![
        Facet { title: texts.get("filter.status"), options: statuses(texts, filter) },
        Facet { title: texts.get("filter.deadline"), options: deadlines(texts, filter) },
        Facet { title: texts.get("filter.checks"), options: outcomes(texts, filter) },
        Facet { title: texts.get("filter.type"), options: vehicle_types(filter, types) },
        Facet { title: texts.get("filter.codec"), options: codecs(filter) },
    ]
}

fn option(key: String, text: &str, is_chosen: bool, chosen: &QueueFilter) -> FacetOption {
    let url = filtered_path("/review", chosen, &[]);
    FacetOption { key, text: text.to_owned(), icon: "", url, is_chosen }
}

fn statuses(texts: Texts, filter: &QueueFilter) -> Vec<FacetOption> {
    let shown = filter.status.or_else(|| {
        // A search covers every status.
        filter.search.is_empty().then_some(ReportStatus::Submitted)
    });
    let of = |status: ReportStatus| {
        let chosen = QueueFilter { status: Some(status), ..filter.clone() };
        let key = status_count(status);
        option(key, texts.get(status_key(status)), shown == Some(status), &chosen)
    };
    STATUSES.map(of).into()
}

fn deadlines(texts: Texts, filter: &QueueFilter) -> Vec<FacetOption> {
    let of = |deadline: Deadline| {
        let is_chosen = filter.deadline == Some(deadline);
        let other = Some(deadline).filter(|_| !is_chosen);
        let chosen = QueueFilter { deadline: other, ..filter.clone() };
        let text = texts.get(match deadline {
            Deadline::Passed => "deadline.passed",
            Deadline::Today => "deadline.today",
            Deadline::Soon => "deadline.soon",
            Deadline::Later => "deadline.later",
        });
        option(deadline_count(deadline), text, is_chosen, &chosen)
    };
    Deadline::ALL.map(of).into()
}

fn outcomes(texts: Texts, filter: &QueueFilter) -> Vec<FacetOption> {
    let of = |outcome: Outcome| {
        let is_chosen = filter.outcome == Some(outcome);
        let other = Some(outcome).filter(|_| !is_chosen);
        let chosen = QueueFilter { outcome: other, ..filter.clone() };
        let text = texts.get(outcome_key(outcome));
        let plain = option(outcome_count(outcome), text, is_chosen, &chosen);
        FacetOption { icon: outcome.as_str(), ..plain }
    };
    OUTCOMES.map(of).into()
}

fn vehicle_types(filter: &QueueFilter, types: &[TypeChoice]) -> Vec<FacetOption> {
    let of = |choice: &TypeChoice| {
        let is_chosen = filter.vehicle_type == Some(choice.code);
        let other = Some(choice.code).filter(|_| !is_chosen);
        let chosen = QueueFilter { vehicle_type: other, ..filter.clone() };
        option(format!("type-{}", choice.code), &choice.title, is_chosen, &chosen)
    };
    types.iter().map(of).collect()
}

fn codecs(filter: &QueueFilter) -> Vec<FacetOption> {
    let of = |codec: VideoCodec| {
        let is_chosen = filter.codec == Some(codec);
        let other = Some(codec).filter(|_| !is_chosen);
        let chosen = QueueFilter { codec: other, ..filter.clone() };
        option(codec_count(codec), codec_name(codec), is_chosen, &chosen)
    };
    VideoCodec::ALL.into_iter().filter(|codec| *codec != VideoCodec::Other).map(of).collect()
}

pub(super) fn status_count(status: ReportStatus) -> String {
    format!("status-{}", status.code())
}

pub(super) fn deadline_count(deadline: Deadline) -> String {
    format!("deadline-{}", deadline.as_str())
}

pub(super) fn outcome_count(outcome: Outcome) -> String {
    format!("outcome-{}", outcome.as_str())
}

pub(super) fn codec_count(codec: VideoCodec) -> String {
    format!("codec-{}", codec.as_str())
}
