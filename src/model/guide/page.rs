//! The page `docs/refusals.md`.

use super::{Effect, Guide};
use crate::model::Check;

/// What stands above the list.
const HEAD: &str = "# Refusals and notes\n\n\
    What the inspection of a video can find, by code. A refused upload answers 422 `video_refused`\n\
    with `details`: the `code`, the byte position `at`, the box `path`, the `message` for the driver,\n\
    `judged_after` (how many bytes had been read when it was certain) and the `notes`. Notes of a\n\
    video that was taken stand beside its facts. Where `inspect.enforce` is `false`, nothing is\n\
    refused and everything is noted.\n\n\
    This page is generated from the list of checks; the numbers are those of the list.\n";

/// The parts of the page: the first check of each, and its title.
const PARTS: [(u8, &str); 4] = [
    (1, "The first bytes"),
    (8, "While the file streams in"),
    (18, "Inside the table of contents and the fragments"),
    (42, "When everything is there"),
];

/// The page `docs/refusals.md`, in Markdown.
#[must_use]
pub fn refusals_page() -> String {
    let mut parts = vec![HEAD.to_owned()];
    let mut part = 0;
    for check in Check::ALL {
        let guide = check.guide();
        let begun = PARTS.iter().take_while(|(first, _)| *first <= guide.check).last();
        if let Some((first, title)) = begun.filter(|(first, _)| *first != part) {
            part = *first;
            parts.push(format!("\n## {title}\n"));
        }
        parts.push(entry(*check, guide));
    }
    parts.concat()
}

fn entry(check: Check, guide: &Guide) -> String {
    let effect = match guide.effect {
        Effect::Refuses => "refuses".to_owned(),
        Effect::Notes => "a note".to_owned(),
        Effect::Either(when) => format!("refuses; {when}"),
        Effect::Never(why) => format!("neither refuses nor notes: {why}"),
    };
    let Guide { check: number, means, driver, developer, .. } = guide;
    format!(
        "\n### `{check}`\n\nCheck {number}: {effect}.\n\n{means}\n\n\
         - **Driver:** {driver}\n- **Developer:** {developer}\n"
    )
}
