//! `POST /uploads`: creating an upload, with a body or without.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forte_media::model::{Person, PersonId, ReportStatus, Role};

use crate::harness::answers::tus_problem;
use crate::harness::bodies::{MAX, chunked, watched};
use crate::harness::clips::{GOOD, NOT_MP4};
use crate::harness::service::{Service, header, on_both_backends};
use crate::harness::tus::{self, creation, encoded, head, offset, patch, path_of, request};

on_both_backends! {
    a_creation_can_contain_the_whole_video,
    a_creation_can_contain_half_of_the_video,
    a_creation_with_garbage_is_refused_and_leaves_nothing,
    a_creation_depends_on_the_state_of_the_report,
    a_creation_depends_on_the_vehicles_and_the_role_of_the_person,
}

fn with_content_type(builder: Builder) -> Builder {
    builder.header("Content-Type", "application/offset+octet-stream")
}

async fn a_creation_can_contain_the_whole_video(service: Service) {
    let creation = creation(&service, service.report().await, GOOD.len());
    let answer = service.send(with_content_type(creation).body(chunked(GOOD, 4096)).unwrap()).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(header(&answer, "upload-offset"), GOOD.len().to_string());
    assert_eq!(header(&answer, "x-report-status"), "2");
    let path = path_of(header(&answer, "location"));
    assert_eq!(offset(&service, &path).await, GOOD.len());
    assert_eq!(service.deliver().await, 1);
}

async fn a_creation_can_contain_half_of_the_video(service: Service) {
    let half = GOOD.len() / 2;
    let creation = creation(&service, service.report().await, GOOD.len());
    let answer = service.send(with_content_type(creation).body(GOOD[..half].into()).unwrap()).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(header(&answer, "upload-offset"), half.to_string());
    assert!(header(&answer, "upload-expires").ends_with(" GMT"));
    let path = path_of(header(&answer, "location"));
    assert_eq!(patch(&service, &path, half, &GOOD[half..]).await.status(), 204);
}

async fn a_creation_with_garbage_is_refused_and_leaves_nothing(service: Service) {
    let report = service.report().await;
    let creation = creation(&service, report, NOT_MP4.len());
    let answer = service.send(with_content_type(creation).body(NOT_MP4.into()).unwrap()).await;
    assert!(!answer.headers().contains_key("location"));
    tus_problem(answer, 415, "not_mp4").await;
    service.assert_nothing_left().await;
}

async fn a_creation_depends_on_the_state_of_the_report(service: Service) {
    let foreign = service.foreign_driver().await;
    let ours = service.report().await;
    let unknown = ours.to_string().replace(char::is_numeric, "1").parse().unwrap();
    let rejected = service.report_in(ReportStatus::Rejected).await;
    let closed = service.report_in(ReportStatus::Approved).await;
    tus::create(&service, rejected, 9).await;
    let foreign = request("POST", "/uploads")
        .header("Authorization", format!("Bearer {foreign}"))
        .header("Upload-Length", 9)
        .header("Upload-Metadata", tus::metadata(ours));
    let answer = service.send(foreign.body(Body::empty()).unwrap()).await;
    tus_problem(answer, 404, "not_found").await;
    let begun = async |report| {
        let creation = creation(&service, report, 9).body(Body::empty()).unwrap();
        service.send(creation).await
    };
    tus_problem(begun(unknown).await, 404, "not_found").await;
    tus_problem(begun(closed).await, 422, "report_closed").await;

    let path = tus::create(&service, ours, GOOD.len()).await;
    patch(&service, &path, 0, GOOD).await;
    let data = tus_problem(begun(ours).await, 422, "report_already_submitted").await;
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(GOOD));
    assert_eq!(data["details"]["sha256"], sha256);
}

