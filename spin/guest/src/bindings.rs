//! Spin's interfaces as spin-sdk ships them, bound by the wit-bindgen of this repository.

// Generated code is not held to the rules of this repository.
#[allow(clippy::all, clippy::restriction)]
mod generated {
    wit_bindgen::generate!({
        path: [
            "../../wit/spin/deps/postgres.wit",
            "../../wit/spin/deps/redis.wit",
            "../../wit/spin/deps/variables.wit",
            "../../wit/spin/guest.wit",
        ],
        world: "mindflow:spin-guest/guest",
        generate_all,
        additional_derives: [PartialEq, Clone],
    });
}

pub use generated::spin;
