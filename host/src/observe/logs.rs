//! Logs go to standard error, as text for people or as JSON lines for collectors, and to where they are kept for
//! operators.

use super::keeping::{self, Waiting};
use crate::manifest::{LogFormat, LogSettings, LogsSettings};
use mindflow_backends::logs::Level;
use std::io::IsTerminal;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Installs the process-wide subscriber. `RUST_LOG` wins over the configuration of what is printed. Answers the
/// lines that are to be kept, if any are.
///
/// # Errors
/// The filter's text is malformed, or a subscriber is installed already.
pub fn install(printed: &LogSettings, kept: &LogsSettings) -> Result<Option<Waiting>, String> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(directives) if !directives.is_empty() => directives,
        _ => printed.filter.clone(),
    };
    let filter: EnvFilter = filter.parse().map_err(|error| format!("log.filter {filter:?}: {error}"))?;
    let printing = match printed.format {
        LogFormat::Text => fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed(),
    };
    let (keeping, waiting) = kept.store.then(keeping::queue).unzip();
    let keeping = keeping.map(|keeping| {
        // The store's own client logs at lower levels while it writes; that would be kept, too, and so on.
        let own = [(keeping::TARGET, LevelFilter::OFF), ("tokio_postgres", LevelFilter::WARN)];
        keeping.with_filter(Targets::new().with_default(least(kept.level)).with_targets(own))
    });
    let registry = tracing_subscriber::registry().with(printing.with_filter(filter)).with(keeping);
    registry.try_init().map_err(|error| error.to_string())?;
    Ok(waiting)
}

fn least(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}
