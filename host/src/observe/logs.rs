//! Logs go to standard error, as text for people or as JSON lines for collectors.

use crate::manifest::{LogFormat, LogSettings};
use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Installs the process-wide subscriber. `RUST_LOG` wins over the configuration.
///
/// # Errors
/// The filter's text is malformed, or a subscriber is installed already.
pub fn install(settings: &LogSettings) -> Result<(), String> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(directives) if !directives.is_empty() => directives,
        _ => settings.filter.clone(),
    };
    let filter: EnvFilter = filter.parse().map_err(|error| format!("log.filter {filter:?}: {error}"))?;
    let registry = tracing_subscriber::registry().with(filter);
    let installed = match settings.format {
        LogFormat::Text => registry
            .with(fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()))
            .try_init(),
        LogFormat::Json => {
            registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init()
        }
    };
    installed.map_err(|error| error.to_string())
}
