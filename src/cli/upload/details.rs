//! What the driver says about the video, as every door asks for it.

use anyhow::Context;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::clip::Clip;
use crate::model::{Place, RefKey, TimeSent};

/// The named texts of an upload (E9), already looked at: the server will be able to read them.
#[derive(Debug, Clone)]
pub(crate) struct Details {
    pub(crate) ref_key: RefKey,
    time_sent: String,
    lat: String,
    long: String,
}

impl Details {
    /// Takes the texts as typed, if they can be read.
    pub(crate) fn check(
        ref_key: RefKey,
        time_sent: String,
        lat: &str,
        long: &str,
        zone: &TimeZone,
    ) -> anyhow::Result<Self> {
        TimeSent::parse(&time_sent, zone).context("--time-sent")?;
        Place::parse_lat(lat).context("--lat")?;
        Place::parse_long(long).context("--long")?;
        Ok(Self { ref_key, time_sent, lat: lat.to_owned(), long: long.to_owned() })
    }

    /// The names of the document, and the hash that the server is to compare.
    pub(crate) fn fields(&self, clip: &Clip) -> [(&'static str, String); 5] {
        [
            ("ref_key", self.ref_key.to_string()),
            ("time_sent", self.time_sent.clone()),
            ("lat", self.lat.clone()),
            ("long", self.long.clone()),
            ("sha256", clip.sha256.to_string()),
        ]
    }
}

/// A moment as the document writes it: `yyyy-mm-dd hh:mm:ss`, in the business zone (Q13).
pub(crate) fn as_documented(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
