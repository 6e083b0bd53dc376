//! The adapter's world.

// Generated code is not held to the rules of this repository.
#[allow(clippy::all, clippy::restriction)]
mod generated {
    wit_bindgen::generate!({
        path: [
            "../../wit/platform",
            "../../wit/spin/service.wit",
            "../../wit/spin/deps/postgres.wit",
            "../../wit/spin/deps/variables.wit",
            "../../wit/spin/trigger.wit",
        ],
        world: "mindflow:adapters/trigger",
        with: {
            "spin:postgres/postgres@4.2.0": mindflow_spin_guest::spin::postgres::postgres,
            "spin:variables/variables@3.0.0": mindflow_spin_guest::spin::variables::variables,
        },
        generate_all,
    });
}

pub use generated::mindflow;