/// Q37: a driver may send videos of assigned vehicles only; a reviewer may send none.
async fn a_creation_depends_on_the_vehicles_and_the_role_of_the_person(service: Service) {
    let report = service.report().await;
    let fixture = &service.env.fixture;
    let begun = async |person| {
        let creation = request("POST", "/uploads")
            .header("Authorization", format!("Bearer {}", service.token_of(person)))
            .header("Upload-Length", 9)
            .header("Upload-Metadata", tus::metadata(report));
        service.send(creation.body(Body::empty()).unwrap()).await
    };
    let vehicle = service.database().report(report).await.unwrap().unwrap().vehicle;
    fixture.assign(vehicle, None, "+7 702 999 99 99").await;
    tus_problem(begun(fixture.driver).await, 404, "not_found").await;
    assert_eq!(begun(fixture.director().await).await.status(), 201);
    let reviewer = Person { id: PersonId(901), role: Role::Reviewer, ..fixture.driver };
    tus_problem(begun(fixture.person(reviewer).await).await, 403, "forbidden").await;
    fixture.assign(vehicle, None, "8 701 000 00 00").await;
    assert_eq!(begun(fixture.driver).await.status(), 201);
}

/// Q37: the setting applies to uploads and videos as it does to the lists.
#[tokio::test]
async fn drivers_may_film_every_report_if_the_setting_allows_it() {
    let service = Service::embedded_with(&[("LEASING__EMPLOYEES_SEE", "all")]).await;
    let report = service.report().await;
    let vehicle = service.database().report(report).await.unwrap().unwrap().vehicle;
    service.env.fixture.assign(vehicle, None, "+7 702 999 99 99").await;
    tus::create(&service, report, GOOD.len()).await;
}

/// The URL is the configured one, whatever `Host` a request has.
#[tokio::test]
async fn the_location_is_built_from_the_configured_address() {
    let service =
        Service::embedded_with(&[("HTTP__PUBLIC_URL", "https://media.example.test")]).await;
    let creation = creation(&service, service.report().await, 9)
        .header("Host", "evil.test")
        .header("Forwarded", "host=evil.test;proto=http")
        .header("X-Forwarded-Host", "evil.test");
    let answer = service.send(creation.body(Body::empty()).unwrap()).await;
    let location = header(&answer, "location");
    assert!(location.starts_with("https://media.example.test/uploads/"), "{location}");
}

#[tokio::test]
async fn upload_length_is_required_and_cannot_be_deferred() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let bare = || {
        request("POST", "/uploads")
            .header("Authorization", format!("Bearer {}", service.driver()))
            .header("Upload-Metadata", tus::metadata(report))
    };
    let unreadable = [
        bare(),
        bare().header("Upload-Defer-Length", 1),
        bare().header("Upload-Length", 9).header("Upload-Defer-Length", 1),
        bare().header("Upload-Length", 9).header("Upload-Defer-Length", 0),
    ];
    for request in unreadable {
        let answer = service.send(request.body(Body::empty()).unwrap()).await;
        tus_problem(answer, 400, "validation_failed").await;
    }
    let empty = bare().header("Upload-Length", 0).body(Body::empty()).unwrap();
    tus_problem(service.send(empty).await, 422, "video_refused").await;
}

/// An emulator, a tunnel and a phone in the LAN each know the service by another address.
#[tokio::test]
async fn without_a_public_url_location_is_the_address_that_the_client_has_used() {
    let service = Service::embedded().await;
    let report = service.report().await;
    for (host, base) in [
        ("10.0.2.2:8080", "http://10.0.2.2:8080/uploads/"),
        ("evil.test/path", "http://127.0.0.1:"),
        ("0.0.0.0:8080", "http://127.0.0.1:"),
    ] {
        let creation = creation(&service, report, 9).header("Host", host);
        // Only a trusted proxy may say that it was asked for another address.
        let creation = creation.header("X-Forwarded-Host", "evil.test");
        let answer = service.send(creation.body(Body::empty()).unwrap()).await;
        let location = header(&answer, "location");
        assert!(location.starts_with(base), "{host}: {location}");
    }
}

/// Half a video would be judged as a whole one.
#[tokio::test]
async fn a_header_of_an_extension_that_is_not_offered_is_refused_by_name() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let path = tus::create(&service, report, GOOD.len()).await;
    for (name, value) in [
        ("Upload-Concat", "partial"),
        ("Upload-Concat", "final;/uploads/a /uploads/b"),
        ("Upload-Defer-Length", "1"),
    ] {
        for request in [
            creation(&service, report, 9).header(name, value).body(Body::empty()).unwrap(),
            with_header(tus::patch_request(&path, 0, GOOD), name, value),
        ] {
            let data = tus_problem(service.send(request).await, 400, "validation_failed").await;
            assert!(data["message"].as_str().unwrap().contains(name), "{data}");
        }
    }
    let trailer = with_header(tus::patch_request(&path, 0, GOOD), "Trailer", "Upload-Checksum");
    tus_problem(service.send(trailer).await, 400, "validation_failed").await;
    assert_eq!(tus::offset(&service, &path).await, 0);
}

