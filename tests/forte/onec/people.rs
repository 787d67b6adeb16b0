//! Companies and people: matching with existing rows, and deactivation.

use serde_json::json;

use super::{
    COMPANY, DIRECTOR, UNKNOWN, add_default_node, company, contract, director, take, take_all,
    vehicle, vehicle_type, with,
};
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    an_existing_company_is_recognised_by_its_bin,
    a_bin_belongs_to_one_company,
    a_self_registered_driver_is_recognised_by_telephone_number,
    blocked_and_deleted_people_are_signed_out,
    names_have_neither_markup_nor_bidirectional_controls,
}

async fn an_existing_company_is_recognised_by_its_bin(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &[with(company(), json!({ "biin": "080540013184" }))]).await;
    let known = "SELECT id, name FROM companies WHERE biin = '080540013184'";
    assert_eq!(service.env.db.rows(known).await, ["20|ТОО «Пример»"]);
}

async fn a_bin_belongs_to_one_company(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &[company()]).await;
    let results = take(&service, 2, &[with(company(), json!({ "ref_key": UNKNOWN }))]).await;
    assert_eq!(results[0]["error"], "biin_taken");
    // A company can change to a free BIN.
    let moved = json!({ "biin": "790920300817", "version": 2 });
    take_all(&service, 3, &[with(company(), moved)]).await;
    let other = json!({ "ref_key": UNKNOWN, "version": 1 });
    take_all(&service, 4, &[with(company(), other)]).await;
    let back = json!({ "version": 3 });
    let results = take(&service, 5, &[with(company(), back)]).await;
    assert_eq!(results[0]["error"], "biin_taken");
}

/// Q30: the format of the number does not matter.
async fn a_self_registered_driver_is_recognised_by_telephone_number(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &[with(company(), json!({ "biin": "080540013184" }))]).await;
    let driver = json!({ "role": "employee", "mobile": "8 701 000 00 00", "first_name": "Айбек" });
    take_all(&service, 2, &[with(director(), driver)]).await;
    let known = "SELECT id, mobile FROM people WHERE ref_key <> ''";
    assert_eq!(service.env.db.rows(known).await, ["153|8 701 000 00 00"]);
}

/// S17: in the same transaction, with a push to the device.
async fn blocked_and_deleted_people_are_signed_out(service: Service) {
    add_default_node(&service).await;
    let db = &service.env.db;
    let open = "SELECT COUNT(*) FROM sessions WHERE ended_at = 0";
    take_all(&service, 1, &[company(), director()]).await;
    for (number, blocked) in (2..).zip([
        with(director(), json!({ "active": false, "version": 2 })),
        with(company(), json!({ "active": false, "version": 2 })),
        json!({ "type": "delete", "object": "user", "ref_key": DIRECTOR, "version": 3 }),
        json!({ "type": "delete", "object": "company", "ref_key": COMPANY, "version": 3 }),
    ]) {
        db.execute("DELETE FROM outbox").await;
        db.execute("DELETE FROM sessions").await;
        db.execute(
            "INSERT INTO sessions (id, person_id, uuid, fcm, created_at, seen_at, ended_at, \
             end_reason) SELECT '01890000-0000-7000-8000-000000000001', id, 'device', \
             'token', 1, 1, 0, '' FROM people WHERE ref_key <> ''",
        )
        .await;
        assert_eq!(db.number(open).await, 1);
        take_all(&service, number, &[blocked]).await;
        assert_eq!(db.number(open).await, 0, "message {number}");
        let pushed = "SELECT kind FROM outbox WHERE channel = 'push'";
        assert_eq!(db.rows(pushed).await, ["push.session_revoked"], "message {number}");
        let may_act = "SELECT p.active * c.active FROM people p \
                       JOIN companies c ON c.id = p.company_id WHERE p.ref_key <> ''";
        assert_eq!(db.number(may_act).await, 0);
    }
}

/// They are shown in lists, mails and pages, behind other text and before it.
async fn names_have_neither_markup_nor_bidirectional_controls(service: Service) {
    add_default_node(&service).await;
    let company = with(company(), json!({ "name": "ТОО \u{202e}<b>\"Кола\"</b>\u{feff}" }));
    let names = json!({ "first_name": "Ай\u{200f}бек", "last_name": "<i>Сапаров", "patronic_name": "\u{2066}" });
    let title = json!({ "title": "Само\u{ad}свал <img>" });
    let plate = json!({ "plate_number": "\u{202d}123\u{202c} ABC 02" });
    let items = [
        company,
        with(director(), names),
        with(vehicle_type(), title),
        contract(),
        with(vehicle(), plate),
    ];
    take_all(&service, 1, &items).await;
    let db = &service.env.db;
    let of = async |column: &str, table: &str| {
        let sql = format!(
            "SELECT {column} FROM {table} WHERE {column} LIKE '%а%' OR {column} LIKE '%A%'"
        );
        db.rows(&sql).await
    };
    assert!(of("name", "companies").await.contains(&"ТОО ‹b›\"Кола\"‹/b›".to_owned()));
    let person =
        "SELECT first_name, last_name, patronic_name FROM people WHERE last_name LIKE '‹%'";
    assert_eq!(db.rows(person).await, ["Айбек|‹i›Сапаров|"]);
    assert_eq!(of("title", "vehicle_types").await, ["Самосвал ‹img›"]);
    assert_eq!(of("plate_number", "vehicles").await, ["123 ABC 02"]);
    let unnamed = with(super::company(), json!({ "name": "\u{200b} \u{202e}", "version": 2 }));
    let results = take(&service, 2, &[unnamed]).await;
    assert_eq!(results[0]["ok"], false, "{results:?}");
}
