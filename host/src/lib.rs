//! The MindFlow host: runs sandboxed WebAssembly components as one platform.
//!
//! `manifest` says what there is, `application` checks and links it, `platform` runs it, `alarm` tells of dead letters: `engine` holds
//! the instances, `link` joins them, `capability` gives them what the manifest grants, `trigger` makes
//! them work. No module here knows a service.

pub mod alarm;
pub mod application;
pub mod archive;
pub mod audit;
pub mod capability;
pub mod cli;
pub mod control;
pub mod engine;
pub mod housekeeping;
pub mod link;
pub mod logs;
pub mod manifest;
pub mod observe;
pub mod platform;
pub mod replay;
pub mod stores;
pub mod trigger;

pub(crate) use engine::one_line as engine_line;
