//! The password service: hashes passwords, compares them with stored hashes, and knows common ones. The first two take CPU time on purpose, so they have
//! instances and places of their own, for which only those wait who log in or register.
//!
//! This file only wires the component's export; [`hash`] has the arithmetic, [`common`] the list, and both are pure.

mod common;
mod hash;

mindflow_guest::bindings! {
    world: "mindflow:components/passwords" in "components/passwords.wit",
    uses: ["services/passwords.wit"],
}

use bindings::exports::mindflow::passwords::hashing::{Guest, PasswordMatch};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::failure::internal;

struct Passwords;

impl Guest for Passwords {
    async fn hash(_: CallContext, password: String, cost: u32) -> Result<String, Error> {
        let mut salt = [0; hash::SALT_BYTES];
        // WASI's random source, and the only place here that draws from it.
        getrandom::fill(&mut salt).map_err(internal)?;
        hash::make(&password, cost, salt).map_err(internal)
    }

    async fn is_common(_: CallContext, password: String) -> Result<bool, Error> {
        Ok(common::is_common(&password))
    }

    async fn verify(_: CallContext, password: String, hash: Option<String>, cost: u32) -> Result<PasswordMatch, Error> {
        hash::verify(&password, hash.as_deref(), cost).map_err(internal)
    }
}

bindings::export!(Passwords with_types_in bindings);
