//! User stories against the built binary, with real stores: what a client of the platform sees, and nothing
//! that only its insides know. Each story has a platform of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "for tests alone"
)]

mod accounts;
mod admin;
mod alarms;
mod analytics;
mod audit;
mod graphql;
mod graphql_http_audits;
mod insights;
mod journal;
mod large_bodies;
mod live;
mod logs;
mod main_job;
mod media;
mod media_attachments;
mod notification;
mod operations;
mod quota;
mod reconciliation;
mod replay;
mod replicas;
mod schema;
mod search;
mod secrets;
mod trouble_broken_component;
mod trouble_broken_gateway;
mod trouble_command_line;
mod trouble_crash;
mod trouble_full_disk;
mod trouble_grants;
mod trouble_isolation;
mod trouble_kit;
mod trouble_lost_redis;
mod trouble_outage;
mod trouble_poison;
mod trouble_servers;
mod trouble_swap;
