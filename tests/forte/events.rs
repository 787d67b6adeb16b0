//! The payloads of everything that is sent, each pinned by a snapshot.

use forte_media::events::{
    CodeMail, PushReport, ReportSubmitted, StoredEvent, code_mail, message, push_notification,
    report_submitted, warning_mail,
};
use forte_media::model::texts::Language;
use forte_media::model::{
    Channel, CompanyId, Email, Finding, NEVER_DUE, OutboxEvent, OutboxMessage, PushEvent, PushKind,
    ReportDecided, ReportStatus, Role, Verdict,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const REPORT: &str = "7f1d0b1e-0000-4000-8000-000000000001";

fn id<Id: DeserializeOwned>(number: u8) -> Id {
    let text = format!("0196c8a0-0000-7000-8000-0000000000{number:02}");
    serde_json::from_value(json!(text)).unwrap()
}

fn now() -> Timestamp {
    "2026-05-13T05:00:00Z".parse().unwrap()
}

fn almaty() -> TimeZone {
    TimeZone::get("Asia/Almaty").unwrap()
}

/// Everything about a message but its id, with the body as JSON.
fn shown(message: &OutboxMessage) -> Value {
    let body: Value = serde_json::from_str(&message.body).unwrap();
    json!({
        "channel": message.channel.as_str(),
        "kind": message.kind,
        "subject": message.subject,
        "expires_at": message.expires_at,
        "body": body,
    })
}

fn built(event: &OutboxEvent<'_>) -> Value {
    shown(&message(event, id(1), now()))
}

#[test]
fn report_submitted_has_every_field() {
    let verdicts: Vec<Verdict> = serde_json::from_value(json!([{
        "test": "reuse",
        "outcome": "warn",
        "message": "the same file was sent before",
        "links": [{
            "report_ref_key": "7f1d0b1e-0000-4000-8000-000000000002",
            "submission_id": "0196c8a0-0000-7000-8000-000000000012",
            "status_code": 3,
            "held": true,
            "same": "file",
        }],
    }]))
    .unwrap();
    let notes: Vec<Finding> = serde_json::from_value(json!([{
        "code": "QUICKTIME",
        "at": 8,
        "path": "ftyp",
        "message": "The major brand is `qt  `.",
    }]))
    .unwrap();
    let submitted = ReportSubmitted {
        film_link: None,
        report_ref_key: REPORT.parse().unwrap(),
        submission_id: id(2),
        video_id: id(3),
        sha256: "ab".repeat(32).parse().unwrap(),
        length: serde_json::from_value(json!(759_548)).unwrap(),
        duration_ms: Some(10_000),
        lat: Some(43.238_949),
        long: Some(76.889_709),
        time_sent: "2026-05-13T04:59:00Z".parse().unwrap(),
        recorded_at: Some("2026-05-13T04:55:00Z".parse().unwrap()),
        received_at: now(),
        verdicts: &verdicts,
        notes: &notes,
        receipt_url: Some("https://forte.example/receipts/1"),
    };
    insta::assert_json_snapshot!(shown(&report_submitted(&submitted, id(1))));
    let (duration_ms, receipt_url, lat, long) = (None, None, None, None);
    let unknown = ReportSubmitted { duration_ms, receipt_url, lat, long, ..submitted };
    let body: Value = serde_json::from_str(&report_submitted(&unknown, id(1)).body).unwrap();
    for name in ["duration_ms", "receipt_url", "lat", "long"] {
        assert_eq!(body["data"][name], Value::Null, "{name}");
    }
}

#[test]
fn report_decided_has_every_field() {
    let decided = ReportDecided {
        report: REPORT.parse().unwrap(),
        submission: Some(id(2)),
        status: ReportStatus::Rejected,
        reason: "Не видно номера",
        decided_by: "person:900",
        version: 2,
    };
    insta::assert_json_snapshot!(built(&OutboxEvent::ReportDecided(decided)));
    let unsent = ReportDecided { submission: None, ..decided };
    let built = built(&OutboxEvent::ReportDecided(unsent));
    assert!(built["body"]["data"]["submission_id"].is_null());
}

/// Only ids: neither a code, nor an address, nor a device token.
#[test]
fn messages_of_mails_and_push_notifications_hold_ids() {
    let push = PushEvent {
        kind: PushKind::Rejected,
        session: id(4),
        report: Some(REPORT.parse().unwrap()),
        reports: 1,
        reason: "Темно",
    };
    let expires_at = "2026-05-13T05:10:00Z".parse().unwrap();
    let company = CompanyId(20);
    insta::assert_json_snapshot!([
        built(&OutboxEvent::CodeRequested { challenge: id(5), expires_at }),
        built(&OutboxEvent::CodesAbused { company, reason: "wrong_codes" }),
        built(&OutboxEvent::Push(push)),
    ]);
}

#[test]
fn a_stored_event_is_parsed_from_its_message() {
    let parse = |event: &OutboxEvent<'_>| {
        let OutboxMessage { kind, body, .. } = message(event, id(1), now());
        StoredEvent::parse(kind, &body).unwrap()
    };
    let challenge = OutboxEvent::CodeRequested { challenge: id(5), expires_at: now() };
    assert_eq!(parse(&challenge), StoredEvent::Code(id(5)));
    let company = CompanyId(20);
    let warning = OutboxEvent::CodesAbused { company, reason: "many_codes" };
    let reason = "many_codes".to_owned();
    assert_eq!(parse(&warning), StoredEvent::Warning { company, reason });
    for kind in PushKind::ALL {
        let event =
            PushEvent { kind, session: id(4), report: None, reports: 3, reason: "Темно" };
        let (session, reason) = (id(4), "Темно".to_owned());
        let stored = StoredEvent::Push { kind, session, report: None, reports: 3, reason };
        assert_eq!(parse(&OutboxEvent::Push(event)), stored);
    }
    assert_eq!(StoredEvent::parse("mail.none", "{}"), Ok(StoredEvent::Unsendable));
    assert!(StoredEvent::parse("mail.code", "{}").is_err());
    assert!(Channel::ALL.iter().all(|it| Channel::from_word(it.as_str()) == Some(*it)));
}

