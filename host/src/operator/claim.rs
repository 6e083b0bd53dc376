//! Which process works on a data directory. A host and a command that starts a platform of its own would share the private
//! servers, and the one that started them stops them when it ends. So a process claims the directory first. The kernel gives the
//! claim back when the process ends, however it ends.

use super::{OperatorError, Progress, socket};
use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
    time::Duration,
};

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
/// Nothing can be written there, or the directory or the host is another user's.
pub async fn claim(data_dir: &Path, progress: Progress<'_>) -> Result<Claimed, OperatorError> {
    let path = data_dir.join(NAME);
    let failed = |source| OperatorError::File { path: path.display().to_string(), source };
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    let mut waits = false;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(Claimed::Free(Claim { _lock: lock })),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) => {}
        }
        if socket::listens(data_dir).await? {
            return Ok(Claimed::ByHost);
        }
        if !waits {
            progress(&format!("waiting for another mindflow, which starts, stops or works on {}", data_dir.display()));
            waits = true;
        }
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
