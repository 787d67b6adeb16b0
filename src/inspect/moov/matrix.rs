//! The transformation from the encoded to the displayed picture (ISO 14496-12 §6.2.2).

use crate::inspect::boxes::Fields;

/// A cell smaller than the largest one by this factor counts as zero: some writers compute cells
/// with sine and cosine.
const RESIDUE: u64 = 8;

/// The cells a, b, c and d. The others only move the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Matrix([i64; 4]);

/// How a picture is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Orientation {
    /// Clockwise, in degrees; `None` if the picture is mirrored as well.
    pub(crate) rotation: Option<u32>,
    /// Whether the width becomes the height.
    pub(crate) swaps_sides: bool,
}

impl Matrix {
    /// No transformation.
    pub(crate) const NONE: Self = Self([1, 0, 0, 1]);

    /// Reads the nine cells. Cells that are all zero, as recorders leave them for audio, count as no
    /// transformation.
    pub(crate) fn read(fields: &mut Fields) -> Option<Self> {
        let mut cells = [0; 9];
        for cell in &mut cells {
            *cell = i64::from(fields.i32()?);
        }
        let [a, b, _, c, d, ..] = cells;
        let is_empty = [a, b, c, d] == [0; 4];
        Some(if is_empty { Self::NONE } else { Self([a, b, c, d]) })
    }

    /// The orientation after this matrix of the track and then that of the movie.
    pub(crate) fn orientation(self, movie: Self) -> Orientation {
        let (Self([a, b, c, d]), Self([left, right, lower_left, lower_right])) = (self, movie);
        let sum = |first: (i64, i64), second: (i64, i64)| {
            let (first, second) =
                (first.0.saturating_mul(first.1), second.0.saturating_mul(second.1));
            first.saturating_add(second)
        };
        let cells = [
            sum((a, left), (b, lower_left)),
            sum((a, right), (b, lower_right)),
            sum((c, left), (d, lower_left)),
            sum((c, right), (d, lower_right)),
        ];
        let largest = cells.iter().map(|cell| cell.unsigned_abs()).max().unwrap_or(0);
        let sign = |cell: i64| {
            let is_residue = cell.unsigned_abs() < largest / RESIDUE;
            if is_residue { 0 } else { cell.signum() }
        };
        let signs = cells.map(sign);
        let rotation = match signs {
            [1, 0, 0, 1] => Some(0),
            [0, 1, -1, 0] => Some(90),
            [-1, 0, 0, -1] => Some(180),
            [0, -1, 1, 0] => Some(270),
            _ => None,
        };
        let swaps_sides = matches!(signs, [0, 1 | -1, 1 | -1, 0]);
        Orientation { rotation, swaps_sides }
    }
}
