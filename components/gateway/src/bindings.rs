//! The services that the gateway calls and the interfaces that it exports, bound from their WIT.
#![allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

wit_bindgen::generate!({
    path: [
        "../../wit/platform",
        "../../wit/services/auth.wit",
        "../../wit/services/command.wit",
        "../../wit/services/query.wit",
        "../../wit/services/media.wit",
        "../../wit/services/analytics.wit",
        "../../wit/services/notification.wit",
        "../../wit/services/search.wit",
        "../../wit/services/logging.wit",
    ],
    inline: "
        package mindflow:gateway-component;
        world component {
            import mindflow:auth/accounts@0.1.0;
            import mindflow:command/journal@0.1.0;
            import mindflow:query/reads@0.1.0;
            import mindflow:media/files@0.1.0;
            import mindflow:analytics/figures@0.1.0;
            import mindflow:notification/notices@0.1.0;
            import mindflow:search/finder@0.1.0;
            import mindflow:logging/audit@0.1.0;
            export mindflow:platform/websocket-handler@0.1.0;
            export mindflow:platform/health@0.1.0;
        }
    ",
    world: "mindflow:gateway-component/component",
    with: {
        "mindflow:platform/call@0.1.0": mindflow_guest::call,
        "mindflow:platform/websocket@0.1.0": mindflow_guest::websocket,
    },
    generate_all,
    generate_unused_types: true,
    additional_derives: [PartialEq, Clone],
});

pub use mindflow::analytics::figures;
pub use mindflow::auth::accounts;
pub use mindflow::command::journal;
pub use mindflow::logging::audit;
pub use mindflow::media::files;
pub use mindflow::notification::notices;
pub use mindflow::query::reads;
pub use mindflow::search::finder;
