//! A director's employees (E4, E5).

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::model::{Person, PersonId, Role, SessionId};
use serde_json::{Value, json};

use super::{get, list};
use crate::harness::answers::problem;
use crate::harness::rows::Rows;
use crate::harness::service::{Service, header, json as body, on_both_backends};

on_both_backends! {
    a_director_sees_the_active_employees_of_the_company,
    a_deleted_employee_is_refused_immediately_and_the_reports_remain,
    deleting_an_employee_ends_the_sessions_and_notifies_the_devices,
    directors_cannot_delete_themselves_or_foreign_or_deleted_employees,
    one_of_two_directors_who_delete_each_other_remains,
    only_directors_list_or_delete_employees,
}

async fn send_delete(
    service: &Service,
    method: &str,
    person: Person,
    id: &str,
    method_override: &str,
) -> Response<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/employee/delete/{id}"))
        .header("Authorization", format!("Bearer {}", service.token_of(person)));
    if !method_override.is_empty() {
        request = request.header("X-HTTP-Method-Override", method_override);
    }
    service.send(request.body(Body::empty()).unwrap()).await
}

async fn delete(service: &Service, person: Person, id: PersonId) -> Response<Body> {
    send_delete(service, "DELETE", person, &id.0.to_string(), "").await
}

async fn assert_deleted(response: Response<Body>) {
    assert_eq!(response.status(), 200);
    let data = json!({ "message": "User successfully deleted.", "code": 200 });
    assert_eq!(body(response).await, json!({ "status": "ok", "data": data }));
}

/// Four employees besides the driver; the last one belongs to another company.
async fn employees(service: &Service) -> [Person; 4] {
    let fixture = &service.env.fixture;
    let others = [154, 155, 156].map(|id| Person { id: PersonId(id), ..fixture.driver });
    for (person, mobile) in others.iter().zip(["87781578800", "+7 778 123-12-33", ""]) {
        fixture.add_named_person(*person, "Валихан", mobile, None).await;
    }
    [others[0], others[1], others[2], fixture.foreign_driver().await]
}

/// E4
async fn a_director_sees_the_active_employees_of_the_company(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let [_, _, inactive, _] = employees(&service).await;
    fixture.database.set_person_active(inactive.id, false).await.unwrap();
    let data = list(&service, director, "/employee/list").await;
    let expected = json!([
        { "id": 155, "first_name": "Валихан", "mobile": "+7 778 123-12-33" },
        { "id": 154, "first_name": "Валихан", "mobile": "87781578800" },
        { "id": 153, "first_name": "Айбек", "mobile": "+77010000000" },
    ]);
    assert_eq!(data["employees"], expected);
}

/// E5, Q21, S17
async fn a_deleted_employee_is_refused_immediately_and_the_reports_remain(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let [one, two, ..] = employees(&service).await;
    let report = service.report().await;
    assert_eq!(get(&service, one, "/reports/general/filter").await.status(), 200);
    assert_deleted(delete(&service, director, one.id).await).await;
    problem(get(&service, one, "/reports/general/filter").await, 401, "token_invalid").await;
    let overridden = send_delete(&service, "POST", director, &two.id.0.to_string(), "delete").await;
    assert_deleted(overridden).await;
    let data = list(&service, director, "/employee/list").await;
    assert_eq!(data["employees"].as_array().unwrap().len(), 2);
    assert!(fixture.database.report(report).await.unwrap().is_some());
    let kept = service.env.db.number("SELECT COUNT(*) FROM people WHERE id IN (154, 155)").await;
    assert_eq!(kept, 2);
}

