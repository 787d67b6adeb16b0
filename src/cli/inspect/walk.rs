//! Folders given as arguments are searched for videos.

use std::fs;
use std::path::{Path, PathBuf};

/// How videos are called, without regard to case.
const ENDINGS: [&str; 4] = ["mp4", "m4v", "mov", "3gp"];

/// Folders in folders that are entered; a link to a folder never is, so there is no circle.
const MAX_DEPTH: usize = 32;

/// Files that are taken from one folder and those in it.
const MAX_FILES: usize = 100_000;

/// A file to be judged, or why there is none.
pub(super) type Found = Result<PathBuf, String>;

/// All the files, in the order of the arguments; those of a folder sorted by name.
pub(super) fn all(arguments: &[PathBuf]) -> Vec<Found> {
    arguments.iter().flat_map(|path| expanded(path)).collect()
}

fn expanded(path: &Path) -> Vec<Found> {
    if !path.is_dir() {
        return vec![Ok(path.to_owned())]; // whatever it is called
    }
    let mut found = Vec::new();
    search(path, 0, &mut found);
    if found.is_empty() {
        found.push(Err(format!("there is no video in {}", path.display())));
    }
    found
}

fn search(folder: &Path, depth: usize, found: &mut Vec<Found>) {
    let entries = match sorted(folder) {
        Ok(entries) => entries,
        Err(error) => return found.push(Err(format!("cannot read {}: {error}", folder.display()))),
    };
    for (path, is_folder) in entries {
        if found.len() >= MAX_FILES {
            let most =
                format!("only the first {MAX_FILES} files below {} are judged", folder.display());
            return found.push(Err(most));
        }
        match (is_folder, depth < MAX_DEPTH) {
            (false, _) if is_video(&path) => found.push(Ok(path)),
            (false, _) => {}
            (true, true) => search(&path, depth.saturating_add(1), found),
            (true, false) => found.push(Err(format!("{} lies too deep", path.display()))),
        }
        if found.len() > MAX_FILES {
            return; // said already
        }
    }
}

/// What is in a folder, and whether it is a folder itself.
fn sorted(folder: &Path) -> std::io::Result<Vec<(PathBuf, bool)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        entries.push((entry.path(), entry.file_type()?.is_dir()));
    }
    entries.sort();
    Ok(entries)
}

fn is_video(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
        && path.is_file()
}
