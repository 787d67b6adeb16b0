//! The documentation page loads nothing from other servers.

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
async fn the_page_and_its_files_are_served_by_the_binary_and_load_nothing_else() {
    let service = Service::embedded().await;
    let response = get(&service, "/docs").await;
    assert_eq!(response.status(), 200);
    let policy = header(&response, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    for (directive, allowed) in policy.split("; ").filter_map(|rule| rule.split_once(' ')) {
        let own = ["'none'", "'self'", "data:", "'unsafe-inline'"];
        assert!(allowed.split(' ').all(|source| own.contains(&source)), "{directive} {allowed}");
        assert!(
            directive == "style-src" || !allowed.contains("'unsafe-inline'"),
            "{directive} {allowed}"
        );
    }
    let page = text(response).await;
    assert!(!page.contains("//"), "the page has an absolute URL");
    // No script is inline.
    assert_eq!(page.matches("<script").count(), page.matches("<script src=\"docs/").count());
    let loaded = page.split(['"']).filter(|word| word.starts_with("docs/"));
    for file in loaded {
        let response = get(&service, &format!("/{file}")).await;
        assert_eq!(response.status(), 200, "{file}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        let kind = if file.rsplit('.').next() == Some("js") { "text/javascript" } else { "" };
        assert!(header(&response, "content-type").starts_with(kind), "{file}");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        assert!(bytes.len() > 100, "{file}");
    }
    let start = text(get(&service, "/docs/start.js").await).await;
    assert!(start.contains("url: \"openapi.json\"") && start.contains("validatorUrl: null"));
}

/// The page lists only its own host as a server, because its policy allows requests to no other.
#[tokio::test]
async fn the_page_sends_requests_to_the_host_from_which_it_was_loaded() {
    let service = Service::embedded_with(&[("HTTP__PUBLIC_URL", "https://media.example.kz")]).await;
    for host in ["127.0.0.1:8080", "192.168.1.5:8443", "other.example"] {
        for path in ["/docs", "/docs/start.js", "/openapi.json"] {
            let request = Request::get(path).header("Host", host).body(Body::empty()).unwrap();
            assert_eq!(service.send(request).await.status(), 200, "{host}{path}");
        }
    }
    let start = text(get(&service, "/docs/start.js").await).await;
    assert!(start.contains("servers: [here]") && start.contains("window.location.href"));
    let page = text(get(&service, "/docs").await).await;
    assert!(!page.contains("media.example.kz"));
}

#[tokio::test]
async fn the_introduction_is_collapsed_so_that_the_routes_are_visible() {
    let service = Service::embedded().await;
    let document: serde_json::Value =
        serde_json::from_str(&text(get(&service, "/openapi.json").await).await).unwrap();
    let introduction = document["info"]["description"].as_str().unwrap();
    let (first, folded) = introduction.split_once("<details>").unwrap();
    assert!(first.len() < 300, "{first}");
    assert_eq!(introduction.matches("</details>").count(), 2);
    // A blank line switches from HTML back to Markdown.
    assert!(folded.contains("<summary>Error codes</summary>\n\n| code | meaning |"));
}

#[tokio::test]
async fn other_files_are_not_found() {
    let service = Service::embedded().await;
    for path in
        ["/docs/swagger-initializer.js", "/docs/..%2fopenapi.json", "/docs/%ff", "/docs/a/b"]
    {
        problem(get(&service, path).await, 404, "not_found").await;
    }
    assert_eq!(header(&get(&service, "/docs/").await, "location"), "../docs");
}
