//! Whether what was just written is counted, by the statement of the component.

use super::kit::{Database, Server, USER, account, deleted, felt, written};
use crate::{figures::SHOWN, statement::Statement};
use mindflow_events::Kind;
use mindflow_guest::{journal::Mark, own_writes};
use uuid::Uuid;

pub async fn what_was_written_is_counted_from_its_event_on(server: Server) {
    let mood = felt("CALM", "2025-05-01T10:00:00Z");
    let payload: serde_json::Value = serde_json::from_str(&mood.payload).unwrap();
    let felt: Uuid = payload["moodId"].as_str().unwrap().parse().unwrap();
    let events = [account(Kind::UserRegistered, 1, USER, "UTC"), written(1, 2, None, "SAD", 10), deleted(2, 3), mood];
    let database = Database::after(server, &events).await;
    let shows = async |mark: Mark| -> bool {
        let statement = Statement { text: SHOWN.to_owned(), params: own_writes::parameters(&[mark]) };
        database.counted(&statement).await.first().unwrap().get("shown").unwrap()
    };
    let (first, second, other) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(9));
    for mark in [Mark::user(USER, 1), Mark::entry(first, 1), Mark::entry(first, 2), Mark::entry(second, 3)] {
        assert!(shows(mark.clone()).await, "{mark:?}");
    }
    assert!(shows(Mark::mood(felt, 1)).await);
    // Tags count for nothing.
    assert!(shows(Mark::tag(other, 1)).await);
    for mark in [Mark::user(USER, 2), Mark::entry(first, 3), Mark::entry(other, 1), Mark::mood(other, 1)] {
        assert!(!shows(mark.clone()).await, "{mark:?}");
    }
}
