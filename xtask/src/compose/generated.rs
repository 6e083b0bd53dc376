//! The small components that a composition needs and no package builds: who a service is, the types that all share, and
//! handlers that a service does not have.

use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::Path;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, TypeDefKind};

/// What the manifest of a service answers.
pub const SERVICE: &str = "mindflow:spin/service@0.1.0";

/// Where the text begins in the component's memory, behind the answer itself: its address and its length.
const TEXT: usize = 8;
const PAGE: usize = 65536;

/// A component that answers `manifest` with the given text and can do nothing else.
pub fn manifest(json: &str) -> Result<Vec<u8>> {
    wat::parse_str(manifest_text(json)).context("the component that names the service")
}

fn manifest_text(json: &str) -> String {
    let address = literal(&u32::try_from(TEXT).unwrap_or_default().to_le_bytes());
    let length = literal(&u32::try_from(json.len()).unwrap_or_default().to_le_bytes());
    let pages = (TEXT + json.len()).div_ceil(PAGE);
    let text = literal(json.as_bytes());
    format!(
        r#"(component
  (core module $text
    (memory (export "memory") {pages})
    (data (i32.const 0) "{address}{length}{text}")
    (func (export "manifest") (result i32) i32.const 0))
  (core instance $text (instantiate $text))
  (func $manifest (result string)
    (canon lift (core func $text "manifest") (memory $text "memory")))
  (instance $service (export "manifest" (func $manifest)))
  (export "{SERVICE}" (instance $service)))
"#
    )
}

/// Bytes between the quotation marks of WebAssembly's text format.
fn literal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'"' | b'\\' => _ = write!(text, "\\{byte:02x}"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => _ = write!(text, "\\{byte:02x}"),
        }
    }
    text
}

/// The WIT of what services share.
pub struct Vocabulary {
    resolve: Resolve,
}

// === impl Vocabulary ===

impl Vocabulary {
    pub fn read(root: &Path) -> Result<Self> {
        let mut resolve = Resolve::new();
        for path in ["wit/platform", "wit/services/journal.wit"] {
            resolve.push_path(root.join(path)).with_context(|| format!("read {path}"))?;
        }
        Ok(Self { resolve })
    }

    /// A component that exports every interface that consists of types. Such an interface has no provider, and yet a file
    /// for Spin must not import it.
    pub fn types(&self) -> Result<Vec<u8>> {
        let interfaces = self.resolve.interfaces.iter().filter(|(_, interface)| {
            let mut types =
                interface.types.values().filter_map(|id| self.resolve.types.get(*id)).map(|found| &found.kind);
            interface.functions.is_empty() && types.all(|kind| *kind != TypeDefKind::Resource)
        });
        let exports: Vec<String> = interfaces.filter_map(|(id, _)| self.resolve.id_of(id)).collect();
        self.component("(module)", exports.iter().map(String::as_str)).context("the component of the shared types")
    }

    /// A component that exports the handlers that the adapter `trigger` calls, and answers each call with an error.
    pub fn absent_handlers(&self) -> Result<Vec<u8>> {
        self.component(ABSENT_HANDLERS, HANDLERS.iter().copied()).context("the component of the absent handlers")
    }

    fn component<'a>(&self, module: &str, exports: impl Iterator<Item = &'a str>) -> Result<Vec<u8>> {
        let mut world = "package mindflow:generated;\nworld generated {\n".to_owned();
        exports.for_each(|interface| _ = writeln!(world, "  export {interface};"));
        world.push('}');
        let mut resolve = self.resolve.clone();
        let package = resolve.push_source("generated.wit", &world)?;
        let world = resolve.select_world(&[package], None)?;
        let mut module = wat::parse_str(module)?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
        ComponentEncoder::default().module(&module)?.encode()
    }
}

/// What the adapter `trigger` calls of a service.
pub const HANDLERS: [&str; 3] = [
    "mindflow:platform/subscriber@0.1.0",
    "mindflow:platform/batch-subscriber@0.1.0",
    "mindflow:platform/schedule-handler@0.1.0",
];

/// What comes in is not read, so all of it is laid to the same place, behind the answers. `failure.retry` is the answer to
/// events, so that none becomes a dead letter for it.
const ABSENT_HANDLERS: &str = r#"(module
  (memory (export "memory") 1)
  ;; 0: an error, of the case `retry`, with the text at 64 and no time. 32: an error with the text at 64.
  (data (i32.const 0) "\01\00\00\00\00\00\00\00\40\00\00\00\25\00\00\00\00")
  (data (i32.const 32) "\01\00\00\00\40\00\00\00\25\00\00\00")
  (data (i32.const 64) "the service does not export a handler")
  (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
    (local $missing i32)
    (local.set $missing
      (i32.sub
        (i32.shr_u (i32.add (local.get $size) (i32.const 66559)) (i32.const 16))
        (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1)) (then unreachable))))
    i32.const 1024)
  (func (export "mindflow:platform/subscriber@0.1.0#handle") (param i32) (result i32) i32.const 0)
  (func (export "mindflow:platform/batch-subscriber@0.1.0#handle-batch") (param i32 i32 i32 i32) (result i32) i32.const 0)
  (func (export "mindflow:platform/schedule-handler@0.1.0#run") (param i32 i32 i64 i32 i32) (result i32) i32.const 32))
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use wac_graph::types::{Package, Types};

    fn names(component: Vec<u8>) -> (Vec<String>, Vec<String>) {
        let mut types = Types::default();
        let package = Package::from_bytes("generated", None, component, &mut types).unwrap();
        let world = &types[package.ty()];
        (world.imports.keys().cloned().collect(), world.exports.keys().cloned().collect())
    }

    fn vocabulary() -> Vocabulary {
        Vocabulary::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
    }

    #[test]
    fn a_manifest_imports_nothing_and_holds_any_text() {
        let text = format!("{{\"quoted\\\\\": \"\u{1f9d8}\n{}\"}}", "long ".repeat(30_000));
        assert_eq!(names(manifest(&text).unwrap()), (vec![], vec![SERVICE.to_owned()]));
    }

    #[test]
    fn the_shared_types_are_exported_and_need_nothing() {
        let (imports, exports) = names(vocabulary().types().unwrap());
        assert_eq!(imports, [""; 0]);
        for interface in ["platform/call", "platform/events", "platform/websocket", "journal/types"] {
            let interface = format!("mindflow:{interface}@0.1.0");
            assert!(exports.contains(&interface), "{interface} is not in {exports:?}");
        }
        assert!(!exports.iter().any(|interface| interface.contains("/sql@") || interface.contains("/blob@")));
    }

    #[test]
    fn absent_handlers_need_types_alone() {
        let (imports, mut exports) = names(vocabulary().absent_handlers().unwrap());
        assert_eq!(imports, ["mindflow:platform/events@0.1.0"]);
        exports.sort();
        let mut handlers = HANDLERS;
        handlers.sort_unstable();
        assert_eq!(exports, handlers);
    }

    #[test]
    fn the_text_of_the_answer_has_the_length_that_it_says() {
        assert_eq!("the service does not export a handler".len(), 0x25);
    }
}
