//! Every back end of a capability keeps the same promises: one suite of stories for each capability, run over every back
//! end that it has, on real stores. One binary for all suites: linking it is what takes time.
#![allow(
    clippy::restriction,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and waits by the real clock"
)]

/// A suite's stories, once for each of its back ends: `Stage::postgres()` makes what the stories on PostgreSQL get, or
/// holds it in the field that is named.
macro_rules! on_every_back_end {
    ($stage:tt: $($back_end:ident),+; $($story:ident),+ $(,)?) => {
        on_every_back_end!(@each $stage [$($back_end)+] [$($story)+]);
    };
    (@each $stage:tt [$($back_end:ident)+] $stories:tt) => {
        $(on_every_back_end!(@one $stage $back_end $stories);)+
    };
    (@one $stage:tt $back_end:ident [$($story:ident)+]) => {
        mod $back_end {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                on_every_back_end!(@run $stage $back_end $story);
            })+
        }
    };
    (@run [$stage:ident] $back_end:ident $story:ident) => {
        super::$story(super::$stage::$back_end().await).await
    };
    (@run [$stage:ident.$field:ident] $back_end:ident $story:ident) => {
        super::$story(&*super::$stage::$back_end().await.$field).await
    };
}

mod applied;
mod archive;
mod audit;
mod blob;
mod data_keys;
mod delivery;
mod embedded_server;
mod embeddings;
mod key_value;
mod keys;
mod ledger;
mod logs;
mod mail;
mod migrations;
mod pooler;
mod rate_limits;
mod realtime;
mod schedule;
mod search_index;
mod sql;
