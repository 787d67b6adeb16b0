//! The masked mail address in the response to a code request.

use super::keys::{mac, prefix};
use crate::model::{Biin, CompanyId};

/// The label of the key of decoys.
pub(super) const LABEL: &str = "made-up mailboxes";

/// The domain of decoys while no company has a mailbox.
const DOMAIN: &str = "mail.ru";

/// First and last letter, always four stars between them, and the domain. A local part of one or two
/// characters is masked whole.
pub(super) fn masked(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let mut letters = local.chars();
    match (letters.next(), letters.next_back(), local.chars().count()) {
        (Some(first), Some(last), 3..) => format!("{first}****{last}@{domain}"),
        _ => format!("****@{domain}"),
    }
}

/// Which companies a decoy is made of.
pub(super) struct DecoyChoice {
    /// Its mailbox gives the part before the `@`.
    pub(super) local: CompanyId,
    /// Its mailbox gives the domain.
    pub(super) domain: CompanyId,
}

/// Chooses two companies for a BIN that has no mailbox. The choice is the same at every request, and hardly
/// ever changes when companies are added, so the response does not reveal which BINs exist.
pub(super) fn decoy_choice(key: &[u8; 32], biin: &Biin, last: CompanyId) -> DecoyChoice {
    let numbers: [u8; 16] = prefix(&mac(key, biin.as_str()));
    let [local, domain] = [0, 8].map(|at| {
        let number =
            numbers.iter().skip(at).take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        CompanyId(1 + jump_hash(number, last.0.max(1)))
    });
    DecoyChoice { local, domain }
}

/// The mask of an address that does not exist. Its parts are those of real addresses, so that its shape and
/// its domain are as frequent as those of real masks.
pub(super) fn decoy(local: Option<&str>, domain: Option<&str>) -> String {
    let local = local.map(masked).unwrap_or_default();
    let local = local.rsplit_once('@').map_or("a****a", |(local, _)| local);
    let domain =
        domain.and_then(|address| address.rsplit_once('@')).map_or(DOMAIN, |(_, domain)| domain);
    format!("{local}@{domain}")
}

/// A number below `buckets`, which changes for only one in `buckets` keys when a bucket is added (Lamping and
/// Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm").
fn jump_hash(mut key: u64, buckets: i64) -> i64 {
    let (mut bucket, mut next) = (0, 0);
    while next < buckets {
        bucket = next;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        // 2³¹ over the upper bits of the key, as an integer: (bucket + 1) · 2³¹ / (key >> 33 + 1).
        let step =
            (u128::from(bucket.unsigned_abs()) + 1) * (1 << 31) / (u128::from(key >> 33) + 1);
        next = i64::try_from(step).unwrap_or(i64::MAX);
    }
    bucket
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_two_letters_and_the_domain() {
        assert_eq!(masked("email@mail.ru"), "e****l@mail.ru");
        assert_eq!(masked("abc@mail.ru"), "a****c@mail.ru");
        assert_eq!(masked("ёжик@почта.рф"), "ё****к@почта.рф");
        for short in ["ab@mail.ru", "a@mail.ru", "@mail.ru"] {
            assert_eq!(masked(short), "****@mail.ru");
        }
    }

    #[test]
    fn a_decoy_has_the_parts_of_real_addresses() {
        assert_eq!(decoy(Some("info@one.kz"), Some("x@two.kz")), "i****o@two.kz");
        assert_eq!(decoy(Some("hr@one.kz"), Some("x@two.kz")), "****@two.kz");
        assert_eq!(decoy(None, None), "a****a@mail.ru");
    }

    #[test]
    fn the_choice_is_even_and_stays_when_companies_are_added() {
        let biins: Vec<Biin> = (0..2_000).map(|n| format!("{n:012}").parse().unwrap()).collect();
        let chosen = |last| -> Vec<i64> {
            biins
                .iter()
                .map(|biin| decoy_choice(&[1; 32], biin, CompanyId(last)).domain.0)
                .collect()
        };
        let (ten, eleven) = (chosen(10), chosen(11));
        for company in 1..=10 {
            let share = ten.iter().filter(|one| **one == company).count();
            assert!((120..280).contains(&share), "{company}: {share}");
        }
        let changed = ten.iter().zip(&eleven).filter(|(one, two)| one != two).count();
        assert!(changed < 280, "{changed}");
        assert!(ten.iter().zip(&eleven).all(|(one, two)| one == two || *two == 11));
        assert_ne!(
            ten,
            biins
                .iter()
                .map(|biin| decoy_choice(&[2; 32], biin, CompanyId(10)).domain.0)
                .collect::<Vec<_>>()
        );
    }
}
