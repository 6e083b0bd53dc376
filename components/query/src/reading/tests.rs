//! The statements' shapes; what they answer is tested on a database.

use super::{books, days, entries, insights, profiles};
use crate::bindings::exports::mindflow::query::reads::Mood;
use crate::calendar::Month;
use crate::cursor::Position;
use crate::order::Order;
use crate::reading::entries::View;
use crate::request::{Page, Selection};
use crate::statement::{Statement, tests::is_complete};
use jiff::civil::date;
use proptest::prelude::*;
use uuid::Uuid;

const USER: Uuid = Uuid::from_u128(1);
const MONTH: Month = Month { start_us: 1, end_us: 2 };

fn selections() -> impl Strategy<Value = Selection> {
    let days = prop::option::of((1..28_i8).prop_map(|day| date(2025, 5, day)));
    (prop::option::of(".{1,9}"), prop::option::of("[a-z]{1,9}"), prop::option::of(Just(Mood::Calm)), days.clone(), days)
        .prop_flat_map(|(text, tag, mood, from, to)| {
            let book = prop::option::of(prop::sample::select(vec![USER, Uuid::from_u128(2)]));
            let marks = (any::<bool>(), any::<Option<bool>>(), any::<Option<bool>>());
            (book, marks).prop_map(move |(book, (drafts, pinned, favourite))| Selection {
                text: text.clone(),
                tag: tag.clone(),
                mood,
                from,
                to,
                drafts,
                book,
                pinned,
                favourite,
                ..Selection::default()
            })
        })
}

fn orders() -> impl Strategy<Value = Order> {
    prop::sample::select(vec![
        Order::EntryDateDescending,
        Order::EntryDateAscending,
        Order::CreatedDescending,
        Order::CreatedAscending,
        Order::ChangedDescending,
    ])
}

proptest! {
    #[test]
    fn filters_and_cursors_combine_freely_and_never_reach_the_text(
        selection in selections(), order in orders(), first in 1..=100_u32, go_on in any::<bool>(),
    ) {
        let page = Page { first, after: go_on.then_some(Position { day: order.is_by_day().then_some(date(2025, 5, 1)), created_at: 1, id: USER }) };
        for view in [View::Whole, View::WithoutContent] {
            let statement = entries::page(USER, view, &selection, order, &page);
            prop_assert!(is_complete(&statement));
            let blank = entries::page(USER, view, &Selection { text: selection.text.as_ref().map(|_| "x".into()), ..selection.clone() }, order, &page);
            prop_assert_eq!(statement.text, blank.text);
        }
    }
}

#[test]
fn every_read_is_one_statement_for_the_asking_user() {
    let page = Page { first: 3, after: None };
    let statements: [Statement; 10] = [
        entries::by_id(USER, vec![USER]),
        entries::recent(USER, 10, 1 << 20),
        entries::on_this_day(USER, date(2025, 5, 1), 1 << 20),
        entries::page(USER, View::Whole, &Selection::default(), Order::default(), &page),
        insights::newest(USER, 10),
        insights::tags(USER),
        profiles::one(USER, MONTH),
        books::all(USER),
        days::calendar(USER, date(2025, 5, 1), date(2025, 5, 31)),
        days::recorded_moods(USER, date(2025, 5, 1), date(2025, 5, 31)),
    ];
    for statement in statements {
        assert!(is_complete(&statement), "{}", statement.text);
        assert!(statement.text.contains("$1"));
        assert_eq!(statement.params.first(), Some(&mindflow_guest::sql::Value::Uuid(USER.to_string())));
    }
    assert!(is_complete(&profiles::page(MONTH, Some("ann"), &page)));
}
