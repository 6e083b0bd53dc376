//! Hands GraphiQL's bundle, which `cargo xtask build` makes, to the page that serves it. A plain `cargo check`
//! or `cargo test` needs no bundle: without one both files are empty, and the page says how to make it.

use sha2::{Digest, Sha256};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

const FILES: [&str; 2] = ["graphiql.js.gz", "graphiql.css.gz"];

/// Of the digest that stands in the files' addresses: enough for no two bundles to share one.
const VERSION_BYTES: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let bundle = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../target/graphiql");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // The folder rather than the files: cargo takes a missing path for a change, each time.
    fs::create_dir_all(&bundle)?;
    println!("cargo::rerun-if-changed={}", bundle.display());
    println!("cargo::rerun-if-changed=build.rs");

    let files: Vec<Vec<u8>> = FILES.iter().filter_map(|name| fs::read(bundle.join(name)).ok()).collect();
    let whole = files.len() == FILES.len();
    let mut digest = Sha256::new();
    for (index, name) in FILES.into_iter().enumerate() {
        let bytes = files.get(index).filter(|_| whole).map(Vec::as_slice).unwrap_or_default();
        digest.update(bytes);
        fs::write(out.join(name), bytes)?;
    }
    let digest = digest.finalize();
    let version = hex::encode(digest.get(..VERSION_BYTES).unwrap_or(&digest));
    println!("cargo::rustc-env=GRAPHIQL_VERSION={version}");
    Ok(())
}
