//! The sender of a video that came through a film link.

use serde::Serialize;
use utoipa::ToSchema;

/// The sender of a video that came through a film link. Nobody has signed in: the driver has entered the name
/// and the telephone number, and nothing verifies them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FilmSender {
    /// The issuer of the link: `person:` and a number, or `node:` and the login of 1C's account.
    #[schema(example = "node:office-1c")]
    pub issuer: String,
    /// May be empty.
    #[schema(example = "Айбек")]
    pub name: String,
    /// May be empty.
    #[schema(example = "+7 701 000 00 01")]
    pub mobile: String,
}