fn with_header(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

#[tokio::test]
async fn headers_that_ios_adds_by_itself_and_a_slash_at_the_end_change_nothing() {
    let service = Service::embedded().await;
    let mut request =
        creation(&service, service.report().await, GOOD.len()).body(Body::empty()).unwrap();
    *request.uri_mut() = "/uploads/".parse().unwrap();
    for (name, value) in [
        ("Upload-Draft-Interop-Version", "6"),
        ("Upload-Complete", "?1"),
        ("Upload-Incomplete", "?0"),
    ] {
        request = with_header(request, name, value);
    }
    let answer = service.send(request).await;
    assert_eq!(answer.status(), 201);
    let path = format!("/{}/", tus::path_of(header(&answer, "location")));
    let chunk = with_header(tus::patch_request(&path, 0, GOOD), "Upload-Complete", "?1");
    assert_eq!(service.send(chunk).await.status(), 204);
}

#[tokio::test]
async fn a_compressed_body_is_refused_for_its_encoding() {
    let service = Service::embedded().await;
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    let zipped = with_header(tus::patch_request(&path, 0, GOOD), "Content-Encoding", "gzip");
    tus_problem(service.send(zipped).await, 415, "unsupported_encoding").await;
    let plain = with_header(tus::patch_request(&path, 0, GOOD), "Content-Encoding", "Identity");
    assert_eq!(service.send(plain).await.status(), 204);
}

#[tokio::test]
async fn a_file_type_that_is_no_video_is_refused_before_the_upload_exists() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let of_type = |kind| {
        let metadata = tus::metadata(report).replace(
            &tus::encoded(&[("filetype", "video/mp4")]),
            &tus::encoded(&[("filetype", kind)]),
        );
        let creation = request("POST", "/uploads")
            .header("Authorization", format!("Bearer {}", service.driver()))
            .header("Upload-Length", 9)
            .header("Upload-Metadata", metadata);
        creation.body(Body::empty()).unwrap()
    };
    for kind in ["image/jpeg", "video/webm", "text/plain; charset=utf-8"] {
        let answer = service.send(of_type(kind)).await;
        let data = tus_problem(answer, 415, "unsupported_media_type").await;
        assert_eq!(data["details"]["declared"], kind);
    }
    let driver = service.env.fixture.driver.id;
    assert_eq!(service.database().count_active_uploads(driver).await.unwrap(), 0);
    assert_eq!(service.send(of_type("Video/MP4; codecs=avc1")).await.status(), 201);
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_rejected() {
    let service = Service::embedded().await;
    let report = service.report().await;
    tus::create(&service, report, MAX).await;
    for long in [MAX + 1, 9_223_372_036_854_775_807] {
        let answer =
            service.send(creation(&service, report, long).body(Body::empty()).unwrap()).await;
        let data = tus_problem(answer, 413, "file_too_large").await;
        assert_eq!(data["details"]["max_length"], MAX);
    }
}

#[tokio::test]
async fn a_creation_with_a_wrong_content_type_is_rejected() {
    let service = Service::embedded().await;
    let report = service.report().await;
    for kind in ["", "application/octet-stream", "video/mp4"] {
        let creation = creation(&service, report, GOOD.len()).header("Content-Type", kind);
        let answer = service.send(creation.body(GOOD.into()).unwrap()).await;
        tus_problem(answer, 415, "unsupported_media_type").await;
    }
}

#[tokio::test]
async fn a_creation_with_more_bytes_than_its_length_creates_no_upload() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let creation = with_content_type(creation(&service, report, 100)).header("Content-Length", 101);
    let answer = service.send(creation.body(GOOD[..101].into()).unwrap()).await;
    tus_problem(answer, 413, "file_too_large").await;
    let driver = service.env.fixture.driver.id;
    assert_eq!(service.database().count_active_uploads(driver).await.unwrap(), 0);
}

