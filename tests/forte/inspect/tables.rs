//! Checks of the sample tables, one change at a time.

use forte_media::inspect::Config;
use forte_media::model::Check;

use crate::harness::boxes::{Node, leaf, table};
use crate::harness::mp4::{
    accepted, accepted_by, default_rules, edited, noted, refused, refused_by, sample,
};

const GOOD: &str = "good-moov-last.mp4";
const STBL: &str = "moov/trak/mdia/minf/stbl";
const AUDIO_STBL: &str = "moov/trak:1/mdia/minf/stbl";

/// A sample table of the video track.
fn video_table<'f>(file: &'f mut Node, kind: &str) -> &'f mut Node {
    file.at(STBL).at(kind)
}

#[test]
fn a_table_that_claims_more_entries_than_it_holds_is_refused() {
    for (kind, count_at) in
        [("stts", 4), ("ctts", 4), ("stsc", 4), ("stsz", 8), ("stco", 4), ("stss", 4)]
    {
        refused(GOOD, Check::TableSize, |file| video_table(file, kind).add(count_at, 1));
        refused(GOOD, Check::TableSize, |file| video_table(file, kind).set(count_at, u32::MAX));
    }
}

#[test]
fn a_table_may_be_longer_than_its_count() {
    for kind in ["stts", "ctts", "stsc", "stsz", "stco", "stss"] {
        accepted(GOOD, |file| video_table(file, kind).fields.extend([0; 64]));
    }
}

#[test]
fn samples_of_one_size_are_limited_by_the_file() {
    let same =
        |file: &mut Node, count| file.at(AUDIO_STBL).replace("stsz", table(*b"stsz", 1, &[count]));
    let length = u32::try_from(sample(GOOD).len()).unwrap();
    assert!(noted(GOOD, |file| same(file, length)).contains(&Check::TableSize));
    assert!(noted(GOOD, |file| same(file, 89)).contains(&Check::SampleCountMismatch));
    accepted(GOOD, |file| same(file, 88));
    let length = length - 16; // of the file without its table
    refused(GOOD, Check::TableSize, |file| {
        file.at(STBL).replace("stsz", table(*b"stsz", 1, &[length]));
    });
}

#[test]
fn compact_sizes_are_read_too() {
    for (bits, bytes) in [(4, 44), (8, 88), (16, 176)] {
        let compact = |file: &mut Node| {
            let head = [&[0; 7][..], &[bits], &88_u32.to_be_bytes()].concat();
            let stz2 = leaf(*b"stz2", &[head, vec![0; bytes]].concat());
            file.at(AUDIO_STBL).replace("stsz", stz2);
        };
        let mut notes = noted(GOOD, compact);
        notes.retain(|check| *check != Check::MdatUnreferenced);
        assert_eq!(notes, []);
        let short = noted(GOOD, |file| {
            compact(file);
            file.at(AUDIO_STBL).at("stz2").fields.pop();
        });
        assert!(short.contains(&Check::TableSize), "{short:?}");
    }
    refused(GOOD, Check::TableSize, |file| {
        file.at(STBL).replace("stsz", leaf(*b"stz2", &[0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0]));
    });
}

#[test]
fn chunk_runs_out_of_order_are_refused() {
    // The video track has two runs: chunk 1 with two samples, from chunk 2 on with one.
    for (offset, number) in [(8, 2), (12, 0), (16, 0), (16, 2), (20, 1), (20, 50), (24, 0)] {
        refused(GOOD, Check::StscInvalid, |file| video_table(file, "stsc").set(offset, number));
    }
    refused(GOOD, Check::StscInvalid, |file| {
        file.at(STBL).replace("stsc", table(*b"stsc", 0, &[]));
    });
}

/// The table of sizes says how many samples there are.
#[test]
fn tables_that_count_other_samples_than_the_sizes_are_noted() {
    let count = Check::SampleCountMismatch;
    for by in [-1, 1, 10] {
        assert_eq!(noted(GOOD, |file| video_table(file, "stts").add(8, by)), [count]);
        assert_eq!(noted(GOOD, |file| video_table(file, "ctts").add(8, by))[0], count);
    }
    assert!(noted(GOOD, |file| video_table(file, "stsz").add(8, -1)).contains(&count));
    accepted(GOOD, |file| drop(file.at(STBL).remove("ctts")));
    for kind in ["stts", "ctts"] {
        let audio = noted(GOOD, |file| {
            let table = table(*kind.as_bytes().first_chunk().unwrap(), 1, &[99, 1024]);
            let stbl = file.at(AUDIO_STBL);
            stbl.children.retain(|child| child.kind != table.kind);
            stbl.children.push(table);
        });
        assert!(audio.contains(&count), "{kind}: {audio:?}");
    }
}

