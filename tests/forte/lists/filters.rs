//! Filters of lists, in every spelling.

use forte_media::leasing::lists::{DateRange, Filters, means_no_filter, percent_decode};
use forte_media::model::{ReportStatus, VehicleGuid};
use proptest::prelude::*;
use uuid::Uuid;

use super::{all_keys, get, list, texts};
use crate::harness::answers::problem;
use crate::harness::fleet::ReportSpec;
use crate::harness::service::{Service, on_both_backends};

use ReportStatus::{Approved, AwaitingVideo, Rejected, Submitted};

on_both_backends! {
    every_filter_keeps_the_matching_reports,
    a_date_range_keeps_reports_whose_period_overlaps_it,
    every_spelling_of_no_filter_is_accepted,
    an_invalid_filter_is_reported_by_name,
}

const NAMES: [&str; 3] = ["status_code", "date_range_code", "vehicle_guid"];

/// E6, E7
async fn every_filter_keeps_the_matching_reports(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &[]).await;
    let (one, two) = (fixture.vehicle(kind, "1").await, fixture.vehicle(kind, "2").await);
    let mut all = Vec::new();
    for vehicle in [one, two] {
        for status in [AwaitingVideo, Submitted, Approved, Rejected] {
            for days in [(-400, -390), (-20, -10), (-5, 5)] {
                all.push((
                    vehicle,
                    status,
                    days,
                    fixture.report_with_period(vehicle, status, days).await,
                ));
            }
        }
    }
    let since = [("NULL", -1000), ("1w", -7), ("1m", -30), ("6m", -180), ("1y", -365)];
    for (range, oldest) in since {
        for code in [0, 1, 2, 3, 4] {
            for vehicle in [None, Some(one), Some(two)] {
                let guid = vehicle.map_or_else(|| "null".to_owned(), |guid| guid.to_string());
                let path = format!("/reports/general/filter/{code}/{range}/{guid}");
                let matching = all.iter().filter(|(of, status, days, _)| {
                    (code == 0 || status.code() == code)
                        && vehicle.is_none_or(|vehicle| vehicle == *of)
                        && days.1 > oldest
                });
                let mut expected = texts(matching.map(|(.., key)| key));
                let mut found = all_keys(&list(&service, director, &path).await);
                expected.sort();
                found.sort();
                assert_eq!(found, expected, "{path}");
            }
        }
    }
}

/// Q23: a report that began long ago or has no end is not hidden while it is due.
async fn a_date_range_keeps_reports_whose_period_overlaps_it(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &[]).await;
    let vehicle = fixture.vehicle(kind, "1").await;
    let long = fixture.report_with_period(vehicle, Approved, (-900, 1)).await;
    let coming = fixture.report_with_period(vehicle, Approved, (30, 60)).await;
    let endless =
        ReportSpec { finishes_at: None, starts_at: None, ..fixture.report_spec(vehicle, Approved) };
    let endless_key = endless.ref_key;
    fixture.add_reports(vec![endless]).await;
    fixture.report_with_period(vehicle, Approved, (-20, -8)).await;
    let data = list(&service, director, "/reports/general/filter/3/1w").await;
    assert_eq!(all_keys(&data), texts([coming, long, endless_key]));
    assert_eq!(data["reports"]["general"][2]["date_start_datetime"], "");
    assert_eq!(data["reports"]["general"][2]["date_start_render"], "");
}

/// Q22, Q39, R6
async fn every_spelling_of_no_filter_is_accepted(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &[]).await;
    let vehicle = fixture.vehicle(kind, "1").await;
    let key = fixture.report_with_period(vehicle, AwaitingVideo, (-900, -800)).await;
    let guid = vehicle.to_string().to_uppercase();
    let braces = format!("%7B{guid}%7D");
    for rest in [
        "",
        "/",
        "/NULL",
        "/null/",
        "/nil/undefined",
        "/all/0/-",
        "/0/0/0/",
        "/-/-/-",
        "//",
        "///",
        "//NULL",
        "/%4EULL",
        "/Null/NIL/All",
        "/%20/%6e%75ll",
        "/1",
        "/1//",
        "/%31/null/undefined/",
        &format!("///{guid}"),
        &format!("/1/NULL/{guid}/"),
        &format!("/0/-/{braces}"),
    ] {
        let path = format!("/reports/general/filter{rest}");
        assert_eq!(all_keys(&list(&service, director, &path).await), texts([key]), "{path}");
    }
    for rest in ["", "/", "/NULL", "/null/", "/nil/undefined/", "//", "/1/0", "/all//"] {
        let path = format!("/reports/vehicle/filter{rest}");
        assert_eq!(all_keys(&list(&service, director, &path).await), texts([key]), "{path}");
    }
}

