//! The QR code of a vehicle (E10).

use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use forte_media::config::Settings;
use forte_media::leasing::QrFormat;
use forte_media::model::VehicleGuid;
use http_body_util::BodyExt as _;
use image::ImageFormat;
use jiff::SignedDuration;

use crate::harness::account::from;
use crate::harness::answers::problem;
use crate::harness::service::{Service, header, on_both_backends};

on_both_backends!(a_qr_code_contains_the_key_of_the_vehicle,);

/// A vehicle of the driver's company.
async fn vehicle(service: &Service) -> VehicleGuid {
    let report = service.report().await;
    service.database().report(report).await.unwrap().unwrap().vehicle
}

async fn get(service: &Service, path: &str) -> Response<Body> {
    service.send(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn bytes(answer: Response<Body>) -> Bytes {
    answer.into_body().collect().await.unwrap().to_bytes()
}

/// Decodes the QR code in a picture.
fn decode(png: &[u8]) -> String {
    let picture = image::load_from_memory_with_format(png, ImageFormat::Png).unwrap().to_luma8();
    let (width, height) = picture.dimensions();
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(
        usize::try_from(width).unwrap(),
        usize::try_from(height).unwrap(),
        |x, y| picture.get_pixel(u32::try_from(x).unwrap(), u32::try_from(y).unwrap()).0[0],
    );
    let grids = prepared.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap().1
}

/// E10, R10, Q36, Q39: a PNG with only the key, without a token; the case of the key does not matter.
async fn a_qr_code_contains_the_key_of_the_vehicle(service: Service) {
    let vehicle = vehicle(&service).await;
    let path = format!("/vehicle/qr/{}", vehicle.to_string().to_uppercase());
    let answer = get(&service, &path).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "content-type"), "image/png");
    assert_eq!(header(&answer, "cache-control"), "public, max-age=300");
    let etag = header(&answer, "etag").to_owned();
    assert_eq!(decode(&bytes(answer).await), vehicle.to_string());
    let known = Request::get(&path).header("If-None-Match", &etag).body(Body::empty()).unwrap();
    assert_eq!(service.send(known).await.status(), 304);
    let head = service.send(Request::head(&path).body(Body::empty()).unwrap()).await;
    assert_eq!((head.status().as_u16(), header(&head, "etag")), (200, etag.as_str()));
}

#[tokio::test]
async fn a_qr_code_is_rendered_once() {
    let service = Service::embedded().await;
    let vehicle = vehicle(&service).await;
    let pictures = &service.app.state.pictures;
    let address = async |format| {
        pictures.qr_code(vehicle, None, format).await.unwrap().unwrap().bytes.as_ptr().addr()
    };
    let path = format!("/vehicle/qr/{vehicle}");
    for _ in 0..2 {
        let request = Request::head(&path).body(Body::empty()).unwrap();
        assert_eq!(service.send(request).await.status(), 200);
    }
    let png = address(QrFormat::Png).await;
    assert_eq!(get(&service, &path).await.status(), 200);
    assert_eq!(address(QrFormat::Png).await, png);
    assert_ne!(address(QrFormat::Svg).await, png);
    service.env.db.execute("UPDATE vehicles SET deleted = 1").await;
    assert_eq!(get(&service, &path).await.status(), 404, "it is looked up each time");
}

/// Q36
#[tokio::test]
async fn format_and_text_of_a_qr_code_can_be_chosen() {
    let template = ("LEASING__QR_TEMPLATE", "https://example.kz/v/{guid}?from=qr");
    let service = Service::embedded_with(&[template]).await;
    let vehicle = vehicle(&service).await;
    let png = bytes(get(&service, &format!("/vehicle/qr/{vehicle}")).await).await;
    assert_eq!(decode(&png), format!("https://example.kz/v/{vehicle}?from=qr"));
    let svg = get(&service, &format!("/vehicle/qr/{vehicle}?format=svg")).await;
    assert_eq!(header(&svg, "content-type"), "image/svg+xml");
    let svg = String::from_utf8(bytes(svg).await.to_vec()).unwrap();
    assert!(svg.contains("<svg") && !svg.contains("<script"));
    let wrong = get(&service, &format!("/vehicle/qr/{vehicle}?format=exe")).await;
    problem(wrong, 400, "validation_failed").await;
    for template in ["", "no key", "{guid}{guid}", &format!("{{guid}}{}", "x".repeat(300))] {
        let variable = ("FORTE_MEDIA__LEASING__QR_TEMPLATE".to_owned(), template.to_owned());
        assert!(Settings::load(None, [variable]).is_err(), "{template}");
    }
}

