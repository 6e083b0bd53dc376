//! Tells what texts mean, as vectors. A process of its own, which the host starts and watches: a model takes
//! memory and CPU that must not be the host's, and a fault of it ends nothing else.
//!
//! It answers `POST /v1/embeddings` as OpenAI's API does, on a unix socket, and ends when its standard input does.

mod api;
mod bert;
mod model;
mod pool;
mod weights;
mod word_piece;

use anyhow::{Context, Result};
use clap::Parser;
use std::{
    fs::File,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    thread,
};
use tokio::net::UnixListener;

#[derive(Parser)]
#[command(name = "mindflow-embedder", about = "Tells what texts mean, as vectors")]
struct Options {
    /// The folder with config.json, tokenizer.json and model.safetensors of a BERT sentence model
    #[arg(long)]
    model_dir: PathBuf,
    /// Where to listen
    #[arg(long)]
    socket: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    end_with_input();
    let model = model::Model::load(&options.model_dir)?;
    let name = options.model_dir.file_name().map_or_else(|| "local".into(), |name| name.to_string_lossy().into_owned());
    let worker = pool::Worker::start(model);
    let listener = listen(&options.socket).with_context(|| format!("cannot listen at {}", options.socket.display()))?;
    println!("ready");
    api::serve(listener, worker, name).await
}

/// The kernel takes at most 107 bytes as a socket's path, so the socket is named through its folder's descriptor.
fn listen(socket: &Path) -> Result<UnixListener> {
    let folder = File::open(socket.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new(".")))?;
    let name = socket.file_name().context("the path has no file name")?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
    // What a process that was killed left.
    let _ = std::fs::remove_file(&path);
    Ok(UnixListener::bind(&path)?)
}

/// The process that started this holds the other end of the standard input: when it closes, the process has ended,
/// however it did.
fn end_with_input() {
    thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[tokio::test]
    async fn a_socket_in_a_folder_with_a_long_path_is_listened_at() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("x".repeat(200));
        std::fs::create_dir(&folder).unwrap();
        for _ in 0..2 {
            let _listener = listen(&folder.join("socket")).unwrap();
            let opened = File::open(&folder).unwrap();
            UnixStream::connect(format!("/proc/self/fd/{}/socket", opened.as_raw_fd())).unwrap();
        }
    }
}