fn whole(email: &Email) -> String {
    let Email { to, subject, text, html } = email;
    format!("To: {to}\nSubject: {subject}\n\n{text}\n{html}")
}

fn in_every_language(show: impl Fn(Language) -> String) -> String {
    Language::ALL.map(|language| format!("## {}\n{}", language.as_str(), show(language))).join("\n")
}

#[test]
fn the_mail_contains_the_code_and_its_requester() {
    let mail = CodeMail {
        to: "director@example.kz",
        company: "ТОО «Пример» <b>",
        code: "0042",
        expires_at: "2026-05-13T05:09:30Z".parse().unwrap(),
        role: Role::Employee,
        first_name: "Айбек\u{202e}",
        mobile: "+7 701 000 00 00",
        device: "phone-7",
        link: None,
    };
    let show = |language| whole(&code_mail(&mail, now(), &almaty(), language));
    insta::assert_snapshot!(in_every_language(show));
    let director = CodeMail { role: Role::Admin, first_name: "", mobile: "", ..mail };
    let show = |language| code_mail(&director, now(), &almaty(), language).text;
    insta::assert_snapshot!(in_every_language(show));
    let guarded = CodeMail { link: Some("https://media.example.kz/confirm/x.y"), ..director };
    let show = |language| whole(&code_mail(&guarded, now(), &almaty(), language));
    insta::assert_snapshot!(in_every_language(show));
}

#[test]
fn each_reason_of_a_warning_has_its_mail() {
    for reason in ["wrong_codes", "many_codes"] {
        let show = |language| {
            whole(&warning_mail("director@example.kz", "ТОО «Пример»", reason, language))
        };
        insta::assert_snapshot!(reason, in_every_language(show));
    }
}

fn push_text(kind: PushKind, reports: u64, reason: &str, report: &PushReport<'_>) -> String {
    let about = (kind != PushKind::SessionRevoked).then(|| REPORT.parse().unwrap());
    let event = PushEvent { kind, session: id(4), report: about, reports, reason };
    in_every_language(|language| {
        let shown = push_notification(&event, report, "device-token", &almaty(), language);
        assert_eq!(shown.token, "device-token");
        format!("{}\n{}\n{:?}\n", shown.title, shown.body, shown.data)
    })
}

#[test]
fn each_kind_of_push_notification_has_its_text() {
    // Midnight in Almaty: the last day is the one before.
    let due_at = Some("2026-05-19T19:00:00Z".parse().unwrap());
    let report = PushReport { number: "000000001", plate: "123ABC02", due_at };
    for kind in PushKind::ALL {
        insta::assert_snapshot!(kind.as_str(), push_text(kind, 1, "", &report));
    }
    for kind in [PushKind::Assigned, PushKind::Due] {
        let name = format!("{}_many", kind.as_str());
        insta::assert_snapshot!(name, push_text(kind, 12, "", &report));
    }
    let rejected = push_text(PushKind::Rejected, 1, "Темно.\nЕщё раз", &report);
    insta::assert_snapshot!("push.report_rejected_reason", rejected);
}

#[test]
fn a_push_notification_names_what_is_known_of_the_report() {
    let text = |number, plate, due_at| {
        let report = PushReport { number, plate, due_at };
        let event = PushEvent {
            kind: PushKind::Assigned,
            session: id(4),
            report: None,
            reports: 1,
            reason: "",
        };
        push_notification(&event, &report, "", &almaty(), Language::Russian).body
    };
    assert_eq!(text("7", "", None), "Снимите видео: отчёт № 7.");
    assert_eq!(text("", "123ABC02", Some(NEVER_DUE)), "Снимите видео: 123ABC02.");
}
