//! Who executes an operator's requests: the running host where there is one, else a platform started for them.

use super::{Claim, Claimed, OperatorError, OperatorRequest, Progress, claim, execute, socket};
use crate::{
    application::Application,
    data_dir,
    manifest::{Manifest, RuntimeConfig},
    platform::{Platform, Role},
};
use serde_json::Value;
use std::path::PathBuf;

pub enum OperatorClient {
    /// A host runs on this data directory.
    Running(PathBuf),
    Own(Box<Platform>, Claim),
}

impl OperatorClient {
    /// Waits for a host that is starting.
    ///
    /// # Errors
    /// No host runs, and no platform can be started.
    pub async fn open(
        manifest: Manifest,
        config: RuntimeConfig,
        progress: Progress<'_>,
    ) -> Result<Self, OperatorError> {
        if socket::listens(&config.data_dir).await? {
            return Ok(Self::Running(config.data_dir));
        }
        // Before anything is made in it.
        data_dir::find(&config.data_dir)?;
        let Claimed::Free(claim) = claim(&config.data_dir, progress).await? else {
            return Ok(Self::Running(config.data_dir));
        };
        let application = Application::load_blocking(manifest, config).await?;
        Ok(Self::Own(Box::new(Platform::start(application, Role::Operator).await?), claim))
    }

    /// Has a request executed.
    ///
    /// # Errors
    /// The step that failed.
    pub async fn request(&self, request: OperatorRequest, progress: Progress<'_>) -> Result<Value, OperatorError> {
        match self {
            Self::Running(data_dir) => socket::send(data_dir, &request, progress).await,
            Self::Own(platform, _) => execute(platform, request, progress).await,
        }
    }

    pub async fn close(self) {
        if let Self::Own(platform, _claim) = self {
            platform.stop().await;
        }
    }
}
