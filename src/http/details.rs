//! The fields that a driver sends with a video, in any protocol, and their conversion to [`Details`].

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Display;

use axum::extract::Query;
use axum::http::Uri;
use jiff::tz::TimeZone;

use crate::model::{Digest, Place, RefKey, TimeSent, is_invisible};
use crate::upload::Details;

use super::config::PositionPolicy;
use super::problem::Problem;

/// Longest file name that is kept, in characters.
const MAX_FILENAME: usize = 200;

/// Other names under which clients send the same field.
const ALIASES: [(&str, &str); 3] = [("lng", "long"), ("lon", "long"), ("contentType", "filetype")];

const KNOWN: [&str; 8] =
    ["ref_key", "time_sent", "recorded_at", "lat", "long", "sha256", "filename", "filetype"];

fn canonical(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name)
}

/// The fields of an upload as texts, by their canonical names.
#[derive(Debug, Clone, Default)]
pub(super) struct UploadFields(BTreeMap<String, String>);

impl UploadFields {
    pub(super) fn from_query(uri: &Uri) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(pairs) = pairs.map_err(|_| Problem::unreadable("the query cannot be read"))?;
        let mut fields = Self::default();
        for (name, value) in pairs {
            fields.add_consistent(&name, value)?;
        }
        Ok(fields)
    }

    /// Whether a field has this name or an alias of it.
    pub(super) fn is_known(name: &str) -> bool {
        KNOWN.contains(&canonical(name))
    }

    /// Adds a field; `false` if it has a value already.
    pub(super) fn add(&mut self, name: &str, value: String) -> bool {
        self.0.insert(canonical(name).to_owned(), value).is_none()
    }

    /// Adds a field that may come several times (in form, query and headers) if its value is the same
    /// each time. Ignores unknown names.
    pub(super) fn add_consistent(&mut self, name: &str, value: String) -> Result<(), Problem> {
        let name = canonical(name);
        if !KNOWN.contains(&name) {
            return Ok(());
        }
        match self.0.entry(name.to_owned()) {
            Entry::Vacant(entry) => {
                entry.insert(value);
                Ok(())
            }
            Entry::Occupied(entry) if *entry.get() == value => Ok(()),
            Entry::Occupied(_) => {
                Err(Problem::unreadable(format!("{name} occurs twice with different values")))
            }
        }
    }

    /// Sets a field that has no value yet.
    pub(super) fn set_default(&mut self, name: &str, value: String) {
        self.0.entry(name.to_owned()).or_insert(value);
    }

    /// Takes from `other` the fields that have no value here.
    pub(super) fn set_defaults(&mut self, other: Self) {
        for (name, value) in other.0 {
            self.0.entry(name).or_insert(value);
        }
    }

    /// A field that is not blank.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// The report's key, if it is there and valid.
    pub(super) fn ref_key(&self) -> Option<RefKey> {
        self.get("ref_key")?.trim().parse().ok()
    }

    /// The announced hash, if it is there and valid.
    pub(super) fn sha256(&self) -> Option<Digest> {
        self.get("sha256")?.trim().parse().ok()
    }

    /// All details, or a problem that names every missing and every invalid field.
    pub(super) fn details(
        &self,
        zone: &TimeZone,
        position: PositionPolicy,
    ) -> Result<Details, Problem> {
        let (errors, is_partial) = (Vec::new(), false);
        let mut reader = Reader { fields: self, errors, is_partial, position };
        let details = reader.details(zone);
        match details {
            Some(details) if reader.errors.is_empty() => Ok(details),
            _ => Err(Problem::fields(&reader.errors)),
        }
    }

    /// Checks only the fields that have a value: a form may have the others after its file.
    pub(super) fn check_present(&self, zone: &TimeZone) -> Result<(), Problem> {
        let (errors, is_partial, position) = (Vec::new(), true, PositionPolicy::Required);
        let mut reader = Reader { fields: self, errors, is_partial, position };
        reader.details(zone);
        if reader.errors.is_empty() { Ok(()) } else { Err(Problem::fields(&reader.errors)) }
    }
}

