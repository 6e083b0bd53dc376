//! Goal: the same answers on every kind of server, and no user sees another's. Method: each story on a plain
//! PostgreSQL and on one with TimescaleDB, by the same `sql` back end as in the host: the component's own role,
//! the guard, row-level security. Expected figures are worked out in plain Rust.

mod days;
pub mod kit;
mod own_writes;
mod stories;

use kit::Server;

/// Each story on each server.
macro_rules! on_each_server {
    ($($module:ident::$story:ident),* $(,)?) => {
        mod plain {
            $(#[tokio::test] async fn $story() { super::$module::$story(super::Server::Plain).await })*
        }
        mod timescaledb {
            $(#[tokio::test] async fn $story() { super::$module::$story(super::Server::TimescaleDb).await })*
        }
    };
}

on_each_server! {
    days::a_mood_stays_on_the_day_that_it_was_recorded_on,
    days::a_zone_that_the_server_does_not_know_stops_nothing,
    days::hours_are_those_of_the_zones_own_rules_on_both_sides_of_a_change,
    days::streaks_are_what_a_calendar_shows_of_the_days_that_entries_are_about,
    own_writes::what_was_written_is_counted_from_its_event_on,
    stories::a_mood_that_was_taken_back_counts_for_nothing_whichever_event_comes_first,
    stories::events_that_come_twice_and_backwards_give_the_same_rows,
    stories::facts_are_kept_as_the_server_can,
    stories::figures_show_what_holds_now_on_the_users_own_clock,
    stories::many_random_events_give_the_figures_that_plain_rust_gives,
    stories::moods_are_counted_by_day_with_the_mean_of_what_was_analysed,
    stories::no_user_sees_anothers_figures_even_when_asking_for_them,
    stories::the_platforms_days_count_each_user_once_and_each_account_on_its_first_day,
    stories::the_platforms_figures_are_the_services_to_read_and_count_everybody,
    stories::the_service_appends_and_can_neither_read_change_nor_remove_a_fact,
}
