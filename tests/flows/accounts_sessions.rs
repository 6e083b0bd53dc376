//! Goal: a user sees where the account is logged in, and ends what should not be. Method: browsers and a phone by their names, through
//! GraphQL and REST.

use mindflow_tests::{Account, PASSWORD, Platform, send};
use reqwest::Method;
use serde_json::{Value, json};

const SESSIONS: &str = "{ sessions { id createdAt lastUsedAt userAgent device browser platform current } }";
const END: &str = "mutation ($id: ID!) { endSession(id: $id) }";
const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0";

async fn login_from(account: &Account, user_agent: &str) -> Account {
    let body = json!({ "email": account.email, "password": PASSWORD });
    let request = account.http().request(Method::POST, "/auth/login").header("user-agent", user_agent).json(&body);
    Account::granted(account.http(), &account.email, PASSWORD, &send(request).await.expect(200))
}

async fn sessions(account: &Account) -> Vec<Value> {
    account.data(SESSIONS, json!({})).await["sessions"].as_array().expect("a list").clone()
}

fn of_agent<'a>(sessions: &'a [Value], user_agent: &str) -> &'a Value {
    sessions.iter().find(|session| session["userAgent"] == *user_agent).expect("the session")
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_shown_with_their_devices_and_one_of_them_is_ended() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let (firefox, gadget) = (login_from(&ada, FIREFOX).await, login_from(&ada, "Gadget/1").await);
    let shown = sessions(&firefox).await;
    assert_eq!(shown.len(), 3);
    let own = of_agent(&shown, FIREFOX);
    assert_eq!((&own["device"], &own["current"]), (&json!("Firefox on Windows"), &json!(true)));
    assert_eq!((&own["browser"], &own["platform"]), (&json!("Firefox"), &json!("Windows")));
    assert!(own["createdAt"].is_string() && own["lastUsedAt"].is_string());
    assert_eq!(shown.iter().filter(|session| session["current"] == true).count(), 1);
    let other = of_agent(&shown, "Gadget/1");
    assert_eq!(other["device"], Value::Null);
    let listed = ada.get("/auth/sessions").await.expect(200).json();
    assert_eq!(of_agent(listed.as_array().unwrap(), FIREFOX)["device"], "Firefox on Windows");

    let stranger = platform.register().await;
    assert_eq!(stranger.graphql(END, json!({ "id": other["id"] })).await.error_code(), "NOT_FOUND");
    assert_eq!(ada.data(END, json!({ "id": other["id"] })).await["endSession"], true);
    assert_eq!(gadget.graphql(SESSIONS, json!({})).await.error_code(), "UNAUTHENTICATED");
    assert_eq!(ada.graphql(END, json!({ "id": other["id"] })).await.error_code(), "NOT_FOUND");
    assert_eq!(sessions(&ada).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_ends_the_own_session_does_nothing_more_in_the_same_request() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let own = sessions(&ada).await.remove(0);
    let both = "mutation ($id: ID!) { endSession(id: $id) createTag(name: \"late\") { id } }";
    let answer = ada.graphql(both, json!({ "id": own["id"] })).await.json();
    assert_eq!(answer["data"], json!({ "endSession": true, "createTag": null }), "{answer}");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{answer}");
    assert_eq!(ada.login().await.data("{ tags { name } }", json!({})).await["tags"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_not_used_since_the_account_was_changed_is_still_shown() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let phone = ada.login().await;
    // Each session gets the new time zone at its next use.
    ada.data("mutation { updateProfile(timezone: \"Europe/Berlin\") { timezone } }", json!({})).await;
    assert_eq!(sessions(&ada).await.len(), 2);
    let storage = ada.data("{ me { storage { sessions { used } } } }", json!({})).await;
    assert_eq!(storage["me"]["storage"]["sessions"]["used"], 2);
    assert_eq!(sessions(&phone).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_other_sessions_end_together_and_the_own_one_goes_on() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let (phone, tablet) = (ada.login().await, ada.login().await);
    let mut idle = phone.socket().await;
    let bob = platform.register().await;
    let end = "mutation { endOtherSessions }";
    assert_eq!(ada.data(end, json!({})).await["endOtherSessions"], 2);
    assert_eq!(idle.closed().await, 4403);
    for ended in [&phone, &tablet] {
        ended.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    }
    assert_eq!(sessions(&ada).await.len(), 1);
    assert_eq!(ada.data(end, json!({})).await["endOtherSessions"], 0);
    // Another user's are not touched.
    assert_eq!(sessions(&bob).await.len(), 1);
    let storage = ada.data("{ me { storage { sessions { used } } } }", json!({})).await;
    assert_eq!(storage["me"]["storage"]["sessions"]["used"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_ends_all_sessions_of_a_user() {
    let platform = Platform::services().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let phone = ada.login().await;
    let mut idle = phone.socket().await;
    let ended = platform.cli(&["users", "end-sessions", &ada.email, "--json"]).await;
    assert!(ended.code == Some(0) && ended.stdout.contains("\"endedSessions\": 2"), "{ended:?}");
    assert_eq!(idle.closed().await, 4403);
    for session in [&ada, &phone] {
        session.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    }
    assert_eq!((sessions(&ada.login().await).await.len(), sessions(&bob).await.len()), (1, 1));
    let unknown = platform.cli(&["users", "end-sessions", "unknown@example.org"]).await;
    assert!(unknown.code == Some(1) && unknown.stderr.contains("no account has the e-mail address"), "{unknown:?}");
}
