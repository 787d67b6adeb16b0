//! Hostile names (HTML, bidi controls, excessive length), and the Content-Security-Policy of the pages.

use super::submitted;
use super::visitor::Visitor;
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    a_script_in_a_name_is_shown_and_not_run,
    a_long_or_right_to_left_name_does_not_affect_the_text_around_it,
    no_page_may_run_foreign_scripts,
}

/// Replaces every name that comes from 1C, drivers and reviewers.
async fn rename(service: &Service, name: &str) {
    let name = name.replace('\'', "''");
    for (table, column) in [
        ("companies", "name"),
        ("people", "first_name"),
        ("vehicles", "plate_number"),
        ("vehicles", "vin_code"),
        ("reports", "report_number"),
        ("reports", "contract_number"),
        ("submissions", "filename"),
    ] {
        service.env.db.execute(format!("UPDATE {table} SET {column} = '{name}'")).await;
    }
}

/// The pages that contain names.
fn paths(report: &str) -> [String; 5] {
    [
        "/review".to_owned(),
        "/review/day".to_owned(),
        "/review/sessions".to_owned(),
        format!("/review/report/{report}"),
        format!("/review/report/{report}?reject=1"),
    ]
}

async fn a_script_in_a_name_is_shown_and_not_run(service: Service) {
    let report = submitted(&service).await.to_string();
    let dina = Visitor::reviewer(&service, "dina").await;
    let hostile = "</script><script>alert('1')</script>\"><img src=x onerror=alert(2)>";
    rename(&service, hostile).await;
    let text = format!("{hostile} {{plate}}");
    let page = dina.page(&service, &format!("/review/report/{report}?reject=1")).await;
    let mut fields = page.fields("id=\"reject-form\"");
    fields.push(("text", &text));
    let rejected = dina.form(&service, "/review/decide", &fields).await;
    assert_eq!(rejected.status(), 303);
    for path in paths(&report) {
        let page = dina.page(&service, &path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.html.contains("<script>alert"), "{path}");
        assert!(!page.html.contains("<img"), "{path}");
        // Exactly our script and the data.
        assert_eq!(page.html.matches("<script").count(), 2, "{path}");
        assert!(page.data().is_object(), "{path}");
    }
    let search = format!("/review?search={}", urlencoded(hostile));
    assert!(!dina.page(&service, &search).await.html.contains("<script>alert"));
}

fn urlencoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn a_long_or_right_to_left_name_does_not_affect_the_text_around_it(service: Service) {
    let report = submitted(&service).await.to_string();
    let dina = Visitor::reviewer(&service, "dina").await;
    let long = "Ұ".repeat(2_000);
    for name in [&*long, "\u{202e}gnp.vom\u{2066}", "две\nстроки"] {
        rename(&service, name).await;
        for path in paths(&report) {
            let page = dina.page(&service, &path).await;
            assert_eq!(page.status, 200, "{path}");
            for (start, _) in page.html.match_indices(name) {
                let before = &page.html[..start];
                let tag = &before[before.rfind('<').unwrap()..];
                // An option is isolated from other text, like a `<bdi>`.
                let is_alone = tag.starts_with("<bdi") || tag.starts_with("<option");
                let in_bdi = is_alone && tag.ends_with('>');
                let isolated = in_bdi || before.ends_with('\u{2068}');
                assert!(isolated || in_attribute_or_data(before), "{path}: {:?}", tail(before));
            }
        }
    }
}

fn tail(text: &str) -> &str {
    text.char_indices().rev().nth(80).map_or(text, |(start, _)| &text[start..])
}

/// Values of attributes and the data of scripts are not text of the page, and `<title>` has one line.
fn in_attribute_or_data(before: &str) -> bool {
    before.rfind('<') > before.rfind('>')
        || before
            .rfind("id=\"page-data\">")
            .is_some_and(|data| !before[data..].contains("</script>"))
        || before.rfind("<title>") > before.rfind("</title>")
}

async fn no_page_may_run_foreign_scripts(service: Service) {
    let report = submitted(&service).await.to_string();
    let dina = Visitor::reviewer(&service, "dina").await;
    let others = ["/review/sign-in", "/", "/review/nowhere"].map(str::to_owned);
    for path in paths(&report).into_iter().chain(others) {
        let page = dina.page(&service, &path).await;
        if page.status == 303 {
            continue;
        }
        let policy = &page.policy;
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        let other = policy.split("; ").filter(|part| part.contains("http"));
        for part in other {
            assert!(part.starts_with("media-src ") && path.contains("/report/"), "{path}: {part}");
            assert_eq!(part.matches("http").count(), 1, "{path}: {part}");
        }
        for inline in [" style=\"", " onclick=", "javascript:", "<style"] {
            assert!(!page.html.contains(inline), "{path}: {inline}");
        }
    }
}
