//! Where a code went, as far as a stranger may know (Q6).

use super::codes::{first, keyed};
use crate::model::Biin;

/// What the key of made-up addresses is derived for.
pub(super) const LABEL: &str = "made-up mailboxes";

/// Where many people have their mail.
const COMMON: [&str; 8] =
    ["mail.ru", "gmail.com", "inbox.ru", "bk.ru", "list.ru", "yandex.kz", "yandex.ru", "mail.kz"];
/// What names of companies are put together from.
const BEGINNINGS: [&str; 8] = ["kaz", "alma", "asia", "nur", "altyn", "sary", "tau", "zhetysu"];
const ENDINGS: [&str; 8] =
    ["trans", "build", "trade", "group", "invest", "stroy", "agro", "service"];

/// First and last letter, always four stars between them, the domain in clear. What is too short to
/// hide anything is stars only.
pub(super) fn masked(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let mut letters = local.chars();
    let ends = (letters.next(), letters.next_back(), local.chars().count());
    match ends {
        (Some(first), Some(last), 3..) => format!("{first}****{last}@{domain}"),
        _ => format!("****@{domain}"),
    }
}

/// The mask of a mailbox that is not there: the same at each question, and like any other (S1).
pub(super) fn made_up(key: &[u8; 32], biin: &Biin) -> String {
    let [one, two, kind, begin, end] = first(&keyed(key, biin.as_str()));
    let letter = |byte: u8| char::from(b'a' + byte % 26);
    let pick = |words: [&'static str; 8], byte: u8| words.get(usize::from(byte % 8)).copied();
    let domain = if kind % 4 == 0 {
        let [begin, end] =
            [pick(BEGINNINGS, begin), pick(ENDINGS, end)].map(Option::unwrap_or_default);
        format!("{begin}{end}.kz")
    } else {
        pick(COMMON, begin).unwrap_or_default().to_owned()
    };
    format!("{}****{}@{domain}", letter(one), letter(two))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_and_the_domain_are_seen() {
        assert_eq!(masked("email@mail.ru"), "e****l@mail.ru");
        assert_eq!(masked("abc@mail.ru"), "a****c@mail.ru");
        assert_eq!(masked("ёжик@почта.рф"), "ё****к@почта.рф");
        for short in ["ab@mail.ru", "a@mail.ru", "@mail.ru"] {
            assert_eq!(masked(short), "****@mail.ru");
        }
    }

    #[test]
    fn what_is_made_up_stays_the_same_and_depends_on_number_and_key() {
        let biin = |text: &str| text.parse::<Biin>().unwrap();
        let one = made_up(&[1; 32], &biin("111111111111"));
        assert_eq!(one, made_up(&[1; 32], &biin("111111111111")));
        assert_ne!(one, made_up(&[2; 32], &biin("111111111111")));
        assert_ne!(one, made_up(&[1; 32], &biin("111111111112")));
        assert!(one.contains("****") && one.contains('@'), "{one}");
    }
}
