//! Compiled components, kept for all test processes: compiling what is composed takes a debug build of Wasmtime a minute.

use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Below the folder of what is compiled.
const FOLDER: &str = "compiled";

/// Loads the component; the first process that needs it compiles it, and others wait for that.
pub(super) fn load(engine: &Engine, source: &Path) -> Component {
    let bytes = fs::read(source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    let folder = source.parent().expect("a folder").join(FOLDER);
    fs::create_dir_all(&folder).expect("a folder for what is compiled");
    let name = source.file_stem().expect("a name").to_str().expect("UTF-8");
    // One file of a name: what it was before is of no use to anyone.
    let (code, key) = (folder.join(format!("{name}.cwasm")), folder.join(format!("{name}.key")));
    let lock = File::options().create(true).append(true).open(folder.join(format!("{name}.lock"))).expect("a lock");
    lock.lock().expect("the lock is to be had");
    let wanted = format!("{} {:016x}", hex::encode(Sha256::digest(&bytes)), compatibility(engine));
    if fs::read_to_string(&key).is_ok_and(|found| found == wanted) {
        return map(engine, &code);
    }
    let compiled = engine.precompile_component(&bytes);
    let compiled = compiled.unwrap_or_else(|error| panic!("{} is no component for Spin: {error:?}", source.display()));
    // Another process may have mapped the former file: it is replaced, not written over.
    let _ = fs::remove_file(&key);
    let written = folder.join(format!("{name}.new"));
    fs::write(&written, compiled).expect("the code is written");
    fs::rename(&written, &code).expect("the code is put in its place");
    fs::write(&key, wanted).expect("its key is written");
    map(engine, &code)
}

fn map(engine: &Engine, code: &Path) -> Component {
    // SAFETY: a process with this engine has written it, under the lock that is held now.
    #[expect(unsafe_code, reason = "the only way to map compiled code")]
    let loaded = unsafe { Component::deserialize_file(engine, code) };
    loaded.unwrap_or_else(|error| panic!("{}: {error:?}", code.display()))
}

fn compatibility(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}
