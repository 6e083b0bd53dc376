//! Joins components: what one imports, the host provides as a capability that the manifest grants, or
//! another component provides as an export. Both sides' own types are compared before anything runs.

mod describe;
mod failures;
mod remote;

use crate::{
    capability::{self, Grantee, State, Table},
    engine::{Compiled, Engine, Provider},
    manifest::ComponentEntry,
};
use std::sync::{Arc, OnceLock};
use wasmtime::component::{Component, InstancePre, Linker, types::ComponentItem};

/// Filled when the component is running; there are no calls before.
pub type ProviderSlot = Arc<OnceLock<Arc<Provider>>>;

/// A component that others may call.
pub struct Callee<'a> {
    pub name: &'a str,
    pub component: &'a Component,
    pub slot: ProviderSlot,
}

/// Why a component cannot be joined to the rest.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error(
        "component `{component}` imports {interface}, which the manifest does not grant; add `{line}` under [{table}] in {manifest}"
    )]
    NotGranted { component: String, interface: String, line: String, table: String, manifest: String },
    #[error(
        "component `{component}` imports {interface}, which neither the host nor a component that it calls provides; add the component that exports it to `calls` under [component.{component}.tool.mindflow]"
    )]
    NoProvider { component: String, interface: String },
    #[error("component `{caller}` calls {function} of `{callee}`, which does not export it")]
    NoFunction { caller: String, callee: String, function: String },
    #[error(
        "{function}: component `{caller}` imports it as {imported}, but `{callee}` exports it as {exported}; build both from the same WIT"
    )]
    Mismatch { function: String, caller: String, imported: String, callee: String, exported: String },
    #[error(
        "{function} of `{callee}` cannot report a failed call to its caller: its error needs a case `unavailable(string)`"
    )]
    NoFailureCase { function: String, callee: String },
    #[error("component `{component}` must export {interface}, because {reason}")]
    NoExport { component: String, interface: &'static str, reason: String },
    #[error("there is no component `{0}`")]
    Unknown(String),
    #[error("component `{component}` cannot be linked: {reason}")]
    Other { component: String, reason: String },
}

/// Resolves every import of a component.
///
/// # Errors
/// The first import that is not granted, not provided, or of another type than its provider's.
pub fn link(
    engine: &Engine,
    manifest: &str,
    entry: &ComponentEntry,
    grantee: &Grantee<'_>,
    compiled: &Compiled,
    callees: &[Callee<'_>],
) -> Result<InstancePre<State>, LinkError> {
    let other = |error: &wasmtime::Error| LinkError::Other {
        component: entry.name.clone(),
        reason: crate::engine::one_line(error),
    };
    let mut linker = Linker::<State>::new(engine.wasmtime());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(|error| other(&error))?;
    wasmtime_wasi::p3::add_to_linker(&mut linker).map_err(|error| other(&error))?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker).map_err(|error| other(&error))?;
    capability::link(&mut linker).map_err(|error| other(&error))?;
    for (interface, item) in compiled.component.component_type().imports(engine.wasmtime()) {
        check_grant(manifest, grantee, interface)?;
        if interface.starts_with("wasi:") || interface.starts_with("mindflow:platform/") {
            continue;
        }
        let ComponentItem::ComponentInstance(wanted) = item.ty else {
            return Err(LinkError::NoProvider { component: entry.name.clone(), interface: interface.to_owned() });
        };
        let callee = callees
            .iter()
            .find(|callee| callee.component.get_export_index(None, interface).is_some())
            .filter(|callee| entry.tool.calls.iter().any(|name| name == callee.name));
        let mut instance = linker.instance(interface).map_err(|error| other(&error))?;
        for (function, item) in wanted.exports(engine.wasmtime()) {
            let ComponentItem::ComponentFunc(imported) = item.ty else { continue };
            let callee = callee.ok_or_else(|| LinkError::NoProvider {
                component: entry.name.clone(),
                interface: interface.to_owned(),
            })?;
            remote::check(engine, &entry.name, &imported, callee, interface, function)?;
            remote::define(engine, &mut instance, callee, interface, function).map_err(|error| other(&error))?;
        }
    }
    linker.instantiate_pre(&compiled.component).map_err(|error| other(&error))
}

/// Deny by default: an import of a capability needs its line in the manifest.
fn check_grant(manifest: &str, grantee: &Grantee<'_>, interface: &str) -> Result<(), LinkError> {
    let base = interface.split('@').next().unwrap_or(interface);
    let missing = capability::requirement(base, grantee).filter(|requirement| !requirement.granted);
    let Some(requirement) = missing else { return Ok(()) };
    let component = grantee.component;
    Err(LinkError::NotGranted {
        component: component.to_owned(),
        interface: interface.to_owned(),
        line: requirement.line.to_owned(),
        table: match requirement.table {
            Table::Component => grantee.hosts_table.to_owned(),
            Table::Tool => format!("component.{component}.tool.mindflow"),
        },
        manifest: manifest.to_owned(),
    })
}

/// Whether `callee`'s exports still are what `caller` imports; for a swap of the callee alone.
///
/// # Errors
/// The first function that is missing or of another type.
pub fn check_caller(
    engine: &Engine,
    caller: &str,
    importer: &Component,
    callee: &Callee<'_>,
    interfaces: &Component,
) -> Result<(), LinkError> {
    for (interface, item) in importer.component_type().imports(engine.wasmtime()) {
        if interface.starts_with("wasi:")
            || interface.starts_with("mindflow:platform/")
            || interfaces.get_export_index(None, interface).is_none()
        {
            continue;
        }
        let ComponentItem::ComponentInstance(wanted) = item.ty else { continue };
        for (function, item) in wanted.exports(engine.wasmtime()) {
            if let ComponentItem::ComponentFunc(imported) = item.ty {
                remote::check(engine, caller, &imported, callee, interface, function)?;
            }
        }
    }
    Ok(())
}
