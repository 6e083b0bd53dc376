//! Row-level security, with the service's own conditions left out.

use super::server::{As, Database};
use crate::projection::tests::{ENTRY, TAG, USER, created, insights, mood, tag, user};
use crate::statement::Statement;
use serde_json::json;
use uuid::Uuid;

const OTHER: Uuid = Uuid::from_u128(0xb2);
const AT: &str = "2025-05-01T08:00:00.000000Z";

async fn filled() -> Database {
    let database = Database::create().await;
    for fact in [
        user("UserRegistered", USER, 1, "Ann", &["user"]),
        tag("TagCreated", TAG, 1, "Work"),
        mood(9, "SAD", AT),
        created(ENTRY, AT, "one").with(json!({ "tags": [{ "id": TAG, "name": "Work" }] })),
        insights(ENTRY, 1, 1, 0.5),
    ] {
        database.apply(&fact).await;
    }
    database
}

fn plain(text: &str) -> Statement {
    Statement { text: text.to_owned(), params: Vec::new() }
}

async fn visible(database: &Database, who: As) -> Vec<&'static str> {
    let mut visible = Vec::new();
    for view in [
        "users_view",
        "journals_view",
        "entry_tags",
        "entry_creations",
        "analyses_view",
        "insights_view",
        "moods_view",
        "tags_view",
    ] {
        if !database.read(who, &plain(&format!("SELECT 1 AS one FROM query.{view}"))).await.is_empty() {
            visible.push(view);
        }
    }
    visible
}

#[tokio::test]
async fn no_user_sees_another_users_rows_and_an_admin_only_accounts_and_counts() {
    let database = filled().await;
    assert_eq!(visible(&database, As::User(USER)).await.len(), 8);
    assert!(visible(&database, As::User(OTHER)).await.is_empty());
    assert_eq!(visible(&database, As::Admin(OTHER)).await, ["users_view", "entry_creations"]);
}

#[tokio::test]
async fn a_caller_cannot_write_even_its_own_rows() {
    let database = filled().await;
    for view in ["journals_view", "users_view", "analyses_view", "tags_view"] {
        let taken = plain(&format!("DELETE FROM query.{view} RETURNING 1 AS one"));
        for who in [As::User(USER), As::Admin(USER)] {
            assert!(database.write(who, &taken).await.unwrap().is_empty(), "{view}");
        }
    }
    let forged =
        plain("INSERT INTO query.entry_tags VALUES (gen_random_uuid(), gen_random_uuid(), mindflow.user_id())");
    assert!(database.write(As::User(USER), &forged).await.is_err());
}
