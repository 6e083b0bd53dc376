//! The plugin `mindflow` of the command `spin`, so that `spin mindflow up --watch` starts this host: an archive with the host's
//! program, and the manifest that `spin plugins install --file` reads. Spin 4.1 takes the program from the root of the archive by the
//! plugin's name, hands all further arguments on, and keeps the working directory (crates/plugins and src/commands/external.rs).

use crate::cargo::{cargo, succeed};
use crate::workspace::{HOST, Workspace};
use anyhow::{Context, Result, bail};
use clap::Args;
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::env::consts;
use std::fs;
use std::path::{Path, PathBuf};

/// Nothing of Spin is called but its start of a program, which is the same in all of these versions.
const SPIN: &str = ">=2.0, <5.0";
const RUN_BITS: u32 = 0o755;

#[derive(Args)]
pub struct PluginArgs {
    /// The host's program, if it is not to be built
    #[arg(long, value_name = "FILE")]
    host: Option<PathBuf>,
    /// Where the archive will be downloaded from; its place on this machine when absent
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// What Spin reads. All keys but `description` and `homepage` are required.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    name: &'static str,
    description: &'static str,
    version: &'static str,
    spin_compatibility: &'static str,
    license: &'static str,
    packages: [Package; 1],
}

#[derive(Serialize)]
struct Package {
    os: &'static str,
    arch: &'static str,
    url: String,
    sha256: String,
}

pub fn make(workspace: &Workspace, args: &PluginArgs) -> Result<()> {
    let program = match &args.host {
        Some(program) => program.clone(),
        None => build(workspace)?,
    };
    let manifest = write(&program, &workspace.target().join("plugin"), args.url.as_deref())?;
    println!("plugin: run `spin plugins install --yes --file {}`, then `spin mindflow up --watch`", manifest.display());
    Ok(())
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut build = cargo(&workspace.root);
    succeed(build.args(["build", "--release", "--package", HOST, "--bin", HOST]), "the build of the host")?;
    Ok(workspace.target().join("release").join(HOST))
}

/// The manifest's path, with the archive next to it.
pub fn write(program: &Path, folder: &Path, url: Option<&str>) -> Result<PathBuf> {
    let (os, arch) = (os(consts::OS)?, arch(consts::ARCH)?);
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let folder = folder.canonicalize().with_context(|| format!("find {}", folder.display()))?;
    let bytes = archive(program)?;
    let file = folder.join(format!("{HOST}-{os}-{arch}.tar.gz"));
    fs::write(&file, &bytes).with_context(|| format!("write {}", file.display()))?;
    let manifest = Manifest {
        name: HOST,
        description: "Runs the application on the MindFlow host: WebSocket, drained stops, swaps under load",
        version: env!("CARGO_PKG_VERSION"),
        spin_compatibility: SPIN,
        license: "Apache-2.0",
        packages: [Package {
            os,
            arch,
            url: url.map_or_else(|| format!("file://{}", file.display()), ToOwned::to_owned),
            sha256: hex::encode(Sha256::digest(&bytes)),
        }],
    };
    let path = folder.join(format!("{HOST}.json"));
    fs::write(&path, serde_json::to_vec_pretty(&manifest)?).with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}

/// The program alone, under the plugin's name.
fn archive(program: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(program).with_context(|| format!("read {}", program.display()))?;
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(RUN_BITS);
    archive.append_data(&mut header, HOST, bytes.as_slice()).context("pack the program")?;
    archive.into_inner().and_then(GzEncoder::finish).context("pack the program")
}

/// Spin's names, which are not all Rust's.
fn os(rust: &str) -> Result<&'static str> {
    Ok(match rust {
        "linux" => "linux",
        "macos" => "macos",
        other => bail!("the host does not run on {other}"),
    })
}

fn arch(rust: &str) -> Result<&'static str> {
    Ok(match rust {
        "x86_64" => "amd64",
        "aarch64" => "aarch64",
        other => bail!("Spin knows no plugins for {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::io::Read;

    #[test]
    fn a_plugin_is_a_manifest_with_all_that_spin_reads_and_an_archive_that_fits_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("built");
        fs::write(&program, "a program").unwrap();
        let path = write(&program, &folder.path().join("plugin"), None).unwrap();
        let manifest: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        for key in ["name", "version", "spinCompatibility", "license"] {
            assert!(manifest[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {manifest}");
        }
        let package = &manifest["packages"][0];
        assert!(package["os"].is_string() && package["arch"].is_string(), "{package}");
        let file = package["url"].as_str().unwrap().strip_prefix("file://").unwrap();
        let bytes = fs::read(file).unwrap();
        assert_eq!(package["sha256"], hex::encode(Sha256::digest(&bytes)));

        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut names = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            assert_eq!(entry.header().mode().unwrap(), RUN_BITS);
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            assert_eq!(text, "a program");
            names.push(entry.path().unwrap().display().to_string());
        }
        assert_eq!(names, ["mindflow"]);
    }

    #[test]
    fn an_archive_may_be_downloaded_from_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("built");
        fs::write(&program, "a program").unwrap();
        let path = write(&program, folder.path(), Some("https://example.org/mindflow.tar.gz")).unwrap();
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains("\"https://example.org/mindflow.tar.gz\""), "{text}");
    }
}
