//! The three roots of the schema. Queries and mutations are put together from an object a service.

mod analytics;
mod audit;
mod devices;
mod disclosures;
mod email;
mod erasure;
mod journals;
mod media;
mod mutation;
mod notification;
mod password;
mod platform;
mod portability;
mod query;
mod reminders;
mod search;
mod second_factor;
mod sessions;
mod source;
mod subscription;
mod tags;
mod templates;

use async_graphql::MergedObject;

pub use source::{Begins, Source};
pub use subscription::Subscription;

/// Everything that is read. The fields of one query are fetched at the same time, and show what the user has written before, unless
/// that is more than five seconds behind (`search` may be behind). A request costs at most 15,000 points, and its
/// answer has at most 4 MiB: `docs/security.md`, "GraphQL cost", says what each field costs.
#[derive(MergedObject, Default)]
pub struct Query(
    query::Reads,
    journals::JournalReads,
    templates::TemplateReads,
    media::MediaReads,
    devices::DeviceReads,
    reminders::ReminderReads,
    portability::PortabilityReads,
    sessions::SessionReads,
    analytics::AnalyticsReads,
    notification::NotificationReads,
    search::SearchReads,
    disclosures::DisclosureReads,
    erasure::ErasureReads,
    audit::AuditReads,
    platform::PlatformReads,
);

/// Everything that is written. The fields of one mutation run one after the other; each costs 1,000 points of at most 15,000.
#[derive(MergedObject, Default)]
pub struct Mutation(
    mutation::Writes,
    journals::JournalWrites,
    tags::TagWrites,
    templates::TemplateWrites,
    reminders::ReminderWrites,
    portability::PortabilityWrites,
    password::PasswordWrites,
    sessions::SessionWrites,
    email::EmailWrites,
    second_factor::SecondFactorWrites,
    erasure::ErasureWrites,
    notification::NotificationWrites,
);
