//! `/`: links to the pages of drivers, reviewers and developers.

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;

use crate::harness::service::{Service, header};

#[tokio::test]
async fn the_home_page_links_to_each_role_in_the_language_of_the_browser() {
    let service = Service::embedded().await;
    for (language, question) in [
        ("ru", "Выберите, как войти"),
        ("kk", "Кіру тәсілін таңдаңыз"),
        ("en", "Choose how to sign in"),
    ] {
        let request = Request::get("/").header("Accept-Language", language);
        let response = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 200);
        assert!(header(&response, "content-security-policy").starts_with("default-src 'none';"));
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let page = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(page.contains(&format!("<html lang=\"{language}\"")), "{page}");
        assert_eq!(page.matches("<h1").count(), 1);
        assert!(page.contains(question), "{language}: {page}");
        let answers: Vec<_> = page
            .split("class=\"choice\" href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert_eq!(answers, ["/drive", "/review", "/docs"]);
    }
}
