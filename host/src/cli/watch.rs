//! `--watch`: a component whose file changed is swapped, once the file has come to rest.

use super::CliError;
use crate::platform::Platform;
use mindflow_backends::error::chain;
use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A build writes a file in several steps; it is whole when nothing has changed for this long.
const REST: Duration = Duration::from_millis(300);

/// Watches the folders of the component files until dropped.
pub async fn start(platform: Arc<Platform>, stop: CancellationToken) -> Result<RecommendedWatcher, CliError> {
    let sources: BTreeMap<PathBuf, String> =
        platform.sources().await.into_iter().map(|(name, path)| (path, name)).collect();
    let (changes, mut changed) = mpsc::unbounded_channel::<PathBuf>();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        for path in event.into_iter().filter(|event| is_change(event.kind)).flat_map(|event| event.paths) {
            let _ = changes.send(path);
        }
    })
    .map_err(|source| CliError::Watch { path: PathBuf::new(), source })?;
    let folders: BTreeSet<PathBuf> = sources.keys().filter_map(|path| path.parent().map(ToOwned::to_owned)).collect();
    for folder in &folders {
        watcher
            .watch(folder, RecursiveMode::NonRecursive)
            .map_err(|source| CliError::Watch { path: folder.clone(), source })?;
    }
    tokio::spawn(async move {
        while let Some(Some(first)) = stop.run_until_cancelled(changed.recv()).await {
            let mut paths = BTreeSet::from([first]);
            while let Ok(Some(path)) = tokio::time::timeout(REST, changed.recv()).await {
                paths.insert(path);
            }
            for (path, name) in paths.iter().filter_map(|path| sources.get_key_value(path)) {
                if let Err(error) = platform.swap_changed(name, path).await {
                    tracing::error!(component = name, "not swapped, the old version goes on: {}", chain(&error));
                }
            }
        }
    });
    Ok(watcher)
}

/// Opening and reading a file, as each swap does, is none.
fn is_change(kind: EventKind) -> bool {
    !kind.is_access() || kind == EventKind::Access(AccessKind::Close(AccessMode::Write))
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{CreateKind, ModifyKind, RemoveKind};

    #[test]
    fn reading_a_file_is_no_change_of_it() {
        for read in [AccessKind::Open(AccessMode::Any), AccessKind::Read, AccessKind::Close(AccessMode::Read)] {
            assert!(!is_change(EventKind::Access(read)), "{read:?}");
        }
        for change in [
            EventKind::Access(AccessKind::Close(AccessMode::Write)),
            EventKind::Create(CreateKind::File),
            EventKind::Modify(ModifyKind::Any),
            EventKind::Remove(RemoveKind::File),
        ] {
            assert!(is_change(change), "{change:?}");
        }
    }
}
