//! Why a request from 1C fails as a whole.

use super::field_reader::{FieldError, join};
use crate::database::DatabaseError;

#[derive(Debug, thiserror::Error)]
pub enum OnecError {
    /// Not JSON, or not an object.
    #[error("{0}")]
    Unreadable(String),
    #[error("a message has at most {max} items; nothing was stored")]
    TooManyItems { max: usize },
    /// Invalid fields of a message or of a single object, or an invalid parameter.
    #[error("{}", join(.0))]
    Fields(Vec<FieldError>),
    #[error("node: is not the login of this account")]
    OtherNode,
    /// `received_no` is the highest number received: a 1C that was restored from a backup continues
    /// after it.
    #[error("another message with this message_no has been received; continue after {received_no}")]
    Differs { received_no: i64 },
    #[error("biin: another company has this BIN or IIN, under another ref_key")]
    BiinTaken,
    #[error("an earlier message is still being processed; send this one again")]
    Busy,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl OnecError {
    pub(super) fn field(name: &'static str, why: impl Into<String>) -> Self {
        Self::Fields(vec![(name, why.into())])
    }
}
