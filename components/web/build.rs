//! Puts the client's files into the component: those that `web/dist/files.json` lists, which the client's build writes last. Without
//! it the component is built all the same, and has a page that says what is missing.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const LIST: &str = "files.json";
/// Of a digest: enough for no two files to share one.
const TAG_DIGITS: usize = 32;
/// What no directive of the policy may let in.
const TOO_WIDE: [&str; 5] = ["'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "'nonce-", "*"];

/// What the client's build says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    index: String,
    content_security_policy: String,
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    /// As clients ask for it.
    path: String,
    #[serde(rename = "type")]
    content_type: String,
    /// Whether its name changes with its bytes.
    immutable: bool,
    /// Of its bytes as they are, hexadecimal.
    sha256: String,
    encodings: Vec<Encoded>,
}

/// The same, compressed, in a file next to it.
#[derive(Deserialize)]
struct Encoded {
    encoding: String,
    suffix: String,
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
fn client(dist: &Path, list: List) -> Result<String, Box<dyn Error>> {
    let List { index, content_security_policy: policy, mut files } = list;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if !files.iter().any(|file| file.path == index) {
        return Err(format!("index: {index} is not among the files").into());
    }
    if let Some(wide) = policy.split([' ', ';']).find(|source| TOO_WIDE.iter().any(|wide| source.starts_with(wide))) {
        return Err(format!("contentSecurityPolicy: it may not have {wide}: name hashes or origins").into());
    }
    let mut code =
        format!("pub static CLIENT: Option<Client> = Some(Client {{\n    index: {index:?},\n    policy: {policy:?},\n");
    code.push_str("    files: &[\n");
    for file in &files {
        file_code(dist, file, &mut code).map_err(|error| format!("files: {}: {error}", file.path))?;
    }
    code.push_str("    ],\n});\n");
    Ok(code)
}

fn file_code(dist: &Path, file: &Listed, code: &mut String) -> Result<(), Box<dyn Error>> {
    let Listed { path, content_type, immutable, sha256, encodings } = file;
    let below = path.strip_prefix('/').unwrap_or_default();
    if below.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("path must be a slash and a path below web/dist".into());
    }
    if hex::encode(Sha256::digest(fs::read(dist.join(below))?)) != *sha256 {
        return Err("it is not the file that was listed; build the client again".into());
    }
    let tag = sha256.get(..TAG_DIGITS).unwrap_or(sha256);
    let include = |suffix: &str| format!("Some(include_bytes!({:?}))", dist.join(format!("{below}{suffix}")));
    let form = |encoding: &str| {
        let found = encodings.iter().find(|encoded| encoded.encoding == encoding);
        found.map_or_else(|| "None".to_owned(), |encoded| include(&encoded.suffix))
    };
    let (brotli, gzip) = (form("br"), form("gzip"));
    // What can be unpacked is not needed twice.
    let plain = if gzip == "None" { include("") } else { "None".to_owned() };
    writeln!(
        code,
        "        File {{ path: {path:?}, content_type: {content_type:?}, immutable: {immutable}, tag: {tag:?}, \
         plain: {plain}, brotli: {brotli}, gzip: {gzip} }},"
    )?;
    Ok(())
}
