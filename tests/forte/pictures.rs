//! Pictures of types of vehicles: 1C sends them, everybody sees what we wrote anew (E11).

use std::io::Cursor;

use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use forte_media::database::NewVehicleType;
use forte_media::model::TypeCode;
use http_body_util::BodyExt as _;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, RgbaImage};

use crate::harness::account::{NODE, add_node, request};
use crate::harness::answers::problem;
use crate::harness::service::{Service, header, json, on_both_backends};

on_both_backends!(a_picture_is_kept_and_shown_under_an_address_that_changes_with_it,);

/// A node of 1C, and a type of vehicles.
async fn with_type(service: &Service) -> TypeCode {
    add_node(service, NODE).await;
    let fixture = &service.env.fixture;
    let code = TypeCode::mint(&fixture.clock, &fixture.random);
    let title = "Легковой автомобиль".to_owned();
    let new = NewVehicleType { code, title, instructions: Vec::new() };
    service.database().add_vehicle_type(&new).await.unwrap();
    code
}

async fn put(service: &Service, code: TypeCode, body: impl Into<Body>) -> Response<Body> {
    let request = request("PUT", &format!("/1c/v1/vehicle-types/{code}/image"));
    // What it is called does not count.
    let request = request.header("Content-Type", "text/html");
    service.send(request.body(body.into()).unwrap()).await
}

async fn get(service: &Service, path: &str) -> Response<Body> {
    service.send(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn bytes(answer: Response<Body>) -> Bytes {
    answer.into_body().collect().await.unwrap().to_bytes()
}

/// What everybody sees after 1C has sent `body`.
async fn shown(service: &Service, code: TypeCode, body: impl Into<Body>) -> Vec<u8> {
    let kept = put(service, code, body).await;
    assert_eq!(kept.status(), 200, "{:?}", json(kept).await);
    bytes(get(service, &format!("/images/{code}/image.png")).await).await.to_vec()
}

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn painted(width: u32, height: u32) -> RgbImage {
    #[expect(clippy::cast_possible_truncation, reason = "a pattern")]
    RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, (x / 7 * y) as u8]))
}

fn decoded(png: &[u8]) -> DynamicImage {
    image::load_from_memory_with_format(png, ImageFormat::Png).unwrap()
}

/// A chunk of a PNG.
fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let named = [kind, data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let check = crc32fast::hash(&named).to_be_bytes();
    [length.as_slice(), &named, &check].concat()
}

/// E11, Q26: tags, HEAD, a year under the address with the version; always image/png.
async fn a_picture_is_kept_and_shown_under_an_address_that_changes_with_it(service: Service) {
    let code = with_type(&service).await;
    let plain = format!("/images/{code}/image.png");
    problem(get(&service, &plain).await, 404, "not_found").await;
    let kept = json(put(&service, code, encoded(painted(64, 48), ImageFormat::Png)).await).await;
    assert_eq!(kept["ref_key"], code.to_string());
    let address = kept["image_path"].as_str().unwrap();
    let (_, versioned) = address.split_once("/images/").unwrap();
    let versioned = format!("/images/{versioned}");
    let answer = get(&service, &versioned).await;
    assert_eq!(header(&answer, "content-type"), "image/png");
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
    let etag = header(&answer, "etag").to_owned();
    assert_eq!(decoded(&bytes(answer).await).to_rgb8(), painted(64, 48));
    assert_eq!(header(&get(&service, &plain).await, "cache-control"), "public, max-age=300");
    let known = Request::get(&plain).header("If-None-Match", &etag).body(Body::empty()).unwrap();
    assert_eq!(service.send(known).await.status(), 304);
    let head = Request::head(
        plain.to_uppercase().replace("/IMAGES/", "/images/").replace("IMAGE.PNG", "image.png"),
    );
    let head = service.send(head.body(Body::empty()).unwrap()).await;
    assert_eq!((head.status().as_u16(), header(&head, "etag")), (200, etag.as_str()));
    assert!(bytes(head).await.is_empty());
    let other = json(put(&service, code, encoded(painted(48, 64), ImageFormat::Png)).await).await;
    assert_ne!(other["image_path"], address);
    assert_eq!(header(&get(&service, &versioned).await, "cache-control"), "public, max-age=300");
}

#[tokio::test]
async fn a_jpeg_becomes_a_png_and_a_large_picture_a_smaller_one() {
    let service = Service::embedded().await;
    let code = with_type(&service).await;
    let jpeg = encoded(painted(2000, 500), ImageFormat::Jpeg);
    let picture = decoded(&shown(&service, code, jpeg).await);
    assert_eq!((picture.width(), picture.height()), (1024, 256));
    let dot = RgbaImage::from_pixel(1, 1, image::Rgba([1, 2, 3, 4]));
    let picture = decoded(&shown(&service, code, encoded(dot.clone(), ImageFormat::Png)).await);
    assert_eq!(picture.to_rgba8(), dot);
}