#[test]
fn a_last_chunk_that_is_not_full_is_noted() {
    let notes = noted(GOOD, |file| {
        let chunks = video_table(file, "stco").get(4);
        let runs = [1, 2, 1, 2, 1, 1, chunks, 5, 1];
        file.at(STBL).replace("stsc", table(*b"stsc", 3, &runs));
    });
    assert_eq!(notes, [Check::SampleCountMismatch]);
}

/// Then some samples lie nowhere, or not where they are expected.
#[test]
fn chunks_for_other_samples_are_refused() {
    refused(GOOD, Check::SampleCountMismatch, |file| video_table(file, "stco").add(4, -1));
    refused(GOOD, Check::SampleOverlap, |file| video_table(file, "stsc").add(12, 1));
}

#[test]
fn tables_of_a_sound_track_that_contradict_themselves_are_noted() {
    for kind in ["stts", "stsc", "stsz", "stco"] {
        let notes = noted(GOOD, |file| drop(file.at(AUDIO_STBL).remove(kind)));
        assert!(notes.contains(&Check::BoxMissing), "{kind}: {notes:?}");
    }
    let fewer = noted(GOOD, |file| file.at(AUDIO_STBL).at("stco").add(4, -1));
    assert!(fewer.contains(&Check::StscInvalid), "{fewer:?}");
    let outside = noted(GOOD, |file| file.at(AUDIO_STBL).at("stco").set(8, 0x7FFF_FFFF));
    assert!(outside.contains(&Check::SampleOutsideFile), "{outside:?}");
    let outside = noted(GOOD, |file| {
        file.children.push(leaf(*b"free", &[0; 9999]));
        let at = u32::try_from(file.position("free:1")).unwrap() + 8;
        file.at(AUDIO_STBL).at("stco").set(8, at);
    });
    assert!(outside.contains(&Check::SampleOutsideMdat), "{outside:?}");
}

/// Also where the samples of the picture cannot be checked.
#[test]
fn sound_outside_the_media_is_noted_whatever_the_codec_of_the_picture() {
    let file = edited(GOOD, |file| {
        file.at("moov/trak/mdia/minf/stbl/stsd/avc1").kind = *b"s263";
        file.children.push(leaf(*b"free", &[0; 9999]));
        let at = u32::try_from(file.position("free:1")).unwrap() + 8;
        file.at(AUDIO_STBL).at("stco").set(8, at);
    });
    let notes = accepted_by(&file, &Config { codecs: Vec::new(), ..default_rules() }).notes;
    assert!(notes.iter().any(|note| note.check == Check::SampleOutsideMdat), "{notes:?}");
}

/// Without a size of `mdat` nothing else shows that the end is missing.
#[test]
fn sound_past_the_end_of_an_open_mdat_is_refused() {
    let mut file = edited("good-moov-first.mp4", |file| {
        file.at(AUDIO_STBL).at("stco").set(8, 0x7FFF_FFFF);
    });
    let mdat = file.windows(4).position(|kind| kind == b"mdat").unwrap();
    file[mdat - 4..mdat].fill(0);
    refused_by(&file, &default_rules(), Check::SampleOutsideFile);
}

#[test]
fn a_contradictory_empty_audio_track_is_noted() {
    let broken = |file: &mut Node, track: &str| {
        file.at(track).empty_track();
        let stbl = file.at(track).at("mdia/minf/stbl");
        stbl.replace("stsc", table(*b"stsc", 1, &[1, 1, 1]));
    };
    assert!(noted(GOOD, |file| broken(file, "moov/trak:1")).contains(&Check::StscInvalid));
    refused(GOOD, Check::StscInvalid, |file| broken(file, "moov/trak"));
}

#[test]
fn a_sample_past_the_end_is_refused_as_soon_as_moov_is_parsed() {
    let cut = sample("bad-truncated.mp4");
    let refusal = refused_by(&cut, &default_rules(), Check::SampleOutsideFile);
    assert!(refusal.judged_after < 3000, "{}", refusal.judged_after);
}

