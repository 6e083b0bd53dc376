//! The adapter's world.

// Generated code is not held to the rules of this repository.
#[allow(clippy::all, clippy::restriction)]
mod generated {
    wit_bindgen::generate!({
        path: [
            "../../wit/platform",
            "../../wit/spin/service.wit",
            "../../wit/spin/deps/postgres.wit",
            "../../wit/spin/deps/redis.wit",
            "../../wit/spin/deps/variables.wit",
            "../../wit/spin/platform.wit",
        ],
        world: "mindflow:adapters/platform",
        with: {
            "spin:postgres/postgres@4.2.0": mindflow_spin_guest::spin::postgres::postgres,
            "spin:redis/redis@3.0.0": mindflow_spin_guest::spin::redis::redis,
            "spin:variables/variables@3.0.0": mindflow_spin_guest::spin::variables::variables,
        },
        generate_all,
        additional_derives: [PartialEq, Clone],
    });
}

pub(crate) use generated::export;
pub use generated::{exports, mindflow};
