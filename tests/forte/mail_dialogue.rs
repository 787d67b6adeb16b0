//! The dialogue with a mail server: our name, our addresses, and what its replies mean.

use forte_media::database::EventState;
use forte_media::model::{Clock, error_chain};
use forte_media::notify::{Mail, MailConfig};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::harness::account::{NODE, add_node, get};
use crate::harness::answers::problem;
use crate::harness::phone::Phone;
use crate::harness::scripted_smtp::ScriptedSmtp;
use crate::harness::service::{self, Backend, Options, Service, on_both_backends};

on_both_backends! {
    a_refused_mailbox_is_reported_to_the_report_service_and_to_the_phone,
}

async fn with_mail(smtp: &ScriptedSmtp, more: &[(&'static str, &str)]) -> Service {
    let mut settings = smtp.settings();
    settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let options = Options { settings, ..Options::default() };
    Box::pin(Service::start_with(Backend::Embedded, options)).await.unwrap()
}

/// The state of the only mail with a code, and its last error.
async fn code_mail(service: &Service) -> (EventState, String) {
    let events = service.database().events(None, 100).await.unwrap();
    let mail = events.into_iter().find(|event| event.kind == "mail.code").unwrap();
    (mail.state, mail.last_error)
}

#[tokio::test]
async fn the_name_in_ehlo_is_an_address_literal_or_the_configured_one() {
    for (setting, expected) in
        [("", "EHLO [127.0.0.1]"), ("media.example.kz", "EHLO media.example.kz")]
    {
        let smtp = ScriptedSmtp::start(|_| None).await;
        let service = with_mail(&smtp, &[("MAIL__HELLO_NAME", setting)]).await;
        Phone::driver().code(&service).await;
        service.deliver().await;
        assert_eq!(smtp.commands()[0], expected);
        assert_eq!(code_mail(&service).await.0, EventState::Delivered);
    }
}

/// In Windows-1251, as many servers write.
#[tokio::test]
async fn a_reply_in_another_charset_counts_by_its_number() {
    let smtp = ScriptedSmtp::start(|line| match line.split([' ', ':']).next().unwrap() {
        "" => Some(b"220 \xcf\xf0\xe8\xe2\xe5\xf2\r\n"),
        "EHLO" => Some(b"250-\xcf\xf0\xe8\xe2\xe5\xf2, \xe2\xe0\xec\r\n250 8BITMIME\r\n"),
        "RCPT" => Some(b"250 2.1.5 \xc5\xf1\xf2\xfc\r\n"),
        "." => Some(b"250 2.0.0 \xcf\xe8\xf1\xfc\xec\xee \xef\xf0\xe8\xed\xff\xf2\xee\r\n"),
        _ => None,
    })
    .await;
    let service = with_mail(&smtp, &[]).await;
    Phone::driver().code(&service).await;
    service.deliver().await;
    service.manual_clock().advance(SignedDuration::from_secs(60));
    service.deliver().await;
    assert_eq!((code_mail(&service).await.0, smtp.mails()), (EventState::Delivered, 1));
}

/// A challenge of another mechanism would have to be answered before the next one can be tried.
#[tokio::test]
async fn a_login_uses_the_first_mechanism_that_can_be_answered() {
    for (offered, expected) in [
        (&b"250-mail.test\r\n250 AUTH CRAM-MD5 LOGIN PLAIN\r\n"[..], "AUTH PLAIN AHVzZXIAc2VjcmV0"),
        (b"250-mail.test\r\n250 AUTH LOGIN DIGEST-MD5\r\n", "c2VjcmV0"),
    ] {
        let smtp = ScriptedSmtp::start(move |line| match line {
            "AUTH LOGIN" => Some(b"334 VXNlcm5hbWU6\r\n"),
            "dXNlcg==" => Some(b"334 UGFzc3dvcmQ6\r\n"),
            line if line == expected => Some(b"235 2.7.0 ok\r\n"),
            line if line.starts_with("EHLO") => Some(offered),
            _ => None,
        })
        .await;
        let login = [("MAIL__USER", "user"), ("MAIL__PASSWORD", "secret")];
        let service = with_mail(&smtp, &login).await;
        Phone::driver().code(&service).await;
        service.deliver().await;
        let state = code_mail(&service).await;
        assert_eq!(state.0, EventState::Delivered, "{}, {:?}", state.1, smtp.commands());
    }
}

#[tokio::test]
async fn an_international_domain_is_sent_in_ascii() {
    let smtp = ScriptedSmtp::start(|_| None).await;
    let service = with_mail(&smtp, &[]).await;
    service.env.db.execute("UPDATE companies SET email = 'info@пример.қаз' WHERE id = 20").await;
    Phone::driver().code(&service).await;
    service.deliver().await;
    let commands = smtp.commands();
    let recipient = "RCPT TO:<info@xn--e1afmkfd.xn--80ao21a>";
    assert!(commands.iter().any(|line| line == recipient), "{commands:?}");
    assert_eq!(code_mail(&service).await.0, EventState::Delivered);
}

/// An operator can correct the name while the code is still valid.
#[tokio::test]
async fn a_refusal_of_our_name_is_not_about_the_mail() {
    let smtp = ScriptedSmtp::start(|line| {
        line.starts_with("EHLO").then_some(&b"550 5.7.1 invalid HELO name\r\n"[..])
    })
    .await;
    let service = with_mail(&smtp, &[]).await;
    Phone::driver().code(&service).await;
    service.deliver().await;
    let (state, error) = code_mail(&service).await;
    assert_eq!(state, EventState::Pending);
    assert!(error.contains("EHLO") && error.contains("invalid HELO name"), "{error}");
}

async fn a_refused_mailbox_is_reported_to_the_report_service_and_to_the_phone(service: Service) {
    let smtp = ScriptedSmtp::start(|line| {
        line.starts_with("RCPT").then_some(&b"550 5.1.1 no such mailbox\r\n"[..])
    })
    .await;
    let options = Options { settings: smtp.settings(), ..Options::default() };
    let (mailing, _) = Box::pin(service.second_node("mail", options)).await;
    for _ in 0..2 {
        Phone::driver().request_code(&service).await;
        mailing.outbox.deliver_due().await.unwrap();
    }
    let reported = "SELECT body FROM outbox WHERE kind = 'company.mail_refused'";
    let reported = service.env.db.rows(reported).await;
    assert_eq!(reported.len(), 1, "{reported:?}");
    let body = &reported[0];
    assert!(body.contains("080540013184") && body.contains("no such mailbox"), "{body}");
    // A 1C that takes no webhooks reads it with the submissions.
    add_node(&service, NODE).await;
    let listed = refused_mailboxes(&service).await;
    assert_eq!(listed[0]["biin"], "080540013184", "{listed}");
    assert_eq!(listed[0]["email"], "company20@example.test");
    assert!(listed[0]["reason"].as_str().unwrap().contains("no such mailbox"), "{listed}");
    let refused = Phone::driver().request_code(&service).await;
    let answer = problem(refused, 503, "mail_refused").await;
    assert!(answer["message"].as_str().unwrap().contains("cannot be delivered"), "{answer}");
    // The code is sent nevertheless: once a mail is accepted, all is well again.
    smtp.script(|_| None);
    mailing.outbox.deliver_due().await.unwrap();
    service.manual_clock().advance(SignedDuration::from_mins(10));
    assert_eq!(Phone::driver().request_code(&service).await.status(), 200);
    assert_eq!(refused_mailboxes(&service).await, json!([]));
}

async fn refused_mailboxes(service: &Service) -> Value {
    let page = get(service, "/1c/v1/submissions").await;
    service::json(page).await["refused_mailboxes"].take()
}

#[test]
fn a_certificate_that_cannot_be_used_is_named_with_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    for path in [folder.path().join("missing.pem"), empty] {
        let config = json!({
            "host": "mail.test", "port": 587, "tls": "starttls", "ca_file": path,
            "from": "a@forte.test", "timeout": "10s", "pool": 1, "folder": "",
        });
        let config: MailConfig = serde_json::from_value(config).unwrap();
        let error = error_chain(&Mail::from_config(&config, Clock::system()).err().unwrap());
        assert!(error.starts_with(&format!("mail.ca_file: {}", path.display())), "{error}");
    }
}

/// `doctor` goes as far as naming a recipient.
#[tokio::test]
async fn the_check_of_the_settings_names_a_recipient() {
    let refusal = |reply: &'static [u8]| async move {
        let smtp = ScriptedSmtp::start(move |line| line.starts_with("RCPT").then_some(reply)).await;
        let service = with_mail(&smtp, &[]).await;
        let mail = Mail::from_config(&service.app.settings.mail, Clock::system()).unwrap();
        let checked = mail.check_connection().await;
        assert_eq!(smtp.mails(), 0);
        checked.err().map(|error| error_chain(&error))
    };
    assert_eq!(refusal(b"250 ok\r\n").await, None);
    let refused = refusal(b"504 5.5.2 <box>: Helo command rejected\r\n").await.unwrap();
    assert!(refused.contains("RCPT with 504 5.5.2 <box>: Helo command rejected"), "{refused}");
    // The sender's own mailbox need not exist.
    assert_eq!(refusal(b"550 5.1.1 no such user\r\n").await, None);
}
