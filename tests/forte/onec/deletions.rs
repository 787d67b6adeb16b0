//! Deletions by 1C: released BINs, deletions that arrive first, concurrent deletions.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::{
    ASSIGNMENT, COMPANY, CONTRACT, REPORT, TYPE, UNKNOWN, VEHICLE, add_default_node, company,
    director, fixture, take, take_all, with,
};
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    a_deleted_company_releases_its_bin,
    an_inactive_company_releases_its_bin_to_an_active_one,
    a_deletion_that_arrives_before_its_object_is_kept,
    concurrent_deletions_by_a_message_and_a_director_do_not_deadlock,
}

fn delete(object: &str, key: &str, version: i64) -> Value {
    json!({ "type": "delete", "object": object, "ref_key": key, "version": version })
}

/// Duplicates are cleaned up in 1C; within one message the deletion has to be first.
async fn a_deleted_company_releases_its_bin(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &[company()]).await;
    let other = with(company(), json!({ "ref_key": UNKNOWN }));
    let results = take(&service, 2, &[other.clone(), delete("company", COMPANY, 2)]).await;
    assert_eq!(results[0]["error"], "biin_taken");
    take_all(&service, 3, std::slice::from_ref(&other)).await;
    let biins = "SELECT ref_key, biin, active FROM companies WHERE ref_key <> '' ORDER BY biin";
    assert_eq!(
        service.env.db.rows(biins).await,
        [format!("{UNKNOWN}|200940026146|1"), format!("{COMPANY}|deleted:{COMPANY}|0")]
    );
    // It can be restored only while its BIN is free.
    let results = take(&service, 4, &[with(company(), json!({ "version": 3 }))]).await;
    assert_eq!(results[0]["error"], "biin_taken");
    let back = with(company(), json!({ "version": 3 }));
    take_all(&service, 5, &[delete("company", UNKNOWN, 2), back]).await;
    assert_eq!(
        service.env.db.rows(biins).await,
        [format!("{COMPANY}|200940026146|1"), format!("{UNKNOWN}|deleted:{UNKNOWN}|0")]
    );
}

/// 1C marks duplicates as inactive instead of deleting them.
async fn an_inactive_company_releases_its_bin_to_an_active_one(service: Service) {
    add_default_node(&service).await;
    let marked = |version| with(company(), json!({ "active": false, "version": version }));
    take_all(&service, 1, &[company(), marked(2)]).await;
    let biins = "SELECT ref_key, biin, active FROM companies WHERE ref_key <> '' ORDER BY biin";
    assert_eq!(service.env.db.rows(biins).await, [format!("{COMPANY}|200940026146|0")]);
    take_all(&service, 2, &[with(company(), json!({ "ref_key": UNKNOWN }))]).await;
    let both = [format!("{UNKNOWN}|200940026146|1"), format!("{COMPANY}|deleted:{COMPANY}|0")];
    assert_eq!(service.env.db.rows(biins).await, both);
    // Sending the duplicate again does not reclaim the BIN while it is inactive.
    take_all(&service, 3, &[marked(3)]).await;
    assert_eq!(service.env.db.rows(biins).await, both);
    let results = take(&service, 4, &[with(company(), json!({ "version": 4 }))]).await;
    assert_eq!(results[0]["error"], "biin_taken");
}

async fn a_deletion_that_arrives_before_its_object_is_kept(service: Service) {
    add_default_node(&service).await;
    let deleted = [
        delete("assignment", ASSIGNMENT, 5),
        delete("report", REPORT, 5),
        delete("vehicle", VEHICLE, 5),
        delete("contract", CONTRACT, 5),
        delete("vehicle_type", TYPE, 5),
        delete("company", COMPANY, 5),
    ];
    for result in take_all(&service, 1, &deleted).await {
        assert_eq!(result["message"], "there is no such object");
    }
    // A deletion without a version applies only to an existing object.
    take_all(&service, 2, &[delete("contract", UNKNOWN, 0)]).await;
    let mut items = fixture();
    items.remove(1);
    for result in take_all(&service, 3, &items).await {
        assert!(result["message"].as_str().unwrap().starts_with("ignored"), "{result}");
    }
    let stored = "SELECT (SELECT COUNT(*) FROM reports WHERE deleted = 0) \
                 + (SELECT COUNT(*) FROM vehicles WHERE deleted = 0) \
                 + (SELECT COUNT(*) FROM contracts WHERE deleted = 0) \
                 + (SELECT COUNT(*) FROM vehicle_types WHERE deleted = 0) \
                 + (SELECT COUNT(*) FROM assignments WHERE deleted = 0) \
                 + (SELECT COUNT(*) FROM companies WHERE ref_key <> '' AND active = 1)";
    let before = service.env.db.number(stored).await;
    let known = "SELECT COUNT(*) FROM contracts";
    assert_eq!(service.env.db.number(known).await, 1, "the deletion without a version has no row");
    let later: Vec<Value> =
        items.into_iter().map(|item| with(item, json!({ "version": 6 }))).collect();
    take_all(&service, 4, &later).await;
    assert_eq!(service.env.db.number(stored).await, before + 6);
}

/// Employees of the driver's company, followed by the company.
fn staff() -> Vec<Value> {
    let employee = |at: i64| {
        let key = format!("8e1c93a2-d1bd-11ec-8a4e-{at:012}");
        let mobile = format!("+7 701 100 {at:02} 00");
        let fields = json!({ "ref_key": key, "role": "employee", "mobile": mobile, "version": 0 });
        with(director(), fields)
    };
    let mut items: Vec<Value> = (0..40).map(employee).collect();
    items.push(with(company(), json!({ "biin": "080540013184", "version": 0 })));
    items
}

/// The endpoint (E5) locks the company and then the person; in a message people can come first.
async fn concurrent_deletions_by_a_message_and_a_director_do_not_deadlock(service: Service) {
    add_default_node(&service).await;
    let director = service.env.fixture.director().await;
    let token = service.token_of(director);
    let mut first = staff();
    first.rotate_right(1);
    take_all(&service, 1, &first).await;
    let ids = "SELECT id FROM people WHERE ref_key <> '' ORDER BY ref_key";
    let ids = service.env.db.rows(ids).await;
    let items = staff();
    for number in 2..5 {
        let deleting = async {
            let mut statuses = Vec::new();
            for id in &ids {
                let deletion = Request::delete(format!("/employee/delete/{id}"))
                    .header("Authorization", format!("Bearer {token}"));
                let answer = service.send(deletion.body(Body::empty()).unwrap()).await;
                statuses.push(answer.status().as_u16());
            }
            statuses
        };
        let (_, statuses) = tokio::join!(take_all(&service, number, &items), deleting);
        assert_eq!(statuses, vec![200; ids.len()]);
        // Restores the people that were deleted after the message.
        take_all(&service, 100 + number, &items).await;
    }
}
