//! Sealing secrets that components keep in databases; the key never enters a sandbox.

mod key_file;

use super::{Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, State};
use mindflow_backends::{database::postgres::DatabaseConfig, secret::Secret};
use mindflow_platform::refusal;
use mindflow_platform::sealing::{Keys, NONCE_BYTES, Sealer, SealingError};
use serde::Deserialize;
use std::{path::Path, sync::Arc};
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!("import mindflow:platform/sealing@0.1.0;");

use bindings::mindflow::platform::sealing::{self as wit, Error, Host, HostWithStore};

/// The platform's keys; none where no component is granted sealing.
pub struct Sealing(Option<Keys>);

/// `[sealing]`: what secrets of components are sealed with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SealingSettings {
    /// At least 32 characters, the same for all replicas and for the variable `sealing_key` of the application on Spin. Without it
    /// the host makes one, in `sealing.key` of the data directory.
    pub key: Option<Secret>,
    /// Those that sealed before and still open. Needed for as long as something is sealed with them.
    pub former_keys: Vec<Secret>,
}

/// The setting cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("key and former-keys of [sealing]")]
struct SettingError(#[from] SealingError);

impl Capability for Sealing {
    const GRANT: Option<&'static str> = Some("sealing");
    const SETTINGS: Option<&'static str> = Some("sealing");
    /// Whether a component may seal and open.
    type Grant = bool;
    type Settings = SealingSettings;
    type Access = Option<Arc<Sealer>>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = grantee.grants.sealing;
        (interface == "mindflow:platform/sealing").then(|| Requirement::tool(granted, "sealing = true"))
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        if !opening.grants.iter().any(|grants| grants.sealing) {
            return Ok(Self(None));
        }
        if opening.settings.sealing.key.is_none() {
            warn_of_others(opening);
        }
        Ok(Self(Some(master(&opening.settings.sealing, opening.data_dir)?)))
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        let keys = self.0.as_ref().filter(|_| grantee.grants.sealing)?;
        keys.of(grantee.component).ok().map(Arc::new)
    }

    /// It has no effect outside of the replay.
    async fn shadow(live: &Self::Access, _: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        Ok(live.clone())
    }
}

/// The platform's master keys: those of the configuration, or the one that the host has made for itself.
///
/// # Errors
/// A key that is too short, or a file that cannot be used.
pub(super) fn master(settings: &SealingSettings, data_dir: &Path) -> Result<Keys, OpenError> {
    let SealingSettings { key, former_keys } = settings;
    let kept;
    let key = match key {
        Some(key) => key.reveal(),
        None => {
            kept = key_file::open(data_dir).map_err(OpenError::new)?;
            &kept
        }
    };
    let keys = Keys::new(key, former_keys.iter().map(Secret::reveal));
    keys.map_err(|error| OpenError::new(SettingError(error)))
}

/// Other hosts may share the databases, and not this one's data directory.
fn warn_of_others(opening: &Opening<'_>) {
    let mut databases = opening.settings.sql.values();
    if databases.any(|database| matches!(database, DatabaseConfig::Postgres(_))) {
        tracing::warn!(
            "[sealing] has no key: secrets are sealed with {} of this host's data directory, which must not be lost; several replicas need one key, [sealing] key or MINDFLOW_SEALING__KEY",
            key_file::NAME
        );
    }
}

impl Host for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

fn sealer(accessor: Store<'_>) -> Result<Arc<Sealer>, Error> {
    let granted = accessor.with(|mut store| store.get().access.sealing.clone());
    granted.ok_or_else(|| Error::AccessDenied(refusal::SEALING.into()))
}

impl HostWithStore<State> for HasSelf<State> {
    async fn seal(
        accessor: Store<'_>,
        plaintext: Vec<u8>,
        context: String,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let mut nonce = [0; NONCE_BYTES];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| wasmtime::Error::msg("there is no randomness"))?;
        Ok(sealer(accessor).and_then(|sealer| Ok(sealer.seal(&plaintext, &context, nonce)?)))
    }

    async fn open(accessor: Store<'_>, sealed: Vec<u8>, context: String) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        Ok(sealer(accessor).and_then(|sealer| Ok(sealer.open(&sealed, &context)?)))
    }
}

mindflow_platform::sealing_error!(Error);
