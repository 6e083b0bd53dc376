//! Pages of the trail, for administrators.

use crate::{
    bindings::exports::mindflow::logging::audit::{Edge, Filter, Page, PageRequest, Row},
    request,
};
use mindflow_events::redaction;
use mindflow_guest::{
    audit_reader::{self, Audited},
    call::{CallContext, Error},
    caller::Caller,
    failure::internal,
};

pub async fn audit_log(context: &CallContext, filter: Filter, page: PageRequest) -> Result<Page, Error> {
    if !Caller::prove(context).await?.has_role("admin") {
        return Err(Error::Forbidden("Only administrators may see the audit log.".into()));
    }
    let request = request::check(filter, page)?;
    // One more than requested shows whether others follow.
    let asked = request.first.saturating_add(1);
    let mut records = audit_reader::page(request.filter, asked, request.before).await.map_err(|error| match error {
        audit_reader::Error::Unavailable(reason) => Error::Unavailable(format!("audit trail: {reason}")),
        audit_reader::Error::Invalid(reason) => Error::Internal(format!("audit trail: {reason}")),
    })?;
    let has_next_page = records.len() > request.first as usize;
    records.truncate(request.first as usize);
    let edges = records.into_iter().map(edge).collect::<Result<_, _>>()?;
    Ok(Page { edges, has_next_page, has_previous_page: request.before.is_some() })
}

fn edge(record: Audited) -> Result<Edge, Error> {
    let event = record.event;
    let payload = redaction::split(&event.payload).map_err(internal)?;
    let node = Row {
        number: record.number,
        hash: record.hash,
        received_at: record.received_at,
        event_id: event.id,
        event_type: event.event_type,
        version: event.version,
        timestamp: event.timestamp,
        source: event.source,
        correlation_id: event.correlation_id,
        sequence: event.sequence,
        user_id: event.user_id,
        tenant_id: event.tenant_id,
        payload: payload.shown,
        withheld: payload.withheld,
    };
    Ok(Edge { cursor: request::cursor(node.number), node })
}
