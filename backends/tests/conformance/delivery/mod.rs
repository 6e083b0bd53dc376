//! Goal: no committed event is lost, doubled or reordered by faults of handlers, hosts or stores.
//! Method: one set of stories, each played on every back end of the queues with real stores of its own and
//! handlers whose behaviour a story sets; every wait is for a condition, with a bound.

mod alarm;
mod away;
mod batch;
mod cluster;
mod drain;
mod failure;
mod fair;
mod hold;
mod lease;
pub(crate) mod literals;
mod locks;
mod log;
mod loss;
mod machine;
mod order;
mod relay;
mod rights;
mod share;
mod stage;
mod switch;

/// Plays every story on each back end.
macro_rules! stories {
    ($($module:ident: [$($story:ident),* $(,)?])*) => {
        stories!(on postgres, Postgres, $($module: [$($story),*])*);
        stories!(on redis_streams, RedisStreams, $($module: [$($story),*])*);
    };
    (on $back_end:ident, $store:ident, $($module:ident: [$($story:ident),*])*) => {
        mod $back_end {
            $(mod $module {
                use crate::delivery::stage::{Stage, Store};
                $(#[tokio::test(flavor = "multi_thread")]
                async fn $story() {
                    crate::delivery::$module::$story(Stage::on(Store::$store).await).await;
                })*
            })*
        }
    };
}

stories! {
    order: [
        events_of_a_key_come_one_at_a_time_and_in_order_while_other_keys_run_concurrently,
        thousands_of_keys_are_in_flight_side_by_side_up_to_the_concurrency,
        what_concurrent_transactions_commit_arrives_once_a_subscription_and_what_they_roll_back_never,
        an_event_reaches_only_the_subscriptions_to_its_type_and_the_archive_in_any_case,
        a_handler_gets_the_event_as_it_was_published,
        a_key_with_many_waiting_events_is_delivered_in_order_to_its_end,
        an_event_that_arrives_just_as_its_key_runs_empty_is_not_left_behind,
        a_key_with_concurrent_writers_is_delivered_in_the_order_of_the_archive,
        large_events_arrive_whole,
        many_subscriptions_get_every_event_independently_of_each_other,
    ]
    relay: [
        what_commits_while_no_replica_relays_is_delivered_after_the_next_start,
        events_arrive_by_polling_alone_when_notifications_are_lost,
        a_kick_alone_is_enough_where_the_host_knows_of_the_commit,
        a_subscription_that_is_away_finds_its_events_waiting_and_one_that_ended_leaves_nothing,
        a_subscription_can_change_its_event_types_from_one_start_to_the_next,
        a_new_subscription_gets_what_is_published_from_then_on,
    ]
    alarm: [
        each_dead_letter_is_reported_once_by_the_replica_that_wrote_it,
    ]
    away: [
        delivery_goes_on_by_itself_after_all_its_connections_were_cut,
        delivery_goes_on_by_itself_after_its_store_was_restarted_with_its_data,
    ]
    batch: [
        what_waits_is_taken_together_once_each_and_in_order_of_each_key,
        an_idle_subscription_that_lingers_leaves_the_others_time,
        an_event_that_fails_in_a_batch_fails_alone_and_its_first_attempt_is_the_one_alone,
        a_batch_that_hangs_or_panics_is_tried_event_by_event,
        a_batch_that_is_put_off_comes_again_as_a_whole_and_counts_as_no_attempt,
    ]
    failure: [
        a_poison_event_dies_after_five_failures_on_schedule_and_holds_back_only_its_own_key,
        a_redriven_dead_letter_and_all_that_waited_behind_it_are_played_in_order,
        a_discarded_dead_letter_makes_way_for_the_next_of_its_key_and_stays_in_the_archive,
        a_redriven_dead_letter_that_fails_again_dies_again_and_parks_the_rest_again,
        dead_letters_are_listed_newest_first_and_page_by_page,
        a_deferral_waits_as_long_as_asked_and_is_not_counted,
        a_panic_and_a_timeout_are_failed_attempts_and_harm_no_other_delivery,
        a_subscription_that_hangs_delays_no_other_and_a_key_that_hangs_no_other_key,
    ]
    fair: [
        a_user_whose_events_all_hang_delays_no_other_users,
    ]
    lease: [
        only_the_first_of_each_key_is_leased_and_the_next_only_when_it_is_settled,
        a_lease_that_ran_out_goes_to_the_next_owner_and_is_counted_apart_from_the_attempts,
        an_event_that_was_in_the_hands_of_many_hosts_that_ended_keeps_all_its_attempts,
        of_events_whose_hosts_ended_repeatedly_a_replica_handles_one_at_a_time,
        settling_a_lost_lease_changes_nothing_and_says_so,
        a_lease_that_ran_out_and_was_not_taken_over_can_still_be_settled,
        an_extended_lease_outlives_its_first_end,
        a_retry_is_due_when_its_delay_has_passed_and_says_when,
        what_a_crashed_replica_had_in_flight_is_taken_over_by_another,
        a_handler_that_takes_longer_than_the_lease_keeps_it,
        an_event_that_takes_its_host_down_each_time_ends_as_a_dead_letter,
    ]
    hold: [
        nothing_of_a_held_subscription_is_leased_and_others_go_on,
        a_hold_is_one_holders_until_it_is_released_or_runs_out,
        what_is_leased_when_the_hold_begins_can_be_settled_and_is_waited_for,
        events_published_under_a_hold_arrive_after_it_in_order,
    ]
    share: [
        two_replicas_share_the_work_without_doubles,
        replicas_that_close_at_the_same_time_in_the_middle_of_the_work_lose_and_double_nothing,
        shutdown_waits_for_handlers_within_its_bound_and_hands_the_rest_back_uncounted,
        what_was_acknowledged_is_not_sent_again_after_a_restart,
    ]
    log: [
        an_event_that_commits_after_later_ones_were_delivered_is_delivered_as_well,
        a_transaction_that_stays_open_delays_no_event_but_its_own,
        many_producers_that_commit_out_of_order_lose_double_and_reorder_nothing,
    ]
    machine: [
        random_commands_leave_the_queue_as_the_model_says,
    ]
}
