//! A signed-in reviewer whose browser runs no scripts: it requests pages and sends their forms.

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::auth::AccountSpec;
use forte_media::database::AccountOwner;
use forte_media::model::CompanyId;
use http_body_util::BodyExt as _;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::harness::account::PASSWORD;
use crate::harness::service::{Service, header, json};

pub(super) struct Visitor {
    pub(super) cookie: String,
    pub(super) csrf: String,
}

/// A page with its status.
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) policy: String,
    pub(super) html: String,
}

impl Visitor {
    /// A reviewer of all companies.
    pub(super) async fn reviewer(service: &Service, login: &str) -> Self {
        Self::of_company(service, login, CompanyId::LESSOR).await
    }

    /// A reviewer who sees the reports of one company.
    pub(super) async fn of_company(service: &Service, login: &str, company: CompanyId) -> Self {
        let owner =
            AccountOwner::Reviewer { company, name: format!("Проверяющий {login}") };
        let new = AccountSpec { login: login.to_owned(), owner, networks: Vec::new() };
        service.app.state.accounts.add(new, &PASSWORD.into()).await.unwrap();
        let body = serde_json::json!({ "login": login, "password": PASSWORD }).to_string();
        let request = Request::post("/review/session").header("Content-Type", "application/json");
        let response = service.send(request.body(Body::from(body)).unwrap()).await;
        let cookie = header(&response, "set-cookie").split(';').next().unwrap().to_owned();
        let csrf = json(response).await["data"]["csrf"].as_str().unwrap().to_owned();
        Self { cookie, csrf }
    }

    /// The response to a GET; redirects are not followed.
    pub(super) async fn get(&self, service: &Service, path: &str) -> Response<Body> {
        let request = Request::get(path).header("Cookie", &self.cookie);
        let request = request.header("Accept", "text/html").header("Accept-Language", "ru");
        service.send(request.body(Body::empty()).unwrap()).await
    }

    pub(super) async fn page(&self, service: &Service, path: &str) -> Page {
        Page::of(self.get(service, path).await).await
    }

    /// Sends a form with the token of the session.
    pub(super) async fn form(
        &self,
        service: &Service,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Response<Body> {
        self.send(service, path, "text/html", self.encoded(fields)).await
    }

    /// Sends a request like a script. Returns the status and the JSON.
    pub(super) async fn script(
        &self,
        service: &Service,
        path: &str,
        fields: &[(&str, &str)],
    ) -> (u16, Value) {
        let body = self.encoded(fields);
        let response = self.send(service, path, "application/json", body).await;
        (response.status().as_u16(), json(response).await)
    }

    /// A form with the token of the session.
    fn encoded(&self, fields: &[(&str, &str)]) -> String {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(fields).append_pair("csrf", &self.csrf);
        form.finish()
    }

    pub(super) async fn send(
        &self,
        service: &Service,
        path: &str,
        accept: &str,
        body: String,
    ) -> Response<Body> {
        let request = Request::post(path)
            .header("Cookie", &self.cookie)
            .header("Accept", accept)
            .header("Accept-Language", "ru")
            .header("Content-Type", "application/x-www-form-urlencoded");
        service.send(request.body(Body::from(body)).unwrap()).await
    }
}

impl Page {
    pub(super) async fn of(response: Response<Body>) -> Self {
        let status = response.status().as_u16();
        let policy = header(&response, "content-security-policy").to_owned();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Self { status, policy, html: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// The hidden fields of the form that has this attribute.
    pub(super) fn fields(&self, attribute: &str) -> Vec<(&str, &str)> {
        let forms = self.html.split("<form").skip(1);
        let form = forms.map(|form| form.split("</form>").next().unwrap());
        let form = form.into_iter().find(|form| form.contains(attribute)).unwrap();
        let hidden = form.split("<input type=\"hidden\"").skip(1);
        let value = |input: &'_ str, name: &str| {
            let start = input.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
            start..start + input[start..].find('"').unwrap()
        };
        let field = |input| (&input[value(input, "name")], &input[value(input, "value")]);
        hidden.map(field).filter(|(name, _)| *name != "csrf").collect()
    }

    /// The data for scripts.
    pub(super) fn data(&self) -> Value {
        let (_, rest) = self.html.split_once("id=\"page-data\">").unwrap();
        serde_json::from_str(rest.split("</script>").next().unwrap()).unwrap()
    }
}
