//! What a driver says about a video, whatever dialect it came in: named texts become [`Details`].

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::Uri;
use jiff::tz::TimeZone;

use crate::model::{Digest, Place, RefKey, TimeSent};
use crate::upload::Details;

use super::problem::Problem;

/// How much of the phone's name for the file is kept.
const FILENAME_CHARACTERS: usize = 200;

/// Other names under which clients send the same thing (Q15, `conventions.md` §5.1).
const ALIASES: [(&str, &str); 3] = [("lng", "long"), ("lon", "long"), ("contentType", "filetype")];

/// What is read of what clients say.
const READ: [&str; 6] = ["ref_key", "time_sent", "lat", "long", "sha256", "filename"];

/// The name under which something is read.
fn proper(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name)
}

/// The named texts of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Named(BTreeMap<String, String>);

impl Named {
    /// The query of an address.
    pub(super) fn from_query(uri: &Uri) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(pairs) = pairs.map_err(|_| Problem::unreadable("the query cannot be read"))?;
        let mut named = Self::default();
        for (name, value) in pairs {
            named.add_agreeing(&name, value)?;
        }
        Ok(named)
    }

    /// Adds one; `false` when it was there already.
    pub(super) fn add(&mut self, name: &str, value: String) -> bool {
        self.0.insert(proper(name).to_owned(), value).is_none()
    }

    /// Adds one that may be said several times, as long as it is the same (Q34: form, query and
    /// headers say the same things). What nobody here reads is not kept.
    pub(super) fn add_agreeing(&mut self, name: &str, value: String) -> Result<(), Problem> {
        let name = proper(name);
        if !READ.contains(&name) {
            return Ok(());
        }
        match self.0.get(name) {
            Some(said) if *said != value => {
                Err(Problem::unreadable(format!("{name} is there twice, and differs")))
            }
            _ => {
                self.0.insert(name.to_owned(), value);
                Ok(())
            }
        }
    }

    /// Adds one unless it is there already.
    pub(super) fn fill(&mut self, name: &str, value: String) {
        self.0.entry(name.to_owned()).or_insert(value);
    }

    /// Takes over what `other` has and this has not.
    pub(super) fn fill_from(&mut self, other: Self) {
        for (name, value) in other.0 {
            self.0.entry(name).or_insert(value);
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The report's key, if it has come and can be read.
    pub(super) fn ref_key(&self) -> Option<RefKey> {
        self.get("ref_key").and_then(|text| text.trim().parse().ok())
    }

    /// The announced hash, if it has come and can be read.
    pub(super) fn sha256(&self) -> Option<Digest> {
        self.get("sha256").and_then(|text| text.trim().parse().ok())
    }

    /// Everything there is to know, or every field that is missing or cannot be.
    pub(super) fn details(&self, zone: &TimeZone) -> Result<Details, Problem> {
        let mut reading = Reading { named: self, wrong: Vec::new(), partial: false };
        let details = reading.details(zone);
        match details {
            Some(details) if reading.wrong.is_empty() => Ok(details),
            _ => Err(Problem::fields(&reading.wrong)),
        }
    }

    /// Looks only at what has come so far: a form may bring the rest after its file.
    pub(super) fn check_so_far(&self, zone: &TimeZone) -> Result<(), Problem> {
        let mut reading = Reading { named: self, wrong: Vec::new(), partial: true };
        reading.details(zone);
        if reading.wrong.is_empty() { Ok(()) } else { Err(Problem::fields(&reading.wrong)) }
    }
}

/// Reads field by field and collects what is wrong, so that a client learns everything at once.
struct Reading<'a> {
    named: &'a Named,
    wrong: Vec<(&'static str, String)>,
    partial: bool,
}

impl Reading<'_> {
    fn details(&mut self, zone: &TimeZone) -> Option<Details> {
        let ref_key = self.required("ref_key", |text| text.trim().parse::<RefKey>());
        let time_sent = self.required("time_sent", |text| TimeSent::parse(text, zone));
        let lat_e8 = self.required("lat", Place::parse_lat);
        let long_e8 = self.required("long", Place::parse_long);
        let declared = self.optional("sha256", |text| text.trim().parse::<Digest>());
        Some(Details {
            ref_key: ref_key?,
            time_sent: time_sent?,
            place: Place { lat_e8: lat_e8?, long_e8: long_e8? },
            filename: tidy(self.named.get("filename").unwrap_or_default()),
            declared,
        })
    }

    fn required<T, E: std::fmt::Display>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.named.get(name).is_none_or(|text| text.trim().is_empty()) {
            if !self.partial {
                self.wrong.push((name, "is required".to_owned()));
            }
            return None;
        }
        self.optional(name, parse)
    }

    fn optional<T, E: std::fmt::Display>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.named.get(name).filter(|text| !text.trim().is_empty())?;
        parse(text).map_err(|why| self.wrong.push((name, why.to_string()))).ok()
    }
}

/// A name for people: never a path, never control characters (S34).
fn tidy(filename: &str) -> String {
    let last = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(FILENAME_CHARACTERS).collect()
}