/// Q36: a page only for clients that prefer HTML.
#[tokio::test]
async fn an_unknown_vehicle_is_not_found() {
    let service = Service::embedded().await;
    let known = vehicle(&service).await;
    let fixture = &service.env.fixture;
    let unknown = VehicleGuid::mint(&fixture.clock, &fixture.random).to_string();
    for key in [unknown.as_str(), "x", "%ff", "123"] {
        let data = problem(get(&service, &format!("/vehicle/qr/{key}")).await, 404, "not_found");
        assert_eq!(data.await["message"], "Vehicle not found.");
    }
    let browsers = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (accept, page) in [
        (browsers, true),
        ("application/json, text/html", false),
        ("*/*", false),
        ("image/png", false),
    ] {
        let path = format!("/vehicle/qr/{unknown}");
        let request = Request::get(path).header("Accept", accept).body(Body::empty()).unwrap();
        let answer = service.send(request).await;
        assert_eq!(answer.status(), 404);
        let kind =
            if page { "text/html; charset=utf-8" } else { "application/json; charset=utf-8" };
        assert_eq!(header(&answer, "content-type"), kind, "{accept}");
        let text = String::from_utf8(bytes(answer).await.to_vec()).unwrap();
        assert!(text.contains("Vehicle not found."));
    }
    service.env.db.execute("UPDATE vehicles SET deleted = 1").await;
    problem(get(&service, &format!("/vehicle/qr/{known}")).await, 404, "not_found").await;
}

/// S62: per address and minute.
#[tokio::test]
async fn guessing_keys_is_limited() {
    let service = Service::embedded().await;
    let vehicle = vehicle(&service).await;
    let (path, fixture) = (format!("/vehicle/qr/{vehicle}"), &service.env.fixture);
    let get_from = async |address: &str, path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        service.send(from(address, request)).await
    };
    for _ in 0..60 {
        let guess = format!("/vehicle/qr/{}", VehicleGuid::mint(&fixture.clock, &fixture.random));
        assert_eq!(get_from("192.0.2.7", &guess).await.status(), 404);
    }
    let limited = get_from("192.0.2.7", &path).await;
    assert_eq!(header(&limited, "retry-after"), "61");
    problem(limited, 429, "rate_limited").await;
    assert_eq!(get_from("192.0.2.8", &path).await.status(), 200);
    service.manual_clock().advance(SignedDuration::from_secs(60));
    assert_eq!(get_from("192.0.2.7", &path).await.status(), 200);
}

/// S24, Q36: if the setting requires a token.
#[tokio::test]
async fn qr_codes_can_be_restricted_to_the_company_of_the_vehicle() {
    let service = Service::embedded_with(&[("LEASING__QR_REQUIRES_LOGIN", "true")]).await;
    let path = format!("/vehicle/qr/{}", vehicle(&service).await);
    problem(get(&service, &path).await, 401, "token_invalid").await;
    let get_with = async |token: String| {
        let request = Request::get(&path).header("Authorization", format!("Bearer {token}"));
        service.send(request.body(Body::empty()).unwrap()).await
    };
    let own = get_with(service.driver()).await;
    assert_eq!(header(&own, "cache-control"), "private, max-age=300");
    assert_eq!(own.status(), 200);
    problem(get_with(service.foreign_driver().await).await, 404, "not_found").await;
}
