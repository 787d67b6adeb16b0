//! Letters through a real mail server, and into a folder.

use forte_media::database::{EventRow, EventState};
use forte_media::model::{ChallengeId, Clock, EventId, Faults};
use forte_media::notify::{Mail, MailConfig};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::harness::phone::Phone;
use crate::harness::service::{Backend, Options, Service};
use crate::harness::smtp::{OPEN, PASSWORD, Plan, Smtp, USER};

/// How long a code lives.
const LIVES: SignedDuration = SignedDuration::from_mins(10);

/// A service that sends its letters to this server; `None` when its backend is not to be had here.
async fn sending_to(
    backend: Backend,
    smtp: &Smtp,
    more: &[(&'static str, &str)],
) -> Option<Service> {
    let mut settings = smtp.settings();
    settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    Box::pin(Service::start_with(backend, Options { settings, faults: Faults::none() })).await
}

/// Somebody wants a code; as a request for one leaves it in the database.
struct Wanted {
    challenge: ChallengeId,
    event: EventId,
}

/// A driver, with a name that has something in it for HTML, asks for a code.
async fn want(service: &Service) -> Wanted {
    let fixture = &service.env.fixture;
    let wanted = Wanted {
        challenge: ChallengeId::mint(&fixture.clock, &fixture.random),
        event: EventId::mint(&fixture.clock, &fixture.random),
    };
    let (Wanted { challenge, event }, now) = (&wanted, fixture.now().as_microsecond());
    let end = (fixture.now() + LIVES).as_microsecond();
    let db = &service.env.db;
    db.change(format!(
        "INSERT INTO challenges (id, biin, company_id, role, uuid, fcm, mobile, first_name, address, \
         created_at, expires_at, wrong_codes, used) VALUES ('{challenge}', '080540013184', 20, 'employee', \
         'phone-7', '', '+7 701 000 00 00', '<b>Айбек</b>', '127.0.0.1', {now}, {end}, 0, 0)"
    ))
    .await;
    db.change(format!(
        "INSERT INTO outbox (id, channel, kind, subject, seq, body, state, attempts, created_at, \
         due_at, expires_at, leased_until, last_status, last_error, completed_at) VALUES ('{event}', \
         'mail', 'mail.code', 'challenge:{challenge}', 1, '{{\"challenge_id\":\"{challenge}\"}}', \
         'pending', 0, {now}, {now}, {end}, 0, 0, '', 0)"
    ))
    .await;
    wanted
}

impl Wanted {
    fn code(&self, service: &Service) -> String {
        service.app.auth.code_of(self.challenge)
    }

    async fn row(&self, service: &Service) -> EventRow {
        service.database().event(self.event).await.unwrap().unwrap()
    }

    async fn state(&self, service: &Service) -> EventState {
        self.row(service).await.state
    }
}

/// The letter has the code, in both its forms, and says who asks (Q5).
fn assert_has_code(letter: &Value, code: &str) {
    let (text, html) = (letter["text"].as_str().unwrap(), letter["html"].as_str().unwrap());
    for form in [text, html] {
        for words in [code, "10 минут", "сотрудник", "+7 701 000 00 00", "phone-7", "Company 20"]
        {
            assert!(form.contains(words), "{words} is not in {form}");
        }
    }
    assert!(text.contains("Имя: <b>Айбек</b>"));
    assert!(html.contains("&lt;b&gt;Айбек&lt;/b&gt;") && !html.contains("<b>"));
    assert_eq!(letter["headers"]["subject"], "Код для входа в ForteLeasing");
    assert_eq!(letter["to"], json!(["company20@example.test"]));
    assert_eq!(letter["sender"], "no-reply@forte.test");
}

async fn a_code_goes_through(backend: Backend, tls: &str, guarded: bool) {
    let Some(mut smtp) = Smtp::start(Plan { tls, guarded, ..OPEN }).await else { return };
    let Some(service) = sending_to(backend, &smtp, &[]).await else { return };
    let wanted = want(&service).await;
    assert_eq!(service.deliver().await, 1);
    assert_eq!(wanted.state(&service).await, EventState::Delivered);
    let letter = smtp.hears().await;
    assert_has_code(&letter, &wanted.code(&service));
    assert_eq!(letter["encrypted"], tls != "none");
    assert_eq!(letter["user"].as_str(), guarded.then_some(USER));
    let headers = &letter["headers"];
    assert_eq!(headers["auto-submitted"], "auto-generated");
    assert_eq!(headers["message-id"], format!("<{}@forte.test>", wanted.event));
    let day = service.clock().now().strftime("%a, %d %b %Y").to_string();
    assert!(headers["date"].as_str().unwrap().starts_with(&day), "{headers}");
    assert_eq!(service.deliver().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_goes_through_starttls_on_sqlite_and_disk() {
    a_code_goes_through(Backend::Embedded, "starttls", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_goes_through_starttls_on_postgresql_and_s3() {
    a_code_goes_through(Backend::Shared, "starttls", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_goes_through_tls_from_the_first_byte() {
    a_code_goes_through(Backend::Embedded, "tls", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_goes_through_in_the_clear_with_and_without_a_name() {
    a_code_goes_through(Backend::Embedded, "none", false).await;
    a_code_goes_through(Backend::Embedded, "none", true).await;
}

/// Moves the clock to the next try, and makes it.
async fn next_try(service: &Service, wanted: &Wanted) {
    service.manual_clock().set(wanted.row(service).await.due_at);
    assert_eq!(service.deliver().await, 1);
}

async fn a_server_that_is_down_loses_nothing_that_has_not_expired(backend: Backend) {
    let Some(mut smtp) = Smtp::start(OPEN).await else { return };
    let Some(service) = sending_to(backend, &smtp, &[]).await else { return };
    smtp.close().await;
    let early = want(&service).await;
    assert_eq!(service.deliver().await, 1);
    let began = service.clock().now();
    while service.clock().now().duration_since(began) < SignedDuration::from_mins(5) {
        next_try(&service, &early).await;
    }
    let late = want(&service).await;
    service.manual_clock().set(began + LIVES);
    service.deliver().await;
    let row = early.row(&service).await;
    assert_eq!(row.state, EventState::Dead);
    assert!(row.last_error.starts_with("expired before it could be delivered; before that: "));

    smtp.open(&[]).await;
    next_try(&service, &late).await;
    assert_eq!(late.state(&service).await, EventState::Delivered);
    let letters = smtp.all().await;
    assert_eq!(letters.len(), 1, "what had expired was not sent");
    let text = letters[0]["text"].as_str().unwrap();
    assert!(text.contains(&late.code(&service)));
    assert!(!text.contains("10 минут") && text.contains("минут"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_loses_nothing_on_sqlite_and_disk() {
    a_server_that_is_down_loses_nothing_that_has_not_expired(Backend::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_loses_nothing_on_postgresql_and_s3() {
    a_server_that_is_down_loses_nothing_that_has_not_expired(Backend::Shared).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_refused_for_now_is_sent_again_under_its_id() {
    let replies = &["451 4.7.1 come back later, company20@example.test"];
    let Some(mut smtp) = Smtp::start(Plan { replies, ..OPEN }).await else { return };
    let service = sending_to(Backend::Embedded, &smtp, &[]).await.unwrap();
    let wanted = want(&service).await;
    service.deliver().await;
    let row = wanted.row(&service).await;
    assert_eq!((row.state, row.last_status), (EventState::Pending, 451));
    assert!(row.last_error.contains("come back later") && !row.last_error.contains('@'));
    next_try(&service, &wanted).await;
    let (first, second) = (smtp.hears().await, smtp.hears().await);
    assert_eq!(first["headers"]["message-id"], second["headers"]["message-id"]);
    assert_eq!(wanted.state(&service).await, EventState::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_refused_for_ever_is_given_up() {
    let replies = &["550 5.1.1 no such mailbox"];
    let Some(smtp) = Smtp::start(Plan { replies, ..OPEN }).await else { return };
    let service = sending_to(Backend::Embedded, &smtp, &[]).await.unwrap();
    let wanted = want(&service).await;
    service.deliver().await;
    let row = wanted.row(&service).await;
    assert_eq!((row.state, row.attempts, row.last_status), (EventState::Dead, 1, 550));
}

/// The settings can be mended while the code still lives.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_gives_no_letter_up() {
    let Some(smtp) = Smtp::start(Plan { guarded: true, ..OPEN }).await else { return };
    let wrong = [("MAIL__PASSWORD", "another")];
    let service = sending_to(Backend::Embedded, &smtp, &wrong).await.unwrap();
    let wanted = want(&service).await;
    service.deliver().await;
    let row = wanted.row(&service).await;
    assert_eq!((row.state, row.last_status), (EventState::Pending, 535));
    assert!(!row.last_error.contains(PASSWORD) && !row.last_error.contains("another"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_protection_that_was_asked_for_nothing_is_said() {
    let Some(smtp) = Smtp::start(OPEN).await else { return };
    let service = sending_to(Backend::Embedded, &smtp, &[("MAIL__TLS", "starttls")]).await.unwrap();
    let wanted = want(&service).await;
    service.deliver().await;
    assert_eq!(wanted.state(&service).await, EventState::Pending);
    assert!(smtp.all().await.is_empty());

    let Some(smtp) = Smtp::start(Plan { tls: "starttls", ..OPEN }).await else { return };
    let service = sending_to(Backend::Embedded, &smtp, &[("MAIL__CA_FILE", "")]).await.unwrap();
    let wanted = want(&service).await;
    service.deliver().await;
    let row = wanted.row(&service).await;
    assert_eq!(row.state, EventState::Pending);
    assert!(row.last_error.to_lowercase().contains("certificate"), "{}", row.last_error);
    assert!(smtp.all().await.is_empty());
}

/// The connection that was left in the middle of a letter must not answer for the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_holds_one_letter_and_spoils_no_other() {
    let replies = &["250 taken", "hang", "550 5.1.1 no such mailbox"];
    let Some(mut smtp) = Smtp::start(Plan { replies, ..OPEN }).await else { return };
    let service = sending_to(Backend::Embedded, &smtp, &[("MAIL__TIMEOUT", "5s")]).await.unwrap();
    let mut states = Vec::new();
    for _ in 0..4 {
        let wanted = want(&service).await;
        service.deliver().await;
        smtp.hears().await;
        states.push(wanted.state(&service).await);
    }
    let taken = EventState::Delivered;
    assert_eq!(states, [taken, EventState::Pending, EventState::Dead, taken]);
}

async fn two_dispatchers_send_each_letter_once(backend: Backend) {
    let Some(smtp) = Smtp::start(OPEN).await else { return };
    let Some(service) = sending_to(backend, &smtp, &[]).await else { return };
    let options = Options { settings: smtp.settings(), faults: Faults::none() };
    let (second, _) = service.second_node("two", options).await;
    for _ in 0..30 {
        want(&service).await;
    }
    let (one, two) = tokio::join!(service.deliver(), second.outbox.deliver_due());
    let rest = service.deliver().await;
    assert_eq!(one + two.unwrap() + rest, 30);
    let letters = smtp.all().await;
    let ids: std::collections::BTreeSet<String> =
        letters.iter().map(|letter| letter["headers"]["message-id"].to_string()).collect();
    assert_eq!((letters.len(), ids.len()), (30, 30));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_dispatchers_send_each_letter_once_on_sqlite_and_disk() {
    two_dispatchers_send_each_letter_once(Backend::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_dispatchers_send_each_letter_once_on_postgresql_and_s3() {
    two_dispatchers_send_each_letter_once(Backend::Shared).await;
}

/// E1, E2, Q5: the mail server is away, the request answers all the same, the mail follows, and the code
/// in it signs in.
#[tokio::test(flavor = "multi_thread")]
async fn the_code_in_the_mail_signs_in() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(mut smtp) = Smtp::start(Plan { tls: "starttls", guarded: true, ..OPEN }).await
        else {
            return;
        };
        let Some(service) = sending_to(backend, &smtp, &[]).await else { continue };
        smtp.close().await;
        let phone = Phone::driver();
        assert_eq!(phone.request_code(&service).await.status(), 200);
        assert_eq!(service.deliver().await, 1);
        smtp.open(&[]).await;
        service.manual_clock().advance(SignedDuration::from_secs(3));
        assert_eq!(service.deliver().await, 1);
        let letter = smtp.hears().await;
        let text = letter["text"].as_str().unwrap();
        assert!(text.contains("Иван") && text.contains("87781578800"), "{text}");
        let is_code = |line: &&str| line.len() == 4 && line.bytes().all(|b| b.is_ascii_digit());
        let code = text.lines().find(is_code).unwrap();
        assert!(letter["html"].as_str().unwrap().contains(code));
        assert_eq!(phone.redeem_code(&service, code).await.status(), 200);
    }
}

/// The name of the file is the message's, so that a repeated try leaves one letter.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_letters_lie_in_a_folder_for_nobody_else() {
    let service = Service::embedded().await;
    let wanted = want(&service).await;
    service.deliver().await;
    let path = service.mail_folder().join(format!("{}.eml", wanted.event));
    assert_eq!(service.letters().len(), 1);
    assert!(std::fs::read_to_string(&path).unwrap().contains("Auto-Submitted: auto-generated"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    service.database().replay_event(wanted.event, service.clock().now()).await.unwrap();
    assert_eq!(service.deliver().await, 1);
    assert_eq!(service.letters().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_used_or_replaced_meanwhile_is_not_sent() {
    let service = Service::embedded().await;
    let wanted = want(&service).await;
    service.env.db.tamper("UPDATE challenges SET used = 2").await;
    service.deliver().await;
    assert_eq!(wanted.state(&service).await, EventState::Dropped);
    assert!(service.letters().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mailbox_is_warned_of_codes_that_are_guessed() {
    let Some(mut smtp) = Smtp::start(OPEN).await else { return };
    let service = sending_to(Backend::Embedded, &smtp, &[]).await.unwrap();
    want(&service).await;
    let warning = "UPDATE outbox SET kind = 'mail.warning', subject = 'company:20', \
                   body = '{\"company_id\":20,\"reason\":\"wrong_codes\"}'";
    service.env.db.tamper(warning).await;
    service.deliver().await;
    let letter = smtp.hears().await;
    assert_eq!(letter["headers"]["subject"], "ForteLeasing: необычно много запросов кода");
    assert!(letter["text"].as_str().unwrap().contains("подобрать"));
    assert_eq!(letter["to"], json!(["company20@example.test"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_greets_the_server_and_signs_in() {
    let Some(smtp) = Smtp::start(Plan { tls: "starttls", guarded: true, ..OPEN }).await else {
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
    assert!(smtp.all().await.is_empty(), "it has sent no letter");
}
