//! Prints a table of the damage that the inspection, ffprobe and ffmpeg detect.
//!
//! ```sh
//! cargo test --test forte -- --ignored --nocapture damage_table
//! ```

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use forte_media::inspect::{Config, NalChain};
use forte_media::model::Random;

use crate::harness::external::is_installed;
use crate::harness::ffmpeg::clip;
use crate::harness::makers::corpus_folder;
use crate::harness::map::MappedFile;
use crate::harness::mp4::{judge, sample};
use crate::harness::mutants::below;

/// The size of a block that is lost, repeated, swapped or overwritten.
const BLOCK: usize = 16 * 1024;

/// Real files from many devices.
const PHONES: [&str; 6] = [
    "androidx-media/bt601.mov",
    "androidx-media/sample_portrait.mp4",
    "androidx-media/hlg10-color-test.mp4",
    "nom-exif/3gp_640x360.3gp",
    "androidx-media/sample_with_increasing_timestamps_320w_240h_fragmented.mp4",
    "androidx-media/sample_12_5fps_720p_1s.mp4",
];

/// Files that ffmpeg makes if there is no corpus, large enough to lose a block.
const REPLACEMENTS: [(&str, &[&str]); 6] = [
    ("mov", &["-c:v", "mpeg4", "-q:v", "1"]),
    ("mp4", &["-c:v", "mpeg4", "-q:v", "1", "-movflags", "faststart"]),
    ("mp4", &["-c:v", "libx264", "-crf", "0"]),
    ("mp4", &["-c:v", "libx264", "-crf", "0", "-movflags", "frag_keyframe+empty_moov"]),
    ("mp4", &["-c:v", "libx264", "-crf", "0", "-movflags", "faststart", "-bf", "0"]),
    ("mp4", &["-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", "log-level=0:lossless=1"]),
];

/// Eight good files, each of more than a few blocks.
fn good_files() -> Vec<MappedFile> {
    let mut files = vec![sample("inspection.mp4")];
    files.extend(clip("mp4", &["-c:v", "libx264", "-crf", "0", "-g", "10"]));
    match corpus_folder() {
        Some(folder) => files.extend(PHONES.map(|name| fs::read(folder.join(name)).unwrap())),
        None => files.extend(replacements()),
    }
    assert!(files.iter().all(|file| is_good(file)), "not all of them are good, or long enough");
    files.into_iter().map(MappedFile::new).collect()
}

fn replacements() -> impl Iterator<Item = Vec<u8>> {
    REPLACEMENTS.iter().filter_map(|(kind, options)| clip(kind, options))
}

fn is_good(file: &[u8]) -> bool {
    file.len() > 4 * BLOCK && judge(file, Config::relaxed()).is_ok()
}

/// So that the table can be printed without the corpus.
#[test]
fn the_replacements_of_real_files_are_good() {
    let good: Vec<_> = replacements().map(|file| is_good(&file)).collect();
    assert!(good.iter().all(|good| *good), "{good:?}");
}

