//! View models of a report's facts, log and earlier reports.

use super::filters::filtered_path;
use super::filters::report_path;
use super::rows::{ViewContext, codec_name, status_key};
use crate::leasing::review::{
    EarlierReport, LogEntry, QueueFilter, ReviewedReport, ReviewedSubmission,
};
use crate::model::{Facts, ReportStatus, VideoCodec};

pub(super) struct FactView {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) is_code: bool,
}

pub(super) struct LogView {
    pub(super) time: String,
    pub(super) action: String,
    pub(super) who: String,
    pub(super) detail: String,
}

pub(super) struct EarlierView {
    pub(super) date: String,
    pub(super) number: String,
    pub(super) icon: &'static str,
    pub(super) status: &'static str,
    pub(super) url: String,
    /// The URL that shows it beside the current report.
    pub(super) compare: String,
    pub(super) is_shown: bool,
}

impl ViewContext<'_> {
    pub(super) fn facts(
        &self,
        report: &ReviewedReport,
        sent: &ReviewedSubmission,
    ) -> Vec<FactView> {
        let texts = self.texts;
        let (stored, facts) = (&sent.stored, &sent.stored.facts);
        let fact = |key, value| FactView { label: texts.get(key), value, is_code: false };
        let moment = |at| texts.moment(&self.local(at));
        let filmed = stored.recording_time().map(moment);
        let length = facts.duration_ms.map(|length| texts.clock(length));
        let size = texts.size(stored.length.get());
        let by_link = stored.film_link.as_ref().map(|_| texts.get("facts.by_link").to_owned());
        let driver =
            [sent.sender_name.clone(), sent.sender_mobile.clone(), by_link.unwrap_or_default()];
        let vin = report.row.vin_code.clone();
        vec![
            FactView { label: "VIN", value: vin, is_code: true },
            fact("facts.length", joined([length.unwrap_or_default(), size])),
            fact("facts.picture", joined([picture(facts), codec(report.row.codec, facts)])),
            fact("facts.filmed", filmed.unwrap_or_else(|| texts.get("facts.none").to_owned())),
            fact("facts.sent", moment(stored.time_sent.at)),
            fact("facts.received", moment(stored.received_at)),
            fact("facts.phone", facts.device.clone().unwrap_or_default()),
            fact("facts.driver", joined(driver)),
        ]
        .into_iter()
        .filter(|fact| !fact.value.is_empty())
        .collect()
    }

    pub(super) fn log(&self, entry: &LogEntry) -> LogView {
        let texts = self.texts;
        let action = match entry.action.as_str() {
            "stored" => "log.stored",
            "linked" => "log.link",
            "prefetched" => "log.prefetched",
            "fetched" => "log.fetched",
            "claimed" => "log.claimed",
            "taken_over" => "log.taken_over",
            "undone" => "log.undone",
            "approved" => "log.approved",
            "rejected" => "log.rejected",
            _ => "",
        };
        let action = match action {
            "" => entry.action.clone(),
            key => texts.get(key).to_owned(),
        };
        let times = texts.with("log.times", "n", entry.views);
        let detail = if entry.views > 1 { times } else { String::new() };
        let at = entry.last_at.unwrap_or(entry.at);
        let time = texts.table_time(&self.local(at));
        LogView { time, action, who: entry.name.clone(), detail }
    }

    pub(super) fn earlier(
        &self,
        report: &ReviewedReport,
        filter: &QueueFilter,
        shown: Option<&str>,
    ) -> Vec<EarlierView> {
        let path = report_path(report.row.ref_key);
        let view = |earlier: &EarlierReport| {
            let key = earlier.ref_key.to_string();
            EarlierView {
                date: self.texts.numeric_date(&self.local(earlier.received_at)),
                number: earlier.report_number.clone(),
                icon: match earlier.status {
                    ReportStatus::Approved => "pass",
                    ReportStatus::Rejected => "fail",
                    ReportStatus::AwaitingVideo | ReportStatus::Submitted => "absent",
                },
                status: self.texts.get(status_key(earlier.status)),
                url: report_path(earlier.ref_key),
                compare: filtered_path(&path, filter, &[("compare", &key)]),
                is_shown: shown == Some(&key),
            }
        };
        report.earlier.iter().map(view).collect()
    }
}

fn picture(facts: &Facts) -> String {
    match (facts.display_width, facts.display_height) {
        (Some(width), Some(height)) => format!("{width}×{height}"),
        _ => String::new(),
    }
}

fn codec(codec: Option<VideoCodec>, facts: &Facts) -> String {
    match codec {
        None => String::new(),
        Some(VideoCodec::Other) => facts.video_codec.clone().unwrap_or_default(),
        Some(known) => codec_name(known).to_owned(),
    }
}

fn joined<const N: usize>(parts: [String; N]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}