/// Q22
async fn an_invalid_filter_is_reported_by_name(service: Service) {
    let director = service.env.fixture.director().await;
    for (rest, name) in [
        ("general/filter/5", NAMES[0]),
        ("general/filter/-1/1w", NAMES[0]),
        ("general/filter/x", NAMES[0]),
        ("general/filter/1.0", NAMES[0]),
        ("general/filter/%D1%84", NAMES[0]),
        ("general/filter/%FF", NAMES[0]),
        ("general/filter/1/2w", NAMES[1]),
        ("general/filter//week", NAMES[1]),
        ("general/filter/1/1w/123", NAMES[2]),
        ("general/filter///%00", NAMES[2]),
        ("vehicle/filter/9", NAMES[0]),
        ("vehicle/filter/0/1d", NAMES[1]),
    ] {
        let response = get(&service, director, &format!("/reports/{rest}")).await;
        let data = problem(response, 422, "validation_failed").await;
        assert!(data["details"][name].is_string(), "{rest}: {data}");
    }
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("after=x", "after"),
        ("after=aSAxIDI", "after"),
    ] {
        let response = get(&service, director, &format!("/reports/general/filter?{query}")).await;
        let data = problem(response, 422, "validation_failed").await;
        assert!(data["details"][name].is_string(), "{query}: {data}");
    }
    let too_many = get(&service, director, "/reports/general/filter/1/1w/0/1").await;
    problem(too_many, 404, "not_found").await;
    let too_many = get(&service, director, "/reports/vehicle/filter/1/1w/0").await;
    problem(too_many, 404, "not_found").await;
}

/// A text in percent-encoding; `every` encodes letters and digits too.
fn encoded(text: &str, every: bool) -> String {
    let plain = |byte: u8| !every && byte.is_ascii_alphanumeric();
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn no_filter() -> impl Strategy<Value = String> {
    let words = ["", "null", "nil", "undefined", "all", "0", "-"];
    (prop::sample::select(words.to_vec()), any::<u64>()).prop_map(|(word, cases)| {
        let cased = word.chars().enumerate().map(|(at, letter)| {
            if cases >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
        });
        cased.collect()
    })
}

proptest! {
    #[test]
    fn any_path_is_parsed_or_refused(path in "\\PC{0,60}") {
        let _parsed = Filters::parse(&path, &NAMES);
    }

    #[test]
    fn percent_encoding_is_reversible(text in "\\PC{0,30}", every: bool) {
        prop_assert_eq!(percent_decode(&encoded(&text, every)), Some(text));
    }

    /// Q22
    #[test]
    fn no_filter_is_recognised_in_any_case(words in prop::collection::vec(no_filter(), 0..=3), slash: bool) {
        prop_assert!(words.iter().all(|word| means_no_filter(word)));
        let path = words.join("/") + if slash { "/" } else { "" };
        prop_assert_eq!(Filters::parse(&path, &NAMES), Ok(Some(Filters::default())));
    }

    /// Q22, Q39
    #[test]
    fn filters_are_parsed_in_any_case_and_encoding(
        code in 1_i64..=4, range in 0_usize..4, guid: u128, upper: bool, every: bool,
    ) {
        let ranges = [
            ("1w", DateRange::Week), ("1m", DateRange::Month),
            ("6m", DateRange::HalfYear), ("1y", DateRange::Year),
        ];
        let guid = Uuid::from_u128(guid);
        let cased = |text: &str| if upper { text.to_uppercase() } else { text.to_owned() };
        let words = [code.to_string(), cased(ranges[range].0), cased(&guid.to_string())];
        let path = words.map(|word| encoded(&word, every)).join("/");
        let expected = Filters {
            status: Some(code.try_into().unwrap()),
            range: Some(ranges[range].1),
            vehicle: Some(VehicleGuid::from(guid)),
        };
        prop_assert_eq!(Filters::parse(&path, &NAMES), Ok(Some(expected)));
    }
}
