//! Videos that wait for a reviewer: copies of the sample with varying recording times and places, as if
//! different drivers had sent them.

use anyhow::Context as _;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::scenario::VIDEO;
use super::server::Server;
use crate::cli::upload::tus::Tus;
use crate::model::{Length, RefKey};

/// Seconds between the epochs of MP4 (1904) and Unix (1970).
const MP4_EPOCH: i64 = 2_082_844_800;
/// The place of the drivers: latitude and longitude.
const PLACE: (f64, f64) = (43.238_949, 76.889_709);

/// Reports that need a video.
pub(super) struct VideosForReview {
    pub(super) server: Server,
    /// Access token of the driver.
    pub(super) driver: String,
    pub(super) reports: Vec<RefKey>,
    pub(super) now: Timestamp,
    pub(super) zone: TimeZone,
}

impl VideosForReview {
    pub(super) async fn send(self) -> anyhow::Result<usize> {
        let http = self.server.client()?;
        let tus = Tus::new(http, self.server.url.clone(), self.driver.as_str().into());
        for (number, ref_key) in self.reports.iter().enumerate() {
            self.send_one(&tus, number, *ref_key).await.with_context(|| ref_key.to_string())?;
        }
        Ok(self.reports.len())
    }

    async fn send_one(&self, tus: &Tus, number: usize, ref_key: RefKey) -> anyhow::Result<()> {
        let Variant { recorded, place: (lat, long), video } = Variant::new(number, self.now);
        // Sent soon after the recording, except for every fourth: the check of times warns about it.
        let sent =
            if number % 4 == 2 { self.now } else { recorded + SignedDuration::from_secs(40) };
        let metadata = [
            ("ref_key", ref_key.to_string()),
            ("time_sent", sent.to_zoned_datetime(self.zone.clone()).strftime("%F %T").to_string()),
            ("lat", format!("{lat:.6}")),
            ("long", format!("{long:.6}")),
            ("filename", format!("inspection-{}.mp4", number + 1)),
            ("filetype", "video/mp4".to_owned()),
        ];
        let upload = tus.create(Length::new(video.len() as u64), &metadata).await?;
        let start = tus.head(&upload, Length::new(video.len() as u64)).await?;
        tus.patch(&upload, start, video.len() as u64, video.into()).await?;
        Ok(())
    }
}

/// The sample, changed into a different recording.
struct Variant {
    recorded: Timestamp,
    /// The place from which it is sent.
    place: (f64, f64),
    video: Vec<u8>,
}

impl Variant {
    /// Of each four variants, the second was recorded 740 m away and the third three hours before it is sent; the
    /// others pass every check.
    fn new(number: usize, now: Timestamp) -> Self {
        let step = f64::from(u8::try_from(number % 200).unwrap_or_default());
        let place = (PLACE.0 + step.sin() * 0.000_9, PLACE.1 + step.cos() * 0.001_2);
        let away = if number % 4 == 1 { 0.006_65 } else { 0.000_2 };
        let age = match number % 4 {
            2 => SignedDuration::from_mins(190),
            _ => SignedDuration::from_mins(3),
        };
        let recorded = now - age - SignedDuration::from_secs(i64::try_from(number).unwrap_or(0));
        let mut video = VIDEO.to_vec();
        set_encoder_name(&mut video, recorded);
        set_recording_time(&mut video, recorded);
        set_location(&mut video, (place.0 + away, place.1));
        Self { recorded, place, video }
    }
}

/// Writes the time into the encoder's name inside the video data. Without a difference there, the check of reuse
/// recognises the same recording.
fn set_encoder_name(video: &mut [u8], at: Timestamp) {
    let digits = format!("{:010}", at.as_second());
    for start in positions(video, *b"core") {
        let field = video.get_mut(start..start + digits.len());
        if let Some(field) = field.filter(|field| field.len() == digits.len()) {
            field.copy_from_slice(digits.as_bytes());
        }
    }
}

/// Writes the time into every header that has one.
fn set_recording_time(video: &mut [u8], at: Timestamp) {
    let seconds = u32::try_from(at.as_second() + MP4_EPOCH).unwrap_or(u32::MAX).to_be_bytes();
    for name in [b"mvhd", b"tkhd", b"mdhd"] {
        for start in positions(video, *name) {
            // Version and flags, then the times of creation and of the last change.
            for field in [start + 8, start + 12] {
                replace(video, field, seconds);
            }
        }
    }
}

/// Writes a position into the `loci` box as fixed-point numbers: longitude, then latitude.
fn set_location(video: &mut [u8], (lat, long): (f64, f64)) {
    #[expect(clippy::cast_possible_truncation, reason = "degrees are below 2^15")]
    let fixed = |degrees: f64| ((degrees * 65_536.0).round() as i32).to_be_bytes();
    for start in positions(video, *b"loci") {
        // Version, flags, language, an empty name and the role of the place.
        replace(video, start + 12, fixed(long));
        replace(video, start + 16, fixed(lat));
    }
}

fn replace(video: &mut [u8], start: usize, bytes: [u8; 4]) {
    if let Some(field) = video.get_mut(start..start + 4) {
        field.copy_from_slice(&bytes);
    }
}

/// The positions of a box name in the sample. Its media data does not contain any of the names by chance.
fn positions(video: &[u8], name: [u8; 4]) -> Vec<usize> {
    let names = video.windows(4).enumerate().filter(|(_, bytes)| *bytes == name);
    names.map(|(start, _)| start).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_video_is_another_file_of_the_same_length() {
        let now = "2026-11-29T12:00:00Z".parse().unwrap();
        let [one, other] = [0, 1].map(|number| Variant::new(number, now).video);
        assert_eq!([one.len(), other.len()], [VIDEO.len(); 2]);
        assert!(one != other && one != VIDEO);
        let names = [b"core", b"mvhd", b"tkhd", b"mdhd", b"loci"];
        assert_eq!(names.map(|name| positions(VIDEO, *name).len()), [1, 1, 2, 2, 1]);
    }
}
