//! Why nothing of a request of 1C's was taken.

use super::reading::Wrong;
use super::reply::sentence;
use crate::database::DatabaseError;

/// Why nothing of a request was taken.
#[derive(Debug, thiserror::Error)]
pub enum OnecError {
    /// It is no JSON, or not of this form.
    #[error("{0}")]
    Unreadable(String),
    /// It has more items than are taken at once.
    #[error("a message has at most {max} items; nothing of it was taken")]
    TooMany {
        /// `onec.max_items`.
        max: usize,
    },
    /// Fields of the message, or of an object that comes alone, cannot be.
    #[error("{}", sentence(.0))]
    Fields(Vec<Wrong>),
    /// The account is that of another node.
    #[error("node: is not that of this account")]
    OtherNode,
    /// Another message had this number.
    #[error("another message with this message_no has been taken; go on after {received_no}")]
    Differs {
        /// The highest number taken from this node: a 1C that was restored goes on after it.
        received_no: i64,
    },
    /// Another company has this BIN or IIN.
    #[error("biin: another company has it, under another ref_key")]
    BiinTaken,
    /// An earlier message is still being taken.
    #[error("an earlier message is still being taken; send this one again")]
    Busy,
    /// The database is away: send it again.
    #[error("the database is away")]
    Away(#[source] DatabaseError),
    /// Ours to mend.
    #[error("something is broken")]
    Internal(#[source] DatabaseError),
}

impl From<DatabaseError> for OnecError {
    fn from(error: DatabaseError) -> Self {
        if error.is_transient() { Self::Away(error) } else { Self::Internal(error) }
    }
}