/// Nothing of what was hidden in a picture is served.
#[tokio::test]
async fn what_is_hidden_in_a_picture_is_gone() {
    let service = Service::embedded().await;
    let code = with_type(&service).await;
    let script = b"<html><script>alert(1)</script>";
    let mut png = encoded(painted(32, 32), ImageFormat::Png);
    // After the header's chunk, as a comment; and after the end.
    let comment = chunk(b"tEXt", &[b"Comment\0".as_slice(), script].concat());
    png.splice(33..33, comment);
    png.extend_from_slice(script);
    let mut jpeg = encoded(painted(32, 32), ImageFormat::Jpeg);
    jpeg.splice(2..2, [&[0xff, 0xfe, 0, 33], script.as_slice()].concat());
    jpeg.extend_from_slice(script);
    for picture in [png, jpeg] {
        let seen = shown(&service, code, picture).await;
        assert!(!seen.windows(script.len()).any(|piece| piece == script));
        assert_eq!(decoded(&seen).width(), 32);
    }
}

/// Of a moving picture the still is kept.
#[tokio::test]
async fn a_moving_picture_stands_still() {
    let service = Service::embedded().await;
    let code = with_type(&service).await;
    let still = encoded(painted(32, 32), ImageFormat::Png);
    let frame = |number: u32| {
        let numbers = [number, 32, 32, 0, 0].map(u32::to_be_bytes).concat();
        chunk(b"fcTL", &[numbers.as_slice(), &[0, 1, 0, 10, 0, 0]].concat())
    };
    let control = chunk(b"acTL", &[2_u32, 0].map(u32::to_be_bytes).concat());
    let end = still.len() - 12;
    let again = [2_u32.to_be_bytes().as_slice(), &still[41..end - 4]].concat();
    let moving = [
        &still[..33],
        &control,
        &frame(0),
        &still[33..end],
        &frame(1),
        &chunk(b"fdAT", &again),
        &still[end..],
    ]
    .concat();
    let seen = shown(&service, code, moving).await;
    assert_eq!(decoded(&seen).to_rgb8(), painted(32, 32));
    assert!(!seen.windows(4).any(|piece| piece == b"acTL"));
}

/// What cannot be a picture, or would take too much to find out.
#[tokio::test]
async fn what_is_no_picture_is_refused() {
    let service = Service::embedded().await;
    let code = with_type(&service).await;
    let others: [&[u8]; 6] =
        [b"", b"<html>", b"GIF89a\x01\0\x01\0", b"%PDF-1.7", b"RIFF\0\0\0\0WEBP", b"<svg/>"];
    for other in others {
        problem(put(&service, code, other).await, 415, "unsupported_media_type").await;
    }
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let whole = encoded(painted(300, 300), format);
        for length in [20, whole.len() / 2, whole.len() - 20] {
            let cut = whole[..length].to_vec();
            problem(put(&service, code, cut).await, 422, "validation_failed").await;
        }
    }
    let kept = format!("/images/{code}/image.png");
    problem(get(&service, &kept).await, 404, "not_found").await;
}

/// A few bytes that unfold to gigabytes are not unfolded.
#[tokio::test]
async fn a_picture_of_too_many_pixels_is_refused_before_it_is_read() {
    let service = Service::embedded().await;
    let code = with_type(&service).await;
    let small = encoded(painted(8, 8), ImageFormat::Png);
    for (width, height) in
        [(20_000_u32, 20_000_u32), (4_000, 4_000), (1, 20_000), (0, 5), (u32::MAX, 1)]
    {
        let sides = [width, height].map(u32::to_be_bytes).concat();
        let head = chunk(b"IHDR", &[sides.as_slice(), &[8, 2, 0, 0, 0]].concat());
        let bomb = [&small[..8], &head, &small[33..]].concat();
        problem(put(&service, code, bomb).await, 422, "validation_failed").await;
    }
    let mut jpeg = encoded(painted(8, 8), ImageFormat::Jpeg);
    let at = jpeg.windows(2).position(|mark| mark == [0xff, 0xc0]).unwrap();
    jpeg.splice(at + 5..at + 9, [0xff; 4]);
    problem(put(&service, code, jpeg).await, 422, "validation_failed").await;
}

#[tokio::test]
async fn a_picture_of_too_many_bytes_or_of_an_unknown_type_is_refused() {
    let service = Service::embedded_with(&[("ONEC__MAX_PICTURE", "10000")]).await;
    let code = with_type(&service).await;
    let long = encoded(painted(500, 500), ImageFormat::Png);
    assert!(long.len() > 10_000);
    problem(put(&service, code, long.clone()).await, 413, "body_too_large").await;
    // Without a length that tells beforehand.
    let pieces =
        long.chunks(1000).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)));
    let pieces: Vec<_> = pieces.collect();
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    problem(put(&service, code, body).await, 413, "body_too_large").await;
    let fixture = &service.env.fixture;
    let unknown = TypeCode::mint(&fixture.clock, &fixture.random);
    problem(put(&service, unknown, long).await, 404, "not_found").await;
    for path in ["/images/x/image.png", "/images/%ff/image.png", "/images/../image.png"] {
        problem(get(&service, path).await, 404, "not_found").await;
    }
}

/// A phone's camera stores how it was held; what is shown stands upright.
#[tokio::test]
async fn a_picture_stands_upright() {
    let service = Service::embedded().await;
    let code = with_type(&service).await;
    let mut jpeg = encoded(painted(40, 20), ImageFormat::Jpeg);
    // Exif with one entry: orientation 6, a quarter turn.
    let exif =
        b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    jpeg.splice(2..2, exif.iter().copied());
    let picture = decoded(&shown(&service, code, jpeg).await);
    assert_eq!((picture.width(), picture.height()), (20, 40));
}
