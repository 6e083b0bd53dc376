//! The services that this one calls and the interfaces that it exports, bound from their WIT.
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
        "../../wit/services/media-codec.wit",
        "../../wit/services/media.wit",
    ],
    inline: "
        package mindflow:media-component;
        world component {
            import mindflow:auth/accounts@0.1.0;
            import mindflow:media-codec/images@0.1.0;
            export mindflow:media/files@0.1.0;
            export mindflow:platform/schedule-handler@0.1.0;
            export mindflow:platform/health@0.1.0;
        }
    ",
    world: "mindflow:media-component/component",
    with: {
        "mindflow:platform/call@0.1.0": mindflow_guest::call,
    },
    generate_all,
    generate_unused_types: true,
    additional_derives: [PartialEq, Clone],
});

pub use mindflow::auth::accounts;
pub use mindflow::media_codec::images;
