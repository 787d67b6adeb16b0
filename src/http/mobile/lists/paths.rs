//! The paths of lists in the OpenAPI document: filters may be left out from the end, so each list has a
//! path for every number of filters.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

/// Adds the shorter forms of `base/{name}/{name}…`, which the document has in its full length.
pub(super) fn add_shorter(document: &mut OpenApi, base: &str, names: &[&str]) {
    let Some(full) = document.paths.paths.get(&path(base, names)).cloned() else { return };
    for count in 0..names.len() {
        let (kept, omitted) = names.split_at(count);
        document.paths.paths.insert(path(base, kept), without(full.clone(), kept, omitted));
    }
}

fn path(base: &str, names: &[&str]) -> String {
    names.iter().fold(base.to_owned(), |path, name| format!("{path}/{{{name}}}"))
}

fn without(mut item: PathItem, kept: &[&str], omitted: &[&str]) -> PathItem {
    if let Some(Operation { operation_id, parameters, .. }) = &mut item.get {
        let suffix = kept.last().map_or_else(|| "all".to_owned(), |last| format!("by_{last}"));
        *operation_id = operation_id.take().map(|id| format!("{id}_{suffix}"));
        let is_kept = |parameter: &RefOr<utoipa::openapi::path::Parameter>| match parameter {
            RefOr::T(parameter) => !omitted.contains(&parameter.name.as_str()),
            RefOr::Ref(_) => true,
        };
        if let Some(parameters) = parameters {
            parameters.retain(is_kept);
        }
    }
    item
}
