//! How values are stored: TEXT and BIGINT columns without NULL. An absent value is an empty text, or
//! zero; an unknown length is -1. Times are UTC microseconds, flags 0 or 1, compound values JSON.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;
use sqlx::{Any, Decode, FromRow, Row as _, Type};
use uuid::Uuid;

use super::error::DatabaseError;
use crate::model::plausibility::Outcome;
use crate::model::{
    Biin, BrowserKind, ChallengeId, Channel, CompanyId, CompanyKind, Decision, DecisionId,
    DeviceId, Digest, EventId, Facts, FilmLinkId, GuessRule, Length, NodeId, ObjectKey, Offset,
    Person, PersonId, Place, Protocol, ReceiptId, RefKey, Refusal, Rejection, ReportStatus, Role,
    SessionId, SubmissionId, TimeSent, TypeCode, UploadId, UploadState, VehicleGuid, VideoCodec,
    VideoId,
};

/// A value of a column or of a parameter.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Number(i64),
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// A type that is stored in one column.
pub(super) trait Column: Sized {
    type Raw: Default + PartialEq + Into<Value> + Type<Any> + for<'r> Decode<'r, Any>;

    fn absent() -> Self::Raw {
        Self::Raw::default()
    }

    /// `None` if the column contains something else.
    fn read(raw: Self::Raw) -> Option<Self>;

    fn write(&self) -> Self::Raw;
}

/// A type that can be bound to a placeholder.
pub(super) trait ToValue {
    fn to_value(&self) -> Value;
}

