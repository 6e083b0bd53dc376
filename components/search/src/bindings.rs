//! What the component exports and whom it calls, bound from their WIT.
#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

wit_bindgen::generate!({
    path: ["../../wit/platform", "../../wit/services/search.wit", "../../wit/services/query.wit"],
    inline: "
        package mindflow:search-component;
        world component {
            import mindflow:query/reads@0.1.0;
            export mindflow:search/finder@0.1.0;
            export mindflow:platform/subscriber@0.1.0;
        }
    ",
    world: "mindflow:search-component/component",
    with: {
        "mindflow:platform/call@0.1.0": mindflow_guest::call,
        "mindflow:platform/events@0.1.0": mindflow_guest::events,
        "mindflow:query/reads@0.1.0": generate,
    },
    generate_unused_types: true,
    additional_derives: [PartialEq, Clone],
});
