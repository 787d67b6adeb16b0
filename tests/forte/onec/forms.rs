//! Dates, numbers, keys and flags as 1C writes them.

use serde_json::{Value, json};

use super::{
    COMPANY, add_default_node, company, contract, fixture, message, post, take, take_all, with,
};
use crate::harness::service::{Service, json as body_of};

/// The stored end date of a contract with this value; `None` if the value is refused.
async fn date(service: &Service, text: Value) -> Option<String> {
    let item = with(contract(), json!({ "date_end": text, "version": null }));
    let number = service.env.db.number("SELECT COUNT(*) FROM onec_messages").await + 1;
    let results = take(service, number, &[item]).await;
    let ends = service.env.db.rows("SELECT ends_at FROM contracts").await.concat();
    (results[0]["ok"] == true).then_some(ends)
}

/// Q12, Q13: dates are local, and there are several forms of an empty one.
#[tokio::test]
async fn every_form_of_a_date_is_read() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    take_all(&service, 1, &[company()]).await;
    let midnight = Some("1777575600000000".to_owned());
    for text in
        ["2026-05-01T00:00:00", "2026-05-01 00:00:00", "2026-05-01", " 2026-05-01T00:00:00 "]
    {
        assert_eq!(date(&service, json!(text)).await, midnight, "{text}");
    }
    for text in ["2026-04-30T19:00:00Z", "2026-05-01T00:00:00+05:00", "2026-05-01T00:00:00.000"] {
        assert_eq!(date(&service, json!(text)).await, midnight, "{text}");
    }
    let none = Some("0".to_owned());
    for text in ["", " ", "0001-01-01T00:00:00", "0001-01-01", "0001-01-01T00:00:00Z"] {
        assert_eq!(date(&service, json!(text)).await, none, "{text}");
    }
    assert_eq!(date(&service, Value::Null).await, none);
    // 1C's latest date, and a date before 2024, when Almaty was at UTC+6.
    assert!(date(&service, json!("3999-12-31T23:59:59")).await.is_some());
    let before = date(&service, json!("2023-05-01T00:00:00")).await;
    assert_eq!(before.as_deref(), Some("1682877600000000"));
    for wrong in [
        json!("01.05.2026"),
        json!("2026-13-01T00:00:00"),
        json!("2026-05-01T25:00:00"),
        json!("20260501000000"),
        json!("9999-12-31T23:59:59"),
        json!("2026-05-01T00:00:00".repeat(9)),
        json!(20_260_501),
        json!(true),
        json!([]),
    ] {
        assert_eq!(date(&service, wrong.clone()).await, None, "{wrong}");
    }
}

#[tokio::test]
async fn every_form_of_a_number_is_read() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    let mut version = 10;
    for form in [json!(11), json!("12"), json!(13.0), json!(" 14 "), json!(1.5e1)] {
        version += 1;
        take_all(&service, version, &[with(company(), json!({ "version": form }))]).await;
        let stored = "SELECT version FROM companies WHERE ref_key <> ''";
        assert_eq!(service.env.db.number(stored).await, version, "{form}");
    }
    for wrong in [
        json!("1 000"),
        json!("1\u{a0}000"),
        json!(1.5),
        json!("1.0"),
        json!(-1),
        json!(true),
        json!("x"),
    ] {
        version += 1;
        let item = with(company(), json!({ "version": wrong }));
        let results = take(&service, version, &[item]).await;
        assert_eq!(results[0]["error"], "validation_failed", "{wrong}");
    }
    let huge = message(99, &[with(company(), json!({ "version": 7 }))]).replace(":7,", ":9e99,");
    let reply = body_of(service.send(post(huge)).await).await;
    assert_eq!(reply["results"][0]["ok"], reply["results"][0]["error"] == "");
}

/// Q39: keys in any case, with or without braces; texts that 1C writes as numbers.
#[tokio::test]
async fn every_form_of_a_key_a_text_and_a_flag_is_read() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    let upper = COMPANY.to_uppercase();
    let forms =
        [upper.clone(), format!("{{{upper}}}"), format!(" {COMPANY} "), COMPANY.replace('-', "")];
    for (number, form) in (2..).zip(forms) {
        let item = json!({ "ref_key": form, "version": null, "active": false });
        take_all(&service, number, &[with(company(), item)]).await;
    }
    let one = "SELECT ref_key, active FROM companies WHERE ref_key <> ''";
    assert_eq!(service.env.db.rows(one).await, [format!("{COMPANY}|0")]);
    let plain = json!({ "mobile": 87_010_000_001_i64, "first_name": null, "version": 2 });
    take_all(&service, 20, &[with(super::director(), plain)]).await;
    let people = "SELECT mobile, first_name FROM people WHERE ref_key <> ''";
    assert_eq!(service.env.db.rows(people).await, ["87010000001|"]);
    for (number, wrong) in (30..).zip([json!(1), json!("true"), json!("Истина"), json!({})]) {
        let item = with(company(), json!({ "active": wrong, "version": 9 }));
        let results = take(&service, number, &[item]).await;
        assert_eq!(results[0]["message"], "active: must be true or false", "{wrong}");
    }
}
