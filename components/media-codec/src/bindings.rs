//! What the component exports, bound from its WIT.
#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

wit_bindgen::generate!({
    path: ["../../wit/platform", "../../wit/services/media-codec.wit"],
    inline: "
        package mindflow:media-codec-component;
        world component {
            export mindflow:media-codec/images@0.1.0;
            export mindflow:platform/health@0.1.0;
        }
    ",
    world: "mindflow:media-codec-component/component",
    with: {
        "mindflow:platform/call@0.1.0": mindflow_guest::call,
    },
    generate_unused_types: true,
    additional_derives: [PartialEq, Clone],
});
