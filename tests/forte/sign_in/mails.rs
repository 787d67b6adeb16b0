//! What strangers can make the mail with a code say, and which mailboxes an answer shows.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forte_media::model::CompanyId;

use crate::harness::phone::Phone;
use crate::harness::service::{Service, json};

/// The only mail, decoded.
async fn mail(service: &Service) -> String {
    service.deliver().await;
    let mails = service.mails();
    let parsed = mail_text(mails.last().unwrap());
    assert!(parsed.contains("Код для входа"), "{parsed}");
    parsed
}

/// The text of a mail, decoded from base64.
pub(super) fn mail_text(mail: &str) -> String {
    let mail = mail.replace("\r\n", "\n");
    let (_, encoded) = mail.split_once("Content-Transfer-Encoding: base64\n\n").unwrap();
    let encoded: String = encoded.split("--").next().unwrap().split_whitespace().collect();
    String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
}

#[tokio::test]
async fn strangers_cannot_put_sentences_or_domains_into_the_mail() {
    for (name, device) in [
        ("forte-bonus.kz", "evil.kz"),
        ("Срочно перейдите на сайт банка", "visit-evil-site-now"),
        ("Иван Иванович на сайте", "https:evil.kz"),
    ] {
        let service = Service::embedded().await;
        let mut phone = Phone::driver().with_uuid(device);
        name.clone_into(&mut phone.first_name);
        assert_eq!(phone.request_code(&service).await.status(), 200, "{name}");
        let mail = mail(&service).await;
        assert!(!mail.contains(name) && !mail.contains(device), "{mail}");
        assert!(mail.contains("87781578800"));
    }
}

#[tokio::test]
async fn an_ordinary_name_and_device_are_shown() {
    let service = Service::embedded().await;
    let phone = Phone {
        first_name: "Қалиева Әсел Ерланқызы".to_owned(), ..Phone::driver()
    };
    phone.request_code(&service).await;
    let mail = mail(&service).await;
    assert!(mail.contains(&phone.first_name) && mail.contains(&phone.uuid), "{mail}");
}

/// S1: the masks of invented mailboxes come from the same distribution as the real ones.
#[tokio::test]
async fn masks_of_unknown_bins_have_the_shapes_and_domains_of_real_mailboxes() {
    let settings = [("AUTH__LIMITS__PER_DEVICE", "1000")];
    let service = Service::embedded_with(&settings).await;
    for number in 0..20_i64 {
        service.env.fixture.add_company(CompanyId(100 + number), &format!("90{number:010}")).await;
        let address = ["hr@small.example", "director@big.example"][usize::from(number % 2 == 0)];
        let sql = format!("UPDATE companies SET email = '{address}' WHERE id = {}", 100 + number);
        service.env.db.execute(sql).await;
    }
    let mask = async |biin: &str| {
        let answer = json(Phone::director().at(biin).request_code(&service).await).await;
        answer["data"]["email"].as_str().unwrap().to_owned()
    };
    let mut seen = BTreeSet::new();
    for number in 0..60 {
        seen.insert(mask(&format!("80{number:010}")).await);
    }
    for mask in &seen {
        let (local, domain) = mask.split_once('@').unwrap();
        assert!(["****", "d****r", "c****0"].contains(&local), "{mask}");
        assert!(["small.example", "big.example", "example.test"].contains(&domain), "{mask}");
    }
    assert!(seen.len() >= 4, "{seen:?}");
}
