//! The boxes of a file, and in which of them the trouble is.

use std::fs::File;
use std::io::{self, Write};

use super::judge::read_range;
use super::report::Report;
use crate::inspect::outline::{Line, Outline};
use crate::model::Check;

/// Reads the boxes, as far as they can be read.
pub(super) fn read(file: &File, length: u64) -> io::Result<Vec<Line>> {
    let (mut outline, mut bytes) = (Outline::new(length), Vec::new());
    while let Some(wanted) = outline.needed_range() {
        read_range(file, &wanted, &mut bytes)?;
        outline.supply(&bytes);
    }
    Ok(outline.lines())
}

/// Writes the boxes of a report, if it has them.
pub(super) fn write(report: &Report, data: &mut impl Write) -> io::Result<()> {
    let Some(lines) = &report.boxes else { return Ok(()) };
    writeln!(data, "  {:>10} {:>10}  box", "at", "size")?;
    // Placed once: there may be ten thousand lines.
    let placed = report.marks().map(|(at, check)| (innermost(lines, at), (at, check)));
    let placed: Vec<_> = placed.collect();
    for (index, line) in lines.iter().enumerate() {
        let here = placed.iter().filter(|(line, _)| *line == Some(index));
        let marks = here.map(|(_, mark)| *mark);
        writeln!(data, "  {:>10} {:>10}  {}", line.at, line.size, told(line, marks))?;
    }
    Ok(())
}

/// What a line says, and the marks of what was found there.
fn told(line: &Line, marks: impl Iterator<Item = (u64, Check)>) -> String {
    let nothing = if line.damaged { "!!" } else { ".." };
    let kind = line.kind.as_deref().unwrap_or(nothing);
    let summary = line.summary.iter().map(|summary| format!("  {summary}"));
    let marks = marks.map(|(at, check)| format!("  <-- {check} at byte {at}"));
    let rest: String = summary.chain(marks).collect();
    format!("{}{kind}{rest}", "  ".repeat(line.depth))
}

/// The line of the innermost box that holds a position.
fn innermost(lines: &[Line], at: u64) -> Option<usize> {
    let holds = |line: &Line| (line.at..line.at.saturating_add(line.size.max(1))).contains(&at);
    let holding = lines.iter().enumerate().filter(|(_, line)| holds(line));
    holding.max_by_key(|(_, line)| line.depth).map(|(index, _)| index)
}
