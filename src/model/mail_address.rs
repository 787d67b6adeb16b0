//! Mail addresses: whether a mail can have one, and how it is written in a dialogue with a server.

use url::Host;

/// RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.3.
const MAX_LOCAL: usize = 64;
const MAX_ADDRESS: usize = 254;
const MAX_LABEL: usize = 63;

/// The address as a mail server takes it, with the domain in ASCII (`xn--`). `None` if no mail can have
/// it: dots at the wrong place, a domain that cannot exist, more than one address.
pub fn mail_address(text: &str) -> Option<String> {
    let (local, domain) = text.trim().rsplit_once('@')?;
    let Ok(Host::Domain(domain)) = Host::parse(domain) else { return None };
    let address = format!("{local}@{domain}");
    (is_local_part(local) && is_domain(&domain) && address.len() <= MAX_ADDRESS).then_some(address)
}

/// A dot-atom (RFC 5322, section 3.2.3), of letters in any script (RFC 6531).
fn is_local_part(text: &str) -> bool {
    let is_allowed = |char: char| char.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(char);
    let is_atom = |atom: &str| !atom.is_empty() && atom.chars().all(is_allowed);
    text.len() <= MAX_LOCAL && text.split('.').all(is_atom)
}

/// A domain in ASCII: at least two labels of letters, digits and inner hyphens, the last one no number.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(is_allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.contains('.')
        && text.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_international_domain_is_written_in_ascii() {
        assert_eq!(mail_address("info@пример.қаз").unwrap(), "info@xn--e1afmkfd.xn--80ao21a");
        assert_eq!(mail_address(" Email@Mail.RU ").unwrap(), "Email@mail.ru");
        for plain in ["a.b+c@x-y.example.kz", "o'neil@mail.kz", "директор@mail.kz"] {
            assert_eq!(mail_address(plain).as_deref(), Some(plain));
        }
    }

    #[test]
    fn an_address_that_no_letter_can_have_is_refused() {
        for text in [
            "",
            "a",
            "@b.kz",
            "a@",
            "a..b@c.kz",
            ".a@b.kz",
            "a.@b.kz",
            "a@-b.kz",
            "a@b-.kz",
            "a@b..kz",
            "a@.kz",
            "a@localhost",
            "a@b.1",
            "a@192.0.2.1",
            "a@[192.0.2.1]",
            "a b@c.kz",
            "a@b@c.kz",
            "a@b.kz, c@d.kz",
            "<a@b.kz>",
            "a\"b@c.kz",
            &format!("{}@b.kz", "a".repeat(65)),
            &format!("a@{}.kz", "b".repeat(64)),
        ] {
            assert_eq!(mail_address(text), None, "{text}");
        }
    }
}
