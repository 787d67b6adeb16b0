//! TLS on the public listener.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use forte_media::http::server::{Config, TlsError};
use jiff::SignedDuration;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::server::{Server, settings, short_linger, within_a_minute};

/// The files of a certificate for 127.0.0.1.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a new certificate and its key, and returns the certificate in PEM.
    fn write(&self) -> String {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        std::fs::write(self.path("cert.pem"), cert.pem()).unwrap();
        std::fs::write(self.path("key.pem"), signing_key.serialize_pem()).unwrap();
        cert.pem()
    }

    fn settings(&self, mut config: Config) -> Config {
        config.tls.cert_file = Some(self.path("cert.pem"));
        config.tls.key_file = Some(self.path("key.pem"));
        config
    }
}

/// A client that trusts only this certificate and does not reuse connections.
fn trusting(certificate: &str) -> Client {
    let certificate = Certificate::from_pem(certificate.as_bytes()).unwrap();
    let client = Client::builder().no_proxy().tls_certs_only([certificate]);
    client.pool_max_idle_per_host(0).redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn https(address: SocketAddr, path: &str) -> String {
    format!("https://{address}{path}")
}

#[tokio::test]
async fn requests_and_bodies_arrive_over_tls() {
    let files = Files::new();
    let certificate = files.write();
    let server = Server::open(files.settings(settings())).await;
    let client = trusting(&certificate);
    let request = client.get(https(server.address, "/hello")).send();
    let response = within_a_minute(request).await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_11);
    assert_eq!(response.text().await.unwrap(), "hello");
    let body = vec![7; 3_000_000];
    let request = client.post(https(server.address, "/count")).body(body).send();
    let response = within_a_minute(request).await.unwrap().text().await.unwrap();
    assert_eq!(response, "whole 3000000 of 3000000");
    server.close().await;
}

/// The client is still sending when the answer comes.
#[tokio::test]
async fn an_early_refusal_arrives_over_tls() {
    let files = Files::new();
    let certificate = files.write();
    let server = Server::open(files.settings(short_linger())).await;
    let body = vec![7; 5_000_000];
    let request = trusting(&certificate).post(https(server.address, "/refuse/1")).body(body).send();
    let response = within_a_minute(request).await.unwrap();
    assert_eq!(response.status(), 422);
    assert_eq!(response.text().await.unwrap(), super::server::REFUSAL);
    server.close().await;
}

#[tokio::test]
async fn a_renewed_certificate_takes_effect_without_a_restart_and_a_broken_one_does_not() {
    let files = Files::new();
    let first = files.write();
    let mut config = files.settings(settings());
    config.tls.reload_every = SignedDuration::from_millis(5);
    let server = Server::open(config).await;
    let hello = https(server.address, "/hello");
    assert!(trusting(&first).get(&hello).send().await.is_ok());
    let second = files.write();
    let replaced = async {
        while trusting(&second).get(&hello).send().await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within_a_minute(replaced).await;
    assert!(trusting(&first).get(&hello).send().await.is_err());
    std::fs::write(files.path("cert.pem"), "not a certificate").unwrap();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(trusting(&second).get(&hello).send().await.is_ok());
    }
    server.close().await;
}

/// S50: a client with a token is not redirected, because it would go on sending the token in the clear.
#[tokio::test]
async fn a_browser_is_redirected_to_https_and_every_other_client_is_refused() {
    let files = Files::new();
    files.write();
    let server = Server::open(files.settings(short_linger())).await;
    let host = server.address;
    let browser = "Accept: text/html,application/xhtml+xml";
    let get = format!("GET /review?a=b HTTP/1.1\r\nHost: {host}\r\n{browser}\r\n\r\n");
    let answer = server.answer(&get).await;
    assert!(answer.starts_with("HTTP/1.1 307 "), "{answer}");
    assert!(answer.contains(&format!("location: https://{host}/review?a=b\r\n")), "{answer}");
    for request in [
        "GET /devices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: x\r\n{browser}\r\nAuthorization: Bearer a\r\n\r\n"),
        "GET /openapi.json HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n".to_owned(),
        "POST /auth HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nbytes".to_owned(),
    ] {
        let answer = server.answer(&request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{request}: {answer}");
        assert!(answer.contains("write https:// instead of http://"), "{answer}");
    }
    server.close().await;
}

#[tokio::test]
async fn an_unfinished_handshake_is_closed_after_the_timeout() {
    let files = Files::new();
    files.write();
    let mut config = files.settings(settings());
    config.tls.handshake_timeout = SignedDuration::from_millis(20);
    let server = Server::open(config).await;
    // Nothing at all, and the beginning of a handshake.
    for beginning in [&b""[..], &[22, 3, 1, 2, 0]] {
        let mut stream = server.connect().await;
        stream.write_all(beginning).await.unwrap();
        let mut rest = Vec::new();
        let _reset = within_a_minute(stream.read_to_end(&mut rest)).await;
    }
    server.close().await;
}

#[tokio::test]
async fn bytes_that_are_not_a_handshake_close_only_their_connection() {
    let files = Files::new();
    let certificate = files.write();
    let server = Server::open(files.settings(settings())).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&[0; 64]).await.unwrap();
    let mut alert = Vec::new();
    let _reset = within_a_minute(stream.read_to_end(&mut alert)).await;
    let request = trusting(&certificate).get(https(server.address, "/hello")).send();
    assert!(within_a_minute(request).await.is_ok());
    server.close().await;
}

#[test]
fn an_unusable_pair_is_refused_with_the_name_of_its_setting() {
    let files = Files::new();
    files.write();
    let config = files.settings(settings());
    assert_eq!(config.check(), Ok(()));
    let key = std::fs::read(files.path("key.pem")).unwrap();
    files.write();
    std::fs::write(files.path("key.pem"), key).unwrap();
    let error = config.check().unwrap_err().to_string();
    assert!(
        error.starts_with("http.tls.key_file: ") && error.contains("is not the key"),
        "{error}"
    );
    std::fs::write(files.path("key.pem"), "no key").unwrap();
    assert!(config.check().unwrap_err().to_string().starts_with("http.tls.key_file: "));
    std::fs::remove_file(files.path("cert.pem")).unwrap();
    assert!(config.check().unwrap_err().to_string().starts_with("http.tls.cert_file: "));
    let mut one = settings();
    one.tls.cert_file = Some(files.path("cert.pem"));
    let missing = TlsError::Incomplete { missing: "http.tls.key_file" };
    assert_eq!(one.check(), Err(missing.into()));
}
