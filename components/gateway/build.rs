//! Names this build by the digest of its sources, and hands GraphiQL's bundle, which `cargo xtask build` makes, to the
//! page that serves it. A plain `cargo check`
//! or `cargo test` needs no bundle: without one both files are empty, and the page says how to make it.

use sha2::{Digest, Sha256};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const FILES: [&str; 2] = ["graphiql.js.gz", "graphiql.css.gz"];

/// What the build's answers depend on.
const SOURCES: [&str; 5] = ["src", "../../guest/src", "../../events/src", "../../wit", "../../Cargo.lock"];

/// Of a digest: enough for no two bundles or builds to share one.
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
    println!("cargo::rustc-env=GRAPHIQL_VERSION={}", version(digest));

    let mut digest = Sha256::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        for file in files_under(&Path::new(&env::var("CARGO_MANIFEST_DIR")?).join(source))? {
            digest.update(fs::read(file)?);
        }
    }
    println!("cargo::rustc-env=GATEWAY_BUILD={}", version(digest));
    Ok(())
}

fn version(digest: Sha256) -> String {
    let digest = digest.finalize();
    hex::encode(digest.get(..VERSION_BYTES).unwrap_or(&digest))
}

/// The file, or those of the folder in the order of their paths.
fn files_under(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        files.extend(files_under(&entry?.path())?);
    }
    files.sort();
    Ok(files)
}