/// E5, Q21, S17
async fn deleting_an_employee_ends_the_sessions_and_notifies_the_devices(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let [one, other, ..] = employees(&service).await;
    let db = &service.env.db;
    let mut sessions = Vec::new();
    for (person, fcm, ended) in [(one, "phone", 0), (one, "", 0), (one, "old", 5), (other, "x", 0)]
    {
        let id = SessionId::mint(&fixture.clock, &fixture.random);
        db.execute(format!(
            "INSERT INTO sessions (id, person_id, uuid, fcm, created_at, seen_at, ended_at, end_reason) \
             VALUES ('{id}', {}, 'u', '{fcm}', 1, 1, {ended}, '')", person.id.0
        )).await;
        db.execute(format!(
            "INSERT INTO refresh_tokens (rti, session_id, created_at, expires_at, used_at, successor) \
             VALUES ({}, '{id}', 1, 253370764800000000, 0, 0)",
            1000 + sessions.len()
        ))
        .await;
        sessions.push(id);
    }
    assert_deleted(delete(&service, director, one.id).await).await;
    let open = "SELECT COUNT(*) FROM sessions WHERE ended_at = 0";
    assert_eq!(db.number(open).await, 1);
    let valid = "SELECT COUNT(*) FROM refresh_tokens WHERE expires_at = 253370764800000000";
    assert_eq!(db.number(valid).await, 1);
    assert_eq!(db.number("SELECT ended_at FROM sessions WHERE fcm = 'old'").await, 5);
    let notifications = format!(
        "SELECT COUNT(*) FROM outbox WHERE channel = 'push' AND kind = 'push.session_revoked' \
         AND subject = 'session:{}'",
        sessions[0]
    );
    assert_eq!(db.number(notifications).await, 1);
    assert_eq!(db.number("SELECT COUNT(*) FROM outbox WHERE channel = 'push'").await, 1);
}

/// Q21, S20
async fn directors_cannot_delete_themselves_or_foreign_or_deleted_employees(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let [one, _, _, foreign] = employees(&service).await;
    problem(delete(&service, director, director.id).await, 409, "delete_oneself").await;
    assert_deleted(delete(&service, director, one.id).await).await;
    let mut messages = Vec::new();
    for id in [
        one.id.0.to_string(),
        foreign.id.0.to_string(),
        "4000".to_owned(),
        "x".to_owned(),
        "-1".to_owned(),
        // A sign is not a digit, although an integer parser accepts it.
        "+155".to_owned(),
        "99999999999999999999".to_owned(),
        "%FF".to_owned(),
    ] {
        let data =
            problem(send_delete(&service, "DELETE", director, &id, "").await, 404, "not_found")
                .await;
        messages.push(data["message"].clone());
    }
    messages.dedup();
    assert_eq!(messages.len(), 1);
    assert_eq!(get(&service, foreign, "/reports/general/filter").await.status(), 200);
    for (method, method_override) in
        [("POST", ""), ("POST", "PATCH"), ("GET", "DELETE"), ("PUT", "")]
    {
        let response = send_delete(&service, method, director, "154", method_override).await;
        assert!(header(&response, "allow").contains("DELETE"), "{method}");
        problem(response, 405, "method_not_allowed").await;
    }
}

/// Q21: a company always keeps a director, because nobody can delete themselves.
async fn one_of_two_directors_who_delete_each_other_remains(service: Service) {
    let fixture = &service.env.fixture;
    let one = fixture.director().await;
    let two = Person { id: PersonId(8), role: Role::Admin, ..one };
    fixture.add_named_person(two, "Второй", "+77020000000", None).await;
    let (first, second) =
        tokio::join!(delete(&service, one, two.id), delete(&service, two, one.id));
    let statuses = [first.status().as_u16(), second.status().as_u16()];
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    let remaining = "SELECT COUNT(*) FROM people WHERE role = 'admin' AND active = 1";
    assert_eq!(service.env.db.number(remaining).await, 1);
}

/// S21
async fn only_directors_list_or_delete_employees(service: Service) {
    let fixture = &service.env.fixture;
    let [one, two, ..] = employees(&service).await;
    let reviewer = Person { id: PersonId(900), role: Role::Reviewer, ..one };
    fixture.add_named_person(reviewer, "Проверяющий", "", None).await;
    for caller in [one, reviewer] {
        problem(get(&service, caller, "/employee/list").await, 403, "forbidden").await;
        for id in [two.id, one.id, PersonId(4000)] {
            problem(delete(&service, caller, id).await, 403, "forbidden").await;
            let response = send_delete(&service, "POST", caller, &id.0.to_string(), "DELETE").await;
            problem(response, 403, "forbidden").await;
        }
    }
    let active = "SELECT COUNT(*) FROM people WHERE active = 1 AND id IN (154, 155)";
    assert_eq!(service.env.db.number(active).await, 2);
    let _: Value = list(&service, one, "/reports/general/filter").await;
}
