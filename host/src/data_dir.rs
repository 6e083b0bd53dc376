//! The data directory: pictures, mails, events and the databases of all users are in it, so nothing in it is for another user of
//! the machine. The process makes every file for its user alone, regardless of its umask; a directory that others can enter is
//! refused, unless an earlier version of the host has made it.

use nix::{
    sys::stat::{Mode, umask},
    unistd::geteuid,
};
use std::{
    fs::{self, DirBuilder, Metadata, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

const GROUP_AND_OTHERS: u32 = 0o077;
const GROUP_OR_OTHERS_WRITE: u32 = 0o022;
const MODE_BITS: u32 = 0o777;
const DIRECTORY: u32 = 0o700;
const FILE: u32 = 0o600;
/// Where PostgreSQL runs as `nobody`, its group may pass the directory, and not list it.
const PASSED_BY_GROUP: u32 = 0o710;
const NOGROUP: u32 = 65_534;
/// What a host makes in its data directory, and `scripts/spin-up` with it. A directory with anything else may be shared for a
/// reason.
const OURS: [&str; 10] =
    ["archive", "blob", "claim.lock", "compiled", "control.sock", "embedder", "key-value", "mail", "postgres", "spin"];

/// Why a data directory is not used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error(
        "there is no data directory {}; name that of the platform with --data-dir, or make it with `mindflow up` or `mindflow migrate`",
        path.display()
    )]
    Missing { path: PathBuf },
    #[error("cannot make the data directory {}; choose another with --data-dir", path.display())]
    Make { path: PathBuf, source: io::Error },
    #[error("the data directory {} is {what}; choose another with --data-dir", path.display())]
    NoDirectory { path: PathBuf, what: &'static str },
    #[error("the data directory {} cannot be closed to other users; run `chmod -R go= {}`", path.display(), path.display())]
    Close { path: PathBuf, source: io::Error },
    #[error(
        "the data directory {} belongs to another user (uid {owner}), who could read and change everything in it; run as that user, or choose another with --data-dir",
        path.display()
    )]
    Owner { path: PathBuf, owner: u32 },
    #[error(
        "other users can {access} the data directory {} (mode {mode:04o}); run `chmod 700 {}`, or choose another with --data-dir",
        path.display(), path.display()
    )]
    Open { path: PathBuf, mode: u32, access: &'static str },
}

/// Makes what this process creates from now on its user's alone. To be called while the process has one thread.
pub fn keep_files_private() {
    umask(Mode::from_bits_truncate(GROUP_AND_OTHERS));
}

/// As [`open`], for a command that works on what a host has made: a directory that is missing stays so, since its name is misspelt,
/// or the command was started elsewhere.
///
/// # Errors
/// There is none, or as for [`open`].
pub fn find(path: &Path) -> Result<(), DataDirError> {
    match fs::symlink_metadata(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(DataDirError::Missing { path: path.to_owned() })
        }
        _ => open(path),
    }
}

/// Makes the directory if it is missing, and makes sure that it is closed to other users.
///
/// # Errors
/// It is no directory, cannot be made, belongs to another user, or is open to others and not of the host's making.
pub fn open(path: &Path) -> Result<(), DataDirError> {
    if let Ok(found) = fs::symlink_metadata(path)
        && !path.is_dir()
    {
        let what = if found.is_symlink() { "a link that leads to no directory" } else { "a file" };
        return Err(DataDirError::NoDirectory { path: path.to_owned(), what });
    }
    let made = DirBuilder::new().recursive(true).mode(DIRECTORY).create(path).and_then(|()| fs::metadata(path));
    let metadata = made.map_err(|source| DataDirError::Make { path: path.to_owned(), source })?;
    if metadata.uid() != geteuid().as_raw() {
        return Err(DataDirError::Owner { path: path.to_owned(), owner: metadata.uid() });
    }
    let mode = metadata.mode() & MODE_BITS;
    if mode & GROUP_AND_OTHERS == 0 || (mode == PASSED_BY_GROUP && metadata.gid() == NOGROUP) {
        return Ok(());
    }
    // What others could write may be theirs.
    if mode & GROUP_OR_OTHERS_WRITE != 0 || !is_of_a_host(path) {
        let access = if mode & GROUP_OR_OTHERS_WRITE == 0 { "enter" } else { "write to" };
        return Err(DataDirError::Open { path: path.to_owned(), mode, access });
    }
    close(path, &metadata).map_err(|source| DataDirError::Close { path: path.to_owned(), source })?;
    tracing::warn!(
        data_dir = %path.display(),
        "an earlier version made the data directory readable for other users; it is closed to them now"
    );
    Ok(())
}

/// Whether a host has worked in the directory, and nothing else is in it.
fn is_of_a_host(path: &Path) -> bool {
    let Ok(entries) = fs::read_dir(path) else { return false };
    let mut is_empty = true;
    let all_ours = entries.flatten().all(|entry| {
        is_empty = false;
        let name = entry.file_name().to_string_lossy().into_owned();
        OURS.contains(&name.as_str()) || name.starts_with("postgres.")
    });
    all_ours && !is_empty
}

