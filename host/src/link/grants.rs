//! Deny by default: an import of a capability needs its line in the manifest.

use super::LinkError;
use crate::manifest::{AllowList, AuditGrant, ComponentEntry, JwtGrant};

/// Whether the manifest grants what the interface gives.
pub(super) fn check(
    manifest: &str,
    entry: &ComponentEntry,
    interface: &str,
    allowed_hosts: &AllowList,
) -> Result<(), LinkError> {
    let tool = format!("component.{}.tool.mindflow", entry.name);
    let spin = format!("component.{}", entry.name);
    let base = interface.split('@').next().unwrap_or(interface);
    let realtime = &entry.realtime;
    let (granted, line, table) = match base {
        "mindflow:platform/sql" => (!entry.sql.is_empty(), r#"sql = { DATABASE = "caller" }"#, tool),
        "mindflow:platform/key-value" => (!entry.key_value.is_empty(), r#"key-value = ["BUCKET"]"#, tool),
        "mindflow:platform/blob" => (!entry.blob.is_empty(), r#"blob = ["CONTAINER"]"#, tool),
        "mindflow:platform/realtime" => (
            !realtime.publish.is_empty() || !realtime.subscribe.is_empty(),
            r#"realtime = { publish = ["TOPIC"] }"#,
            tool,
        ),
        "mindflow:platform/jwt-signer" => (entry.jwt.contains(&JwtGrant::Sign), r#"jwt = ["sign"]"#, tool),
        "mindflow:platform/jwt-verifier" => (entry.jwt.contains(&JwtGrant::Verify), r#"jwt = ["verify"]"#, tool),
        "mindflow:platform/dead-letters" => (entry.dead_letters, "dead-letters = true", tool),
        "mindflow:platform/mail" => (entry.mail, "mail = true", tool),
        "mindflow:platform/web-push" => (entry.web_push, "web-push = true", tool),
        "mindflow:platform/search-index" => (!entry.search_index.is_empty(), r#"search-index = ["INDEX"]"#, tool),
        "mindflow:platform/embeddings" => (entry.embeddings, "embeddings = true", tool),
        "mindflow:platform/audit-writer" => {
            (entry.audit_log.contains(&AuditGrant::Append), r#"audit-log = ["append"]"#, tool)
        }
        "mindflow:platform/audit-reader" => {
            (entry.audit_log.contains(&AuditGrant::Read), r#"audit-log = ["read"]"#, tool)
        }
        "wasi:http/client" | "mindflow:platform/outbound" => {
            (!allowed_hosts.is_empty(), r#"allowed_outbound_hosts = ["https://HOST"]"#, spin)
        }
        _ => return Ok(()),
    };
    if granted {
        return Ok(());
    }
    Err(LinkError::NotGranted {
        component: entry.name.clone(),
        interface: interface.to_owned(),
        line: line.to_owned(),
        table,
        manifest: manifest.to_owned(),
    })
}
