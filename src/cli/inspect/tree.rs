//! The box tree of a file, with the findings marked at their boxes.

use std::fs::File;
use std::io::{self, Write};

use super::read::read_range;
use crate::inspect::outline::{Line, Outline};
use crate::model::Check;

/// Reads the boxes as far as the file can be parsed.
pub(super) fn read(file: &File, length: u64) -> io::Result<Vec<Line>> {
    let (mut outline, mut bytes) = (Outline::new(length), Vec::new());
    while let Some(range) = outline.needed_range() {
        read_range(file, &range, &mut bytes)?;
        outline.supply(&bytes);
    }
    Ok(outline.lines())
}

/// Writes the boxes. A finding is shown at the innermost box that contains its position.
pub(super) fn write(
    lines: &[Line],
    findings: impl Iterator<Item = (u64, Check)>,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "  {:>10} {:>10}  box", "at", "size")?;
    // Computed once for all lines: there may be ten thousand of them.
    let findings: Vec<_> = findings.map(|(at, check)| (innermost(lines, at), at, check)).collect();
    for (index, line) in lines.iter().enumerate() {
        write!(out, "  {:>10} {:>10}  {}", line.at, line.size, describe(line))?;
        for (_, at, check) in findings.iter().filter(|(line, ..)| *line == Some(index)) {
            write!(out, "  <-- {check} at byte {at}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn describe(line: &Line) -> String {
    let placeholder = if line.damaged { "!!" } else { ".." };
    let kind = line.kind.as_deref().unwrap_or(placeholder);
    let summary = line.summary.as_ref().map(|summary| format!("  {summary}"));
    format!("{}{kind}{}", "  ".repeat(line.depth), summary.unwrap_or_default())
}

fn innermost(lines: &[Line], at: u64) -> Option<usize> {
    let contains = |line: &Line| (line.at..line.at.saturating_add(line.size.max(1))).contains(&at);
    let containing = lines.iter().enumerate().filter(|(_, line)| contains(line));
    containing.max_by_key(|(_, line)| line.depth).map(|(index, _)| index)
}
