//! Which process works on a data directory. A host and a command that starts a platform of its own would share the private
//! servers, and the one that started them stops them when it ends. So a process claims the directory first. The kernel gives the
//! claim back when the process ends, however it ends.

use super::{OperatorError, Progress, socket};
use mindflow_backends::clock;
use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
    time::Duration,
};

/// A first start compiles all components and makes the databases, which takes minutes on a slow machine. A replay or an export may
/// take longer, and is not to be waited for.
const WAIT_MAX: Duration = Duration::from_mins(10);
const NAME: &str = "claim.lock";
const POLL: Duration = Duration::from_millis(50);

/// Held for as long as the process uses what lies in the directory.
#[must_use]
pub struct Claim {
    _lock: File,
}

/// Who works on a directory after a command asked for it.
pub enum Claimed {
    Free(Claim),
    /// A host takes requests there.
    ByHost,
}

impl Claim {
    /// For a host. Waits while a command works there, and while another host stops.
    ///
    /// # Errors
    /// A host serves the directory, or nothing can be written there.
    pub async fn of_host(data_dir: &Path, progress: Progress<'_>) -> Result<Self, OperatorError> {
        match claim(data_dir, progress).await? {
            Claimed::Free(claim) => Ok(claim),
            Claimed::ByHost => Err(OperatorError::AlreadyServed(data_dir.display().to_string())),
        }
    }
}

/// Claims the directory, which is there. Waits while another command works on it, and while a host starts or stops.
///
/// # Errors
/// Nothing can be written there, the directory or the host is another user's, or the other is still at work when the wait is over.
pub async fn claim(data_dir: &Path, progress: Progress<'_>) -> Result<Claimed, OperatorError> {
    let path = data_dir.join(NAME);
    let failed = |source| OperatorError::File { path: path.display().to_string(), source };
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    let mut since = None;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(Claimed::Free(Claim { _lock: lock })),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) => {}
        }
        if socket::listens(data_dir).await? {
            return Ok(Claimed::ByHost);
        }
        let now = clock::instant();
        let began = *since.get_or_insert_with(|| {
            let minutes = WAIT_MAX.as_secs() / 60;
            let what = "another mindflow, which starts, stops or works on";
            progress(&format!("waiting for {what} {}, {minutes} minutes at most", data_dir.display()));
            now
        });
        if now.duration_since(began) >= WAIT_MAX {
            return Err(OperatorError::StillClaimed(data_dir.display().to_string()));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Whether a host takes requests on the directory, for a command that needs one. Waits for one that starts, and makes nothing.
///
/// # Errors
/// As for [`claim`].
pub async fn host_of(data_dir: &Path, progress: Progress<'_>) -> Result<bool, OperatorError> {
    if socket::listens(data_dir).await? {
        return Ok(true);
    }
    if !data_dir.join(NAME).exists() {
        return Ok(false);
    }
    Ok(matches!(claim(data_dir, progress).await?, Claimed::ByHost))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::socket_folder::SocketFolder;
    use std::sync::{Arc, Mutex};

    #[tokio::test]
    async fn who_comes_second_says_that_it_waits_and_goes_on_when_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = Claim::of_host(folder.path(), &|line| panic!("{line}")).await.unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let second = tokio::spawn({
            let (path, lines) = (folder.path().to_owned(), Arc::clone(&lines));
            async move { claim(&path, &|line| lines.lock().unwrap().push(line.to_owned())).await.is_ok() }
        });
        let said = async {
            while lines.lock().unwrap().is_empty() {
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), said).await.unwrap();
        assert!(!second.is_finished());
        drop(first);
        assert!(second.await.unwrap());
        assert_eq!(lines.lock().unwrap().len(), 1, "it says so once");
    }

    #[tokio::test]
    async fn a_command_that_needs_a_host_waits_for_one_that_starts_and_for_no_other() {
        let folder = tempfile::tempdir().unwrap();
        for missing in [folder.path().join("missing"), folder.path().to_owned()] {
            assert!(!host_of(&missing, &|line| panic!("{line}")).await.unwrap());
        }
        assert!(!folder.path().join("missing").exists() && !folder.path().join(NAME).exists());
        let starting = Claim::of_host(folder.path(), &|line| panic!("{line}")).await.unwrap();
        let listener = Mutex::new(None);
        // The host is ready once the command has said that it waits.
        let listen =
            |_: &str| *listener.lock().unwrap() = Some(SocketFolder::open(folder.path()).unwrap().listen().unwrap());
        assert!(host_of(folder.path(), &listen).await.unwrap());
        drop((listener, starting));
        assert!(!host_of(folder.path(), &|line| panic!("{line}")).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_for_one_that_does_not_end_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Claim::of_host(folder.path(), &|line| panic!("{line}")).await.unwrap();
        let began = clock::instant();
        let error = claim(folder.path(), &|line| assert!(line.contains("10 minutes at most"), "{line}")).await.err();
        assert!(began.elapsed() >= WAIT_MAX);
        let line = error.unwrap().to_string();
        assert!(line.contains(&folder.path().display().to_string()) && line.contains("try again"), "{line}");
    }
}
