//! Companies and people: who is known already, and who may no longer act.

use serde_json::json;

use super::{COMPANY, DIRECTOR, NOTHING, admitted, company, director, take, take_all, with};
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    a_company_that_was_entered_by_hand_is_known_by_its_bin,
    a_bin_belongs_to_one_company,
    a_driver_who_let_himself_in_is_known_by_telephone,
    whoever_is_blocked_is_signed_out,
}

async fn a_company_that_was_entered_by_hand_is_known_by_its_bin(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &[with(company(), json!({ "biin": "080540013184" }))]).await;
    let known = "SELECT id, name FROM companies WHERE biin = '080540013184'";
    assert_eq!(service.env.db.rows(known).await, ["20|ТОО «Пример»"]);
}

async fn a_bin_belongs_to_one_company(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &[company()]).await;
    let results = take(&service, 2, &[with(company(), json!({ "ref_key": NOTHING }))]).await;
    assert_eq!(results[0]["error"], "biin_taken");
    // A company may get another one that is free.
    let moved = json!({ "biin": "790920300817", "version": 2 });
    take_all(&service, 3, &[with(company(), moved)]).await;
    let other = json!({ "ref_key": NOTHING, "version": 1 });
    take_all(&service, 4, &[with(company(), other)]).await;
    let back = json!({ "version": 3 });
    let results = take(&service, 5, &[with(company(), back)]).await;
    assert_eq!(results[0]["error"], "biin_taken");
}

/// Q30: in whatever form the number is written.
async fn a_driver_who_let_himself_in_is_known_by_telephone(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &[with(company(), json!({ "biin": "080540013184" }))]).await;
    let driver = json!({ "role": "employee", "mobile": "8 701 000 00 00", "first_name": "Айбек" });
    take_all(&service, 2, &[with(director(), driver)]).await;
    let known = "SELECT id, mobile FROM people WHERE ref_key <> ''";
    assert_eq!(service.env.db.rows(known).await, ["153|8 701 000 00 00"]);
}

/// S17: in the same transaction; a device hears of it.
async fn whoever_is_blocked_is_signed_out(service: Service) {
    admitted(&service).await;
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
            "INSERT INTO sessions SELECT '01890000-0000-7000-8000-000000000001', id, 'device', \
             'token', 1, 1, 0, '' FROM people WHERE ref_key <> ''",
        )
        .await;
        assert_eq!(db.number(open).await, 1);
        take_all(&service, number, &[blocked]).await;
        assert_eq!(db.number(open).await, 0, "message {number}");
        let told = "SELECT kind FROM outbox WHERE channel = 'push'";
        assert_eq!(db.rows(told).await, ["push.session_revoked"], "message {number}");
        let may_act = "SELECT p.active * c.active FROM people p \
                       JOIN companies c ON c.id = p.company_id WHERE p.ref_key <> ''";
        assert_eq!(db.number(may_act).await, 0);
    }
}