impl<C: Column> ToValue for C {
    fn to_value(&self) -> Value {
        self.write().into()
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

/// The values of the placeholders `$1`, `$2`, …
macro_rules! params {
    ($($value:expr),+ $(,)?) => {
        {
            use $crate::database::column::ToValue as _;
            vec![$($value.to_value()),+]
        }
    };
}
pub(super) use params;

/// Implements [`Column`] by two functions.
macro_rules! impl_column {
    ($name:ty, $raw:ty, $read:expr, $write:expr) => {
        impl $crate::database::column::Column for $name {
            type Raw = $raw;

            fn read(raw: $raw) -> Option<Self> {
                let read: fn($raw) -> Option<Self> = $read;
                read(raw)
            }

            fn write(&self) -> $raw {
                let write: fn(&Self) -> $raw = $write;
                write(self)
            }
        }
    };
}
pub(super) use impl_column;

/// Implements [`Column`], and `Decode` for the rows that derive `FromRow`.
macro_rules! columns {
    ($raw:ty, $read:expr, $write:expr; $($name:ident),+ $(,)?) => {$(
        $crate::database::column::impl_column!($name, $raw, $read, $write);
        $crate::database::column::decode!([] $name, $raw);
    )+};
}
pub(super) use columns;

/// As [`columns!`], for enums of words.
macro_rules! word_columns {
    ($($name:ident),+ $(,)?) => {
        $crate::database::column::columns! {
            String, |text| Self::from_word(&text), |word| word.as_str().to_owned(); $($name),+
        }
    };
}
pub(super) use word_columns;

macro_rules! decode {
    ([$($generics:tt)*] $name:ty, $raw:ty) => {
        impl<$($generics)*> ::sqlx::Type<::sqlx::Any> for $name {
            fn type_info() -> ::sqlx::any::AnyTypeInfo {
                <$raw as ::sqlx::Type<::sqlx::Any>>::type_info()
            }

            fn compatible(found: &::sqlx::any::AnyTypeInfo) -> bool {
                <$raw as ::sqlx::Type<::sqlx::Any>>::compatible(found)
            }
        }

        impl<'r, $($generics)*> ::sqlx::Decode<'r, ::sqlx::Any> for $name {
            fn decode(
                value: ::sqlx::any::AnyValueRef<'r>,
            ) -> Result<Self, ::sqlx::error::BoxDynError> {
                let raw = <$raw as ::sqlx::Decode<'r, ::sqlx::Any>>::decode(value)?;
                $crate::database::column::Column::read(raw)
                    .ok_or_else(|| $crate::database::column::Malformed.into())
            }
        }
    };
}
pub(super) use decode;

/// The value is not repeated, because it may be personal (S65).
#[derive(Debug, thiserror::Error)]
#[error("the value does not have the column's format")]
pub(super) struct Malformed;

columns! {
    String, |text| text.parse().ok(), ToString::to_string;
    ChallengeId, DecisionId, Digest, EventId, FilmLinkId, NodeId, ObjectKey, ReceiptId, RefKey,
    SessionId, SubmissionId, TypeCode, UploadId, VehicleGuid, VideoId,
}
word_columns!(BrowserKind, Channel, Decision, GuessRule, Role, UploadState, VideoCodec);
columns! {
    String, |text| serde_json::from_str(&text).ok(), |value| serde_json::json!(value).to_string();
    Facts, Refusal, Rejection,
}
columns!(i64, |number| Some(Self(number)), |id| id.0; CompanyId, PersonId);
columns!(i64, |code| Self::try_from(code).ok(), |status| status.code(); ReportStatus);
columns!(i64, Self::of_severity, |outcome| outcome.severity(); Outcome);
columns!(i64, |bytes| Some(Self::new(u64::read(bytes)?)), |offset| offset.get().write(); Offset);
decode!([] Length, i64);

impl Column for Length {
    type Raw = i64;

    fn absent() -> i64 {
        -1
    }

    fn read(raw: i64) -> Option<Self> {
        u64::read(raw).map(Self::new)
    }

    fn write(&self) -> i64 {
        self.get().write()
    }
}

/// Implements [`ToValue`] for types that are written only.
macro_rules! written_only {
    ($($name:ident),+) => {$(
        impl $crate::database::column::ToValue for $name {
            fn to_value(&self) -> $crate::database::column::Value {
                self.as_str().to_value()
            }
        }
    )+};
}
pub(super) use written_only;
written_only!(Biin, CompanyKind, DeviceId, Protocol);

impl ToValue for Uuid {
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

impl ToValue for u16 {
    fn to_value(&self) -> Value {
        Value::Number((*self).into())
    }
}

impl ToValue for u32 {
    fn to_value(&self) -> Value {
        Value::Number((*self).into())
    }
}

/// A column type that is foreign to this crate: `#[sqlx(try_from = "Stored<Timestamp>")]`.
pub(super) struct Stored<C>(pub(super) C);

decode!([C: Column] Stored<C>, C::Raw);

impl<C: Column> Column for Stored<C> {
    type Raw = C::Raw;

    fn read(raw: C::Raw) -> Option<Self> {
        C::read(raw).map(Self)
    }

    fn write(&self) -> C::Raw {
        self.0.write()
    }
}

macro_rules! from_stored {
    ($([$($generics:tt)*] $name:ty),+ $(,)?) => {$(
        impl<$($generics)*> From<Stored<$name>> for $name {
            fn from(stored: Stored<$name>) -> Self {
                stored.0
            }
        }
    )+};
}
from_stored!([] u64, [] bool, [] Timestamp, [T] Vec<T>, [T] Option<T>);

impl_column!(String, String, Some, Self::clone);
impl_column!(i64, i64, Some, |number| *number);
impl_column!(u64, i64, |raw| raw.try_into().ok(), |count| (*count).try_into().unwrap_or(i64::MAX));
impl_column!(bool, i64, |raw| Some(raw != 0), |flag| (*flag).into());
impl_column!(Timestamp, i64, |raw| Self::from_microsecond(raw).ok(), |time| time.as_microsecond());

impl<T: Serialize + DeserializeOwned> Column for Vec<T> {
    type Raw = String;

    fn read(raw: String) -> Option<Self> {
        if raw.is_empty() { Some(Self::new()) } else { serde_json::from_str(&raw).ok() }
    }

    fn write(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

impl<C: Column> Column for Option<C> {
    type Raw = C::Raw;

    fn read(raw: C::Raw) -> Option<Self> {
        if raw == C::absent() { Some(None) } else { C::read(raw).map(Some) }
    }

    fn write(&self) -> C::Raw {
        self.as_ref().map_or_else(C::absent, C::write)
    }
}

/// The value of `lat_e8` and `long_e8` if the phone did not state a place. It is out of range, because 0 is a
/// valid coordinate.
const NO_PLACE: Place = Place { lat_e8: 1_000_000_000_000, long_e8: 1_000_000_000_000 };

/// The place of an upload or a submission; absent if the driver's page did not send one.
pub(super) struct StatedPlace(Option<Place>);

impl StatedPlace {
    pub(super) fn of(stored: Place) -> Option<Place> {
        (stored != NO_PLACE).then_some(stored)
    }

    /// The values to store in `lat_e8` and `long_e8`.
    pub(super) fn columns(place: Option<Place>) -> Place {
        place.unwrap_or(NO_PLACE)
    }
}

impl From<StatedPlace> for Option<Place> {
    fn from(stated: StatedPlace) -> Self {
        stated.0
    }
}

impl FromRow<'_, AnyRow> for StatedPlace {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        let stored = Place { lat_e8: row.try_get("lat_e8")?, long_e8: row.try_get("long_e8")? };
        Ok(Self(Self::of(stored)))
    }
}

impl FromRow<'_, AnyRow> for TimeSent {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        let Stored(at) = row.try_get("time_sent_at")?;
        Ok(Self { raw: row.try_get("time_sent_raw")?, at })
    }
}

/// `recorded_at` of an upload, which an app need not declare.
pub(super) struct DeclaredRecording(Option<TimeSent>);

impl From<DeclaredRecording> for Option<TimeSent> {
    fn from(declared: DeclaredRecording) -> Self {
        declared.0
    }
}

impl FromRow<'_, AnyRow> for DeclaredRecording {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        let Stored(at): Stored<Option<Timestamp>> = row.try_get("recorded_at")?;
        let raw = row.try_get("recorded_raw")?;
        Ok(Self(at.map(|at| TimeSent { raw, at })))
    }
}

impl FromRow<'_, AnyRow> for Person {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        let (id, company) = (row.try_get("person_id")?, row.try_get("company_id")?);
        Ok(Self { id, company, role: row.try_get("role")? })
    }
}

/// One column of a row.
pub(super) fn column<C: Column>(row: &AnyRow, name: &str) -> Result<C, DatabaseError> {
    let Stored(value) = row.try_get(name)?;
    Ok(value)
}

/// `count` placeholders, beginning with `$first`: `$2, $3, $4`.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    (first..first + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}
