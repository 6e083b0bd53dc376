//! Goal: only the owner of an account logs in to it, and always can. Method: `/auth/*` as a browser
//! and an attacker use it.

use mindflow_tests::{Account, Answer, Http, PASSWORD, Platform, send};
use reqwest::Method;
use serde_json::{Value, json};

const ME: &str = "{ me { id email } }";

async fn login(http: &Http, email: &str, password: &str) -> Answer {
    http.post("/auth/login", &json!({ "email": email, "password": password })).await
}

async fn refresh(http: &Http, token: &str) -> Answer {
    send(http.request(Method::POST, "/auth/refresh").header("cookie", format!("other=1; mf_refresh={token}"))).await
}

/// An answer without what differs each time.
fn bare(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    body["correlationId"] = Value::Null;
    (answer.status.as_u16(), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_answers_a_session_or_names_every_broken_field() {
    let platform = Platform::services().start().await;
    let http = platform.http();
    let body = json!({ "email": "ada@example.org", "password": PASSWORD, "displayName": "Ada" });
    let answer = http.post("/auth/register", &body).await.expect(201);
    let granted = answer.json();
    assert_eq!((&granted["tokenType"], &granted["expiresIn"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(
        (&granted["user"]["email"], &granted["user"]["displayName"]),
        (&json!("ada@example.org"), &json!("Ada"))
    );
    let (_, cookie) = answer.refresh_cookie();
    for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/auth", "Max-Age=604800"] {
        assert!(cookie.split("; ").any(|part| part.eq_ignore_ascii_case(attribute)), "{attribute}: {cookie}");
    }
    assert!(!granted.to_string().contains(&answer.refresh_cookie().0));

    let mut again = body.clone();
    again["email"] = json!("ADA@example.org");
    http.post("/auth/register", &again).await.expect_problem(409, "conflict");
    let wrong = json!({ "email": "no-address", "password": "short", "displayName": " " });
    let problem = http.post("/auth/register", &wrong).await.expect_problem(422, "invalid-input");
    let fields: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["email", "password", "displayName"]);
    assert!(problem["errors"][0]["message"].is_string());
    http.post("/auth/register", &json!([])).await.expect_problem(422, "invalid-input");
    send(http.request(Method::POST, "/auth/register").header("content-type", "application/json").body("{"))
        .await
        .expect_problem(400, "malformed-request");
    assert_eq!(http.get("/auth/register").await.expect_problem(405, "method-not-allowed")["status"], 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_registrations_of_one_address_one_succeeds() {
    let platform = Platform::services().start().await;
    let bodies: Vec<Value> = (0..10)
        .map(|number| {
            let email = if number % 2 == 0 { "ada@example.org" } else { "Ada@Example.org" };
            json!({ "email": email, "password": PASSWORD, "displayName": "Ada" })
        })
        .collect();
    let racing = bodies.iter().map(|body| platform.http().post("/auth/register", body));
    let mut statuses: Vec<u16> =
        futures::future::join_all(racing).await.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (201, &[409; 9][..]));
    let logins = (0..10).map(|_| login(platform.http(), "ada@example.org", PASSWORD));
    let logins = futures::future::join_all(logins).await;
    let ada = Account::granted(platform.http(), "ada@example.org", PASSWORD, &logins[0]);
    assert_eq!(ada.get("/auth/sessions").await.expect(200).json().as_array().unwrap().len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_have_8_to_72_bytes_and_are_never_cut() {
    let platform = Platform::services().start().await;
    let http = platform.http();
    let multibyte_72 = "ü".repeat(36);
    for (number, (password, accepted)) in [
        ("x".repeat(7), false),
        ("x".repeat(8), true),
        ("x".repeat(72), true),
        ("x".repeat(73), false),
        (multibyte_72.clone(), true),
        (format!("{multibyte_72}x"), false),
        ("🔑🔑".into(), true),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("user{number}@example.org");
        let body = json!({ "email": email, "password": password, "displayName": "A" });
        let answer = http.post("/auth/register", &body).await;
        if accepted {
            answer.expect(201);
            login(http, &email, &password).await.expect(200);
            // bcrypt alone would take a longer one that begins the same.
            let longer = login(http, &email, &format!("{password}x")).await;
            assert!([401, 422].contains(&longer.status.as_u16()), "{}", longer.text());
        } else {
            let problem = answer.expect_problem(422, "invalid-input");
            assert_eq!(problem["errors"][0]["field"], "password", "{problem}");
        }
    }

    // Another keyboard encodes the same letters and spaces otherwise.
    let body = json!({ "email": "Zoë@example.org", "password": "un café au lait", "displayName": "\u{2066}Zoe\u{308}\u{2069}\u{200b}" });
    let answer = http.post("/auth/register", &body).await.expect(201);
    assert_eq!(answer.json()["user"]["displayName"], "Zoë");
    login(http, "zoe\u{308}@EXAMPLE.org", "un cafe\u{301}\u{a0}au lait").await.expect(200);
    login(http, "zoë@example.org", "un Café au lait").await.expect_problem(401, "unauthenticated");
    let blank = json!({ "email": "bob@example.org", "password": PASSWORD, "displayName": "\u{2060}\u{2800}" });
    let problem = http.post("/auth/register", &blank).await.expect_problem(422, "invalid-input");
    assert_eq!(problem["errors"][0]["field"], "displayName", "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_does_not_reveal_whether_an_account_exists_and_five_failures_lock_it() {
    let platform = Platform::services().start().await;
    let http = platform.http();
    let ada = platform.register().await;
    for attempt in 1..=5 {
        let wrong = login(http, &ada.email, "wrong password").await;
        let unknown = login(http, "unknown@example.org", "wrong password").await;
        assert_eq!(bare(&wrong), bare(&unknown), "attempt {attempt}");
        wrong.expect_problem(401, "unauthenticated");
    }
    let locked = login(http, &ada.email, &ada.password).await;
    locked.expect_problem(429, "rate-limited");
    let seconds: u32 = locked.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&seconds), "{seconds}");
    assert_eq!(login(http, "unknown@example.org", "wrong password").await.status.as_u16(), 429);
    // The lock is the account's, not the session's: who is in stays in.
    assert_eq!(ada.data("{ __typename }", json!({})).await["__typename"], "Query");
    ada.get("/auth/sessions").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_forgets_earlier_failures() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    for _ in 0..2 {
        for _ in 0..4 {
            login(platform.http(), &ada.email, "wrong password").await.expect(401);
        }
        ada.login().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_rotates_the_token_and_its_reuse_ends_the_whole_family() {
    let platform = Platform::services().start().await;
    let http = platform.http();
    let ada = platform.register().await;
    let other = ada.login().await;
    let rotated = refresh(http, &ada.refresh_token).await.expect(200);
    let next = Account::granted(http, &ada.email, PASSWORD, &rotated);
    assert_ne!(next.refresh_token, ada.refresh_token);
    next.get("/auth/sessions").await.expect(200);

    // Another tab comes with the same token at that moment, or the answer was lost: both go on in one session.
    let overtaken = refresh(http, &ada.refresh_token).await.expect(200);
    let last = Account::granted(http, &ada.email, PASSWORD, &overtaken);
    for tab in [&next, &last] {
        assert_eq!(tab.get("/auth/sessions").await.expect(200).json().as_array().unwrap().len(), 2);
    }

    // The one before the newest is now the one that the first answer brought; this one is older.
    let reused = refresh(http, &ada.refresh_token).await;
    reused.expect_problem(401, "unauthenticated");
    assert!(reused.header("set-cookie").contains("Max-Age=0"), "{}", reused.header("set-cookie"));
    for tab in [&next, &last] {
        refresh(http, &tab.refresh_token).await.expect_problem(401, "unauthenticated");
        tab.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    }
    // Another login is another family.
    other.get("/auth/sessions").await.expect(200);
    refresh(http, &other.refresh_token).await.expect(200);

    for nonsense in ["", "x", "a.b.c"] {
        refresh(http, nonsense).await.expect_problem(401, "unauthenticated");
    }
    send(http.request(Method::POST, "/auth/refresh")).await.expect_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_concurrent_refreshes_both_get_a_token_and_a_crowd_of_copies_does_not() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let tab = ada.login().await;
    let answers = futures::future::join_all((0..2).map(|_| refresh(platform.http(), &tab.refresh_token))).await;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        Account::granted(platform.http(), &ada.email, PASSWORD, answer).get("/auth/sessions").await.expect(200);
    }
    let answers = futures::future::join_all((0..8).map(|_| refresh(platform.http(), &ada.refresh_token))).await;
    let granted = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(granted <= 2, "{granted}");
    assert!(answers.iter().all(|answer| [200, 401].contains(&answer.status.as_u16())));
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_revokes_the_unexpired_access_token_immediately() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let other = ada.login().await;
    ada.eventually(ME, json!({}), |data| data["me"]["id"] == json!(ada.id)).await;
    let answer = ada.post("/auth/logout", &Value::Null).await.expect(204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(ada.graphql(ME, json!({})).await.error_code(), "UNAUTHENTICATED");
    ada.get("/api/journals").await.expect_problem(401, "unauthenticated");
    ada.post("/auth/logout", &Value::Null).await.expect_problem(401, "unauthenticated");
    refresh(platform.http(), &ada.refresh_token).await.expect(401);
    other.data(ME, json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_ends_with_its_access_token_and_the_session_goes_on() {
    let seconds = "[component.auth.tool.mindflow.variables]\naccess_token_seconds = \"3\"";
    let platform = Platform::services()
        .manifest(|text| text.replace("[component.auth.tool.mindflow.variables]", seconds))
        .start()
        .await;
    let ada = platform.register().await;
    let mut socket = ada.socket().await;
    ada.get("/auth/sessions").await.expect(200);
    assert_eq!(socket.closed().await, 4403);
    ada.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    assert_eq!(ada.graphql(ME, json!({})).await.error_code(), "UNAUTHENTICATED");
    let answer = refresh(platform.http(), &ada.refresh_token).await.expect(200);
    assert_eq!(answer.json()["expiresIn"], 3);
    Account::granted(platform.http(), &ada.email, PASSWORD, &answer).get("/auth/sessions").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_each_can_be_revoked() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let body = json!({ "email": ada.email, "password": PASSWORD });
    let phone =
        send(platform.http().request(Method::POST, "/auth/login").header("user-agent", "Phone/1").json(&body)).await;
    let phone = Account::granted(platform.http(), &ada.email, PASSWORD, &phone.expect(200));
    let sessions = ada.get("/auth/sessions").await.expect(200).json();
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let current: Vec<bool> = sessions.iter().map(|session| session["current"].as_bool().unwrap()).collect();
    assert_eq!(current.iter().filter(|current| **current).count(), 1);
    let phones = sessions.iter().find(|session| session["userAgent"] == "Phone/1").unwrap();
    assert!(phones["createdAt"].as_str().unwrap().ends_with('Z') && phones["lastUsedAt"].is_string());

    let stranger = platform.register().await;
    let path = format!("/auth/sessions/{}", phones["id"].as_str().unwrap());
    stranger.delete(&path).await.expect_problem(404, "not-found");
    ada.delete(&path).await.expect(204);
    phone.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    assert_eq!(ada.get("/auth/sessions").await.json().as_array().unwrap().len(), 1);
    platform.http().get("/auth/sessions").await.expect_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn published_keys_verify_tokens_before_and_after_a_rotation() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let before = verified(platform.http(), &ada.token).await;
    assert_eq!((before["sub"].as_str(), before["email"].as_str()), (Some(&*ada.id), Some(&*ada.email)));
    assert_eq!((&before["iss"], &before["aud"]), (&json!("mindflow-auth"), &json!("mindflow")));
    assert_eq!(before["roles"], json!(["user"]));
    assert_eq!(before["exp"].as_i64().unwrap() - before["iat"].as_i64().unwrap(), 900);
    assert!(before["jti"].is_string() && before["sid"].is_string());

    let rotated = platform.cli(&["keys", "rotate"]).await;
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    let later = mindflow_tests::eventually("tokens are signed with the new key", || async {
        let later = ada.login().await;
        (kid(&later.token) != kid(&ada.token)).then_some(later)
    })
    .await;
    verified(platform.http(), &later.token).await;
    verified(platform.http(), &ada.token).await;
    ada.get("/auth/sessions").await.expect(200);
    later.get("/auth/sessions").await.expect(200);
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

/// The claims of a token, by the published key that it names.
async fn verified(http: &Http, token: &str) -> Value {
    let keys: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(http.get("/.well-known/jwks.json").await.expect(200).json()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&kid(token)).expect("the key is published")).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&["mindflow"]);
    validation.set_issuer(&["mindflow-auth"]);
    jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_broken_tokens_are_refused() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let parts: Vec<&str> = ada.token.split('.').collect();
    let encode = |value: Value| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let unsigned = format!("{}.{}.", encode(json!({ "alg": "none", "typ": "JWT" })), parts[1]);
    let promoted = format!(
        "{}.{}.{}",
        parts[0],
        encode(
            json!({ "sub": ada.id, "roles": ["admin"], "exp": 4_000_000_000_u64, "iss": "mindflow-auth", "aud": "mindflow" })
        ),
        parts[2]
    );
    for token in [unsigned, promoted, "nonsense".to_owned(), format!("{}x", ada.token)] {
        let mut forged = ada.clone();
        forged.token = token;
        assert_eq!(forged.graphql(ME, json!({})).await.error_code(), "UNAUTHENTICATED");
        let answer = forged.get("/api/journals").await;
        answer.expect_problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_that_was_made_at_another_cost_is_replaced_by_the_next_login() {
    // Of the password of all accounts, at cost 5; the platforms of stories hash at 4.
    const OTHER: &str = "$2b$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.";
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let id: uuid::Uuid = ada.id.parse().unwrap();
    let database = platform.write_database().await;
    database.execute("UPDATE auth.users SET password_hash = $2 WHERE id = $1", &[&id, &OTHER]).await.unwrap();
    for _ in 0..2 {
        ada.login().await;
        let row = database.query_one("SELECT password_hash FROM auth.users WHERE id = $1", &[&id]).await.unwrap();
        assert!(row.get::<_, String>(0).starts_with("$2b$04$"));
    }
    // One of a release that hashed what a keyboard sent: it opens from that keyboard, and from every other one since.
    const AS_TYPED: &str = "$2b$04$abcdefghijklmnopqrstuuiMl4jP2aesLH6dOmkaKX7cYOuQjj7Je";
    let (typed, other) = ("un cafe\u{301} au lait", "un caf\u{e9} au lait");
    let of_before = "UPDATE auth.users SET password_hash = $2, password_formed = false WHERE id = $1";
    database.execute(of_before, &[&id, &AS_TYPED]).await.unwrap();
    for password in [typed, other, typed] {
        login(platform.http(), &ada.email, password).await.expect(200);
    }
}
