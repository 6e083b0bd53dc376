//! Goal: an index finds what its documents say and mean, for their owner alone, on every back end. Method: one
//! suite of stories, run on an index of its own for each.

mod opensearch;
mod postgres;

use mindflow_test_support::stories::search_index::{ADA, EVE, document, ids, keep, order, vectors, words};

macro_rules! on_every_back_end {
    ($($module:ident: $($name:ident),* $(,)?;)*) => {
        mod on_postgres {
            $($(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let stage = super::postgres::stage(stringify!($name)).await;
                super::$module::$name(&*stage.index).await;
            })*)*
        }

        mod on_postgres_with_pgvector {
            $($(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let stage = super::postgres::extended(stringify!($name)).await;
                super::$module::$name(&*stage.index).await;
            })*)*
        }

        mod on_opensearch {
            $($(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let stage = super::opensearch::stage().await;
                super::$module::$name(&*stage.index).await;
            })*)*
        }
    };
}

mindflow_test_support::search_index_stories!(on_every_back_end);
