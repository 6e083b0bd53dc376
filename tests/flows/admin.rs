//! Goal: roles open exactly what the table of rights says. Method: the same requests without a token, as a user and as an admin.

use mindflow_tests::Platform;
use serde_json::{Value, json};

const USERS: &str =
    "query ($first: Int, $after: String, $search: String) { users(first: $first, after: $after, search: $search) {
    totalCount pageInfo { hasNextPage endCursor } edges { node { id email roles quota { used } } } } }";
const SET_ROLES: &str =
    "mutation ($id: ID!, $roles: [Role!]!) { setUserRoles(userId: $id, roles: $roles) { id roles } }";

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_lists_users_and_sets_their_roles() {
    let platform = Platform::services().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let admin = platform.register_as("admin").await;
    let listed = admin.eventually(USERS, json!({}), |data| data["users"]["totalCount"] == 3).await;
    let emails: Vec<&Value> =
        listed["users"]["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]["email"]).collect();
    assert!([&ada, &bob, &admin].iter().all(|account| emails.contains(&&json!(account.email))));
    let found = admin.data(USERS, json!({ "search": bob.email[..20].to_uppercase() })).await["users"].clone();
    assert_eq!((&found["totalCount"], &found["edges"][0]["node"]["id"]), (&json!(1), &json!(bob.id)));
    let page = admin.data(USERS, json!({ "first": 2 })).await["users"].clone();
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let rest = admin.data(USERS, json!({ "first": 2, "after": page["pageInfo"]["endCursor"] })).await["users"].clone();
    assert_eq!((rest["edges"].as_array().unwrap().len(), &rest["pageInfo"]["hasNextPage"]), (1, &json!(false)));

    let promote = json!({ "id": ada.id, "roles": ["USER", "PREMIUM"] });
    assert_eq!(ada.graphql(USERS, json!({})).await.error_code(), "FORBIDDEN");
    assert_eq!(ada.graphql(SET_ROLES, promote.clone()).await.error_code(), "FORBIDDEN");
    assert_eq!(platform.http().graphql(USERS, json!({})).await.error_code(), "UNAUTHENTICATED");
    assert_eq!(platform.http().graphql(SET_ROLES, promote.clone()).await.error_code(), "UNAUTHENTICATED");

    let set = admin.data(SET_ROLES, promote).await["setUserRoles"].clone();
    assert_eq!(set, json!({ "id": ada.id, "roles": ["USER", "PREMIUM"] }));
    let ada = ada.login().await;
    ada.eventually("{ me { roles quota { limit } } }", json!({}), |data| {
        data["me"] == json!({ "roles": ["USER", "PREMIUM"], "quota": { "limit": null } })
    })
    .await;
    let unknown = json!({ "id": "00000000-0000-4000-8000-000000000000", "roles": ["USER"] });
    assert_eq!(admin.graphql(SET_ROLES, unknown).await.error_code(), "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_changes_their_own_profile_and_others_do_not_see_it() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let update = "mutation ($name: String, $zone: String) { updateProfile(displayName: $name, timezone: $zone) { displayName timezone } }";
    let changed = ada.data(update, json!({ "name": "Ada L.", "zone": "Europe/Berlin" })).await;
    assert_eq!(changed["updateProfile"], json!({ "displayName": "Ada L.", "timezone": "Europe/Berlin" }));
    ada.eventually("{ me { displayName timezone email } }", json!({}), |data| {
        data["me"] == json!({ "displayName": "Ada L.", "timezone": "Europe/Berlin", "email": ada.email })
    })
    .await;
    assert_eq!(ada.graphql(update, json!({ "zone": "Mars/Olympus" })).await.error()["extensions"]["field"], "timezone");
    assert_eq!(platform.http().graphql(update, json!({ "name": "X" })).await.error_code(), "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_lists_users_and_components() {
    let mut platform = Platform::services().start().await;
    let ada = platform.register_as("premium").await;
    let listed = platform.cli(&["users", "list", "--json"]).await;
    let users: Value = serde_json::from_str(&listed.stdout).unwrap_or_else(|error| panic!("{error}: {listed:?}"));
    let user = users.as_array().unwrap().iter().find(|user| user["email"] == json!(ada.email)).unwrap();
    assert_eq!(user["roles"], json!(["user", "premium"]));
    let components = platform.cli(&["components", "list", "--json"]).await;
    let components: Value = serde_json::from_str(&components.stdout).unwrap();
    let names: Vec<&str> =
        components.as_array().unwrap().iter().map(|component| component["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "ai",
            "analytics",
            "auth",
            "command",
            "gateway",
            "logging",
            "media",
            "media-codec",
            "notification",
            "passwords",
            "portability",
            "query",
            "search",
            "web"
        ]
    );
    for wrong in [vec!["users", "grant", &ada.email, "king"], vec!["users", "promote"], vec!["nothing"]] {
        let output = platform.cli(&wrong).await;
        assert_eq!((output.code, output.stderr.lines().count()), (Some(1), 1), "{output:?}");
    }
    // A component is replaced while it serves.
    let file = mindflow_tests::components().join("query.wasm");
    let swapped = platform.cli(&["swap", "query", file.to_str().unwrap()]).await;
    assert_eq!(swapped.code, Some(0), "{swapped:?}");
    ada.eventually("{ me { email } }", json!({}), |data| data["me"]["email"] == json!(ada.email)).await;
    let not_a_component = platform.cli(&["swap", "query", "/etc/hostname"]).await;
    assert_eq!((not_a_component.code, not_a_component.stderr.lines().count()), (Some(1), 1), "{not_a_component:?}");
    ada.data("{ me { email } }", json!({})).await;
    platform.stop().await;
    // Without a host, the same orders are carried out alone.
    let revoked = platform.cli(&["users", "revoke", &ada.email, "premium"]).await;
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    assert_eq!(platform.cli(&["check"]).await.code, Some(0));
    assert_eq!(platform.cli(&["migrate"]).await.code, Some(0));
}
