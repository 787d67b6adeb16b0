//! Mails through a real mail server, and to a folder.

use forte_media::database::{EventRow, EventState};
use forte_media::model::{ChallengeId, Clock, EventId, Faults};
use forte_media::notify::{Mail, MailConfig};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::harness::phone::Phone;
use crate::harness::service::{Backend, Options, Service};
use crate::harness::smtp::{OPEN, PASSWORD, Smtp, SmtpOptions, USER};

/// Lifetime of a code.
const CODE_TTL: SignedDuration = SignedDuration::from_mins(10);

/// A service that uses this mail server; `None` when its back end is not available here.
async fn service_with(
    backend: Backend,
    smtp: &Smtp,
    more: &[(&'static str, &str)],
) -> Option<Service> {
    let mut settings = smtp.settings();
    settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    Box::pin(Service::start_with(backend, Options { settings, faults: Faults::none() })).await
}

/// The rows of a code request.
struct CodeRequest {
    challenge: ChallengeId,
    event: EventId,
}

/// Inserts the rows of a code request by a driver whose company's name contains HTML.
async fn request_code(service: &Service) -> CodeRequest {
    let fixture = &service.env.fixture;
    let request = CodeRequest {
        challenge: ChallengeId::mint(&fixture.clock, &fixture.random),
        event: EventId::mint(&fixture.clock, &fixture.random),
    };
    let (CodeRequest { challenge, event }, now) = (&request, fixture.now().as_microsecond());
    let end = (fixture.now() + CODE_TTL).as_microsecond();
    let db = &service.env.db;
    db.execute("UPDATE companies SET name = 'Company 20 <b>' WHERE id = 20").await;
    db.execute(format!(
        "INSERT INTO challenges (id, biin, company_id, role, uuid, fcm, mobile, first_name, address, \
         created_at, expires_at, wrong_codes, used) VALUES ('{challenge}', '080540013184', 20, 'employee', \
         'phone-7', '', '+7 701 000 00 00', 'Айбек', '127.0.0.1', {now}, {end}, 0, 0)"
    ))
    .await;
    db.execute(format!(
        "INSERT INTO outbox (id, channel, kind, subject, seq, body, state, attempts, created_at, \
         due_at, expires_at, leased_until, last_status, last_error, completed_at) VALUES ('{event}', \
         'mail', 'mail.code', 'challenge:{challenge}', 1, '{{\"challenge_id\":\"{challenge}\"}}', \
         'pending', 0, {now}, {now}, {end}, 0, 0, '', 0)"
    ))
    .await;
    request
}

impl CodeRequest {
    fn code(&self, service: &Service) -> String {
        service.app.state.auth.code_of(self.challenge)
    }

    async fn row(&self, service: &Service) -> EventRow {
        service.database().event(self.event).await.unwrap().unwrap()
    }

    async fn state(&self, service: &Service) -> EventState {
        self.row(service).await.state
    }
}

/// Both forms of the mail contain the code and who requests it (Q5).
fn assert_has_code(mail: &Value, code: &str) {
    let (text, html) = (mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap());
    for form in [text, html] {
        for words in [code, "10 минут", "сотрудник", "+7 701 000 00 00", "phone-7", "Company 20"]
        {
            assert!(form.contains(words), "{words} is not in {form}");
        }
    }
    assert!(text.contains("Имя: Айбек") && text.contains("«Company 20 <b>»"));
    assert!(html.contains("Company 20 &lt;b&gt;") && !html.contains("<b>"));
    assert_eq!(mail["headers"]["subject"], "Код для входа в ForteLeasing");
    assert_eq!(mail["to"], json!(["company20@example.test"]));
    assert_eq!(mail["sender"], "no-reply@forte.test");
}

async fn delivers_a_code(backend: Backend, tls: &str, requires_login: bool) {
    let Some(mut smtp) = Smtp::start(SmtpOptions { tls, requires_login, ..OPEN }).await else {
        return;
    };
    let Some(service) = service_with(backend, &smtp, &[]).await else { return };
    let request = request_code(&service).await;
    assert_eq!(service.deliver().await, 1);
    assert_eq!(request.state(&service).await, EventState::Delivered);
    let mail = smtp.next_mail().await;
    assert_has_code(&mail, &request.code(&service));
    assert_eq!(mail["encrypted"], tls != "none");
    assert_eq!(mail["user"].as_str(), requires_login.then_some(USER));
    let headers = &mail["headers"];
    assert_eq!(headers["auto-submitted"], "auto-generated");
    assert_eq!(headers["message-id"], format!("<{}@forte.test>", request.event));
    let day = service.clock().now().strftime("%a, %d %b %Y").to_string();
    assert!(headers["date"].as_str().unwrap().starts_with(&day), "{headers}");
    assert_eq!(service.deliver().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn delivers_a_code_over_starttls_on_sqlite_and_disk() {
    delivers_a_code(Backend::Embedded, "starttls", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delivers_a_code_over_starttls_on_postgresql_and_s3() {
    delivers_a_code(Backend::Shared, "starttls", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delivers_a_code_over_tls() {
    delivers_a_code(Backend::Embedded, "tls", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delivers_a_code_unencrypted_with_and_without_login() {
    delivers_a_code(Backend::Embedded, "none", false).await;
    delivers_a_code(Backend::Embedded, "none", true).await;
}

/// Sets the clock to the next attempt, and makes it.
async fn next_attempt(service: &Service, request: &CodeRequest) {
    service.manual_clock().set(request.row(service).await.due_at);
    assert_eq!(service.deliver().await, 1);
}

async fn mails_are_delivered_after_an_outage_unless_they_expired(backend: Backend) {
    let Some(mut smtp) = Smtp::start(OPEN).await else { return };
    let Some(service) = service_with(backend, &smtp, &[]).await else { return };
    smtp.close().await;
    let early = request_code(&service).await;
    assert_eq!(service.deliver().await, 1);
    let began = service.clock().now();
    while service.clock().now().duration_since(began) < SignedDuration::from_mins(5) {
        next_attempt(&service, &early).await;
    }
    let late = request_code(&service).await;
    service.manual_clock().set(began + CODE_TTL);
    service.deliver().await;
    let row = early.row(&service).await;
    assert_eq!(row.state, EventState::Dead);
    assert!(row.last_error.starts_with("expired before it could be delivered; before that: "));

    smtp.open(&[]).await;
    next_attempt(&service, &late).await;
    assert_eq!(late.state(&service).await, EventState::Delivered);
    let mails = smtp.remaining_mails().await;
    assert_eq!(mails.len(), 1, "the expired mail was not sent");
    let text = mails[0]["text"].as_str().unwrap();
    assert!(text.contains(&late.code(&service)));
    assert!(!text.contains("10 минут") && text.contains("минут"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_delivered_after_an_outage_on_sqlite_and_disk() {
    mails_are_delivered_after_an_outage_unless_they_expired(Backend::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_delivered_after_an_outage_on_postgresql_and_s3() {
    mails_are_delivered_after_an_outage_unless_they_expired(Backend::Shared).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_a_temporary_refusal_with_the_same_message_id() {
    let replies = &["451 4.7.1 come back later, company20@example.test"];
    let Some(mut smtp) = Smtp::start(SmtpOptions { replies, ..OPEN }).await else { return };
    let service = service_with(Backend::Embedded, &smtp, &[]).await.unwrap();
    let request = request_code(&service).await;
    service.deliver().await;
    let row = request.row(&service).await;
    assert_eq!((row.state, row.last_status), (EventState::Pending, 451));
    assert!(row.last_error.contains("come back later") && !row.last_error.contains('@'));
    next_attempt(&service, &request).await;
    let (first, second) = (smtp.next_mail().await, smtp.next_mail().await);
    assert_eq!(first["headers"]["message-id"], second["headers"]["message-id"]);
    assert_eq!(request.state(&service).await, EventState::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn gives_up_after_a_permanent_refusal() {
    let replies = &["550 5.1.1 no such mailbox"];
    let Some(smtp) = Smtp::start(SmtpOptions { replies, ..OPEN }).await else { return };
    let service = service_with(Backend::Embedded, &smtp, &[]).await.unwrap();
    let request = request_code(&service).await;
    service.deliver().await;
    let row = request.row(&service).await;
    assert_eq!((row.state, row.attempts, row.last_status), (EventState::Dead, 1, 550));
}

/// An operator can correct the password while the code is still valid.
#[tokio::test(flavor = "multi_thread")]
async fn retries_after_a_wrong_password() {
    let Some(smtp) = Smtp::start(SmtpOptions { requires_login: true, ..OPEN }).await else {
        return;
    };
    let wrong = [("MAIL__PASSWORD", "another")];
    let service = service_with(Backend::Embedded, &smtp, &wrong).await.unwrap();
    let request = request_code(&service).await;
    service.deliver().await;
    let row = request.row(&service).await;
    assert_eq!((row.state, row.last_status), (EventState::Pending, 535));
    assert!(!row.last_error.contains(PASSWORD) && !row.last_error.contains("another"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_nothing_without_the_configured_encryption() {
    let Some(smtp) = Smtp::start(OPEN).await else { return };
    let service =
        service_with(Backend::Embedded, &smtp, &[("MAIL__TLS", "starttls")]).await.unwrap();
    let request = request_code(&service).await;
    service.deliver().await;
    assert_eq!(request.state(&service).await, EventState::Pending);
    assert!(smtp.remaining_mails().await.is_empty());

    let Some(smtp) = Smtp::start(SmtpOptions { tls: "starttls", ..OPEN }).await else { return };
    let service = service_with(Backend::Embedded, &smtp, &[("MAIL__CA_FILE", "")]).await.unwrap();
    let request = request_code(&service).await;
    service.deliver().await;
    let row = request.row(&service).await;
    assert_eq!(row.state, EventState::Pending);
    assert!(row.last_error.to_lowercase().contains("certificate"), "{}", row.last_error);
    assert!(smtp.remaining_mails().await.is_empty());
}

/// The connection of a mail that timed out must not be used for the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_server_affects_only_one_mail() {
    let replies = &["250 accepted", "hang", "550 5.1.1 no such mailbox"];
    let Some(mut smtp) = Smtp::start(SmtpOptions { replies, ..OPEN }).await else { return };
    let service = service_with(Backend::Embedded, &smtp, &[("MAIL__TIMEOUT", "5s")]).await.unwrap();
    let mut states = Vec::new();
    for _ in 0..4 {
        let request = request_code(&service).await;
        service.deliver().await;
        smtp.next_mail().await;
        states.push(request.state(&service).await);
    }
    let delivered = EventState::Delivered;
    assert_eq!(states, [delivered, EventState::Pending, EventState::Dead, delivered]);
}

async fn two_dispatchers_send_each_mail_once(backend: Backend) {
    let Some(smtp) = Smtp::start(OPEN).await else { return };
    let Some(service) = service_with(backend, &smtp, &[]).await else { return };
    let options = Options { settings: smtp.settings(), faults: Faults::none() };
    let (second, _) = service.second_node("two", options).await;
    for _ in 0..30 {
        request_code(&service).await;
    }
    let (one, two) = tokio::join!(service.deliver(), second.outbox.deliver_due());
    let rest = service.deliver().await;
    assert_eq!(one + two.unwrap() + rest, 30);
    let mails = smtp.remaining_mails().await;
    let ids: std::collections::BTreeSet<String> =
        mails.iter().map(|mail| mail["headers"]["message-id"].to_string()).collect();
    assert_eq!((mails.len(), ids.len()), (30, 30));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_dispatchers_send_each_mail_once_on_sqlite_and_disk() {
    two_dispatchers_send_each_mail_once(Backend::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_dispatchers_send_each_mail_once_on_postgresql_and_s3() {
    two_dispatchers_send_each_mail_once(Backend::Shared).await;
}

/// E1, E2, Q5: the request succeeds while the mail server is down, the mail follows, and its code signs
/// in.
#[tokio::test(flavor = "multi_thread")]
async fn the_code_in_the_mail_signs_in() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(mut smtp) =
            Smtp::start(SmtpOptions { tls: "starttls", requires_login: true, ..OPEN }).await
        else {
            return;
        };
        let Some(service) = service_with(backend, &smtp, &[]).await else { continue };
        smtp.close().await;
        let phone = Phone::driver();
        assert_eq!(phone.request_code(&service).await.status(), 200);
        assert_eq!(service.deliver().await, 1);
        smtp.open(&[]).await;
        service.manual_clock().advance(SignedDuration::from_secs(3));
        assert_eq!(service.deliver().await, 1);
        let mail = smtp.next_mail().await;
        let text = mail["text"].as_str().unwrap();
        assert!(text.contains("Иван") && text.contains("87781578800"), "{text}");
        let is_code = |line: &&str| line.len() == 4 && line.bytes().all(|b| b.is_ascii_digit());
        let code = text.lines().find(is_code).unwrap();
        assert!(mail["html"].as_str().unwrap().contains(code));
        assert_eq!(phone.redeem_code(&service, code).await.status(), 200);
    }
}

/// The file is named after the message, so that a repeated attempt leaves one file.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_mails_are_private_files_in_a_folder() {
    let service = Service::embedded().await;
    let request = request_code(&service).await;
    service.deliver().await;
    let path = service.mail_folder().join(format!("{}.eml", request.event));
    assert_eq!(service.mails().len(), 1);
    assert!(std::fs::read_to_string(&path).unwrap().contains("Auto-Submitted: auto-generated"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    service.database().replay_event(request.event, service.clock().now()).await.unwrap();
    assert_eq!(service.deliver().await, 1);
    assert_eq!(service.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_or_replaced_code_is_not_sent() {
    let service = Service::embedded().await;
    let request = request_code(&service).await;
    service.env.db.execute("UPDATE challenges SET used = 2").await;
    service.deliver().await;
    assert_eq!(request.state(&service).await, EventState::Dropped);
    assert!(service.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn warns_the_mailbox_about_guessed_codes() {
    let Some(mut smtp) = Smtp::start(OPEN).await else { return };
    let service = service_with(Backend::Embedded, &smtp, &[]).await.unwrap();
    request_code(&service).await;
    let warning = "UPDATE outbox SET kind = 'mail.warning', subject = 'company:20', \
                   body = '{\"company_id\":20,\"reason\":\"wrong_codes\"}'";
    service.env.db.execute(warning).await;
    service.deliver().await;
    let mail = smtp.next_mail().await;
    assert_eq!(mail["headers"]["subject"], "ForteLeasing: необычно много запросов кода");
    assert!(mail["text"].as_str().unwrap().contains("подобрать"));
    assert_eq!(mail["to"], json!(["company20@example.test"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_check_authenticates() {
    let Some(smtp) =
        Smtp::start(SmtpOptions { tls: "starttls", requires_login: true, ..OPEN }).await
    else {
        return;
    };
    let config = |password: &str| -> MailConfig {
        serde_json::from_value(json!({
            "host": "localhost", "port": smtp.port, "tls": "starttls", "user": USER,
            "password": password, "ca_file": smtp.certificate(), "from": "a@forte.test",
            "timeout": "10s", "pool": 1, "folder": "",
        }))
        .unwrap()
    };
    let mail = |password| Mail::from_config(&config(password), Clock::system()).unwrap();
    mail(PASSWORD).check_connection().await.unwrap();
    assert!(mail("wrong").check_connection().await.is_err());
    assert!(smtp.remaining_mails().await.is_empty(), "no mail was sent");
}
