//! Listing what a folder holds, in the order and pages of S3.

use std::fs;
use std::io;
use std::path::Path;

use super::keys::AREAS;
use super::listing::{Object, PAGE};
use crate::model::Length;

/// The next objects after a path. Folders that lie before it are not opened.
pub(super) fn list(root: &Path, after: &str) -> io::Result<Vec<Object>> {
    let page = usize::from(PAGE);
    let mut found = Vec::new();
    for area in AREAS {
        for upload in names(&root.join(area))? {
            let folder = format!("{area}/{upload}");
            if folder.as_str() >= after || after.starts_with(&folder) {
                found.extend(objects(root, &folder)?.into_iter().filter(|o| *o.path > *after));
            }
            if found.len() >= page {
                found.truncate(page);
                return Ok(found);
            }
        }
    }
    Ok(found)
}

fn objects(root: &Path, folder: &str) -> io::Result<Vec<Object>> {
    let mut found = Vec::new();
    for name in names(&root.join(folder))? {
        let path = format!("{folder}/{name}");
        match fs::metadata(root.join(&path)) {
            // Removed since.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            about => found.push(Object::new(&path, Length::new(about?.len()))),
        }
    }
    Ok(found)
}

/// Sorted; a folder that was removed meanwhile is empty.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name()));
    let names = names.collect::<io::Result<Vec<_>>>()?;
    let mut names: Vec<String> =
        names.into_iter().filter_map(|name| name.into_string().ok()).collect();
    names.sort_unstable();
    Ok(names)
}
