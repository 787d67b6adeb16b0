//! The dialogue with a mail server: our name, our addresses, and what its replies mean.

use forte_media::database::EventState;
use forte_media::model::{Clock, error_chain};
use forte_media::notify::Mail;
use jiff::SignedDuration;

use crate::harness::answers::problem;
use crate::harness::phone::Phone;
use crate::harness::scripted_smtp::ScriptedSmtp;
use crate::harness::service::{Backend, Options, Service, on_both_backends};

on_both_backends! {
    a_refused_mailbox_is_reported_to_the_report_service_and_to_the_phone,
}

async fn service(smtp: &ScriptedSmtp, more: &[(&'static str, &str)]) -> Service {
    let mut settings = smtp.settings();
    settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let options = Options { settings, ..Options::default() };
    Box::pin(Service::start_with(Backend::Embedded, options)).await.unwrap()
}

/// The state of the only letter with a code, and its last error.
async fn letter(service: &Service) -> (EventState, String) {
    let events = service.database().events(None, 100).await.unwrap();
    let letter = events.into_iter().find(|event| event.kind == "mail.code").unwrap();
    (letter.state, letter.last_error)
}

#[tokio::test]
async fn the_name_in_ehlo_is_an_address_literal_or_the_configured_one() {
    for (setting, expected) in
        [("", "EHLO [127.0.0.1]"), ("media.example.kz", "EHLO media.example.kz")]
    {
        let smtp = ScriptedSmtp::start(|_| None).await;
        let service = service(&smtp, &[("MAIL__HELLO_NAME", setting)]).await;
        Phone::driver().code(&service).await;
        service.deliver().await;
        assert_eq!(smtp.commands()[0], expected);
        assert_eq!(letter(&service).await.0, EventState::Delivered);
    }
}

/// In Windows-1251, as many servers write.
#[tokio::test]
async fn a_reply_in_another_charset_counts_by_its_number() {
    let smtp = ScriptedSmtp::start(|line| {
        (line == ".")
            .then_some(&b"250 2.0.0 \xcf\xe8\xf1\xfc\xec\xee \xef\xf0\xe8\xed\xff\xf2\xee\r\n"[..])
    })
    .await;
    let service = service(&smtp, &[]).await;
    Phone::driver().code(&service).await;
    service.deliver().await;
    service.manual_clock().advance(SignedDuration::from_secs(60));
    service.deliver().await;
    assert_eq!((letter(&service).await.0, smtp.mails()), (EventState::Delivered, 1));
}

#[tokio::test]
async fn an_international_domain_is_sent_in_ascii() {
    let smtp = ScriptedSmtp::start(|_| None).await;
    let service = service(&smtp, &[]).await;
    service.env.db.execute("UPDATE companies SET email = 'info@пример.қаз' WHERE id = 20").await;
    Phone::driver().code(&service).await;
    service.deliver().await;
    let commands = smtp.commands();
    let recipient = "RCPT TO:<info@xn--e1afmkfd.xn--80ao21a>";
    assert!(commands.iter().any(|line| line == recipient), "{commands:?}");
    assert_eq!(letter(&service).await.0, EventState::Delivered);
}

/// An operator can correct the name while the code is still valid.
#[tokio::test]
async fn a_refusal_of_our_name_is_not_about_the_letter() {
    let smtp = ScriptedSmtp::start(|line| {
        line.starts_with("EHLO").then_some(&b"550 5.7.1 invalid HELO name\r\n"[..])
    })
    .await;
    let service = service(&smtp, &[]).await;
    Phone::driver().code(&service).await;
    service.deliver().await;
    let (state, error) = letter(&service).await;
    assert_eq!(state, EventState::Pending);
    assert!(error.contains("EHLO") && error.contains("invalid HELO name"), "{error}");
}

async fn a_refused_mailbox_is_reported_to_the_report_service_and_to_the_phone(service: Service) {
    let smtp = ScriptedSmtp::start(|line| {
        line.starts_with("RCPT").then_some(&b"550 5.1.1 no such mailbox\r\n"[..])
    })
    .await;
    let options = Options { settings: smtp.settings(), ..Options::default() };
    let (with_mail, _) = Box::pin(service.second_node("mail", options)).await;
    for _ in 0..2 {
        Phone::driver().request_code(&service).await;
        with_mail.outbox.deliver_due().await.unwrap();
    }
    let reported = "SELECT body FROM outbox WHERE kind = 'company.mail_refused'";
    let reported = service.env.db.rows(reported).await;
    assert_eq!(reported.len(), 1, "{reported:?}");
    let body = &reported[0];
    assert!(body.contains("080540013184") && body.contains("no such mailbox"), "{body}");
    let refused = Phone::driver().request_code(&service).await;
    let answer = problem(refused, 503, "mail_refused").await;
    assert!(answer["message"].as_str().unwrap().contains("cannot be delivered"), "{answer}");
    // The code is sent nevertheless: once a letter is accepted, all is well again.
    smtp.script(|_| None);
    with_mail.outbox.deliver_due().await.unwrap();
    service.manual_clock().advance(SignedDuration::from_mins(10));
    assert_eq!(Phone::driver().request_code(&service).await.status(), 200);
}

/// `doctor` goes as far as naming a recipient.
#[tokio::test]
async fn the_check_of_the_settings_names_a_recipient() {
    let refusal = |reply: &'static [u8]| async move {
        let smtp = ScriptedSmtp::start(move |line| line.starts_with("RCPT").then_some(reply)).await;
        let service = service(&smtp, &[]).await;
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
