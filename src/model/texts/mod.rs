//! Every sentence that drivers and companies read, in Russian, Kazakh and English.
//!
//! The sentences are the rows of `texts.tsv`. A key that is not in the table does not compile:
//!
//! ```ignore
//! use crate::model::texts::{Language, plural, text};
//!
//! let language = Language::from_accept_language("kk-KZ, ru;q=0.8");
//! text!("refuse.codec").get(language); // &'static str
//! text!("refuse.too_large").format(language, &[("mb", &64)]);
//! plural!("mail.code.valid").format(language, minutes, &[("time", &"14:30")]); // fills {n} too
//! ```

mod language;
mod table;
mod units;

pub use language::Language;
pub(crate) use table::plural;
pub(crate) use table::text;
pub use table::{Plural, Text};
pub use units::{duration, megabytes};