/// The directory first: from then on others reach nothing below it.
fn close(path: &Path, metadata: &Metadata) -> io::Result<()> {
    let owner = geteuid().as_raw();
    if metadata.uid() != owner || metadata.is_symlink() {
        // PostgreSQL's, where it runs as `nobody`.
        return Ok(());
    }
    if metadata.is_dir() {
        fs::set_permissions(path, Permissions::from_mode(DIRECTORY))?;
        for entry in fs::read_dir(path)? {
            let path = entry?.path();
            close(&path, &fs::symlink_metadata(&path)?)?;
        }
    } else if metadata.mode() & GROUP_AND_OTHERS != 0 {
        fs::set_permissions(path, Permissions::from_mode(FILE))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::chown;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & MODE_BITS
    }

    fn folder(parent: &Path, name: &str, mode: u32) -> PathBuf {
        let path = parent.join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_missing_directory_is_made_for_its_owner_alone() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        open(&path).unwrap();
        open(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
    }

    #[test]
    fn a_command_makes_no_directory_that_is_missing_and_says_how_to_mend_it() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [parent.path().join("a/b"), parent.path().join("a"), file.join("data")] {
            let line = find(&path).unwrap_err().to_string();
            assert!(line.starts_with(&format!("there is no data directory {};", path.display())), "{line}");
            assert!(line.contains("--data-dir") && line.contains("`mindflow up`"), "{line}");
        }
        assert!(!parent.path().join("a").exists());
        find(&folder(parent.path(), "data", 0o700)).unwrap();
        assert!(matches!(find(&file), Err(DataDirError::NoDirectory { .. })));
    }

    #[test]
    fn a_file_or_a_link_to_nothing_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let (file, link) = (parent.path().join("file"), parent.path().join("link"));
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(parent.path().join("missing"), &link).unwrap();
        assert!(open(&file).unwrap_err().to_string().contains("file is a file; choose another with --data-dir"));
        assert!(open(&link).unwrap_err().to_string().contains("a link that leads to no directory"));
    }

    #[test]
    fn a_directory_that_others_can_enter_is_refused_with_the_mend() {
        let parent = tempfile::tempdir().unwrap();
        for (bits, access) in
            [(0o755, "enter"), (0o750, "enter"), (0o701, "enter"), (0o770, "write to"), (0o777, "write to")]
        {
            let path = folder(parent.path(), &format!("{bits:o}"), bits);
            let line = open(&path).unwrap_err().to_string();
            assert!(line.contains(&format!("chmod 700 {}", path.display())) && line.contains(access), "{line}");
            assert_eq!(mode(&path), bits, "nothing was changed");
        }
    }

    #[test]
    fn what_an_earlier_version_has_made_is_closed_with_everything_in_it() {
        let parent = tempfile::tempdir().unwrap();
        let path = folder(parent.path(), "data", 0o755);
        let mail = folder(&path, "mail", 0o755);
        fs::write(mail.join("1.eml"), "a secret").unwrap();
        fs::set_permissions(mail.join("1.eml"), Permissions::from_mode(0o644)).unwrap();
        fs::write(path.join("postgres.log"), "").unwrap();
        open(&path).unwrap();
        let modes = [&path, &mail, &mail.join("1.eml"), &path.join("postgres.log")].map(|path| mode(path));
        assert_eq!(modes, [0o700, 0o700, 0o600, 0o600]);
    }

    #[test]
    fn a_directory_of_an_earlier_version_is_refused_where_others_could_have_written_or_something_else_lies_in_it() {
        let parent = tempfile::tempdir().unwrap();
        for (name, bits, file) in [("a", 0o777, "control.sock"), ("b", 0o755, "thesis.tex")] {
            let path = folder(parent.path(), name, bits);
            fs::write(path.join("control.sock"), "").unwrap();
            fs::write(path.join(file), "").unwrap();
            assert!(matches!(open(&path), Err(DataDirError::Open { .. })), "{name}");
        }
    }

    #[test]
    fn the_directory_of_another_user_is_refused() {
        if !geteuid().is_root() {
            eprintln!("skipped: only root can give a directory away");
            return;
        }
        let parent = tempfile::tempdir().unwrap();
        let path = folder(parent.path(), "data", 0o700);
        chown(&path, Some(NOGROUP), None).unwrap();
        let line = open(&path).unwrap_err().to_string();
        assert!(line.contains("belongs to another user (uid 65534)") && line.contains("--data-dir"), "{line}");
    }

    #[test]
    fn the_group_of_an_unprivileged_server_may_pass() {
        if !geteuid().is_root() {
            eprintln!("skipped: only root can give a directory to a group");
            return;
        }
        let parent = tempfile::tempdir().unwrap();
        let path = folder(parent.path(), "data", 0o710);
        assert!(open(&path).is_err());
        chown(&path, None, Some(NOGROUP)).unwrap();
        open(&path).unwrap();
    }
}
