//! Goal: the same answers on every kind of server, and no user sees another's. Method: each story on a plain
//! PostgreSQL and on one with TimescaleDB, by the same `sql` back end as in the host: the component's own role,
//! the guard, row-level security. Expected figures are worked out in plain Rust.

pub mod kit;
mod stories;

use kit::Server;

/// Each story on each server.
macro_rules! on_each_server {
    ($($story:ident),* $(,)?) => {
        mod plain {
            $(#[tokio::test] async fn $story() { super::stories::$story(super::Server::Plain).await })*
        }
        mod timescaledb {
            $(#[tokio::test] async fn $story() { super::stories::$story(super::Server::TimescaleDb).await })*
        }
    };
}

on_each_server! {
    figures_show_what_holds_now_on_the_users_own_clock,
    moods_are_counted_by_day_with_the_mean_of_what_was_analysed,
    events_that_come_twice_and_backwards_give_the_same_rows,
    many_random_events_give_the_figures_that_plain_rust_gives,
    an_entry_and_a_new_time_zone_at_the_same_moment_are_counted_on_the_new_clock,
    the_platforms_figures_are_the_services_to_read_and_count_everybody,
    nobody_sees_anothers_figures_even_when_asking_for_them,
    the_service_appends_and_can_neither_read_change_nor_remove_a_fact,
    facts_are_kept_as_the_server_can,
}
