//! Sizes as people type them.

/// Bytes in each unit; digits alone are bytes. The longer endings come first.
const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Reads `65536`, `512KiB`, `5MiB`.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let unit = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
    let (digits, bytes) = unit.unwrap_or((text, 1));
    let number: u64 = digits.trim_end().parse().map_err(|_| "write 65536, 512KiB or 5MiB")?;
    match number.checked_mul(bytes) {
        Some(0) => Err("must be greater than zero".to_owned()),
        Some(size) => Ok(size),
        None => Err("too large".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(parse("65536"), Ok(65_536));
        assert_eq!(parse("1B"), Ok(1));
        assert_eq!(parse("512KiB"), Ok(524_288));
        assert_eq!(parse("5 MiB"), Ok(5_242_880));
    }

    #[test]
    fn invalid_sizes_are_refused() {
        for text in ["", "KiB", "0", "-1", "5MB", "1.5MiB", "99999999999GiB"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
