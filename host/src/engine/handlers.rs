//! The Rust side of the interfaces that components export for the host, generated from the platform's WIT.

crate::generated! {
    world: "handlers",
    exports: { default: async | store },
    with: {
        "mindflow:platform/events": crate::capability::events::bindings::mindflow::platform::events,
        "mindflow:platform/websocket": crate::capability::websocket::bindings::mindflow::platform::websocket,
    },
}

pub use bindings::exports::mindflow::platform::*;
