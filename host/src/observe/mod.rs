//! Logs, metrics, correlation ids, and the one shape of the host's own error answers.

pub mod allowance;
pub mod correlation;
pub mod log_writer;
pub mod logs;
pub mod path;
pub mod printer;
pub mod problem;
pub mod settings;

pub use metrics_exporter_prometheus::{BuildError, PrometheusHandle};
pub use settings::CALLS;

/// Upper bounds in seconds: from a cached read to the longest that a request may take.
const SECONDS_BUCKETS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Installs the process-wide metrics recorder.
///
/// # Errors
/// One is installed already.
pub fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    metrics_exporter_prometheus::PrometheusBuilder::new().set_buckets(&SECONDS_BUCKETS)?.install_recorder()
}
