//! The Rust side of the interfaces that components export for the host, generated from the platform's WIT.

#![allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

wasmtime::component::bindgen!({
    path: "../wit/platform",
    world: "handlers",
    exports: { default: async | store },
    with: {
        "mindflow:platform/events": crate::capability::events::bindings::mindflow::platform::events,
        "mindflow:platform/websocket": crate::capability::websocket::bindings::mindflow::platform::websocket,
    },
    require_store_data_send: true,
});

pub use exports::mindflow::platform::*;
