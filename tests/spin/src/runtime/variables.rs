//! `spin:variables@3.0.0`: what the manifest gives to the component, and nothing else.

use super::state::State;
use wasmtime::component::{Accessor, HasSelf};

// Generated code is not held to the rules of this repository.
#[allow(clippy::all, clippy::restriction)]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit/spin/deps/variables.wit",
        inline: "package mindflow:spin-tests; world variables { import spin:variables/variables@3.0.0; }",
        require_store_data_send: true,
        imports: { default: async | trappable },
    });
}

pub(super) use generated::spin::variables::variables::add_to_linker;
use generated::spin::variables::variables::{Error, Host, HostWithStore};

impl Host for State {}

impl HostWithStore<State> for HasSelf<State> {
    async fn get(accessor: &Accessor<State, Self>, name: String) -> wasmtime::Result<Result<String, Error>> {
        if let Err(reason) = validate(&name) {
            return Ok(Err(Error::InvalidName(format!("{name:?}: {reason}"))));
        }
        let component = accessor.with(|mut store| store.get().component.clone());
        let value = component.variables.get(&name).cloned();
        Ok(value.ok_or_else(|| Error::Undefined(format!("no variable for {:?}.{name:?}", component.name))))
    }
}

/// What Spin takes for a variable's name.
fn validate(name: &str) -> Result<(), &'static str> {
    let known = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    match name {
        "" => Err("must not be empty"),
        _ if !name.chars().all(known) => Err("invalid character"),
        _ if !name.starts_with(|first: char| first.is_ascii_lowercase()) => Err("must start with a letter"),
        _ if name.ends_with('_') => Err("must end with a lowercase ASCII letter or digit"),
        _ if name.contains("__") => Err("must not contain multiple consecutive underscores"),
        _ => Ok(()),
    }
}
