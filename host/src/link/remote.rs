//! A call from one component into another: typed values in, typed values out, and every failure of the
//! callee as a value of the caller's own error type, so that a caller never traps for its callee.

use super::{
    Callee, LinkError, describe,
    failures::{self, Failures},
};
use crate::{capability::State, engine::Engine};
use std::sync::Arc;
use wasmtime::component::{
    LinkerInstance,
    types::{ComponentFunc, ComponentItem},
};

/// Compares the function as the caller imports it with the one that the callee exports.
pub(super) fn check(
    engine: &Engine,
    caller: &str,
    imported: &ComponentFunc,
    callee: &Callee<'_>,
    interface: &str,
    function: &str,
) -> Result<(), LinkError> {
    let name = format!("{interface}#{function}");
    let exported = exported(engine, callee, interface, function).ok_or_else(|| LinkError::NoFunction {
        caller: caller.to_owned(),
        callee: callee.name.to_owned(),
        function: name.clone(),
    })?;
    let same = imported.async_() == exported.async_()
        && imported.params().eq(exported.params())
        && imported.results().eq(exported.results());
    if !same {
        return Err(LinkError::Mismatch {
            function: name,
            caller: caller.to_owned(),
            imported: describe::function(imported),
            callee: callee.name.to_owned(),
            exported: describe::function(&exported),
        });
    }
    if failures::is_answered(&exported) {
        Ok(())
    } else {
        Err(LinkError::NoFailureCase { function: name, callee: callee.name.to_owned() })
    }
}

fn exported(engine: &Engine, callee: &Callee<'_>, interface: &str, function: &str) -> Option<ComponentFunc> {
    let ComponentItem::ComponentInstance(instance) =
        callee.component.component_type().get_export(engine.wasmtime(), interface)?.ty
    else {
        return None;
    };
    match instance.get_export(engine.wasmtime(), function)?.ty {
        ComponentItem::ComponentFunc(exported) => Some(exported),
        _ => None,
    }
}

/// Defines the import as a call of the callee's provider.
pub(super) fn define(
    engine: &Engine,
    instance: &mut LinkerInstance<'_, State>,
    callee: &Callee<'_>,
    interface: &str,
    function: &str,
) -> wasmtime::Result<()> {
    let name: Arc<str> = format!("{interface}#{function}").into();
    let (slot, absence) = (callee.slot.clone(), callee.absence);
    let exported = exported(engine, callee, interface, function);
    let failures = Arc::new(exported.map(|exported| Failures::of(&exported)).unwrap_or_default());
    instance.func_new_concurrent(function, move |accessor, _, params, results| {
        let slot = slot.clone();
        let (name, failures) = (Arc::clone(&name), Arc::clone(&failures));
        let params = params.to_vec();
        let caller_left = accessor.with(|mut store| store.data_mut().call_left());
        let count = results.len();
        Box::pin(async move {
            let answers = match slot.get() {
                Some(provider) => provider
                    .call(&name, params, count, caller_left)
                    .await
                    .unwrap_or_else(|failure| vec![failures.answer(&failure)]),
                None => vec![failures::unavailable(absence.to_owned())],
            };
            for (result, answer) in results.iter_mut().zip(answers) {
                *result = answer;
            }
            Ok(())
        })
    })
}
