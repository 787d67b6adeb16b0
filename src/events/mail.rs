//! Mails: plain text, and HTML with the same sentences. The HTML loads nothing.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::texts::{Language, plural, text};
use crate::model::{Email, Role, escape_html, shown_device, shown_name, shown_value};

/// The values in the mail with a one-time code, among them who requests it, on which device (Q5). Those
/// of the requester are as typed.
#[derive(Clone, Copy)]
pub struct CodeMail<'m> {
    pub to: &'m str,
    pub company: &'m str,
    pub code: &'m str,
    pub expires_at: Timestamp,
    pub role: Role,
    pub first_name: &'m str,
    pub mobile: &'m str,
    pub device: &'m str,
    /// The link that confirms the device, if it needs that.
    pub link: Option<&'m str>,
}

/// The paragraphs of a mail.
#[derive(Default)]
struct Paragraphs {
    before: Vec<String>,
    /// Shown large.
    code: Option<String>,
    after: Vec<String>,
}

/// `zone` is the time zone in which the mail states the expiry.
pub fn code_mail(
    mail: &CodeMail<'_>,
    now: Timestamp,
    zone: &TimeZone,
    language: Language,
) -> Email {
    // A delayed mail must not promise more time than is left.
    let left = mail.expires_at.duration_since(now).as_secs().saturating_add(59) / 60;
    let minutes = u64::try_from(left).unwrap_or_default();
    let time = mail.expires_at.to_zoned_datetime(zone.clone()).strftime("%H:%M");
    let role = match mail.role {
        Role::Employee => text!("mail.code.driver"),
        Role::Admin | Role::Reviewer => text!("mail.code.director"),
    };
    let mut after = vec![
        plural!("mail.code.valid").format(language, minutes, &[("time", &time)]),
        role.get(language).to_owned(),
    ];
    let details = [
        (text!("mail.code.name"), shown_name(mail.first_name)),
        (text!("mail.code.mobile"), shown_value(mail.mobile)),
        (text!("mail.code.device"), shown_device(mail.device)),
    ];
    let details = details.into_iter().filter(|(_, detail)| !detail.is_empty());
    after.extend(details.map(|(label, detail)| label.format(language, &[("value", &detail)])));
    if let Some(link) = mail.link {
        after.push(text!("mail.code.confirm").format(language, &[("link", &link)]));
    }
    let advice = [text!("mail.code.share"), text!("mail.code.unexpected")];
    after.extend(advice.map(|text| text.get(language).to_owned()));
    let before = vec![
        text!("mail.hello").get(language).to_owned(),
        text!("mail.code.intro").format(language, &[("company", &shown_value(mail.company))]),
        text!("mail.code.label").get(language).to_owned(),
    ];
    let paragraphs = Paragraphs { before, code: Some(mail.code.to_owned()), after };
    email(mail.to, text!("mail.code.subject").get(language), &paragraphs, language)
}

/// The mail about too many codes, requested or guessed (`wrong_codes`).
pub fn warning_mail(to: &str, company: &str, reason: &str, language: Language) -> Email {
    let happened = match reason {
        "wrong_codes" => text!("mail.warning.wrong_codes"),
        _ => text!("mail.warning.many_codes"),
    };
    let before = vec![
        text!("mail.hello").get(language).to_owned(),
        happened.format(language, &[("company", &shown_value(company))]),
        text!("mail.warning.safe").get(language).to_owned(),
        text!("mail.warning.act").get(language).to_owned(),
    ];
    let paragraphs = Paragraphs { before, ..Paragraphs::default() };
    email(to, text!("mail.warning.subject").get(language), &paragraphs, language)
}

fn email(to: &str, subject: &str, paragraphs: &Paragraphs, language: Language) -> Email {
    Email {
        to: to.to_owned(),
        subject: subject.to_owned(),
        text: plain_text(paragraphs),
        html: html(paragraphs, language),
    }
}

fn plain_text(paragraphs: &Paragraphs) -> String {
    let Paragraphs { before, code, after } = paragraphs;
    let all = before.iter().chain(code).chain(after);
    all.map(|paragraph| format!("{paragraph}\n")).collect::<Vec<_>>().join("\n")
}

fn html(paragraphs: &Paragraphs, language: Language) -> String {
    let paragraph = |text: &String| format!("<p>{}</p>\n", escape_html(text));
    let before: String = paragraphs.before.iter().map(paragraph).collect();
    let after: String = paragraphs.after.iter().map(paragraph).collect();
    let style = "font-size:28px;letter-spacing:6px;font-weight:bold";
    let code = paragraphs.code.as_deref().map(escape_html);
    let code = code.map(|code| format!("<p style=\"{style}\">{code}</p>\n")).unwrap_or_default();
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"></head>\n\
         <body style=\"font-family:sans-serif;font-size:16px\">\n{before}{code}{after}</body>\n</html>\n",
        language.as_str()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_name_is_escaped() {
        let paragraphs = Paragraphs {
            before: vec!["<script>alert('x')</script> & \"y\"".to_owned()],
            code: Some("0042".to_owned()),
            after: Vec::new(),
        };
        let html = html(&paragraphs, Language::Russian);
        assert!(
            html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;")
        );
        assert!(!html.contains("<script"));
        assert_eq!(plain_text(&paragraphs), "<script>alert('x')</script> & \"y\"\n\n0042\n");
    }
}
