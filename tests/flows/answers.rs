//! Goal: a query that comes again costs less, and no user is ever shown something that has changed since. Method: the
//! calls of services are counted in the metrics, and a kept answer is compared with one that is made.

use mindflow_tests::{Account, Platform, eventually};
use serde_json::{Value, json};

const DASHBOARD: &str = "{ me { displayName roles quota { used limit } }
    recentEntries { title tags { name entryCount } analysis { status } }
    journalEntries(first: 5) { totalCount edges { node { title version } } }
    insights { text } tags { name } onThisDay { title }
    moodTrends { mood count } sentimentTrend { average } writingStats(days: 30) { entries words } }";

/// How often components were called so far.
async fn calls(platform: &Platform, components: &[&str]) -> u64 {
    let metrics = platform.http().get("/metrics").await.expect(200).text();
    let of = |component: &&str| {
        let name = format!("mindflow_component_calls_total{{component=\"{component}\"");
        let lines = metrics.lines().filter(move |line| line.starts_with(&name));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum::<u64>()
    };
    components.iter().map(of).sum()
}

/// Asks until an answer came without a call of these components.
async fn until_kept(platform: &Platform, account: &Account, query: &str, components: &[&str]) -> Value {
    eventually("a kept answer", || async {
        let before = calls(platform, components).await;
        let answer = account.data(query, json!({})).await;
        (calls(platform, components).await == before).then_some(answer)
    })
    .await
}

/// The same query under a text that no answer is kept for.
async fn made(account: &Account, number: usize) -> Value {
    account.data(&format!("{DASHBOARD} # {number}"), json!({})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_until_something_that_it_shows_changes() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let entry =
        ada.write(json!({ "title": "Harbour", "content": "A good day.", "mood": "HAPPY", "tags": ["sea"] })).await;
    let id = &entry["id"];
    let changes = [
        (
            "mutation ($id: ID!) { updateJournalEntry(input: { id: $id, title: \"Quay\", expectedVersion: 1 }) { id } }",
            "Quay",
        ),
        ("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", ""),
        ("mutation ($id: ID!) { restoreJournalEntry(id: $id) { id } }", "Quay"),
        ("mutation ($id: ID!) { updateJournalEntry(input: { id: $id, mood: SAD }) { id } }", "Quay"),
    ];
    let shown = |data: &Value, title: &str| {
        let entries = u64::from(!title.is_empty());
        data["recentEntries"][0]["title"].as_str().unwrap_or_default() == title
            && data["writingStats"]["entries"] == entries
            && data["me"]["displayName"] != Value::Null
    };
    ada.eventually(DASHBOARD, json!({}), |data| shown(data, "Harbour")).await;
    for (number, (change, title)) in changes.into_iter().enumerate() {
        let kept = until_kept(&platform, &ada, DASHBOARD, &["query", "analytics"]).await;
        assert_eq!(kept, made(&ada, number).await);
        ada.data(change, json!({ "id": id })).await;
        ada.eventually(DASHBOARD, json!({}), |data| shown(data, title)).await;
    }
    let sad = |data: &Value| data["moodTrends"][0]["mood"] == "SAD";
    ada.eventually(DASHBOARD, json!({}), sad).await;
    until_kept(&platform, &ada, DASHBOARD, &["query", "analytics"]).await;
    ada.data("mutation { updateProfile(displayName: \"Ada L.\") { id } }", json!({})).await;
    ada.eventually(DASHBOARD, json!({}), |data| data["me"]["displayName"] == "Ada L.").await;
    let kept = until_kept(&platform, &ada, DASHBOARD, &["query", "analytics"]).await;
    assert_eq!(kept, made(&ada, changes.len()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_answer_is_shown_to_its_user_in_the_same_roles_alone() {
    let platform = Platform::services().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    ada.write(json!({ "title": "Mine", "content": "Words of one user." })).await;
    ada.eventually(DASHBOARD, json!({}), |data| data["writingStats"]["entries"] == 1).await;
    let mine = until_kept(&platform, &ada, DASHBOARD, &["query", "analytics"]).await;
    assert_eq!(mine["recentEntries"][0]["title"], "Mine");
    let theirs = until_kept(&platform, &bob, DASHBOARD, &["query", "analytics"]).await;
    assert_eq!((&theirs["recentEntries"], &theirs["writingStats"]["entries"]), (&json!([]), &json!(0)));
    // A revoked session has no answer, kept or made.
    let phone = ada.login().await;
    until_kept(&platform, &phone, DASHBOARD, &["query", "analytics"]).await;
    phone.post("/auth/logout", &json!({})).await;
    let refused = phone.graphql(DASHBOARD, json!({})).await.json();
    assert_eq!(refused["data"], Value::Null, "{refused}");
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{refused}");
    platform.grant(&ada.email, "premium").await;
    let premium = ada.login().await;
    let unlimited = |data: &Value| data["me"]["quota"]["limit"] == Value::Null;
    premium.eventually(DASHBOARD, json!({}), unlimited).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_more_than_views_in_it_is_made_each_time() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    for (query, component) in [
        ("{ recentEntries { title } search(query: \"sea\") { hits { score } } }", "search"),
        ("{ recentEntries { title } notificationPreferences { email } }", "notification"),
        ("{ recentEntries { title } journalEntry(id: \"0197a5b0-0000-7000-8000-000000000000\") { title } }", "query"),
    ] {
        for _ in 0..4 {
            let before = calls(&platform, &[component]).await;
            ada.data(query, json!({})).await;
            assert!(calls(&platform, &[component]).await > before, "{query}");
        }
    }
}
