//! Good files from many sources: the samples, clips made by ffmpeg, and the corpus of real files if it
//! exists.

use std::fs;
use std::path::PathBuf;

use super::ffmpeg::clip;
use super::mp4::sample;

/// A good file and the program or device that made it.
pub(crate) struct GoodFile {
    pub(crate) maker: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// The samples of the repository.
const SAMPLES: [(&str, &str); 4] = [
    ("sample, moov last", "good-moov-last.mp4"),
    ("sample, moov first", "good-moov-first.mp4"),
    ("sample, fragmented", "good-fragmented.mp4"),
    ("sample, QuickTime", "quicktime.mov"),
];

/// Clips to make with ffmpeg: name, file extension, options.
const CLIPS: [(&str, &str, &[&str]); 8] = [
    (
        "ffmpeg, HEVC, faststart",
        "mp4",
        &[
            "-c:v",
            "libx265",
            "-tag:v",
            "hvc1",
            "-x265-params",
            "log-level=0",
            "-movflags",
            "faststart",
        ],
    ),
    ("ffmpeg, VP9", "mp4", &["-c:v", "libvpx-vp9", "-cpu-used", "8"]),
    ("ffmpeg, MPEG-4 part 2", "mp4", &["-c:v", "mpeg4"]),
    (
        "ffmpeg, no B-frames, location",
        "mp4",
        &["-c:v", "libx264", "-bf", "0", "-metadata", "location=+43.2400+076.9000/"],
    ),
    (
        "ffmpeg, a fragment per frame",
        "mp4",
        &["-c:v", "libx264", "-movflags", "frag_every_frame+empty_moov+default_base_moof"],
    ),
    ("ffmpeg, DASH", "mp4", &["-c:v", "libx264", "-g", "10", "-movflags", "dash+frag_keyframe"]),
    ("ffmpeg, 3GP", "3gp", &["-c:v", "mpeg4"]),
    (
        "ffmpeg, QuickTime with tags",
        "mov",
        &[
            "-c:v",
            "libx264",
            "-movflags",
            "use_metadata_tags",
            "-metadata",
            "com.apple.quicktime.model=iPhone 15",
        ],
    ),
];

/// Small files of the corpus from other programs and devices.
const PHONES: [(&str, &str); 15] = [
    ("iOS camera, QuickTime", "androidx-media/bt601.mov"),
    ("iOS screen, QuickTime", "nom-exif/auth.mov"),
    ("iOS AVAssetWriter", "nom-exif/udta.auth.mp4"),
    ("Android MediaMuxer", "androidx-media/bt601.mp4"),
    ("Android camera, portrait", "androidx-media/sample_portrait.mp4"),
    ("Android, 2016", "androidx-media/sample.mp4"),
    ("Samsung, slow motion", "androidx-media/sample_sef_super_slow_motion.mp4"),
    ("Google Pixel, HLG", "androidx-media/hlg10-color-test.mp4"),
    ("Media3, partly fragmented", "androidx-media/sample_partially_fragmented.mp4"),
    ("Media3, several sidx", "androidx-media/sample_fragmented_seekable_multiple_sidx.mp4"),
    ("GPAC, HEVC with B-frames", "androidx-media/h265_bframes.mp4"),
    ("GPAC, edit list", "mp4ff/ed_hevc.mp4"),
    ("Bento4, decrypted fragments", "mp4ff/cbcsdec.mp4"),
    ("libaom, AV1", "mp4parse/tiny_av1.mp4"),
    ("libavif, h263", "mp4parse/bbb_sunflower_QCIF_30fps_h263_noaudio_1f.3gp"),
];

/// The folder of real files next to the package, if it exists.
pub(crate) fn corpus_folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    folder.is_dir().then_some(folder)
}

/// All available files: at least the samples; 12 or more if ffmpeg is installed.
pub(crate) fn good_files() -> Vec<GoodFile> {
    let samples = SAMPLES.map(|(maker, name)| GoodFile { maker, bytes: sample(name) });
    let clips = CLIPS
        .iter()
        .filter_map(|(maker, kind, options)| Some(GoodFile { maker, bytes: clip(kind, options)? }));
    samples.into_iter().chain(clips).chain(phone_files()).collect()
}

/// The files of the corpus, if it exists.
pub(crate) fn phone_files() -> Vec<GoodFile> {
    let Some(folder) = corpus_folder() else { return Vec::new() };
    PHONES
        .map(|(maker, name)| GoodFile { maker, bytes: fs::read(folder.join(name)).unwrap() })
        .into()
}
