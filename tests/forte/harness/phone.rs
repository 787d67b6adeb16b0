//! A phone that signs in as the owner's document says.

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forte_media::model::{Biin, ChallengeId, DeviceId};
use serde_json::{Value, json};

use super::service::{Service, json};

/// The BIN of the company that every fixture has.
pub(crate) const BIIN: &str = "080540013184";
/// A BIN that nobody has.
pub(crate) const NOBODY: &str = "200940026146";

/// A phone, and who holds it.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    pub(crate) biin: String,
    pub(crate) uuid: String,
    pub(crate) fcm: String,
    pub(crate) role_id: u8,
    pub(crate) mobile: String,
    pub(crate) first_name: String,
}

/// Both tokens of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Phone {
    /// The director's.
    pub(crate) fn director() -> Self {
        Self {
            biin: BIIN.to_owned(),
            uuid: "123456789012349".to_owned(),
            fcm: "fcm-of-the-director".to_owned(),
            role_id: 1,
            mobile: String::new(),
            first_name: String::new(),
        }
    }

    /// A driver's, who comes for the first time.
    pub(crate) fn driver() -> Self {
        Self {
            uuid: "8e0ac9ba-7fcb-4b35-a1a5-6a1ddc34e0e5".to_owned(),
            fcm: "fcm-of-the-driver".to_owned(),
            role_id: 2,
            mobile: "87781578800".to_owned(),
            first_name: "Иван".to_owned(),
            ..Self::director()
        }
    }

    /// The same person with another phone.
    pub(crate) fn with_uuid(&self, uuid: &str) -> Self {
        Self { uuid: uuid.to_owned(), fcm: format!("fcm-{uuid}"), ..self.clone() }
    }

    /// The same phone at another BIN.
    pub(crate) fn at(&self, biin: &str) -> Self {
        Self { biin: biin.to_owned(), ..self.clone() }
    }

    /// What it says when it asks for a code.
    pub(crate) fn fields(&self) -> Value {
        let mut fields = json!({ "role_id": self.role_id, "uuid": self.uuid, "FCM": self.fcm });
        if self.role_id == 2 {
            fields["mobile"] = json!(self.mobile);
            fields["first_name"] = json!(self.first_name);
        }
        fields
    }

    /// The request for a code (E1), as JSON.
    pub(crate) fn asking(&self) -> Request<Body> {
        asking(&self.biin)
            .header("Content-Type", "application/json")
            .body(self.fields().to_string().into())
            .unwrap()
    }

    /// Asks for a code.
    pub(crate) async fn ask(&self, service: &Service) -> Response<Body> {
        service.send(self.asking()).await
    }

    /// The challenge it asked for last.
    pub(crate) async fn challenge(&self, service: &Service) -> ChallengeId {
        let biin: Biin = self.biin.parse().unwrap();
        let device: DeviceId = self.uuid.parse().unwrap();
        service.database().latest_challenge(&biin, &device).await.unwrap().unwrap().id
    }

    /// Asks for a code, and reads it where the mail gets it.
    pub(crate) async fn code(&self, service: &Service) -> String {
        let response = self.ask(service).await;
        assert_eq!(response.status(), 200, "{}", json(response).await);
        service.app.auth.code_of(self.challenge(service).await)
    }

    /// The request that gives a code (E2), standard Basic.
    pub(crate) fn giving(&self, code: &str) -> Request<Body> {
        let login = STANDARD.encode(format!("{}||{}:{code}", self.biin, self.uuid));
        let request = Request::post("/auth").header("Authorization", format!("Basic {login}"));
        request.body(Body::empty()).unwrap()
    }

    /// Gives a code.
    pub(crate) async fn give(&self, service: &Service, code: &str) -> Response<Body> {
        service.send(self.giving(code)).await
    }

    /// Signs in.
    pub(crate) async fn sign_in(&self, service: &Service) -> Pair {
        let code = self.code(service).await;
        pair(self.give(service, &code).await).await
    }
}

/// A request for a code, without its body.
pub(crate) fn asking(biin: &str) -> Builder {
    Request::post(format!("/biin/{biin}"))
}

/// Sends a refresh token (E3).
pub(crate) async fn refresh(service: &Service, token: &str) -> Response<Body> {
    service.send(with_token("POST", "/refresh_token", token)).await
}

/// A request with a bearer token and nothing else.
pub(crate) fn with_token(method: &str, path: &str, token: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    request.header("Authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()
}

/// Both tokens of a good answer.
pub(crate) async fn pair(response: Response<Body>) -> Pair {
    let status = response.status();
    let answer = json(response).await;
    assert_eq!(status, 200, "{answer}");
    let text = |name: &str| answer["data"][name].as_str().unwrap().to_owned();
    Pair { access: text("access_token"), refresh: text("refresh_token") }
}

/// A code that is not this one.
pub(crate) fn other_code(code: &str) -> String {
    let width = code.len();
    let number: u64 = code.parse().unwrap();
    format!("{:0width$}", (number + 1) % 10_u64.pow(u32::try_from(width).unwrap()))
}
