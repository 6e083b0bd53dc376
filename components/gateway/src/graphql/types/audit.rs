//! The audit trail, as administrators see it.

use super::page::PageInfo;
use super::scalars::{AnyJson, DateTime};
use crate::services::audit;
use async_graphql::{ID, SimpleObject};
use mindflow_guest::call::Error;
use mindflow_guest::failure::internal;

/// Whom an event concerns.
#[derive(SimpleObject)]
pub struct EventMetadata {
    /// The user.
    user_id: Option<ID>,
    /// The tenant.
    tenant_id: Option<String>,
}

/// An event as the audit trail keeps it.
#[derive(SimpleObject)]
pub struct AuditRow {
    /// The number as an id.
    id: ID,
    /// Its number in the trail, from 1, without gaps.
    number: u64,
    /// SHA-256 in hexadecimal, over the hash of the row before and this one.
    hash: String,
    /// The event's id.
    event_id: ID,
    /// Such as `JournalEntryCreated`.
    event_type: String,
    /// Of the payload's shape.
    version: String,
    /// When it happened.
    timestamp: DateTime,
    /// Who published it.
    source: String,
    /// The id of the request that it follows from.
    correlation_id: String,
    /// Rises by one within its entity.
    sequence: u64,
    /// Whom it concerns.
    metadata: EventMetadata,
    /// The payload without what is the user's own.
    payload: AnyJson,
    /// Members of the payload that the trail keeps and this answer leaves out.
    withheld: Vec<String>,
    /// When it came into the trail.
    received_at: DateTime,
}

/// A row and its place in the list.
#[derive(SimpleObject)]
pub struct AuditEdge {
    /// Opaque; for `after`.
    cursor: String,
    /// The row.
    node: AuditRow,
}

/// A page of the audit trail, newest first.
#[derive(SimpleObject)]
pub struct AuditConnection {
    /// The rows of this page.
    edges: Vec<AuditEdge>,
    /// Where the page lies.
    page_info: PageInfo,
}

impl TryFrom<audit::Page> for AuditConnection {
    type Error = Error;

    fn try_from(page: audit::Page) -> Result<Self, Error> {
        let page_info = PageInfo {
            has_next_page: page.has_next_page,
            has_previous_page: page.has_previous_page,
            start_cursor: page.edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: page.edges.last().map(|edge| edge.cursor.clone()),
        };
        let edge = |edge: audit::Edge| Ok(AuditEdge { cursor: edge.cursor, node: row(edge.node)? });
        Ok(Self { edges: page.edges.into_iter().map(edge).collect::<Result<_, Error>>()?, page_info })
    }
}

fn row(row: audit::Row) -> Result<AuditRow, Error> {
    Ok(AuditRow {
        id: row.number.to_string().into(),
        number: row.number,
        hash: row.hash,
        event_id: row.event_id.into(),
        event_type: row.event_type,
        version: row.version,
        timestamp: DateTime(row.timestamp),
        source: row.source,
        correlation_id: row.correlation_id,
        sequence: row.sequence,
        metadata: EventMetadata { user_id: row.user_id.map(Into::into), tenant_id: row.tenant_id },
        payload: AnyJson(serde_json::from_str(&row.payload).map_err(internal)?),
        withheld: row.withheld,
        received_at: DateTime(row.received_at),
    })
}
