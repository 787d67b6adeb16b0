//! The service with its own TLS: URLs begin with https, and cookies are `Secure`.

use forte_media::http::server::serve;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::server::within_a_minute;
use crate::harness::account::PASSWORD;
use crate::harness::clips::GOOD;
use crate::harness::service::Service;
use crate::harness::tus::metadata;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_is_uploaded_over_tls_and_cookies_are_secure() {
    let service = Service::embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let names = vec!["127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    std::fs::write(path("cert.pem"), cert.pem()).unwrap();
    std::fs::write(path("key.pem"), signing_key.serialize_pem()).unwrap();
    let mut config = service.app.settings.http.clone();
    config.tls.cert_file = Some(path("cert.pem"));
    config.tls.key_file = Some(path("key.pem"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let serving = serve(listener, service.router.clone(), config, shutdown.clone());
    let serving = TaskTracker::new().spawn(serving);
    let certificate = Certificate::from_pem(cert.pem().as_bytes()).unwrap();
    let client = Client::builder().no_proxy().tls_certs_only([certificate]).build().unwrap();

    let creation = client
        .post(format!("{base}/uploads"))
        .header("Tus-Resumable", "1.0.0")
        .bearer_auth(service.driver())
        .header("Upload-Length", GOOD.len())
        .header("Upload-Metadata", metadata(service.report().await));
    let created = within_a_minute(creation.send()).await.unwrap();
    assert_eq!(created.status(), 201);
    let upload = created.headers()["location"].to_str().unwrap().to_owned();
    assert!(upload.starts_with(&format!("{base}/uploads/")), "{upload}");
    let append = client
        .patch(&upload)
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Offset", 0)
        .header("Content-Type", "application/offset+octet-stream")
        .body(GOOD);
    let stored = within_a_minute(append.send()).await.unwrap();
    assert_eq!(stored.status(), 204);
    assert_eq!(stored.headers()["upload-offset"], GOOD.len().to_string());

    crate::browser_session::add_reviewer(&service).await;
    let body = json!({"login": crate::browser_session::LOGIN, "password": PASSWORD});
    let sign_in = client.post(format!("{base}/review/session")).header("Origin", &base).json(&body);
    let signed_in = within_a_minute(sign_in.send()).await.unwrap();
    assert_eq!(signed_in.status(), 200);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
    shutdown.cancel();
    within_a_minute(serving).await.unwrap().unwrap();
}
