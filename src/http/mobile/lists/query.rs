//! The query of a list request. All parameters are optional additions to the API document.

use axum::extract::Query as Pairs;
use axum::http::Uri;
use utoipa::IntoParams;

use crate::http::problem::Problem;
use crate::leasing::lists::{Cursor, ListOptions, Selection, means_no_filter};
use crate::model::TypeCode;

#[derive(Debug, Default)]
pub(super) struct Query {
    limit: Option<u16>,
    after: Option<Cursor>,
    /// Whether the picture itself is requested.
    pub(super) with_image: bool,
    type_code: Option<TypeCode>,
    plate_number: Option<String>,
}

/// Describes the paging of every list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query, which `Query` parses")]
pub(super) struct PageParams {
    /// The largest number of rows; all rows if it is missing
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// The cursor `next` of the previous page
    after: Option<String>,
}

/// Describes the parameters of a vehicle's reports.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query, which `Query` parses")]
pub(super) struct ImageParams {
    /// `base64` adds the picture itself to the response
    #[param(example = "base64")]
    image: Option<String>,
}

impl Query {
    pub(super) fn parse(uri: &Uri, max_limit: u16) -> Result<Self, Problem> {
        let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(uri);
        let Pairs(pairs) = pairs.map_err(|_| Problem::unreadable("the query cannot be read"))?;
        let mut query = Self::default();
        for (name, value) in pairs {
            query.set(&name, &value, max_limit)?;
        }
        Ok(query)
    }

    pub(super) fn options(&self) -> ListOptions {
        ListOptions { limit: self.limit, after: self.after, ..ListOptions::default() }
    }

    /// Whether the vehicle has the type and plate in the query (Q25).
    pub(super) fn matches(&self, selection: &Selection) -> bool {
        self.type_code.is_none_or(|code| selection.type_code == Some(code))
            && self.plate_number.as_ref().is_none_or(|plate| *plate == selection.plate_number)
    }

    fn set(&mut self, name: &str, value: &str, max_limit: u16) -> Result<(), Problem> {
        if value.trim().is_empty() {
            return Ok(());
        }
        match name {
            "limit" => {
                let limit = value.trim().parse().ok();
                let limit = limit.filter(|limit| (1..=max_limit).contains(limit));
                let rule =
                    || Problem::field("limit", format!("must be a number from 1 to {max_limit}"));
                self.limit = Some(limit.ok_or_else(rule)?);
            }
            "after" => {
                let rule = || Problem::field("after", "must be the `next` of a previous answer");
                self.after = Some(Cursor::decode(value).ok_or_else(rule)?);
            }
            "image" if value.eq_ignore_ascii_case("base64") => self.with_image = true,
            "image" => return Err(Problem::field("image", "must be base64 or missing")),
            "vehicle_type_code" | "vehicle_plate_number" if means_no_filter(value) => {}
            "vehicle_type_code" => {
                let rule =
                    |_| Problem::field("vehicle_type_code", "must be the GUID of a vehicle type");
                self.type_code = Some(value.trim().parse().map_err(rule)?);
            }
            "vehicle_plate_number" => self.plate_number = Some(value.trim().to_owned()),
            _ => {}
        }
        Ok(())
    }
}
