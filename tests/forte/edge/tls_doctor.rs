//! The output of `doctor` about the certificate of the public listener.

use std::path::Path;
use std::process::Command;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

/// The lines of `doctor` about the certificate, with these files.
fn doctor(cert: &Path, key: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let data = |name: &str| folder.path().join(name).display().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_forte-media"))
        .arg("doctor")
        .env_clear()
        .envs([
            ("FORTE_MEDIA__AUTH__SECRET", "0123456789-doctor-0123456789-0123456789".to_owned()),
            ("FORTE_MEDIA__DATABASE__URL", format!("sqlite://{}", data("forte-media.db"))),
            ("FORTE_MEDIA__STORAGE__URL", format!("file:{}", data("videos"))),
            ("FORTE_MEDIA__UPLOAD__SPOOL", data("spool")),
            ("FORTE_MEDIA__MAIL__FOLDER", data("mail")),
            ("FORTE_MEDIA__HTTP__TLS__CERT_FILE", cert.display().to_string()),
            ("FORTE_MEDIA__HTTP__TLS__KEY_FILE", key.display().to_string()),
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter(|line| line.contains("certificate")).collect::<Vec<_>>().join("\n")
}

/// Writes a certificate that is valid in these years, and returns its key in PEM.
fn write(path: &Path, from: i32, until: i32) -> String {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    std::fs::write(path, params.self_signed(&key).unwrap().pem()).unwrap();
    key.serialize_pem()
}

#[test]
fn doctor_says_until_when_the_certificate_is_valid_or_why_it_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let sentence = |from, until| {
        std::fs::write(&key, write(&cert, from, until)).unwrap();
        doctor(&cert, &key)
    };
    let good = sentence(2020, 2090);
    assert!(good.contains("belongs to its key; it is valid until 2090-01-01 00:00 UTC"), "{good}");
    let expired = sentence(2020, 2021);
    assert!(expired.contains("clients accept the TLS certificate"), "{expired}");
    assert!(expired.contains("it expired at 2021-01-01 00:00 UTC"), "{expired}");
    let early = sentence(2090, 2091);
    assert!(early.contains("it is not valid before 2090-01-01 00:00 UTC"), "{early}");

    write(&cert, 2020, 2090);
    let other = doctor(&cert, &key);
    assert!(other.contains("the TLS certificate and its key can be used"), "{other}");
    std::fs::write(&key, "no key").unwrap();
    let none = doctor(&cert, &key);
    assert!(none.contains("key.pem"), "{none}");
}
