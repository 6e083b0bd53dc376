//! Who may publish what. `delivery.publish` looks it up by the role that is logged in, so a component can neither
//! publish a type that is not granted to it nor choose the source of its events.

use std::collections::BTreeSet;

use super::postgres::refused;
use super::queue::QueueError;
use crate::database::postgres::Database;
use crate::database::postgres::roles::role_name;

/// A component and the event types that it may publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    pub component: String,
    /// As the envelope names it, such as `command-service`.
    pub source: String,
    pub event_types: BTreeSet<String>,
}

/// Makes `publishers` all that there are in the database of the log.
///
/// # Errors
/// The database's, or a component's name that can be no role's.
pub async fn set(database: &Database, publishers: &[Publisher]) -> Result<(), QueueError> {
    let failed = |error| refused("set publishers", error);
    let (mut roles, mut types, mut components, mut sources) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for Publisher { component, source, event_types } in publishers {
        let role = role_name(component)
            .map_err(|error| QueueError::Store { operation: "set publishers", source: error.into() })?;
        for event_type in event_types {
            roles.push(role.clone());
            types.push(event_type.as_str());
            components.push(component.as_str());
            sources.push(source.as_str());
        }
    }
    let mut client = database.admin().await.map_err(|error| QueueError::Connect(error.into()))?;
    let transaction = client.transaction().await.map_err(failed)?;
    let granted = "INSERT INTO delivery.publisher AS p (role, event_type, component, source) \
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT (role, event_type) DO UPDATE \
         SET component = excluded.component, source = excluded.source \
         WHERE (p.component, p.source) IS DISTINCT FROM (excluded.component, excluded.source)";
    transaction.execute(granted, &[&roles, &types, &components, &sources]).await.map_err(failed)?;
    let others = "DELETE FROM delivery.publisher p WHERE NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS g(role, event_type) \
         WHERE g.role = p.role AND g.event_type = p.event_type)";
    transaction.execute(others, &[&roles, &types]).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}
