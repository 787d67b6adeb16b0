//! The filter of the queue in the query of a URL.

use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::http::browser_session::PageForm;
use crate::leasing::review::{Deadline, PageAt, QueueFilter, decode_queue_cursor};
use crate::model::plausibility::Outcome;
use crate::model::{CompanyId, RefKey, ReportStatus, VideoCodec};

/// Longest search text, in characters. Numbers and plates are much shorter.
const LONGEST_SEARCH: usize = 64;

/// The query of a page. Values that cannot be parsed are ignored.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct QueueQuery {
    status: Option<String>,
    company: Option<String>,
    vehicle_type: Option<String>,
    deadline: Option<String>,
    outcome: Option<String>,
    codec: Option<String>,
    search: Option<String>,
    after: Option<String>,
    before: Option<String>,
}

impl QueueQuery {
    /// The filter in the hidden fields of a form.
    pub(super) fn of_form(form: &PageForm) -> Self {
        let value = |name| form.get(name).map(str::to_owned);
        Self {
            status: value("status"),
            company: value("company"),
            vehicle_type: value("vehicle_type"),
            deadline: value("deadline"),
            outcome: value("outcome"),
            codec: value("codec"),
            search: value("search"),
            after: None,
            before: None,
        }
    }

    pub(super) fn filter(&self) -> QueueFilter {
        let word = |text: &Option<String>| text.clone().unwrap_or_default();
        let number = |text: &Option<String>| word(text).parse::<i64>().ok();
        QueueFilter {
            status: number(&self.status).and_then(|code| ReportStatus::try_from(code).ok()),
            company: number(&self.company).map(CompanyId),
            vehicle_type: word(&self.vehicle_type).parse().ok(),
            deadline: Deadline::from_word(&word(&self.deadline)),
            outcome: Outcome::from_word(&word(&self.outcome)),
            codec: VideoCodec::from_word(&word(&self.codec)),
            search: word(&self.search).trim().chars().take(LONGEST_SEARCH).collect(),
        }
    }

    pub(super) fn page(&self) -> PageAt {
        let cursor = |text: &Option<String>| text.as_deref().and_then(decode_queue_cursor);
        match (cursor(&self.after), cursor(&self.before)) {
            (Some(after), _) => PageAt::After(after),
            (None, Some(before)) => PageAt::Before(before),
            (None, None) => PageAt::First,
        }
    }
}

/// The query parameters of a filter.
fn pairs(filter: &QueueFilter) -> Vec<(&'static str, String)> {
    let QueueFilter { status, company, vehicle_type, deadline, outcome, codec, search } = filter;
    let search = Some(search.clone()).filter(|search| !search.is_empty());
    let all = [
        ("status", status.map(|status| status.code().to_string())),
        ("company", company.map(|company| company.0.to_string())),
        ("vehicle_type", vehicle_type.map(|code| code.to_string())),
        ("deadline", deadline.map(|deadline| deadline.as_str().to_owned())),
        ("outcome", outcome.map(|outcome| outcome.as_str().to_owned())),
        ("codec", codec.map(|codec| codec.as_str().to_owned())),
        ("search", search),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The hidden fields with which a form keeps the filter. `own`: fields that the form has itself.
pub(super) fn hidden(filter: &QueueFilter, own: &[&str]) -> Vec<(&'static str, String)> {
    pairs(filter).into_iter().filter(|(name, _)| !own.contains(name)).collect()
}

/// A path with the filter and more parameters in its query.
pub(super) fn filtered_path(path: &str, filter: &QueueFilter, more: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs(filter));
    query.extend_pairs(more);
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

pub(super) fn report_path(ref_key: RefKey) -> String {
    format!("/review/report/{ref_key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> QueueQuery {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        let object = pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into()));
        serde_json::from_value(serde_json::Value::Object(object.collect())).unwrap()
    }

    #[test]
    fn a_filter_round_trips_through_its_query() {
        let text = "status=4&company=20&deadline=soon&outcome=fail&codec=h265&search=417+KZT";
        let filter = query(text).filter();
        assert_eq!(filter.status, Some(ReportStatus::Rejected));
        assert_eq!(filter.search, "417 KZT");
        assert_eq!(filtered_path("/review", &filter, &[]), format!("/review?{text}"));
        let other = filtered_path("/review", &QueueFilter::default(), &[("after", "a&b")]);
        assert_eq!(other, "/review?after=a%26b");
    }

    #[test]
    fn unknown_values_are_ignored() {
        let filter = query("status=9&company=x&deadline=never&vehicle_type=1&search=").filter();
        assert_eq!(filtered_path("/review", &filter, &[]), "/review");
    }
}
