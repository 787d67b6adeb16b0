//! Finds the videos in the files and folders given as arguments.

use std::fs;
use std::path::{Path, PathBuf};

/// File name extensions of videos, compared without regard to case.
const EXTENSIONS: [&str; 4] = ["mp4", "m4v", "mov", "3gp"];

/// Links to folders are not followed, so the search cannot loop.
const MAX_DEPTH: usize = 32;

/// Limit for each folder given as an argument, its subfolders included.
const MAX_FILES: usize = 100_000;

/// A file to inspect, or the reason why a path was skipped.
pub(super) type Found = Result<PathBuf, String>;

/// Returns the files in the order of the arguments; those of a folder are sorted by name.
pub(super) fn find_videos(arguments: &[PathBuf]) -> Vec<Found> {
    arguments.iter().flat_map(|path| expand(path)).collect()
}

fn expand(path: &Path) -> Vec<Found> {
    if !path.is_dir() {
        return vec![Ok(path.to_owned())]; // whatever its extension
    }
    let mut found = Vec::new();
    search(path, 0, &mut found);
    if found.is_empty() {
        found.push(Err(format!("no video found in {}", path.display())));
    }
    found
}

fn search(folder: &Path, depth: usize, found: &mut Vec<Found>) {
    let entries = match sorted_entries(folder) {
        Ok(entries) => entries,
        Err(error) => return found.push(Err(format!("cannot read {}: {error}", folder.display()))),
    };
    for (path, is_folder) in entries {
        if found.len() >= MAX_FILES {
            let folder = folder.display();
            let message = format!("more than {MAX_FILES} files; the rest of {folder} is skipped");
            return found.push(Err(message));
        }
        match (is_folder, depth < MAX_DEPTH) {
            (false, _) if is_video(&path) => found.push(Ok(path)),
            (false, _) => {}
            (true, true) => search(&path, depth.saturating_add(1), found),
            (true, false) => {
                found.push(Err(format!("{} is nested too deep; skipped", path.display())));
            }
        }
        if found.len() > MAX_FILES {
            return; // a subfolder has reported the limit
        }
    }
}

/// Returns the entries of a folder, each with whether it is a folder.
fn sorted_entries(folder: &Path) -> std::io::Result<Vec<(PathBuf, bool)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        entries.push((entry.path(), entry.file_type()?.is_dir()));
    }
    entries.sort();
    Ok(entries)
}

fn is_video(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|it| EXTENSIONS.iter().any(|known| it.eq_ignore_ascii_case(known)))
        && path.is_file()
}
