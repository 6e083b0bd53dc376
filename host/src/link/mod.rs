//! Joins components: what one imports, the host provides as a capability that the manifest grants, or
//! another component provides as an export. Both sides' own types are compared before anything runs.

mod describe;
mod failures;
mod remote;

use crate::{
    capability::{self, Grantee, State, Table},
    engine::{Compiled, Engine, Provider},
    manifest::{Call, ComponentEntry},
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
    /// What callers are answered as long as the slot is empty.
    pub absence: &'static str,
}

/// Why a component cannot be joined to the rest.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error(
        "component `{component}` imports {interface}, which the manifest does not grant; add `{line}` under [{table}] in {manifest}"
    )]
    NotGranted { component: String, interface: String, line: String, table: String, manifest: String },
    #[error(
        "component `{component}` imports {interface}, which neither the host nor another component of the application provides"
    )]
    NoProvider { component: String, interface: String },
    #[error(
        "[component.{component}.tool.mindflow] calls `{callee}/{interface}`, but `{callee}` exports no such interface; those that it exports are {known}"
    )]
    NoInterface { component: String, callee: String, interface: String, known: String },
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
/// `callees` are the application's components; `entry` says which of them it may call.
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
    check_calls(engine, entry, callees)?;
    let mut linker = Linker::<State>::new(engine.wasmtime());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(|error| other(&error))?;
    wasmtime_wasi::p3::add_to_linker(&mut linker).map_err(|error| other(&error))?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker).map_err(|error| other(&error))?;
    capability::link(&mut linker).map_err(|error| other(&error))?;
    for (interface, item) in compiled.component.component_type().imports(engine.wasmtime()) {
        check_grant(manifest, grantee, interface)?;
        if is_of_the_host(interface) {
            continue;
        }
        let ComponentItem::ComponentInstance(wanted) = item.ty else {
            return Err(LinkError::NoProvider { component: entry.name.clone(), interface: interface.to_owned() });
        };
        let mut instance = linker.instance(interface).map_err(|error| other(&error))?;
        for (function, item) in wanted.exports(engine.wasmtime()) {
            let ComponentItem::ComponentFunc(imported) = item.ty else { continue };
            let callee = provider(manifest, entry, callees, interface)?;
            remote::check(engine, &entry.name, &imported, callee, interface, function)?;
            remote::define(engine, &mut instance, callee, interface, function).map_err(|error| other(&error))?;
        }
    }
    linker.instantiate_pre(&compiled.component).map_err(|error| other(&error))
}

/// Every interface that the manifest names is one that its component exports.
fn check_calls(engine: &Engine, entry: &ComponentEntry, callees: &[Callee<'_>]) -> Result<(), LinkError> {
    for call in &entry.tool.calls {
        let (Some(interface), Some(callee)) =
            (&call.interface, callees.iter().find(|callee| callee.name == call.component))
        else {
            continue;
        };
        let ty = callee.component.component_type();
        let exports = ty.exports(engine.wasmtime()).map(|(name, _)| name).filter(|name| !is_of_the_host(name));
        let known: Vec<&str> = exports.map(Call::interface_name).collect();
        if !known.contains(&interface.as_str()) {
            return Err(LinkError::NoInterface {
                component: entry.name.clone(),
                callee: call.component.clone(),
                interface: interface.clone(),
                known: known.join(", "),
            });
        }
    }
    Ok(())
}

/// What the host provides, or calls itself.
fn is_of_the_host(interface: &str) -> bool {
    interface.starts_with("wasi:") || interface.starts_with("mindflow:platform/")
}

/// The component that answers an import. Deny by default: the caller's `calls` must name it, or this interface of it.
fn provider<'a, 'c>(
    manifest: &str,
    entry: &ComponentEntry,
    callees: &'c [Callee<'a>],
    interface: &str,
) -> Result<&'c Callee<'a>, LinkError> {
    let exporters = || callees.iter().filter(|callee| callee.component.get_export_index(None, interface).is_some());
    let may_call = |callee: &&Callee<'_>| entry.tool.calls.iter().any(|call| call.allows(callee.name, interface));
    if let Some(callee) = exporters().find(may_call) {
        return Ok(callee);
    }
    let component = entry.name.clone();
    match exporters().find(|callee| callee.name != entry.name) {
        Some(callee) => Err(LinkError::NotGranted {
            line: format!("calls = [\"{}\"]", Call::of(callee.name, interface)),
            table: format!("component.{component}.tool.mindflow"),
            component,
            interface: interface.to_owned(),
            manifest: manifest.to_owned(),
        }),
        None => Err(LinkError::NoProvider { component, interface: interface.to_owned() }),
    }
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
        if is_of_the_host(interface) || interfaces.get_export_index(None, interface).is_none() {
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
