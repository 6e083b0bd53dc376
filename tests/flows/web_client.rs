//! Goal: the web client's component answers every path that is not another's, and takes nothing from the others. Method: requests as
//! browsers and programs send them, with the client built or not: both are right.

use crate::trouble_kit::{component, swap};
use mindflow_tests::{Answer, Platform, send};
use reqwest::{Method, RequestBuilder};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn navigation(platform: &Platform, path: &str) -> RequestBuilder {
    platform.http().request(Method::GET, path).header("accept", BROWSER).header("sec-fetch-dest", "document")
}

/// Whether the component has a client: only that has a tag.
fn is_built(page: &Answer) -> bool {
    !page.header("etag").is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_gets_a_page_at_every_path_that_no_other_component_takes() {
    let platform = Platform::services().start().await;
    let http = platform.http();
    let home = send(navigation(&platform, "/")).await.expect(200);
    assert_eq!(home.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(home.header("x-content-type-options"), "nosniff");
    assert_eq!(home.header("referrer-policy"), "no-referrer");
    let policy = home.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe-") && !policy.contains("nonce"),
        "{policy}"
    );
    assert_eq!(send(navigation(&platform, "/timeline")).await.expect(200).text(), home.text());
    for (path, accept) in [("/timeline", "application/json"), ("/missing.js", BROWSER), ("/nothing", "*/*")] {
        let missing = send(http.request(Method::GET, path).header("accept", accept)).await;
        missing.expect_problem(404, "not-found");
    }
    let head = send(http.request(Method::HEAD, "/")).await.expect(200);
    assert_eq!((head.text().as_str(), head.header("etag")), ("", home.header("etag")));
    send(http.request(Method::POST, "/")).await.expect_problem(405, "method-not-allowed");

    // What is not the client's is answered by whose it is.
    let graphiql = send(navigation(&platform, "/graphql")).await.expect(200).text();
    assert!(graphiql.contains("GraphiQL") && graphiql != home.text());
    http.get("/schema.graphql").await.expect(200);
    http.get("/.well-known/jwks.json").await.expect(200);
    http.get("/health/live").await.expect(200);
    http.get("/metrics").await.expect(200);
    for path in ["/auth/sessions", "/api/journals"] {
        send(navigation(&platform, path)).await.expect_problem(401, "unauthenticated");
    }
    for path in ["/auth/nothing", "/api/nothing", "/notifications/nothing"] {
        send(navigation(&platform, path)).await.expect_problem(404, "not-found");
    }
    if is_built(&home) {
        files_are_kept_and_asked_for(&platform, &home).await;
    }
    swap(&platform, "web", &component("web")).await;
    assert_eq!(send(navigation(&platform, "/")).await.expect(200).text(), home.text());
}

async fn files_are_kept_and_asked_for(platform: &Platform, home: &Answer) {
    let http = platform.http();
    assert_eq!(home.header("cache-control"), "no-cache");
    let known = navigation(platform, "/").header("if-none-match", home.header("etag"));
    assert_eq!(send(known).await.expect(304).text(), "");
    let script = home.text();
    let script = script.split(['"', '\'']).find(|name| name.starts_with("main-") && name.ends_with(".js"));
    let path = format!("/{}", script.expect("the page has a script"));
    let plain = http.get(&path).await.expect(200);
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(plain.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(plain.header("vary"), "accept-encoding");
    for coding in ["br", "gzip"] {
        let packed = send(http.request(Method::GET, &path).header("accept-encoding", coding)).await.expect(200);
        assert_eq!(packed.header("content-encoding"), coding);
        assert_ne!(packed.header("etag"), plain.header("etag"));
    }
}

/// Where a browser ends that goes to the path.
async fn followed(platform: &Platform, mut path: String) -> Answer {
    for _ in 0..3 {
        let answer = send(navigation(platform, &path)).await;
        if answer.status != 303 {
            return answer.expect(200);
        }
        path = answer.header("location").to_owned();
    }
    panic!("redirected for ever, at last to {path}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_link_leads_a_browser_to_the_client_and_programs_to_the_page_without_one() {
    let platform = Platform::services().start().await;
    let home = send(navigation(&platform, "/")).await.expect(200);
    for link in ["confirm-email", "confirm-email-change", "reset-password"] {
        let path = format!("/auth/{link}/{}", "A".repeat(43));
        let page = platform.http().get(&path).await.expect(200);
        assert!(page.text().contains("<form method=\"post\">"), "{}", page.text());
        let shown = followed(&platform, path).await.text();
        let of_client = shown == home.text();
        assert_eq!(of_client, is_built(&home), "{shown}");
        assert!(of_client || shown.contains("<form method=\"post\">"), "{shown}");
    }
}