/// Reads field by field and collects the errors, so that a client learns all of them at once.
struct Reader<'a> {
    fields: &'a UploadFields,
    errors: Vec<(&'static str, String)>,
    /// Whether fields may be missing.
    is_partial: bool,
    position: PositionPolicy,
}

impl Reader<'_> {
    fn details(&mut self, zone: &TimeZone) -> Option<Details> {
        let ref_key = self.required("ref_key", |text| text.trim().parse::<RefKey>());
        let time_sent = self.required("time_sent", |text| TimeSent::parse(text, zone));
        let recorded_at = self.optional("recorded_at", |text| TimeSent::parse(text, zone));
        let is_stated = self.position == PositionPolicy::Required || self.states_place();
        let place = is_stated.then(|| self.place());
        let declared = self.optional("sha256", |text| text.trim().parse::<Digest>());
        Some(Details {
            ref_key: ref_key?,
            time_sent: time_sent?,
            recorded_at,
            place: match place {
                Some(stated) => Some(stated?),
                None => None,
            },
            filename: display_name(self.fields.get("filename").unwrap_or_default()),
            declared,
        })
    }

    /// Whether a coordinate is present. An optional place may be left out, but not one of its two coordinates.
    fn states_place(&self) -> bool {
        ["lat", "long"].iter().any(|name| self.fields.get(name).is_some())
    }

    fn place(&mut self) -> Option<Place> {
        let lat_e8 = self.required("lat", Place::parse_lat);
        let long_e8 = self.required("long", Place::parse_long);
        Some(Place { lat_e8: lat_e8?, long_e8: long_e8? })
    }

    fn required<T, E: Display>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.fields.get(name).is_none() && !self.is_partial {
            self.errors.push((name, "is required".to_owned()));
        }
        self.optional(name, parse)
    }

    fn optional<T, E: Display>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let parsed = parse(self.fields.get(name)?);
        parsed.map_err(|error| self.errors.push((name, error.to_string()))).ok()
    }
}

/// The last part of a path, without control characters and marks of direction, which would change how the text
/// around it reads.
fn display_name(filename: &str) -> String {
    let last = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_kept = |char: &char| !char.is_control() && !is_invisible(*char);
    last.chars().filter(is_kept).take(MAX_FILENAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(place: &[(&str, &str)], position: PositionPolicy) -> Result<Option<Place>, Problem> {
        let mut fields = UploadFields::default();
        let others = [
            ("ref_key", "646ba713-d1d7-11ec-9405-005056aaa4ae"),
            ("time_sent", "2026-05-13T05:00:00Z"),
        ];
        for (name, value) in others.iter().chain(place) {
            fields.add(name, (*value).to_owned());
        }
        fields.details(&TimeZone::UTC, position).map(|details| details.place)
    }

    #[test]
    fn a_place_may_be_left_out_only_where_it_is_optional() {
        assert!(details(&[], PositionPolicy::Required).is_err());
        assert_eq!(details(&[], PositionPolicy::Optional).unwrap(), None);
        assert_eq!(details(&[("lat", " "), ("long", "")], PositionPolicy::Optional).unwrap(), None);
    }

    #[test]
    fn an_optional_place_is_still_read_and_checked() {
        let place = Place { lat_e8: 4_320_000_000, long_e8: 7_690_000_000 };
        let given = [("lat", "43.2"), ("long", "76.9")];
        assert_eq!(details(&given, PositionPolicy::Optional).unwrap(), Some(place));
        assert!(details(&[("lat", "43.2")], PositionPolicy::Optional).is_err());
        assert!(details(&[("lat", "91"), ("long", "76.9")], PositionPolicy::Optional).is_err());
    }
}
