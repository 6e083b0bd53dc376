//! The MindFlow host: runs sandboxed WebAssembly components as one platform.
//!
//! `manifest` says what there is and where it runs, `application` checks and links it, `platform` runs it. `engine`
//! holds the instances, `link` joins them, `capability` gives them what the manifest grants, `trigger` calls them.
//! `operator` executes what an operator requests; `cli` and the control socket are two ways to it. No module here
//! knows a service.

// They panic when nothing reads the output any more; commands print by `cli::output`, and log by `tracing`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod accepting;
pub mod alarm;
pub mod application;
pub mod capability;
pub mod cli;
pub mod data_dir;
pub mod databases;
mod disk;
pub mod engine;
pub mod housekeeping;
pub mod link;
pub mod listeners;
pub mod manifest;
pub mod observe;
pub mod operator;
pub mod platform;
pub mod preparation;
mod sealing_of_kept;
mod standing;
pub mod start_error;
pub mod trigger;

/// A module `bindings`, generated from the platform's WIT. Generated code is not held to the rules of this repository.
macro_rules! generated {
    ($($options:tt)*) => {
        #[allow(clippy::all, clippy::restriction)]
        pub mod bindings {
            wasmtime::component::bindgen!({
                path: "../wit/platform",
                require_store_data_send: true,
                $($options)*
            });
        }
    };
}

pub(crate) use generated;