#[test]
fn wide_chunk_offsets_are_checked() {
    let wide = |file: &mut Node, first: u64| {
        let stco = video_table(file, "stco");
        let offsets = stco.fields[8..].as_chunks::<4>().0.iter().map(|at| u32::from_be_bytes(*at));
        let mut offsets: Vec<u64> = offsets.map(u64::from).collect();
        offsets[0] = offsets[0].wrapping_add(first);
        let body: Vec<u8> = offsets.iter().flat_map(|at| at.to_be_bytes()).collect();
        let count = stco.fields[..8].to_vec();
        file.at(STBL).replace("stco", leaf(*b"co64", &[count, body].concat()));
    };
    accepted(GOOD, |file| wide(file, 0));
    for beyond in [1 << 31, 1 << 32, u64::MAX - 100] {
        refused(GOOD, Check::SampleOutsideFile, |file| wide(file, beyond));
    }
}

#[test]
fn samples_outside_the_media_are_refused() {
    refused(GOOD, Check::SampleOutsideMdat, |file| file.shift_chunks(-1));
    // Only the last chunk, which is sound, goes past the end; the NAL units have moved.
    refused(GOOD, Check::NalChain, |file| file.shift_chunks(1));
    // With `moov` first the refusal comes at the header of `mdat`, otherwise when `moov` is parsed.
    let first = |file: &mut Node| file.shift_chunks(-1);
    let refusal = refused("good-moov-first.mp4", Check::SampleOutsideMdat, first);
    assert_eq!(refusal.judged_after, refusal.finding.at.unwrap() + 1);
    let late = |file: &mut Node| {
        file.shift_chunks(-1);
        file.children.push(leaf(*b"free", &[0; 9999]));
    };
    let refusal = refused(GOOD, Check::SampleOutsideMdat, late);
    assert_eq!(refusal.judged_after, sample(GOOD).len() as u64);
}

#[test]
fn overlapping_samples_are_refused() {
    refused(GOOD, Check::SampleOverlap, |file| {
        let first = video_table(file, "stco").get(8);
        video_table(file, "stco").set(12, first);
    });
    refused(GOOD, Check::SampleOverlap, |file| video_table(file, "stco").add(12, -1));
}

#[test]
fn chunks_may_come_in_any_order() {
    let file = edited(GOOD, |file| {
        // Swaps the last two chunks of the video track, of one sample each.
        let stco = video_table(file, "stco");
        let end = stco.fields.len();
        let (last, before) = (stco.get(end - 4), stco.get(end - 8));
        stco.set(end - 4, before);
        stco.set(end - 8, last);
        let stsz = video_table(file, "stsz");
        let end = stsz.fields.len();
        let (last, before) = (stsz.get(end - 4), stsz.get(end - 8));
        stsz.set(end - 4, before);
        stsz.set(end - 8, last);
    });
    accepted_by(&file, &default_rules());
}

#[test]
fn key_frames_that_do_not_ascend_or_exist_are_noted() {
    let odd = [Check::SyncTableInvalid];
    for number in [0, 51, u32::MAX] {
        assert_eq!(noted(GOOD, |file| video_table(file, "stss").set(8, number)), odd);
    }
    let sync = |file: &mut Node, numbers: &[u32]| {
        let stss = table(*b"stss", u32::try_from(numbers.len()).unwrap(), numbers);
        file.at(STBL).replace("stss", stss);
    };
    assert_eq!(noted(GOOD, |file| sync(file, &[1, 1])), odd);
    assert_eq!(noted(GOOD, |file| sync(file, &[2, 1])), odd);
    assert_eq!(noted(GOOD, |file| sync(file, &[1, 50])), []);
}

/// The declared sample count of an empty audio track does not matter.
#[test]
fn an_empty_audio_track_that_claims_samples_is_only_noted() {
    for count in [7, u32::MAX] {
        let checks = noted(GOOD, |file| {
            file.at("moov/trak:1").empty_track();
            file.at(AUDIO_STBL).replace("stsz", table(*b"stsz", 1, &[count]));
        });
        assert!(checks.contains(&Check::SampleCountMismatch), "{count}: {checks:?}");
    }
}
