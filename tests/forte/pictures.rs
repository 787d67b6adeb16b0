//! Pictures of vehicle types: sent by 1C, served re-encoded (E11).

use std::collections::BTreeSet;
use std::io::Cursor;

use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use forte_media::model::TypeCode;
use http_body_util::BodyExt as _;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, RgbaImage};

use crate::harness::account::{NODE, add_node, request};
use crate::harness::answers::problem;
use crate::harness::rows::{NewVehicleType, Rows};
use crate::harness::service::{Service, header, json, on_both_backends};

on_both_backends! {
    a_picture_is_stored_and_served_under_a_versioned_path,
    concurrent_readers_of_a_picture_share_its_bytes,
}

/// Adds a node of 1C and a vehicle type.
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
    // The declared type is ignored.
    let request = request.header("Content-Type", "text/html");
    service.send(request.body(body.into()).unwrap()).await
}

async fn get(service: &Service, path: &str) -> Response<Body> {
    service.send(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn bytes(answer: Response<Body>) -> Bytes {
    answer.into_body().collect().await.unwrap().to_bytes()
}

/// Sends a picture as 1C and returns the served one.
async fn served(service: &Service, code: TypeCode, body: impl Into<Body>) -> Vec<u8> {
    let stored = put(service, code, body).await;
    assert_eq!(stored.status(), 200, "{:?}", json(stored).await);
    bytes(get(service, &format!("/images/{code}/image.png")).await).await.to_vec()
}

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn pattern(width: u32, height: u32) -> RgbImage {
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

/// E11, Q26: `ETag`s, HEAD, cached for a year under the versioned path; always image/png.
async fn a_picture_is_stored_and_served_under_a_versioned_path(service: Service) {
    let code = with_type(&service).await;
    let plain = format!("/images/{code}/image.png");
    let placeholder = get(&service, &plain).await;
    assert_eq!(header(&placeholder, "content-type"), "image/png");
    assert_eq!(header(&placeholder, "cache-control"), "public, max-age=300");
    assert_eq!(decoded(&bytes(placeholder).await).width(), 480);
    let unknown = TypeCode::mint(&service.env.fixture.clock, &service.env.fixture.random);
    let unknown = get(&service, &format!("/images/{unknown}/image.png")).await;
    problem(unknown, 404, "not_found").await;
    let stored = json(put(&service, code, encoded(pattern(64, 48), ImageFormat::Png)).await).await;
    assert_eq!(stored["ref_key"], code.to_string());
    let address = stored["image_path"].as_str().unwrap();
    let (_, versioned) = address.split_once("/images/").unwrap();
    let versioned = format!("/images/{versioned}");
    let answer = get(&service, &versioned).await;
    assert_eq!(header(&answer, "content-type"), "image/png");
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
    let etag = header(&answer, "etag").to_owned();
    assert_eq!(decoded(&bytes(answer).await).to_rgb8(), pattern(64, 48));
    assert_eq!(header(&get(&service, &plain).await, "cache-control"), "public, max-age=300");
    let known = Request::get(&plain).header("If-None-Match", &etag).body(Body::empty()).unwrap();
    assert_eq!(service.send(known).await.status(), 304);
    let head = Request::head(
        plain.to_uppercase().replace("/IMAGES/", "/images/").replace("IMAGE.PNG", "image.png"),
    );
    let head = service.send(head.body(Body::empty()).unwrap()).await;
    assert_eq!((head.status().as_u16(), header(&head, "etag")), (200, etag.as_str()));
    assert!(bytes(head).await.is_empty());
    let other = json(put(&service, code, encoded(pattern(48, 64), ImageFormat::Png)).await).await;
    assert_ne!(other["image_path"], address);
    assert_eq!(header(&get(&service, &versioned).await, "cache-control"), "public, max-age=300");
}

async fn concurrent_readers_of_a_picture_share_its_bytes(service: Service) {
    let code = with_type(&service).await;
    let pictures = &service.app.state.pictures;
    let addresses = async || {
        let readers = (0..8).map(|_| pictures.picture(code));
        let read = futures_util::future::join_all(readers).await;
        let read = read.into_iter().map(|picture| picture.unwrap().unwrap().bytes);
        read.map(|bytes| bytes.as_ptr().addr()).collect::<BTreeSet<_>>()
    };
    let stored = put(&service, code, encoded(pattern(64, 64), ImageFormat::Png)).await;
    assert_eq!(stored.status(), 200);
    let first = addresses().await;
    assert_eq!(first.len(), 1);
    assert_eq!(addresses().await, first);
    put(&service, code, encoded(pattern(32, 32), ImageFormat::Png)).await;
    let replaced = addresses().await;
    assert_eq!(replaced.len(), 1);
    assert_ne!(replaced, first);
}

#[tokio::test]
async fn pictures_are_converted_to_png_and_scaled_down() {
    let service = Service::embedded().await;
    let code = with_type(&service).await;
    let jpeg = encoded(pattern(2000, 500), ImageFormat::Jpeg);
    let picture = decoded(&served(&service, code, jpeg).await);
    assert_eq!((picture.width(), picture.height()), (1024, 256));
    let dot = RgbaImage::from_pixel(1, 1, image::Rgba([1, 2, 3, 4]));
    let picture = decoded(&served(&service, code, encoded(dot.clone(), ImageFormat::Png)).await);
    assert_eq!(picture.to_rgba8(), dot);
}

#[tokio::test]
async fn data_hidden_in_a_picture_is_removed() {
    let service = Service::embedded().await;
    let code = with_type(&service).await;
    let script = b"<html><script>alert(1)</script>";
    let mut png = encoded(pattern(32, 32), ImageFormat::Png);
    // In a comment after the header's chunk, and after the end.
    let comment = chunk(b"tEXt", &[b"Comment\0".as_slice(), script].concat());
    png.splice(33..33, comment);
    png.extend_from_slice(script);
    let mut jpeg = encoded(pattern(32, 32), ImageFormat::Jpeg);
    jpeg.splice(2..2, [&[0xff, 0xfe, 0, 33], script.as_slice()].concat());
    jpeg.extend_from_slice(script);
    for picture in [png, jpeg] {
        let seen = served(&service, code, picture).await;
        assert!(!seen.windows(script.len()).any(|piece| piece == script));
        assert_eq!(decoded(&seen).width(), 32);
    }
}

/// Only the default image of an animation is stored.
#[tokio::test]
async fn an_animated_picture_becomes_a_still_one() {
    let service = Service::embedded().await;
    let code = with_type(&service).await;
    let still = encoded(pattern(32, 32), ImageFormat::Png);
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
    let seen = served(&service, code, moving).await;
    assert_eq!(decoded(&seen).to_rgb8(), pattern(32, 32));
    assert!(!seen.windows(4).any(|piece| piece == b"acTL"));
}

/// Other formats and truncated pictures.
#[tokio::test]
async fn an_invalid_picture_is_refused() {
    let service = Service::embedded().await;
    let code = with_type(&service).await;
    let others: [&[u8]; 6] =
        [b"", b"<html>", b"GIF89a\x01\0\x01\0", b"%PDF-1.7", b"RIFF\0\0\0\0WEBP", b"<svg/>"];
    for other in others {
        problem(put(&service, code, other).await, 415, "unsupported_media_type").await;
    }
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let whole = encoded(pattern(300, 300), format);
        for length in [20, whole.len() / 2, whole.len() - 20] {
            let cut = whole[..length].to_vec();
            problem(put(&service, code, cut).await, 422, "validation_failed").await;
        }
    }
    let path = format!("/images/{code}/image.png");
    let answer = get(&service, &path).await;
    assert_eq!(header(&answer, "etag"), "\"placeholder\"", "nothing was stored");
}

/// A few bytes can decompress to gigabytes.
#[tokio::test]
async fn a_picture_with_too_many_pixels_is_refused_before_it_is_decoded() {
    let service = Service::embedded().await;
    let code = with_type(&service).await;
    let small = encoded(pattern(8, 8), ImageFormat::Png);
    for (width, height) in
        [(20_000_u32, 20_000_u32), (4_000, 4_000), (1, 20_000), (0, 5), (u32::MAX, 1)]
    {
        let sides = [width, height].map(u32::to_be_bytes).concat();
        let head = chunk(b"IHDR", &[sides.as_slice(), &[8, 2, 0, 0, 0]].concat());
        let bomb = [&small[..8], &head, &small[33..]].concat();
        problem(put(&service, code, bomb).await, 422, "validation_failed").await;
    }
    let mut jpeg = encoded(pattern(8, 8), ImageFormat::Jpeg);
    let at = jpeg.windows(2).position(|mark| mark == [0xff, 0xc0]).unwrap();
    jpeg.splice(at + 5..at + 9, [0xff; 4]);
    problem(put(&service, code, jpeg).await, 422, "validation_failed").await;
}

#[tokio::test]
async fn a_picture_that_is_too_long_or_has_an_unknown_type_is_refused() {
    let service = Service::embedded_with(&[("ONEC__MAX_PICTURE", "10000")]).await;
    let code = with_type(&service).await;
    let long = encoded(pattern(500, 500), ImageFormat::Png);
    assert!(long.len() > 10_000);
    problem(put(&service, code, long.clone()).await, 413, "body_too_large").await;
    // Without a declared length.
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

/// Phones store the orientation in the metadata, which is removed.
#[tokio::test]
async fn the_orientation_in_the_metadata_is_applied() {
    let service = Service::embedded().await;
    let code = with_type(&service).await;
    let mut jpeg = encoded(pattern(40, 20), ImageFormat::Jpeg);
    // Exif with one entry: orientation 6, a quarter turn.
    let exif =
        b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    jpeg.splice(2..2, exif.iter().copied());
    let picture = decoded(&served(&service, code, jpeg).await);
    assert_eq!((picture.width(), picture.height()), (20, 40));
}
