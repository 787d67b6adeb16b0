//! The page: everything from here, nothing from elsewhere.

use axum::body::Body;
use axum::http::{Request, Response};
use http_body_util::BodyExt as _;

use crate::harness::answers::problem;
use crate::harness::service::{Service, header};

async fn get(service: &Service, path: &str) -> Response<Body> {
    service.send(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_page_is_made_of_what_the_binary_has_and_may_load_nothing_else() {
    let service = Service::embedded().await;
    let answer = get(&service, "/docs").await;
    assert_eq!(answer.status(), 200);
    let policy = header(&answer, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    for (what, allowed) in policy.split("; ").filter_map(|rule| rule.split_once(' ')) {
        let own = ["'none'", "'self'", "data:", "'unsafe-inline'"];
        assert!(allowed.split(' ').all(|place| own.contains(&place)), "{what} {allowed}");
        assert!(what == "style-src" || !allowed.contains("'unsafe-inline'"), "{what} {allowed}");
    }
    let page = text(answer).await;
    assert!(!page.contains("//"), "an address of elsewhere");
    // Scripts have sources, none stands in the page.
    assert_eq!(page.matches("<script").count(), page.matches("<script src=\"docs/").count());
    let loaded = page.split(['"']).filter(|word| word.starts_with("docs/"));
    for file in loaded {
        let answer = get(&service, &format!("/{file}")).await;
        assert_eq!(answer.status(), 200, "{file}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        let kind = if file.rsplit('.').next() == Some("js") { "text/javascript" } else { "" };
        assert!(header(&answer, "content-type").starts_with(kind), "{file}");
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(bytes.len() > 100, "{file}");
    }
    let start = text(get(&service, "/docs/start.js").await).await;
    assert!(start.contains("url: \"openapi.json\"") && start.contains("validatorUrl: null"));
}

#[tokio::test]
async fn what_is_no_part_of_the_page_is_not_there() {
    let service = Service::embedded().await;
    for path in
        ["/docs/swagger-initializer.js", "/docs/..%2fopenapi.json", "/docs/%ff", "/docs/a/b"]
    {
        problem(get(&service, path).await, 404, "not_found").await;
    }
    assert_eq!(header(&get(&service, "/docs/").await, "location"), "../docs");
}
