//! Figures over time.

use crate::graphql::scope::{self, ask_figures};
use crate::graphql::types::figures::{Granularity, PlatformStats, SentimentPoint, WritingStats};
use crate::graphql::types::mood::MoodPoint;
use crate::services::figures;
use async_graphql::{Context, Object, Result};
use mindflow_guest::call::Error;
use mindflow_guest::failure::invalid;
use mindflow_guest::rules::Rule;

/// The user's own figures, and the platform's.
#[derive(Default)]
pub struct AnalyticsReads;

#[Object]
impl AnalyticsReads {
    /// How often each mood was there, day by day, oldest first. The days up to today in the user's time zone.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn mood_trends(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many days back, 1 to 366.", default_with = "Some(30)")] days: Option<i32>,
    ) -> Result<Option<Vec<MoodPoint>>> {
        let values = scope::values(ctx);
        let points = scope::with(ctx, |scope| async move {
            let context = scope.viewer.proven_for_figures().await?;
            let points = figures::mood_trends(context, count(days, 30)?).await?;
            scope.meter.rows(points.len(), values)?;
            Ok(points)
        });
        Ok(Some(points.await?.into_iter().map(Into::into).collect()))
    }

    /// How what was written sounds, period by period, oldest first. The days up to today in the user's time zone.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn sentiment_trend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many days back, 1 to 366.", default_with = "Some(90)")] days: Option<i32>,
        #[graphql(desc = "How long a period is.", default_with = "Some(Granularity::Week)")] granularity: Option<
            Granularity,
        >,
    ) -> Result<Option<Vec<SentimentPoint>>> {
        let points = ask_figures(ctx, |context| async move {
            let granularity = granularity.unwrap_or(Granularity::Week).into();
            figures::sentiment_trend(context, count(days, 90)?, granularity).await
        });
        Ok(Some(points.await?.into_iter().map(Into::into).collect()))
    }

    /// How much the user writes and when, on the clock of the user's time zone.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn writing_stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many days back, 1 to 366; streaks look at all of them.", default_with = "Some(365)")]
        days: Option<i32>,
    ) -> Result<Option<WritingStats>> {
        let stats = ask_figures(ctx, |context| async move { figures::writing(context, count(days, 365)?).await });
        Ok(Some(stats.await?.into()))
    }

    /// How much goes on. For administrators.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn platform_stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many days back, 1 to 366.", default_with = "Some(30)")] days: Option<i32>,
    ) -> Result<Option<PlatformStats>> {
        let stats = scope::with(ctx, |scope| async move {
            let context = scope.viewer.proven_admin().await?;
            scope.viewer.await_figures().await;
            figures::platform(context, count(days, 30)?).await
        });
        Ok(Some(stats.await?.into()))
    }
}

fn count(days: Option<i32>, default: i32) -> Result<u32, Error> {
    u32::try_from(days.unwrap_or(default)).map_err(|_| invalid("days", Rule::range(1, 366), "Must be from 1 to 366."))
}
