//! What MindFlow's components share: the platform's capabilities and the journal's vocabulary, bound once from their
//! WIT, and the small things that every service needs. Policy lives in the services.

pub mod account_link;
mod bindings;
pub mod bucket;
pub mod cache;
pub mod caller;
pub mod clock;
pub mod config;
pub mod consent;
#[cfg(feature = "disclosed")]
pub mod disclosed;
pub mod erasing;
pub mod event;
pub mod failure;
#[cfg(feature = "http")]
pub mod http;
pub mod id;
pub mod journal;
pub mod own_writes;
pub mod rate_limits;
pub mod rules;
pub mod sql;
#[cfg(feature = "web")]
pub mod web;

pub use bindings::platform::mindflow::platform::{
    audit_reader, audit_writer, blob, call, dead_letters, disclosure, disclosure_reader, disclosure_sender, embeddings,
    erasure, events, jwt_signer, jwt_verifier, key_value, mail, outbound, platform_state, realtime, sealing,
    search_index, web_push, websocket,
};
pub use mindflow_text as text;
pub use wit_bindgen;
