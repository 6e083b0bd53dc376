//! One guest with an adapter of its own, which knows it by what a story grants it.

use mindflow_tests::components;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, plug};

const SERVICE: &str = "mindflow:spin/service@0.1.0";

/// The composed file of a guest for tests. Stories with the same grants share a name.
pub fn probe(guest: &str, story: &str, manifest: &Value) -> PathBuf {
    let read = |file: &str| fs::read(components().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let manifest = wat::parse_str(manifest_text(&manifest.to_string())).expect("a component that names the service");
    let adapter = join("manifest", &manifest, "adapter", &read("spin/platform.wasm"));
    let composed = join("adapter", &adapter, "probe", &read(&format!("test/{guest}.wasm")));
    let folder = components().join("test/composed");
    fs::create_dir_all(&folder).expect("a folder for what is composed");
    let file = folder.join(format!("{story}.wasm"));
    // Stories with the same grants may share a name; another process may be reading the file.
    if fs::read(&file).is_ok_and(|there| there == composed) {
        return file;
    }
    let written = folder.join(format!("{story}.{}", std::process::id()));
    fs::write(&written, composed).expect("the composed file is written");
    fs::rename(written, &file).expect("it is put in its place");
    file
}

/// Gives what the first exports to the second.
fn join(plug_name: &str, plugged: &[u8], socket_name: &str, socket: &[u8]) -> Vec<u8> {
    let mut graph = CompositionGraph::new();
    let mut register = |name: &str, bytes: &[u8]| {
        let package = Package::from_bytes(name, None, bytes, graph.types_mut()).expect("a component");
        graph.register_package(package).expect("registered once")
    };
    let (plugged, socket) = (register(plug_name, plugged), register(socket_name, socket));
    plug(&mut graph, vec![plugged], socket).expect("they fit");
    graph.encode(EncodeOptions::default()).expect("a composition")
}

fn manifest_text(json: &str) -> String {
    let length = u32::try_from(json.len()).expect("short").to_le_bytes();
    let bytes = [8, 0, 0, 0].into_iter().chain(length).chain(json.bytes());
    let data = bytes.fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\{byte:02x}");
        text
    });
    format!(
        r#"(component
          (core module $text
            (memory (export "memory") 1)
            (data (i32.const 0) "{data}")
            (func (export "manifest") (result i32) i32.const 0))
          (core instance $text (instantiate $text))
          (func $manifest (result string) (canon lift (core func $text "manifest") (memory $text "memory")))
          (instance $service (export "manifest" (func $manifest)))
          (export "{SERVICE}" (instance $service)))"#
    )
}
