//! `TABLE_SIZE`: The size of a table is compared with that of its box before the table is used.

use std::borrow::Cow;

use crate::inspect::boxes::{Checked, Fields, FullBox, Mp4Box, in_memory, length, step};
use crate::model::{Check, Finding};

/// `TABLE_SIZE`: The `count` entries of `N` bytes at the beginning of `fields`. The count is
/// compared with the bytes that are there, so it alone never causes an allocation or a loop: 20
/// bytes can claim four billion entries. (alfg/mp4-rust loops on such a `trun`)
pub(crate) fn entries<'a, const N: usize>(
    table: Mp4Box,
    fields: Fields<'a>,
    count: u32,
) -> Checked<&'a [[u8; N]]> {
    let size = in_memory(u64::from(count)).checked_mul(N);
    let bytes = size.and_then(|size| fields.rest().get(..size));
    let bytes = bytes.ok_or_else(|| too_many(table, u64::from(count)))?;
    Ok(bytes.as_chunks().0)
}

/// `TABLE_SIZE`: The entries of a full box that consists of a count and its entries.
pub(crate) fn list<const N: usize>(table: Mp4Box<'_>) -> Checked<&[[u8; N]]> {
    let mut fields = table.full()?.fields;
    let count = fields.u32().ok_or_else(|| table.too_short())?;
    entries(table, fields, count)
}

/// `TABLE_SIZE`: A table claims more entries than its box or the file can hold.
pub(crate) fn too_many(table: Mp4Box, count: u64) -> Finding {
    let what = format!("claims {count} table entries, more than there is room for");
    table.finding(Check::TableSize, what)
}

/// The 32-bit numbers of an entry.
pub(crate) fn numbers<const N: usize>(entry: &[u8]) -> [u32; N] {
    let mut fields = Fields::new(entry);
    [(); N].map(|()| fields.u32().unwrap_or_default())
}

/// The sizes of all samples (`stsz`, `stz2`), or where the chunks begin (`stco`, `co64`).
pub(crate) struct NumberTable<'a> {
    count: u32,
    numbers: Numbers<'a>,
}

enum Numbers<'a> {
    /// All the same.
    Constant(u32),
    /// Big-endian, with so many bits each: 4, 8, 16, 32 or 64.
    Table(u8, Cow<'a, [u8]>),
}

impl<'a> NumberTable<'a> {
    /// `TABLE_SIZE`: Reads `stsz`. Samples of one size need no table, so their count is limited by
    /// the length of the file.
    pub(crate) fn sizes(stsz: Mp4Box<'a>, file_length: Option<u64>) -> Checked<Self> {
        let FullBox { mut fields, .. } = stsz.full()?;
        let (Some(size), Some(count)) = (fields.u32(), fields.u32()) else {
            return Err(stsz.too_short());
        };
        if size == 0 {
            return Self::new::<4>(stsz, fields, count);
        }
        if file_length.is_some_and(|length| u64::from(count) > length) {
            return Err(too_many(stsz, u64::from(count)));
        }
        Ok(Self { count, numbers: Numbers::Constant(size) })
    }

    /// `TABLE_SIZE`: Reads `stz2`, the compact form. Of two sizes with 4 bits the first is in the
    /// upper half of a byte.
    pub(crate) fn compact_sizes(stz2: Mp4Box<'a>) -> Checked<Self> {
        let FullBox { mut fields, .. } = stz2.full()?;
        let (Some([_, _, _, bits]), Some(count)) = (fields.array(), fields.u32()) else {
            return Err(stz2.too_short());
        };
        match bits {
            16 => Self::new::<2>(stz2, fields, count),
            8 => Self::new::<1>(stz2, fields, count),
            4 => {
                let bytes = entries::<1>(stz2, fields, count.div_ceil(2))?.as_flattened();
                Ok(Self { count, numbers: Numbers::Table(4, bytes.into()) })
            }
            _ => Err(too_many(stz2, u64::from(count))),
        }
    }

    /// `TABLE_SIZE`: Reads `stco` with numbers of 4 bytes, `co64` with numbers of 8.
    pub(crate) fn offsets<const N: usize>(table: Mp4Box<'a>) -> Checked<Self> {
        let FullBox { mut fields, .. } = table.full()?;
        let count = fields.u32().ok_or_else(|| table.too_short())?;
        Self::new::<N>(table, fields, count)
    }

    fn new<const N: usize>(table: Mp4Box, fields: Fields<'a>, count: u32) -> Checked<Self> {
        let bytes = entries::<N>(table, fields, count)?.as_flattened();
        let bits = u8::try_from(N.saturating_mul(8)).unwrap_or(u8::MAX);
        Ok(Self { count, numbers: Numbers::Table(bits, bytes.into()) })
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// A copy that outlives `moov`.
    pub(crate) fn to_static(&self) -> NumberTable<'static> {
        let numbers = match &self.numbers {
            Numbers::Constant(number) => Numbers::Constant(*number),
            Numbers::Table(bits, bytes) => Numbers::Table(*bits, bytes.to_vec().into()),
        };
        NumberTable { count: self.count, numbers }
    }

    /// How many bytes of heap such a copy takes.
    pub(crate) fn heap_bytes(&self) -> u64 {
        match &self.numbers {
            Numbers::Constant(_) => 0,
            Numbers::Table(_, bytes) => length(bytes),
        }
    }

    /// The number at an index.
    pub(crate) fn get(&self, index: usize) -> Option<u64> {
        let exists = u32::try_from(index).is_ok_and(|index| index < self.count);
        exists.then(|| self.sum(index, 1))
    }

    /// The sum of `count` numbers from index `first` on. Takes a step for each of them that the
    /// table has.
    pub(crate) fn sum(&self, first: usize, count: usize) -> u64 {
        let (bits, bytes) = match &self.numbers {
            Numbers::Table(bits, bytes) => (bits, bytes),
            Numbers::Constant(number) => {
                let left = in_memory(self.count.into()).saturating_sub(first);
                let count = u64::try_from(count.min(left)).unwrap_or(u64::MAX);
                return u64::from(*number).saturating_mul(count);
            }
        };
        match bits {
            64 => total(bytes, first, count, u64::from_be_bytes),
            32 => total(bytes, first, count, |number| u32::from_be_bytes(number).into()),
            16 => total(bytes, first, count, |number| u16::from_be_bytes(number).into()),
            8 => total(bytes, first, count, |[number]| number.into()),
            _ => {
                let bytes = bytes.iter().skip(first / 2);
                let halves = bytes.flat_map(|byte| [byte >> 4, byte & 15]);
                halves.skip(first % 2).take(count).map(u64::from).fold(0, add)
            }
        }
    }
}

/// The sum of `count` numbers of `N` bytes from index `first` on.
fn total<const N: usize>(
    bytes: &[u8],
    first: usize,
    count: usize,
    number: impl Fn([u8; N]) -> u64,
) -> u64 {
    let numbers = bytes.as_chunks().0.iter().skip(first).take(count);
    numbers.map(|bytes| number(*bytes)).fold(0, add)
}

fn add(sum: u64, number: u64) -> u64 {
    step();
    sum.saturating_add(number)
}