/// A kind of damage, and a function that applies it to a file in several ways.
type Row = (&'static str, fn(&MappedFile, &Random) -> Vec<Vec<u8>>);

const ROWS: [Row; 11] = [
    ("last byte missing", |good, _| vec![good.bytes[..good.bytes.len() - 1].to_vec()]),
    ("truncated to 10/50/90/99 %", |good, _| {
        [10, 50, 90, 99]
            .map(|percent| good.bytes[..good.bytes.len() * percent / 100].to_vec())
            .into()
    }),
    ("16 KB lost", |good, _| in_media(good, BLOCK, |file, at| drop(file.drain(at..at + BLOCK)))),
    ("16 KB repeated (resumed too early)", |good, _| {
        in_media(good, BLOCK, |file, at| {
            let again = file[at..at + BLOCK].to_vec();
            drop(file.splice(at..at, again));
        })
    }),
    ("one byte lost", |good, _| in_media(good, 1, |file, at| drop(file.drain(at..=at)))),
    ("two 16 KB blocks swapped", |good, _| {
        in_media(good, 2 * BLOCK, |file, at| file[at..at + 2 * BLOCK].rotate_left(BLOCK))
    }),
    ("32 KB zeroed / random", |good, random| {
        let zeroed = in_media(good, 2 * BLOCK, |file, at| file[at..at + 2 * BLOCK].fill(0));
        let noise = in_media(good, 2 * BLOCK, |file, at| {
            file[at..at + 2 * BLOCK].copy_from_slice(&random.bytes::<{ 2 * BLOCK }>());
        });
        [zeroed, noise].concat()
    }),
    ("4 KB zeroed", |good, _| in_media(good, 4096, |file, at| file[at..at + 4096].fill(0))),
    ("one media bit flipped", |good, random| {
        in_media(good, 1, |file, at| file[at] ^= 1 << below(8, random))
    }),
    ("one metadata bit flipped", |good, random| {
        let mut flipped = vec![good.bytes.clone(); 4];
        for file in &mut flipped {
            file[metadata_byte(good, random)] ^= 1 << below(8, random);
        }
        flipped
    }),
    ("junk appended", |good, random| {
        let junk =
            [b"junk".to_vec(), random.bytes::<4096>().to_vec(), good.bytes[..BLOCK].to_vec()];
        junk.map(|junk| [&good.bytes[..], &junk].concat()).into()
    }),
];

/// Applies a damage of up to `room` bytes at four positions of the largest media box.
fn in_media(
    good: &MappedFile,
    room: usize,
    mut damage: impl FnMut(&mut Vec<u8>, usize),
) -> Vec<Vec<u8>> {
    let media = good.places.iter().filter(|place| place.kind == *b"mdat");
    let media = media.max_by_key(|place| place.end - place.body).unwrap();
    let last = media.end.saturating_sub(room).max(media.body);
    let at = |part: usize| media.body + (last - media.body) * part / 10;
    let damaged = [1, 4, 6, 9].map(|part| {
        let mut file = good.bytes.clone();
        damage(&mut file, at(part));
        file
    });
    damaged.into()
}

/// A uniformly chosen position outside the media.
fn metadata_byte(good: &MappedFile, random: &Random) -> usize {
    let outer = good.places.iter().filter(|place| place.parents.is_empty());
    let ranges =
        outer.map(|place| place.at..if place.kind == *b"mdat" { place.body } else { place.end });
    let ranges: Vec<_> = ranges.collect();
    let all = ranges.iter().map(ExactSizeIterator::len).sum();
    let mut nth = below(all, random);
    for range in ranges {
        match nth.checked_sub(range.len()) {
            None => return range.start + nth,
            Some(left) => nth = left,
        }
    }
    unreachable!("the ranges contain that many bytes")
}

/// A detector, and whether it reports an error in a file.
type Column = (&'static str, fn(&Path, &[u8]) -> bool);

const COLUMNS: [Column; 4] = [
    ("structure", |_, file| judge(file, structure()).is_err()),
    ("+ NAL walk", |_, file| judge(file, Config::relaxed()).is_err()),
    ("ffprobe", |path, _| {
        complains("ffprobe", &["-v", "error", "-show_entries", "format=duration"], path, &[])
    }),
    ("ffmpeg copy", |path, _| {
        complains(
            "ffmpeg",
            &["-v", "error", "-i"],
            path,
            &["-map", "0", "-c", "copy", "-f", "null", "-"],
        )
    }),
];

/// The default checks without the NAL check.
fn structure() -> Config {
    Config { nal_chain: NalChain::Off, ..Config::relaxed() }
}

/// Whether a program fails or prints an error.
fn complains(program: &str, before: &[&str], path: &Path, after: &[&str]) -> bool {
    let mut command = Command::new(program);
    let command = command.args(before).arg(path).args(after).stdin(Stdio::null());
    let output = command.output().unwrap();
    !output.status.success() || !output.stderr.is_empty()
}

#[test]
#[ignore = "runs ffmpeg a thousand times"]
fn damage_table_is_printed() {
    if !is_installed("ffprobe", "the table of detected damage") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.mp4");
    let files = good_files();
    for (index, good) in files.iter().enumerate() {
        fs::write(&path, &good.bytes).unwrap();
        let complaints = COLUMNS.iter().filter(|(_, notices)| notices(&path, &good.bytes));
        let complaints: Vec<_> = complaints.map(|(name, _)| *name).collect();
        assert!(complaints.is_empty(), "good file {index} is refused by {complaints:?}");
    }
    let names = COLUMNS.map(|(name, _)| name).join(" | ");
    let mut table =
        format!("| damage | n | {names} |\n| --- | --: |{}\n", " --: |".repeat(COLUMNS.len()));
    for (damage, make) in ROWS {
        let random = Random::seeded(48);
        let bad: Vec<_> = files.iter().flat_map(|good| make(good, &random)).collect();
        let counts = COLUMNS.map(|(_, notices)| {
            let noticed = bad.iter().filter(|file| {
                fs::write(&path, file).unwrap();
                notices(&path, file)
            });
            noticed.count().to_string()
        });
        writeln!(table, "| {damage} | {} | {} |", bad.len(), counts.join(" | ")).unwrap();
    }
    eprintln!("{table}");
}
