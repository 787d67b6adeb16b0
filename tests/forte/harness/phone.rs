//! A phone that signs in as described in the owner's document.

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forte_media::model::{Biin, ChallengeId, DeviceId};
use serde_json::{Value, json};

use super::service::{Service, json};

/// The BIN of the fixture's company.
pub(crate) const BIIN: &str = "080540013184";
/// A BIN that no company has.
pub(crate) const UNKNOWN_BIIN: &str = "200940026146";

/// A phone and its user.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    pub(crate) biin: String,
    pub(crate) uuid: String,
    pub(crate) fcm: String,
    pub(crate) role_id: u8,
    pub(crate) mobile: String,
    pub(crate) first_name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenPair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Phone {
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

    /// The phone of a driver who signs in for the first time.
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

    pub(crate) fn with_uuid(&self, uuid: &str) -> Self {
        Self { uuid: uuid.to_owned(), fcm: format!("fcm-{uuid}"), ..self.clone() }
    }

    /// The same phone with another BIN.
    pub(crate) fn at(&self, biin: &str) -> Self {
        Self { biin: biin.to_owned(), ..self.clone() }
    }

    /// The body of a code request.
    pub(crate) fn fields(&self) -> Value {
        let mut fields = json!({ "role_id": self.role_id, "uuid": self.uuid, "FCM": self.fcm });
        if self.role_id == 2 {
            fields["mobile"] = json!(self.mobile);
            fields["first_name"] = json!(self.first_name);
        }
        fields
    }

    /// A request for a code (E1), as JSON.
    pub(crate) fn code_request(&self) -> Request<Body> {
        code_request(&self.biin)
            .header("Content-Type", "application/json")
            .body(self.fields().to_string().into())
            .unwrap()
    }

    /// Sends a request for a code.
    pub(crate) async fn request_code(&self, service: &Service) -> Response<Body> {
        service.send(self.code_request()).await
    }

    /// The challenge of its last code request.
    pub(crate) async fn challenge(&self, service: &Service) -> ChallengeId {
        let biin: Biin = self.biin.parse().unwrap();
        let device: DeviceId = self.uuid.parse().unwrap();
        service.database().latest_challenge(&biin, &device).await.unwrap().unwrap().id
    }

    /// Requests a code and returns it, as the mail would contain it.
    pub(crate) async fn code(&self, service: &Service) -> String {
        let response = self.request_code(service).await;
        assert_eq!(response.status(), 200, "{}", json(response).await);
        service.app.state.auth.code_of(self.challenge(service).await)
    }

    /// The request that redeems a code (E2), with standard Basic credentials.
    pub(crate) fn redeem_request(&self, code: &str) -> Request<Body> {
        let login = STANDARD.encode(format!("{}||{}:{code}", self.biin, self.uuid));
        let request = Request::post("/auth").header("Authorization", format!("Basic {login}"));
        request.body(Body::empty()).unwrap()
    }

    /// Redeems a code.
    pub(crate) async fn redeem_code(&self, service: &Service, code: &str) -> Response<Body> {
        service.send(self.redeem_request(code)).await
    }

    pub(crate) async fn sign_in(&self, service: &Service) -> TokenPair {
        let code = self.code(service).await;
        token_pair(self.redeem_code(service, &code).await).await
    }
}

/// A code request without its body.
pub(crate) fn code_request(biin: &str) -> Builder {
    Request::post(format!("/biin/{biin}"))
}

/// Redeems a refresh token (E3).
pub(crate) async fn refresh(service: &Service, token: &str) -> Response<Body> {
    service.send(with_token("POST", "/refresh_token", token)).await
}

/// A request with a bearer token and no body.
pub(crate) fn with_token(method: &str, path: &str, token: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    request.header("Authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()
}

/// The tokens of a successful response.
pub(crate) async fn token_pair(response: Response<Body>) -> TokenPair {
    let status = response.status();
    let answer = json(response).await;
    assert_eq!(status, 200, "{answer}");
    let text = |name: &str| answer["data"][name].as_str().unwrap().to_owned();
    TokenPair { access: text("access_token"), refresh: text("refresh_token") }
}

/// A different code.
pub(crate) fn other_code(code: &str) -> String {
    let width = code.len();
    let number: u64 = code.parse().unwrap();
    format!("{:0width$}", (number + 1) % 10_u64.pow(u32::try_from(width).unwrap()))
}
