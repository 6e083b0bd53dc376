//! Puts the client's files into the component: those that `web/dist/files.json` lists, which the client's build writes last. Without
//! it the component is built all the same, and has a page that says what is missing.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const LIST: &str = "files.json";
/// Of a digest: enough for no two files to share one.
const TAG_BYTES: usize = 16;
/// What no directive of the policy may let in.
const TOO_WIDE: [&str; 5] = ["'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "'nonce-", "*"];

/// What the client's build says of itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    files: Vec<Listed>,
    /// Sources by directive, in addition to those of `src/policy.rs`.
    #[serde(default)]
    policy: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    /// Below the folder, with slashes.
    path: String,
    #[serde(rename = "type")]
    content_type: String,
    /// Whether its name changes with its bytes.
    immutable: bool,
    /// Whether `PATH.br` and `PATH.gz` are beside it.
    #[serde(default)]
    br: bool,
    #[serde(default)]
    gz: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let dist = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../web/dist");
    let out = PathBuf::from(env::var("OUT_DIR")?).join("client.rs");
    println!("cargo::rerun-if-changed=build.rs");
    // The folder rather than the files: cargo takes a missing path for a change, each time.
    fs::create_dir_all(&dist)?;
    let dist = dist.canonicalize()?;
    println!("cargo::rerun-if-changed={}", dist.display());
    let list = match fs::read(dist.join(LIST)) {
        Ok(list) => list,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(fs::write(out, "pub static CLIENT: Option<Client> = None;\n")?);
        }
        Err(error) => return Err(error.into()),
    };
    let named = |error: Box<dyn Error>| format!("web/dist/{LIST}: {error}");
    let list: List = serde_json::from_slice(&list).map_err(|error| named(error.into()))?;
    Ok(fs::write(out, client(&dist, list).map_err(named)?)?)
}

/// The client as a static of Rust.
fn client(dist: &Path, List { mut files, policy }: List) -> Result<String, Box<dyn Error>> {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if !files.iter().any(|file| file.path == "index.html") {
        return Err("files: index.html must be among them".into());
    }
    let mut code = String::from("pub static CLIENT: Option<Client> = Some(Client {\n    files: &[\n");
    for file in &files {
        file_code(dist, file, &mut code).map_err(|error| format!("files: {}: {error}", file.path))?;
    }
    code.push_str("    ],\n    policy: &[\n");
    for (directive, sources) in &policy {
        if let Some(wide) = sources.iter().find(|source| TOO_WIDE.iter().any(|wide| source.starts_with(wide))) {
            return Err(format!("policy: {directive} may not have {wide}: name hashes or origins").into());
        }
        writeln!(code, "        ({directive:?}, &{sources:?}),")?;
    }
    code.push_str("    ],\n});\n");
    Ok(code)
}

fn file_code(dist: &Path, file: &Listed, code: &mut String) -> Result<(), Box<dyn Error>> {
    let Listed { path, content_type, immutable, br, gz } = file;
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("path must lead to a file below web/dist".into());
    }
    let place = |suffix: &str| dist.join(format!("{path}{suffix}"));
    let digest = Sha256::digest(fs::read(place(""))?);
    let tag = hex::encode(digest.get(..TAG_BYTES).unwrap_or(&digest));
    let include = |suffix: &str| -> Result<String, Box<dyn Error>> {
        let file = place(suffix);
        if !file.is_file() {
            return Err(format!("there is no {}", file.display()).into());
        }
        Ok(format!("include_bytes!({file:?})"))
    };
    let stored = match (br, gz) {
        (true, true) => format!("Stored::Packed {{ brotli: {}, gzip: {} }}", include(".br")?, include(".gz")?),
        (false, false) => format!("Stored::Plain({})", include("")?),
        _ => return Err("br and gz must both be there, or neither".into()),
    };
    writeln!(
        code,
        "        File {{ path: {path:?}, content_type: {content_type:?}, immutable: {immutable}, tag: {tag:?}, stored: {stored} }},"
    )?;
    Ok(())
}
