//! Goal: another user of the machine reads nothing of the platform and commands nothing. Method: hosts started with every umask
//! open, a walk over what they made, directories that are open or another's, and a thread of the test that becomes another user.

use crate::media::{small_png, upload};
use crate::trouble_kit::{assert_says, refusal, start_refused};
use mindflow_tests::{Platform, eventually};
use rustix::fs::Mode;
use rustix::process::{Gid, Uid, geteuid, umask};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};
use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// `nobody`, as every distribution numbers it.
const OTHER_USER: u32 = 65_534;

/// Runs on a thread that is another user from its start to its end.
fn as_another_user<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::spawn(move || {
        set_thread_groups(&[]).expect("no groups");
        set_thread_gid(Gid::from_raw(OTHER_USER)).expect("its group");
        set_thread_uid(Uid::from_raw(OTHER_USER)).expect("its user");
        work()
    });
    thread.join().expect("no panic")
}

/// Whether the test can be another user.
fn may_become_another_user() -> bool {
    let may = geteuid().is_root();
    if !may {
        eprintln!("skipped: only root can become another user");
    }
    may
}

/// The directory, and everything below it.
fn walk(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        // What PostgreSQL removes meanwhile is not there for others either.
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            found.extend(walk(&entry.path()));
        }
    }
    found
}

