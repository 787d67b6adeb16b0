//! What the query of a list may say: nothing of it is in the document, all of it may be missing.

use axum::extract::Query as Pairs;
use axum::http::Uri;

use crate::http::problem::Problem;
use crate::leasing::lists::{Cursor, Selected, Ways, means_nothing};
use crate::model::TypeCode;

/// What the query says.
#[derive(Debug, Default)]
pub(super) struct Query {
    limit: Option<u16>,
    after: Option<Cursor>,
    /// Whether the picture itself is wanted (Q26).
    pub(super) image: bool,
    type_code: Option<TypeCode>,
    plate_number: Option<String>,
}

impl Query {
    /// Reads the query of an address; a limit is at most `most`.
    pub(super) fn read(uri: &Uri, most: u16) -> Result<Self, Problem> {
        let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(uri);
        let Pairs(pairs) = pairs.map_err(|_| Problem::unreadable("the query cannot be read"))?;
        let mut query = Self::default();
        for (name, value) in pairs {
            query.set(&name, &value, most)?;
        }
        Ok(query)
    }

    /// How the list is read.
    pub(super) fn ways(&self) -> Ways {
        Ways { limit: self.limit, after: self.after, ..Ways::default() }
    }

    /// Whether the vehicle is of the type and plate that are asked for beside it (Q25).
    pub(super) fn fits(&self, selected: &Selected) -> bool {
        self.type_code.is_none_or(|code| selected.type_code == Some(code))
            && self.plate_number.as_ref().is_none_or(|plate| *plate == selected.plate_number)
    }

    fn set(&mut self, name: &str, value: &str, most: u16) -> Result<(), Problem> {
        match name {
            "limit" => {
                let limit = value.trim().parse().ok().filter(|limit| (1..=most).contains(limit));
                let why = || wrong("limit", format!("is a number from 1 to {most}"));
                self.limit = Some(limit.ok_or_else(why)?);
            }
            "after" => {
                let why = || wrong("after", "is what `next` said".to_owned());
                self.after = Some(Cursor::read(value).ok_or_else(why)?);
            }
            "image" if value.eq_ignore_ascii_case("base64") => self.image = true,
            "image" => return Err(wrong("image", "is base64, or not there".to_owned())),
            "vehicle_type_code" | "vehicle_plate_number" if means_nothing(value) => {}
            "vehicle_type_code" => {
                let why = |_| wrong("vehicle_type_code", "is a type's GUID".to_owned());
                self.type_code = Some(value.trim().parse().map_err(why)?);
            }
            "vehicle_plate_number" => self.plate_number = Some(value.trim().to_owned()),
            _ => {}
        }
        Ok(())
    }
}

fn wrong(name: &'static str, why: String) -> Problem {
    Problem::fields(&[(name, why)])
}
