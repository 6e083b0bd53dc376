//! A call from one component into another: typed values in, typed values out, and every failure of the
//! callee as a value of the caller's own error type, so that a caller never traps for its callee.

use super::{Callee, LinkError, describe};
use crate::{capability::State, engine::Engine};
use wasmtime::component::{
    LinkerInstance, Type, Val,
    types::{ComponentFunc, ComponentItem},
};

/// The case of a function's error that stands for a callee that could not answer.
const FAILURE_CASE: &str = "unavailable";

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
    if has_failure_case(&exported) {
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

fn has_failure_case(function: &ComponentFunc) -> bool {
    let results: Vec<Type> = function.results().collect();
    let [Type::Result(result)] = results.as_slice() else { return false };
    let Some(Type::Variant(error)) = result.err() else { return false };
    error.cases().any(|case| case.name == FAILURE_CASE && matches!(case.ty, Some(Type::String)))
}

/// Defines the import as a call of the callee's provider.
pub(super) fn define(
    instance: &mut LinkerInstance<'_, State>,
    callee: &Callee<'_>,
    interface: &str,
    function: &str,
) -> wasmtime::Result<()> {
    let name: std::sync::Arc<str> = format!("{interface}#{function}").into();
    let slot = callee.slot.clone();
    instance.func_new_concurrent(function, move |accessor, _, params, results| {
        let slot = slot.clone();
        let name = std::sync::Arc::clone(&name);
        let params = params.to_vec();
        let caller_left = accessor.with(|mut store| store.data_mut().call_left());
        let count = results.len();
        Box::pin(async move {
            let answers = match slot.get() {
                Some(provider) => provider
                    .call(&name, params, count, caller_left)
                    .await
                    .unwrap_or_else(|failure| vec![unavailable(failure.to_string())]),
                None => vec![unavailable("the platform is still starting".to_owned())],
            };
            for (result, answer) in results.iter_mut().zip(answers) {
                *result = answer;
            }
            Ok(())
        })
    })
}

fn unavailable(reason: String) -> Val {
    let case = Val::Variant(FAILURE_CASE.to_owned(), Some(Box::new(Val::String(reason))));
    Val::Result(Err(Some(Box::new(case))))
}