/// Asserts that nothing at the path or below is open to another user.
#[track_caller]
fn assert_closed(path: &Path) {
    for path in walk(path) {
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        let mode = metadata.mode() & 0o777;
        let kind = metadata.file_type();
        // PostgreSQL's socket has a run bit, which means nothing for one.
        let owner = if kind.is_dir() || kind.is_socket() { 0o700 } else { 0o600 };
        // Where no user namespace can be made, PostgreSQL runs as `nobody`, and its group may pass.
        let (as_another_user, group) =
            (geteuid().is_root(), if kind.is_dir() && metadata.gid() == OTHER_USER { 0o010 } else { 0 });
        assert_eq!(mode & !(owner | group), 0, "{}: {mode:o}", path.display());
        let uid = metadata.uid();
        assert!(uid == geteuid().as_raw() || (as_another_user && uid == OTHER_USER), "{}: {uid}", path.display());
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("its mode");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_host_makes_is_for_another_user_whatever_the_umask() {
    umask(Mode::empty());
    let mut platform = Platform::embedded().prepare().await;
    let data = platform.data_dir();
    // The host makes it.
    fs::remove_dir(&data).expect("it is empty");
    platform.start().await;
    let ada = platform.register().await;
    upload(&ada, "a.png", &small_png()).await.expect(201);
    assert_eq!(platform.cli(&["archive", "export"]).await.code, Some(0));
    let holds_a_file = |folder: &str| {
        let folder = data.join(folder);
        async move { walk(&folder).iter().any(|path| path.is_file()).then_some(()) }
    };
    for folder in ["archive", "blob", "key-value", "mail", "postgres"] {
        eventually(&format!("a file in {folder}"), || holds_a_file(folder)).await;
    }
    assert_closed(&data);
    platform.stop().await;
    assert_closed(&data);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_that_others_can_enter_or_that_is_anothers_is_refused_with_the_mend() {
    let platform = Platform::services().env("RUST_LOG", "off").prepare().await;
    let data = platform.data_dir();
    for mode in [0o755, 0o770, 0o777] {
        set_mode(&data, mode);
        let mend = format!("run `chmod 700 {}`", data.display());
        for command in [&["up", "--listen", "127.0.0.1:0"][..], &["migrate"], &["keys", "rotate"]] {
            assert_says(&refusal(&platform, command).await, &["other users can", &mend, "--data-dir"]);
        }
        assert_eq!(walk(&data).len(), 1, "nothing was made in it");
    }
    set_mode(&data, 0o700);
    if may_become_another_user() {
        chown(&data, Some(OTHER_USER), None).expect("its owner");
        let line = start_refused(&platform).await;
        assert_says(&line, &[&data.display().to_string(), "belongs to another user (uid 65534)", "--data-dir"]);
        assert_says(&refusal(&platform, &["components", "list"]).await, &["belongs to another user (uid 65534)"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_of_an_earlier_version_is_closed_by_the_next_start() {
    let mut platform = Platform::services().prepare().await;
    let data = platform.data_dir();
    let mail = data.join("mail");
    fs::create_dir(&mail).expect("a folder");
    fs::write(mail.join("1.eml"), "Dear Ada").expect("a mail");
    for (path, mode) in [(&mail.join("1.eml"), 0o644), (&mail, 0o755), (&data, 0o755)] {
        set_mode(path, mode);
    }
    platform.start().await;
    assert_closed(&data);
    assert_says(&platform.log(), &["an earlier version made the data directory readable for other users"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_data_directory_with_a_long_path_the_sockets_lie_in_closed_directories_of_the_host() {
    let platform = Platform::embedded().data_dir(&"x".repeat(180)).start().await;
    let data = platform.data_dir();
    let listed = platform.cli(&["components", "list"]).await;
    assert!(listed.code == Some(0) && listed.stdout.contains("gateway"), "{listed:?}");
    assert!(fs::symlink_metadata(data.join("control.sock")).expect("the control socket").file_type().is_socket());
    assert_closed(&data);
    // The fifth line says where PostgreSQL has its socket.
    let lock = fs::read_to_string(data.join("postgres/postmaster.pid")).expect("the server's file");
    let folder = Path::new(lock.lines().nth(4).expect("a fifth line"));
    assert!(!folder.starts_with(&data), "the path is too long for PostgreSQL's socket");
    assert_closed(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_of_another_user_does_not_reach_the_control_socket_and_gets_no_answer_where_it_does() {
    if !may_become_another_user() {
        return;
    }
    let platform = Platform::services().start().await;
    let socket = platform.data_dir().join("control.sock");
    let path = socket.clone();
    let denied = as_another_user(move || UnixStream::connect(path).expect_err("it is closed").kind());
    assert_eq!(denied, ErrorKind::PermissionDenied);
    // Everything on the way is opened.
    for (path, mode) in [(&platform.path("."), 0o755), (&platform.data_dir(), 0o755), (&socket, 0o666)] {
        set_mode(path, mode);
    }
    let answer = as_another_user(move || {
        let mut stream = UnixStream::connect(socket).expect("it is open");
        let _ = stream.write_all(b"POST / HTTP/1.1\r\nhost: mindflow\r\ncontent-length: 12\r\n\r\n\"Components\"");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    });
    assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    assert_says(&platform.log(), &["a process of another user connected to the control socket"]);
    assert_eq!(platform.cli(&["components", "list"]).await.code, Some(0), "the host's own user is answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_not_given_to_a_process_of_another_user() {
    if !may_become_another_user() {
        return;
    }
    let platform = Platform::services().env("RUST_LOG", "off").prepare().await;
    let folder = tempfile::tempdir().expect("a folder");
    chown(folder.path(), Some(OTHER_USER), None).expect("its owner");
    let false_socket = folder.path().join("socket");
    let path = false_socket.clone();
    let listener = as_another_user(move || UnixListener::bind(path).expect("it listens"));
    fs::rename(&false_socket, platform.data_dir().join("control.sock")).expect("it takes the host's place");
    for command in [&["components", "list"][..], &["keys", "rotate"]] {
        let line = refusal(&platform, command).await;
        assert_says(&line, &["a process of another user (uid 65534) listens on the control socket", "--data-dir"]);
    }
    listener.set_nonblocking(true).expect("it does not wait");
    while let Ok((mut stream, _)) = listener.accept() {
        let mut request = Vec::new();
        stream.set_nonblocking(false).expect("it waits");
        stream.read_to_end(&mut request).expect("it was closed");
        assert!(request.is_empty(), "{}", String::from_utf8_lossy(&request));
    }
}
