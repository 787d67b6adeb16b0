//! Check 28: tables of samples, compared with their box before anything counts on them.

use std::borrow::Cow;

use crate::model::{Check, Finding};

use crate::inspect::boxes::fields::{Fields, in_memory, length};
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::boxes::steps::step;

/// Check 28: The `count` entries of `N` bytes that `fields` of a box begin with. The count is
/// compared with the bytes that are there, so nothing is ever allocated or looped for a count
/// alone: 20 bytes can claim four billion entries. (alfg/mp4-rust's endless `trun`)
pub(crate) fn entries<'a, const N: usize>(
    found: Boxed,
    fields: Fields<'a>,
    count: u32,
) -> Result<&'a [[u8; N]], Finding> {
    let wanted = in_memory(u64::from(count)).checked_mul(N);
    let bytes = wanted.and_then(|wanted| fields.rest().get(..wanted));
    let bytes = bytes.ok_or_else(|| too_many(found, u64::from(count)))?;
    Ok(bytes.as_chunks().0)
}

/// Check 28: The table of a full box that is a count and its entries.
pub(crate) fn list<const N: usize>(found: Boxed<'_>) -> Result<&[[u8; N]], Finding> {
    let mut fields = found.full()?.fields;
    let count = fields.u32().ok_or_else(|| found.short())?;
    entries(found, fields, count)
}

/// Check 28: The finding that a table claims more entries than can be.
pub(crate) fn too_many(found: Boxed, count: u64) -> Finding {
    let message = format!(
        "The table '{}' at byte {} claims {count} entries, more than can be there. The file is \
         damaged.",
        found.kind, found.at
    );
    Finding::at(Check::TableSize, found.at, message)
}

/// An entry of two numbers.
pub(crate) fn pair(entry: [u8; 8]) -> (u32, u32) {
    let mut fields = Fields::new(&entry);
    (fields.u32().unwrap_or_default(), fields.u32().unwrap_or_default())
}

/// An entry of three numbers.
pub(crate) fn triple(entry: [u8; 12]) -> (u32, u32, u32) {
    let mut fields = Fields::new(&entry);
    let mut next = || fields.u32().unwrap_or_default();
    (next(), next(), next())
}

/// Entries of a table; borrowed until they must outlive it.
pub(crate) type Entries<'a, const N: usize> = Cow<'a, [[u8; N]]>;

/// A copy that outlives the table.
pub(crate) fn kept<const N: usize>(entries: &[[u8; N]]) -> Entries<'static, N> {
    Cow::Owned(entries.to_vec())
}

