//! The platform's WIT, bound once for all components.
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
    path: "../wit/platform",
    world: "capabilities",
    generate_all,
    generate_unused_types: true,
    pub_export_macro: true,
    additional_derives: [PartialEq, Clone],
});
