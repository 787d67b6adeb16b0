//! Values of queries. An empty one (`?after=`) means none: many clients send all their parameters.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer as _};

/// A number; none if it is empty.
pub(super) fn number<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = given(from)?;
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

/// One of the words of an enum; none if it is empty.
pub(super) fn word<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: for<'t> Deserialize<'t>,
{
    let text = given(from)?;
    text.map(|text| T::deserialize(text.into_deserializer())).transpose()
}

fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}
