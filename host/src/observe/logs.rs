//! Logs go to standard error, as text for people or as JSON lines for collectors, and to where they are kept for
//! operators.

use super::{
    log_writer::{self, LogQueue},
    printer::Printer,
    settings::{LogFormat, LogSettings},
};
use crate::manifest::{RuleError, texts::text};
use mindflow_backends::records::logs::Level;
use std::{
    io::{self, IsTerminal, Stderr},
    sync::OnceLock,
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{ParseError, Targets},
    fmt,
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

/// Replaces the configured filter.
const VARIABLE: &str = "RUST_LOG";

static PRINTER: OnceLock<Printer<Stderr>> = OnceLock::new();

/// Why logging cannot be installed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{place} is no filter of log lines, such as info,tokio_postgres=warn")]
    Filter {
        place: &'static str,
        #[source]
        source: ParseError,
    },
    #[error(transparent)]
    Variable(#[from] RuleError),
    #[error("there is no thread that prints lines")]
    Printer(#[source] io::Error),
    #[error(transparent)]
    Installed(#[from] TryInitError),
}

/// Checks what [`install`] would read.
///
/// # Errors
/// The filter's text is malformed.
pub fn check(settings: &LogSettings) -> Result<(), LogError> {
    filter(settings).map(drop)
}

fn filter(settings: &LogSettings) -> Result<EnvFilter, LogError> {
    let of_process = text(VARIABLE)?.filter(|directives| !directives.is_empty());
    let (place, directives) = match &of_process {
        Some(directives) => (VARIABLE, directives),
        None => ("log.filter", &settings.filter),
    };
    directives.parse().map_err(|source| LogError::Filter { place, source })
}

/// Installs the process-wide subscriber. `RUST_LOG` replaces the configured filter of printed lines. Answers the queue
/// of lines to be kept, if any are.
///
/// # Errors
/// The filter's text is malformed, or a subscriber is installed already.
pub fn install(settings: &LogSettings) -> Result<Option<LogQueue>, LogError> {
    let filter = filter(settings)?;
    let printer = match PRINTER.get() {
        Some(printer) => printer,
        None => {
            let printer = Printer::start(io::stderr()).map_err(LogError::Printer)?;
            PRINTER.get_or_init(|| printer)
        }
    };
    // A line that cannot be written is lost. To report that on standard error, as is the default, would panic.
    let layer = fmt::layer().with_writer(printer.clone()).log_internal_errors(false);
    let printing = match settings.format {
        LogFormat::Text => layer.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let keep = &settings.keep;
    let (keeping, queue) = keep.enabled.then(|| log_writer::queue(keep.access_lines_per_day)).unzip();
    let keeping = keeping.map(|layer| {
        // The store's client logs at lower levels while it writes; keeping that would log more, without an end.
        let own = [(log_writer::TARGET, LevelFilter::OFF), ("tokio_postgres", LevelFilter::WARN)];
        layer.with_filter(Targets::new().with_default(lowest(keep.level)).with_targets(own))
    });
    let registry = tracing_subscriber::registry().with(printing.with_filter(filter)).with(keeping);
    registry.try_init()?;
    Ok(queue)
}

/// Prints the lines that wait. Call it before the process ends.
pub fn flush() {
    if let Some(printer) = PRINTER.get() {
        printer.flush();
    }
}

fn lowest(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_is_named_by_its_setting() {
        let wrong = LogSettings { filter: "info,mindflow=loud".to_owned(), ..LogSettings::default() };
        // The run of the tests may set it.
        if std::env::var_os(VARIABLE).is_none_or(|set| set.is_empty()) {
            let error = check(&wrong).unwrap_err().to_string();
            assert!(error.starts_with("log.filter is no filter"), "{error}");
        }
        assert!(check(&LogSettings::default()).is_ok());
    }
}
