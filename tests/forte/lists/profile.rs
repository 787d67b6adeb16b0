//! The profile in the response to a sign-in and a refresh (E2, E3), by the requests of the document.

use axum::body::Body;
use axum::http::Request;
use forte_media::model::ReportStatus;
use serde_json::{Value, json};

use super::examples::{assert_shape, example, fill, sorted};
use crate::harness::service::{Backend, Options, Service, header, json as body, on_both_backends};

on_both_backends! {
    the_profile_of_a_director_matches_the_example,
    the_profile_of_a_driver_matches_the_example,
}

/// Paths of keys that the examples lack.
const EXTRAS_OF_A_DIRECTOR: [&str; 1] = [
    // Q7: in the text of the document, not in its example.
    "data.employees",
];
const EXTRAS_OF_A_DRIVER: [&str; 2] = [
    // Q8: the other lists cannot be requested without it.
    "data.reports.general[].vehicle_guid",
    "data.filter.vehicle_type[].vehicles",
];

const BIIN: &str = "200940026146";
const UUID: &str = "123456789012349";

/// Gives the company the data of the example.
async fn rename(service: &Service) {
    let sql = format!(
        "UPDATE companies SET biin = '{BIIN}', name = 'Alpha AJI Gruppe ТОО', \
         email = 'email@mail.ru' WHERE id = 20"
    );
    service.env.db.execute(sql).await;
}

/// E1, E2 as in the document: a form, then the headers `Login` and `Password`.
async fn sign_in(service: &Service, form: &str) -> Value {
    let code_request = Request::post(format!("/biin/{BIIN}"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    assert_eq!(body(service.send(code_request).await).await, example("sign_in_code"));
    let (biin, device) = (BIIN.parse().unwrap(), UUID.parse().unwrap());
    let challenge = service.database().latest_challenge(&biin, &device).await.unwrap().unwrap();
    let signed_in = Request::post("/auth")
        .header("Login", format!("{BIIN}||{UUID}"))
        .header("Password", service.app.state.auth.code_of(challenge.id));
    profile(service, signed_in.body(Body::empty()).unwrap()).await
}

/// E3 as in the document.
async fn refresh(service: &Service, profile: &Value) -> Value {
    let token = profile["data"]["refresh_token"].as_str().unwrap();
    let request =
        Request::post("/refresh_token").header("Authorization", format!("Bearer {token}"));
    self::profile(service, request.body(Body::empty()).unwrap()).await
}

async fn profile(service: &Service, request: Request<Body>) -> Value {
    let response = service.send(request).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8");
    assert_eq!(header(&response, "cache-control"), "no-store");
    body(response).await
}

/// E1, E2, E3, Q7, Q9
async fn the_profile_of_a_director_matches_the_example(service: Service) {
    let (fixture, example) = (&service.env.fixture, example("profile_of_admin"));
    fixture.director().await;
    rename(&service).await;
    let named = "UPDATE people SET first_name = 'Нурмуханов', last_name = 'Руслан', \
                 patronic_name = 'Серикович' WHERE id = 7";
    service.env.db.execute(named).await;
    fill(&service, &example).await;
    let form = format!("role_id=1&uuid={UUID}&FCM=fcm-of-the-director");
    let signed_in = sign_in(&service, &form).await;
    let refreshed = refresh(&service, &signed_in).await;
    for ours in [signed_in, refreshed] {
        assert_shape(&ours, &example, &EXTRAS_OF_A_DIRECTOR);
        assert_eq!(sorted(&ours), sorted(&example));
        for key in ["mobile", "email", "first_name", "last_name", "patronic_name", "biin"] {
            assert_eq!(ours["data"][key], example["data"][key], "{key}");
        }
        for key in ["company_name", "user_type", "info"] {
            assert_eq!(ours["data"][key], example["data"][key], "{key}");
        }
        let driver = json!([{ "id": 153, "first_name": "Айбек", "mobile": "+77010000000" }]);
        assert_eq!(ours["data"]["employees"], driver);
    }
}

/// E1, E2, E3, Q7, Q8, Q9
async fn the_profile_of_a_driver_matches_the_example(service: Service) {
    let example = example("profile_of_employee");
    rename(&service).await;
    fill(&service, &example).await;
    let form = format!(
        "role_id=2&uuid={UUID}&FCM=fcm-of-the-driver&mobile=87781578800&\
         first_name=%D0%98%D0%B2%D0%B0%D0%BD"
    );
    let signed_in = sign_in(&service, &form).await;
    let refreshed = refresh(&service, &signed_in).await;
    for ours in [signed_in, refreshed] {
        assert_shape(&ours, &example, &EXTRAS_OF_A_DRIVER);
        for key in ["mobile", "first_name", "last_name", "biin", "company_name", "user_type"] {
            assert_eq!(ours["data"][key], example["data"][key], "{key}");
        }
        assert_eq!(ours["data"]["info"], example["data"]["info"]);
        let plates = &ours["data"]["filter"]["vehicle_type"][0]["plate_numbers"];
        assert_eq!(*plates, json!(["123456789"]));
    }
}

/// Q7
#[tokio::test]
async fn the_profile_lacks_employees_when_the_setting_is_off() {
    let options = Options {
        settings: vec![("LEASING__EMPLOYEES_IN_PROFILE", "false".to_owned())],
        ..Options::default()
    };
    let service = Box::pin(Service::start_with(Backend::Embedded, options)).await.unwrap();
    let fixture = &service.env.fixture;
    fixture.director().await;
    rename(&service).await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &[]).await;
    let vehicle = fixture.vehicle(kind, "1").await;
    fixture.report_with_period(vehicle, ReportStatus::AwaitingVideo, (0, 5)).await;
    let ours = sign_in(&service, &format!("role_id=1&uuid={UUID}&FCM=x")).await;
    assert!(ours["data"].get("employees").is_none());
    assert_eq!(ours["data"]["reports"]["important"].as_array().unwrap().len(), 1);
}
