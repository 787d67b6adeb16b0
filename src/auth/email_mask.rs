//! The masked mail address in the response to a code request.

use super::keys::{mac, prefix};
use crate::model::Biin;

/// The label of the key of decoys.
pub(super) const LABEL: &str = "made-up mailboxes";

/// Mail providers that are common in Kazakhstan.
const PROVIDERS: [&str; 8] =
    ["mail.ru", "gmail.com", "inbox.ru", "bk.ru", "list.ru", "yandex.kz", "yandex.ru", "mail.kz"];
/// Syllables of plausible company domains.
const PREFIXES: [&str; 8] = ["kaz", "alma", "asia", "nur", "altyn", "sary", "tau", "zhetysu"];
const SUFFIXES: [&str; 8] =
    ["trans", "build", "trade", "group", "invest", "stroy", "agro", "service"];

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

/// A masked address for a BIN that has none. It is the same at every request and looks like any other,
/// so the response does not reveal which BINs exist.
pub(super) fn decoy(key: &[u8; 32], biin: &Biin) -> String {
    let [one, two, kind, start, end] = prefix(&mac(key, biin.as_str()));
    let letter = |byte: u8| char::from(b'a' + byte % 26);
    let choose = |words: [&'static str; 8], byte: u8| words[usize::from(byte % 8)];
    let domain = if kind % 4 == 0 {
        format!("{}{}.kz", choose(PREFIXES, start), choose(SUFFIXES, end))
    } else {
        choose(PROVIDERS, start).to_owned()
    };
    format!("{}****{}@{domain}", letter(one), letter(two))
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
    fn a_decoy_depends_only_on_the_number_and_the_key() {
        let biin = |text: &str| text.parse::<Biin>().unwrap();
        let one = decoy(&[1; 32], &biin("111111111111"));
        assert_eq!(one, decoy(&[1; 32], &biin("111111111111")));
        assert_ne!(one, decoy(&[2; 32], &biin("111111111111")));
        assert_ne!(one, decoy(&[1; 32], &biin("111111111112")));
        assert!(one.contains("****") && one.contains('@'), "{one}");
    }
}
