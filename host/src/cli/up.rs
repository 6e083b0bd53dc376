//! `mindflow up`: start, serve, and on SIGTERM stop taking requests, drain, and end.

use super::{AppLocation, CliError, open_files, output, signals::StopSignals, watch};
use crate::{
    application::Application,
    data_dir,
    listeners::{Listeners, Refused},
    manifest::{HttpSettings, ListenAddress},
    observe::{self, logs},
    operator::{Claim, socket},
    platform::{Platform, Role},
    trigger::{health, http::Server, metrics},
};
use std::{io::ErrorKind, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often readiness is checked until the platform can serve.
const READY_POLL: Duration = Duration::from_millis(20);
/// How often histograms are drained so that they stay small.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

pub async fn run(
    location: &AppLocation,
    listen: Option<ListenAddress>,
    watch_files: bool,
    allow_newer_schema: bool,
) -> Result<(), CliError> {
    let (manifest, mut config) = location.manifest_and_config()?;
    config.allow_newer_schema |= allow_newer_schema;
    if let Some(listen) = listen {
        config.listen = listen;
    }
    let log_queue = logs::install(&config.log)?;
    let exposition = observe::install_metrics()?;
    // Signals count from here: a stop during the start ends it as cleanly as one after it.
    let mut stop_signals = StopSignals::new()?;
    let (settings, data_dir) = (config.http.clone(), config.data_dir.clone());
    let access_lines_per_day = config.log.keep.access_lines_per_day;
    // Before anything is made in it.
    data_dir::open(&data_dir)?;
    let listeners = bind(&config.listen, "--listen")?;
    let metrics_listen = settings.metrics_listen.as_ref().filter(|_| settings.metrics);
    let metrics_listeners = metrics_listen.map(|listen| bind(listen, "[http] metrics-listen")).transpose()?;
    tracing::info!(config = %config.path.display(), data_dir = %data_dir.display(), "starting");
    open_files::raise_limit(settings.sockets_max());
    let start = async {
        let claim = Claim::of_host(&data_dir, &|line| tracing::info!("{line}")).await?;
        let application = Application::load_blocking(manifest, config).await?;
        Ok::<_, CliError>((Arc::new(Platform::start(application, Role::Server).await?), claim))
    };
    let (platform, _claim) = tokio::select! {
        started = start => started?,
        () = stop_signals.received() => return Ok(()),
    };
    if let Some(queue) = log_queue {
        platform.keep_log(queue);
    }
    let stop = CancellationToken::new();
    if let Some(listeners) = metrics_listeners {
        tokio::spawn(metrics::serve(listeners, exposition.clone(), stop.clone()));
    }
    let outcome = serve(
        &platform,
        listeners,
        settings,
        access_lines_per_day,
        &data_dir,
        exposition,
        watch_files,
        &mut stop_signals,
        &stop,
    )
    .await;
    stop.cancel();
    tracing::info!("stopping");
    platform.stop().await;
    tracing::info!("stopped");
    outcome
}

/// `setting`: where the address is from.
fn bind(listen: &ListenAddress, setting: &'static str) -> Result<Listeners, CliError> {
    Listeners::bind(listen).map_err(|Refused { address, source }| {
        let mend = match source.kind() {
            ErrorKind::AddrInUse => "stop the program that uses it, or choose another port with",
            ErrorKind::AddrNotAvailable => "this machine has no such address; choose one that it has with",
            ErrorKind::PermissionDenied => {
                "a port below 1024 needs the capability CAP_NET_BIND_SERVICE; choose a higher one with"
            }
            _ => "choose another address with",
        };
        CliError::Listen { address, source, mend, setting }
    })
}

#[expect(clippy::too_many_arguments, reason = "the parts of one start, used once")]
async fn serve(
    platform: &Arc<Platform>,
    listeners: Listeners,
    settings: HttpSettings,
    access_lines_per_day: u32,
    data_dir: &std::path::Path,
    metrics: observe::PrometheusHandle,
    watch_files: bool,
    stop_signals: &mut StopSignals,
    stop: &CancellationToken,
) -> Result<(), CliError> {
    socket::serve(Arc::clone(platform), data_dir, stop.clone())?;
    let server = Server::new(Arc::clone(platform), settings, access_lines_per_day, metrics.clone(), stop.clone());
    let address = listeners.address();
    let serving = tokio::spawn(server.run(listeners));
    tokio::spawn(stop.clone().run_until_cancelled_owned(upkeep(metrics)));
    let _watcher = if watch_files { Some(watch::start(Arc::clone(platform), stop.clone()).await?) } else { None };
    tokio::select! {
        () = ready(platform) => {
            // It serves also when nothing reads what it prints.
            let _ = output::line(format_args!("ready http://{address}"));
            tracing::info!("ready: open http://{address}");
            stop_signals.received().await;
        }
        () = stop_signals.received() => {}
    }
    stop.cancel();
    Ok(serving.await?)
}

async fn ready(platform: &Platform) {
    let mut warned = false;
    loop {
        let (status, body) = health::answer(health::Probe::Ready, platform, false).await;
        if status.is_success() {
            return;
        }
        if !warned {
            tracing::warn!(%body, "not ready yet");
            warned = true;
        }
        tokio::time::sleep(READY_POLL).await;
    }
}

async fn upkeep(metrics: observe::PrometheusHandle) {
    loop {
        tokio::time::sleep(METRICS_UPKEEP).await;
        metrics.run_upkeep();
    }
}
