//! Where the control socket lies: in the data directory, however long its path is. The kernel takes at most 107 bytes as a
//! socket's path, so the folder is opened, and the socket is named through the descriptor. There is no second place, such as a
//! temporary folder, in which another user could put a socket of the same name.

use std::{
    fs::{self, File, Permissions},
    io,
    os::{
        fd::AsRawFd,
        unix::fs::{MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};
use tokio::net::{UnixListener, UnixStream};

const NAME: &str = "control.sock";
const MODE: u32 = 0o600;

/// The data directory, held open.
pub(super) struct SocketFolder {
    folder: File,
    owner: u32,
}

// === impl SocketFolder ===

impl SocketFolder {
    pub(super) fn open(data_dir: &Path) -> io::Result<Self> {
        let folder = File::open(data_dir)?;
        let owner = folder.metadata()?.uid();
        Ok(Self { folder, owner })
    }

    /// The user that the folder belongs to.
    pub(super) fn owner(&self) -> u32 {
        self.owner
    }

    pub(super) async fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(self.socket()).await
    }

    /// In place of a socket that a killed host left behind.
    pub(super) fn listen(&self) -> io::Result<UnixListener> {
        let path = self.socket();
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(MODE))?;
        Ok(listener)
    }

    pub(super) fn remove(&self) {
        let _ = fs::remove_file(self.socket());
    }

    fn socket(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{NAME}", self.folder.as_raw_fd()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_in_a_folder_with_a_long_path_is_reached_and_lies_there() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("x".repeat(200));
        fs::create_dir(&path).unwrap();
        let folder = SocketFolder::open(&path).unwrap();
        assert!(folder.connect().await.is_err());
        for _ in 0..2 {
            let _listener = folder.listen().unwrap();
            SocketFolder::open(&path).unwrap().connect().await.unwrap();
        }
        assert_eq!(fs::metadata(path.join(NAME)).unwrap().mode() & 0o777, 0o600);
        folder.remove();
        assert!(!path.join(NAME).exists());
    }
}
