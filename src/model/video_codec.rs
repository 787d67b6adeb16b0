//! The families of video codecs that reviewers filter by.

use super::words::word_enum;

word_enum! {
    /// The codec of a video. Browsers differ in which they play.
    VideoCodec {
        H264 = "h264",
        H265 = "h265",
        Av1 = "av1",
        Vp9 = "vp9",
        Mpeg4 = "mpeg4",
        Other = "other",
    }
}

impl VideoCodec {
    /// By the type of the sample entry, such as `avc1`.
    pub fn of(sample_entry: &str) -> Self {
        match sample_entry {
            "avc1" | "avc3" => Self::H264,
            "hvc1" | "hev1" => Self::H265,
            "av01" => Self::Av1,
            "vp09" => Self::Vp9,
            "mp4v" => Self::Mpeg4,
            _ => Self::Other,
        }
    }
}
