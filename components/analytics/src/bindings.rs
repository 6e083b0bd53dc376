//! What the component exports, bound from its WIT.
#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

wit_bindgen::generate!({
    path: ["../../wit/platform", "../../wit/services/analytics.wit"],
    inline: "
        package mindflow:analytics-component;
        world component {
            export mindflow:analytics/figures@0.1.0;
            export mindflow:platform/subscriber@0.1.0;
            export mindflow:platform/health@0.1.0;
        }
    ",
    world: "mindflow:analytics-component/component",
    with: {
        "mindflow:platform/call@0.1.0": mindflow_guest::call,
        "mindflow:platform/events@0.1.0": mindflow_guest::events,
    },
    generate_unused_types: true,
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});
