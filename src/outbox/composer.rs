//! What a message says is made when it is delivered: a row of the outbox holds neither a code, nor an
//! address, nor a device (S7, S65).

use std::error::Error;

use futures_util::future::BoxFuture;

use crate::database::ClaimedMessage;
use crate::model::{Email, PushNotification};

/// A message cannot be composed now; it is tried again.
pub type ComposeError = Box<dyn Error + Send + Sync>;

/// Says what a message has to say. `None`: there is nobody to tell any more.
pub trait Composer: Send + Sync {
    /// The letter of a message on the channel of mail.
    fn letter<'c>(
        &'c self,
        message: &'c ClaimedMessage,
    ) -> BoxFuture<'c, Result<Option<Email>, ComposeError>>;

    /// The note of a message to a phone.
    fn note<'c>(
        &'c self,
        message: &'c ClaimedMessage,
    ) -> BoxFuture<'c, Result<Option<PushNotification>, ComposeError>>;
}

/// For an outbox that only tells the report service.
pub struct NoComposer;

impl Composer for NoComposer {
    fn letter<'c>(
        &'c self,
        _: &'c ClaimedMessage,
    ) -> BoxFuture<'c, Result<Option<Email>, ComposeError>> {
        Box::pin(async { Ok(None) })
    }

    fn note<'c>(
        &'c self,
        _: &'c ClaimedMessage,
    ) -> BoxFuture<'c, Result<Option<PushNotification>, ComposeError>> {
        Box::pin(async { Ok(None) })
    }
}
