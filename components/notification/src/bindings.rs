//! What the component exports, bound from its WIT.
#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

wit_bindgen::generate!({
    path: ["../../wit/platform", "../../wit/services/notification.wit"],
    inline: "
        package mindflow:notification-component;
        world component {
            export mindflow:notification/notices@0.1.0;
            export mindflow:platform/subscriber@0.1.0;
            export mindflow:platform/schedule-handler@0.1.0;
            export mindflow:platform/health@0.1.0;
        }
    ",
    world: "mindflow:notification-component/component",
    with: {
        "mindflow:platform/call@0.1.0": mindflow_guest::call,
        "mindflow:platform/events@0.1.0": mindflow_guest::events,
    },
    generate_unused_types: true,
    additional_derives: [PartialEq, Clone],
});
