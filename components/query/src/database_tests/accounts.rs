//! Profiles and the administrator's list of users, by the same statements and readers as in the component.

use super::{server::As, stories::after};
use crate::calendar::month;
use crate::projection::tests::{ENTRY, USER, created, user};
use crate::reading::{profiles, profiles::Terms};
use crate::request::Page;
use uuid::Uuid;

const AT: &str = "2025-05-01T08:00:00.000000Z";
const ADMIN: Uuid = Uuid::from_u128(0xad);

#[tokio::test]
async fn an_administrator_finds_users_by_a_part_of_name_or_address() {
    let ben = Uuid::from_u128(0xbe);
    let database = after(&[
        user("UserRegistered", USER, 1, "Ann", &["user"]),
        user("UserUpdated", USER, 2, "Ann", &["user", "premium"]),
        user("UserRegistered", ben, 1, "Ben_", &["user"]),
        created(ENTRY, AT, "one"),
    ])
    .await;
    let terms = Terms { free_entries: 5, month: month(AT.parse().unwrap()) };
    let request = Page { first: 1, after: None };
    let found = async |search| {
        profiles::paged(
            &database.read(As::Admin(ADMIN), &profiles::page(terms.month, search, &request)).await,
            &request,
            terms,
        )
        .unwrap()
    };
    let all = found(None).await;
    assert_eq!((all.total_count, all.has_next_page, all.edges[0].node.display_name.as_str()), (2, true, "Ben_"));
    let ann = found(Some("NN@EX")).await;
    let quota = &ann.edges[0].node.quota;
    assert_eq!((ann.total_count, quota.limit, quota.used), (1, None, 1));
    assert_eq!(found(Some("n_")).await.total_count, 1);
    assert_eq!(found(Some("stranger")).await.total_count, 0);
    for (name, sequence, part) in [("Ｂｅｎ", 2, "ＢＥＮ"), ("Zoë ﬁne", 3, "ZOË")] {
        database.apply(&user("UserUpdated", ben, sequence, name, &["user"])).await;
        assert_eq!(found(Some(part)).await.total_count, 1, "{part}");
    }
    assert_eq!(found(Some("zoe\u{308} FINE")).await.total_count, 1);
    database.script("UPDATE query.users_view SET email_key = NULL, display_name_key = NULL, keys_of = NULL").await;
    assert_eq!(found(Some("zoe\u{308} FINE")).await.total_count, 1);
}

#[tokio::test]
async fn a_profile_that_has_not_arrived_yet_still_answers_what_is_used() {
    let database = after(&[created(ENTRY, AT, "one")]).await;
    let terms = Terms { free_entries: 5, month: month(AT.parse().unwrap()) };
    let rows = database.read(As::User(USER), &profiles::one(USER, terms.month)).await;
    let row = rows.first().unwrap();
    assert_eq!(profiles::profile(&row, terms).unwrap(), None);
    assert_eq!(row.get::<u32>("used").unwrap(), 1);
}
