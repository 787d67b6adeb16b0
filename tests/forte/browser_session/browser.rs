//! The browser of a reviewer or driver.

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::auth::AccountSpec;
use forte_media::database::AccountOwner;
use forte_media::model::CompanyId;
use serde_json::Value;

use crate::harness::account::PASSWORD;
use crate::harness::service::{Service, header, json};

pub(crate) const LOGIN: &str = "aigul";

/// The cookie of a session, and the CSRF token of its pages.
#[derive(Clone, Default)]
pub(super) struct Browser {
    pub(super) cookie: String,
    pub(super) csrf: String,
}

pub(crate) async fn add_reviewer(service: &Service) {
    let owner =
        AccountOwner::Reviewer { company: CompanyId::LESSOR, name: "Айгуль С.".to_owned() };
    let new = AccountSpec { login: LOGIN.to_owned(), owner, networks: Vec::new() };
    service.app.state.accounts.add(new, &PASSWORD.into()).await.unwrap();
}

/// Sends a POST without a session.
pub(super) async fn post(service: &Service, path: &str, body: &Value) -> Response<Body> {
    Browser::default().send(service, "POST", path, body).await
}

/// Signs the reviewer in.
pub(super) async fn sign_in(service: &Service) -> Browser {
    let body = serde_json::json!({"login": LOGIN, "password": PASSWORD});
    Browser::of(post(service, "/review/session", &body).await).await
}

impl Browser {
    /// The browser after a sign-in, which must have succeeded.
    pub(super) async fn of(response: Response<Body>) -> Self {
        let cookie = header(&response, "set-cookie").split(';').next().unwrap().to_owned();
        let status = response.status();
        let answer = json(response).await;
        assert_eq!(status, 200, "{answer}");
        Self { cookie, csrf: answer["data"]["csrf"].as_str().unwrap().to_owned() }
    }

    /// Sends a request like the script of a page.
    pub(super) async fn send(
        &self,
        service: &Service,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Response<Body> {
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header("Content-Type", "application/json")
            .header("Cookie", &self.cookie)
            .header("X-CSRF-Token", &self.csrf);
        service.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(super) async fn get(&self, service: &Service, path: &str) -> Response<Body> {
        let request = Request::get(path).header("Cookie", &self.cookie);
        service.send(request.body(Body::empty()).unwrap()).await
    }
}
