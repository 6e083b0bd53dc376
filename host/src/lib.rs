//! The MindFlow host: runs sandboxed WebAssembly components as one platform.
//!
//! `manifest` says what there is and where it runs, `application` checks and links it, `platform` runs it. `engine`
//! holds the instances, `link` joins them, `capability` gives them what the manifest grants, `trigger` calls them.
//! `operator` executes what an operator requests; `cli` and the control socket are two ways to it. No module here
//! knows a service.

pub mod alarm;
pub mod application;
pub mod capability;
pub mod cli;
pub mod databases;
pub mod engine;
pub mod housekeeping;
pub mod link;
pub mod manifest;
pub mod observe;
pub mod operator;
pub mod platform;
pub mod trigger;
