//! The platform's WIT as Rust traits and types, made by Wasmtime.

/// What components import.
pub mod imports {
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
        world: "capabilities",
        imports: { default: async | store | trappable },
        with: {
            "mindflow:platform/sql.transaction": crate::capability::sql::Transaction,
            "mindflow:platform/key-value.bucket": crate::capability::key_value::Bucket,
            "mindflow:platform/realtime.subscription": crate::capability::realtime::Subscription,
            "mindflow:platform/websocket.socket": crate::capability::websocket::Socket,
            "mindflow:platform/blob.upload": crate::capability::blob::Upload,
            "mindflow:platform/blob.download": crate::capability::blob::Download,
        },
        require_store_data_send: true,
    });
}

/// What components export.
pub mod handlers {
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
            "mindflow:platform/events": crate::capability::bindings::imports::mindflow::platform::events,
            "mindflow:platform/websocket": crate::capability::bindings::imports::mindflow::platform::websocket,
        },
        require_store_data_send: true,
    });
}

pub use handlers::exports::mindflow::platform as exports;
pub use imports::mindflow::platform;
