//! What operators see: logs, metrics, health, and the one shape of the host's own error answers.

pub mod correlation;
pub mod health;
pub mod logs;
pub mod problem;

pub use metrics_exporter_prometheus::PrometheusHandle;

/// Installs the process-wide metrics recorder.
///
/// # Errors
/// One is installed already.
pub fn install_metrics() -> Result<PrometheusHandle, String> {
    metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().map_err(|error| error.to_string())
}