#[tokio::test]
async fn a_creation_with_bad_headers_is_rejected_before_its_body() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let bad = [
        with_content_type(creation(&service, report, MAX + 1)),
        creation(&service, report, 9).header("Content-Type", "video/mp4"),
        with_content_type(request("POST", "/uploads")).header("Upload-Length", 9),
        with_content_type(creation(&service, service.report_in(ReportStatus::Approved).await, 9)),
        with_content_type(creation(&service, report, 9)).header("Upload-Checksum", "sha0 AAAA"),
    ];
    for request in bad {
        let (body, mut asked) = watched();
        let answer = service.send(request.body(body).unwrap()).await;
        assert!(answer.status().is_client_error());
        assert!(asked.try_recv().is_err(), "{}", answer.status());
    }
}

/// Malformed metadata is never ignored.
#[tokio::test]
async fn malformed_metadata_is_rejected() {
    let service = Service::embedded().await;
    let good = tus::metadata(service.report().await);
    let long = format!("{good},long {}", STANDARD.encode("x".repeat(10_000)));
    let broken = [
        format!("{good},x !!!"),
        format!("{good},x {}", STANDARD.encode(b"\xff\xfe")),
        format!("{good},"),
        format!("{good},,x YQ=="),
        format!("{good},ref_key YQ=="),
        format!("{good},x YQ==,x YQ=="),
        format!("{good},lon NzY="),
        format!("{good},x YQ== YQ=="),
        long,
    ];
    for metadata in broken {
        let answer = service.send(with_metadata(&service, &metadata)).await;
        tus_problem(answer, 400, "validation_failed").await;
    }
    let twice = request("POST", "/uploads")
        .header("Authorization", format!("Bearer {}", service.driver()))
        .header("Upload-Length", 9)
        .header("Upload-Metadata", &good)
        .header("Upload-Metadata", "x YQ==");
    let answer = service.send(twice.body(Body::empty()).unwrap()).await;
    tus_problem(answer, 400, "validation_failed").await;
    let foreign = request("POST", "/uploads")
        .header("Authorization", format!("Bearer {}", service.driver()))
        .header("Upload-Length", 9)
        .header("Upload-Metadata", "имя YQ==".as_bytes());
    let answer = service.send(foreign.body(Body::empty()).unwrap()).await;
    tus_problem(answer, 400, "validation_failed").await;
}

fn with_metadata(service: &Service, metadata: &str) -> axum::http::Request<Body> {
    request("POST", "/uploads")
        .header("Authorization", format!("Bearer {}", service.driver()))
        .header("Upload-Length", 9)
        .header("Upload-Metadata", metadata)
        .body(Body::empty())
        .unwrap()
}

/// The four fields are required; each missing one is named.
#[tokio::test]
async fn missing_metadata_is_named() {
    let service = Service::embedded().await;
    let report = service.report().await.to_string();
    let all = [
        ("ref_key", report.as_str()),
        ("time_sent", "2026-05-13 10:00:00"),
        ("lat", "43.2"),
        ("long", "76.9"),
    ];
    for (missing, _) in all {
        let rest: Vec<_> = all.into_iter().filter(|(name, _)| *name != missing).collect();
        let answer = service.send(with_metadata(&service, &encoded(&rest))).await;
        let data = tus_problem(answer, 422, "validation_failed").await;
        assert_eq!(data["details"].as_object().unwrap().len(), 1);
        assert_eq!(data["details"][missing], "is required");
    }
    let answer = service.send(with_metadata(&service, "")).await;
    let data = tus_problem(answer, 422, "validation_failed").await;
    assert_eq!(data["details"].as_object().unwrap().len(), 4);
}

#[tokio::test]
async fn metadata_can_be_in_the_query() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let uri =
        format!("/uploads?ref_key={report}&time_sent=2026-05-13%2010:00:00&lat=43,2&lng=76.9");
    let request = request("POST", &uri)
        .header("Authorization", format!("Bearer {}", service.driver()))
        .header("Upload-Length", 9);
    let answer = service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), 201);
    let answer = head(&service, &path_of(header(&answer, "location"))).await;
    assert!(!answer.headers().contains_key("upload-metadata"));
}