/// The sizes of all samples (`stsz`, `stz2`).
pub(crate) enum Sizes<'a> {
    /// All the same.
    Same { size: u32, count: u32 },
    /// 32 bits each.
    Words(Entries<'a, 4>),
    /// 16 bits each.
    Halves(Entries<'a, 2>),
    /// 8 bits each.
    Bytes(Cow<'a, [u8]>),
    /// 4 bits each, the upper half of a byte first.
    Nibbles { pairs: Cow<'a, [u8]>, count: u32 },
}

impl<'a> Sizes<'a> {
    /// Check 28: Reads `stsz`. Samples of one size need no table, so their count is limited by the
    /// file.
    pub(crate) fn read(stsz: Boxed<'a>, file: Option<u64>) -> Result<Self, Finding> {
        let mut fields = stsz.full()?.fields;
        let (Some(size), Some(count)) = (fields.u32(), fields.u32()) else {
            return Err(stsz.short());
        };
        if size == 0 {
            return entries(stsz, fields, count).map(|sizes| Self::Words(sizes.into()));
        }
        if file.is_some_and(|length| u64::from(count) > length) {
            return Err(too_many(stsz, u64::from(count)));
        }
        Ok(Self::Same { size, count })
    }

    /// Check 28: Reads `stz2`, the compact form.
    pub(crate) fn read_compact(stz2: Boxed<'a>) -> Result<Self, Finding> {
        let mut fields = stz2.full()?.fields;
        let (Some([_, _, _, bits]), Some(count)) = (fields.array(), fields.u32()) else {
            return Err(stz2.short());
        };
        match bits {
            16 => entries(stz2, fields, count).map(|sizes| Self::Halves(sizes.into())),
            8 => entries::<1>(stz2, fields, count)
                .map(|bytes| Self::Bytes(bytes.as_flattened().into())),
            4 => {
                let pairs = entries::<1>(stz2, fields, count.div_ceil(2))?.as_flattened();
                Ok(Self::Nibbles { pairs: pairs.into(), count })
            }
            _ => Err(too_many(stz2, u64::from(count))),
        }
    }

    /// How many samples there are.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Same { count, .. } | Self::Nibbles { count, .. } => u64::from(*count),
            Self::Words(sizes) => length(sizes.as_flattened()) / 4,
            Self::Halves(sizes) => length(sizes.as_flattened()) / 2,
            Self::Bytes(sizes) => length(sizes),
        }
    }

    /// A copy that outlives the table.
    pub(crate) fn kept(&self) -> Sizes<'static> {
        match self {
            Self::Same { size, count } => Sizes::Same { size: *size, count: *count },
            Self::Words(sizes) => Sizes::Words(kept(sizes)),
            Self::Halves(sizes) => Sizes::Halves(kept(sizes)),
            Self::Bytes(sizes) => Sizes::Bytes(sizes.to_vec().into()),
            Self::Nibbles { pairs, count } => {
                Sizes::Nibbles { pairs: pairs.to_vec().into(), count: *count }
            }
        }
    }

    /// How many bytes a copy takes.
    pub(crate) fn heap(&self) -> u64 {
        match self {
            Self::Same { .. } => 0,
            Self::Words(sizes) => length(sizes.as_flattened()),
            Self::Halves(sizes) => length(sizes.as_flattened()),
            Self::Bytes(sizes) | Self::Nibbles { pairs: sizes, .. } => length(sizes),
        }
    }

    /// The bytes of `count` samples from number `first` on, in as many steps as the table has
    /// entries for them.
    pub(crate) fn sum(&self, first: u64, count: u64) -> u64 {
        let (first, count) = (in_memory(first), in_memory(count));
        let add = |sum: u64, size: u64| {
            step();
            sum.saturating_add(size)
        };
        match self {
            Self::Same { size, .. } => {
                u64::from(*size).saturating_mul(u64::try_from(count).unwrap_or(u64::MAX))
            }
            Self::Words(sizes) => {
                let sizes = sizes.iter().skip(first).take(count);
                sizes.map(|size| u64::from(u32::from_be_bytes(*size))).fold(0, add)
            }
            Self::Halves(sizes) => {
                let sizes = sizes.iter().skip(first).take(count);
                sizes.map(|size| u64::from(u16::from_be_bytes(*size))).fold(0, add)
            }
            Self::Bytes(sizes) => {
                sizes.iter().skip(first).take(count).map(|size| u64::from(*size)).fold(0, add)
            }
            Self::Nibbles { pairs, .. } => {
                let skipped = first / 2;
                let nibbles = pairs.iter().skip(skipped).flat_map(|pair| [pair >> 4, pair & 15]);
                nibbles.skip(first % 2).take(count).map(u64::from).fold(0, add)
            }
        }
    }
}

/// Where the chunks begin (`stco`, `co64`).
pub(crate) enum Offsets<'a> {
    /// 32 bits each.
    Short(Entries<'a, 4>),
    /// 64 bits each.
    Long(Entries<'a, 8>),
}

impl Offsets<'_> {
    /// How many chunks there are.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Short(offsets) => offsets.len(),
            Self::Long(offsets) => offsets.len(),
        }
    }

    /// A copy that outlives the table.
    pub(crate) fn kept(&self) -> Offsets<'static> {
        match self {
            Self::Short(offsets) => Offsets::Short(kept(offsets)),
            Self::Long(offsets) => Offsets::Long(kept(offsets)),
        }
    }

    /// How many bytes a copy takes.
    pub(crate) fn heap(&self) -> u64 {
        match self {
            Self::Short(offsets) => length(offsets.as_flattened()),
            Self::Long(offsets) => length(offsets.as_flattened()),
        }
    }

    /// The position of a chunk, counted from 0.
    pub(crate) fn get(&self, index: usize) -> Option<u64> {
        step();
        match self {
            Self::Short(offsets) => offsets.get(index).map(|at| u64::from(u32::from_be_bytes(*at))),
            Self::Long(offsets) => offsets.get(index).map(|at| u64::from_be_bytes(*at)),
        }
    }
}
