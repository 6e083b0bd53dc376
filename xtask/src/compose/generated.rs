//! The small components that a composition needs and no package builds: who a service is, the types that all share, and
//! handlers that a service does not have.

use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::Path;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, TypeDefKind};

/// What answers an adapter who its service is.
pub const SERVICE: &str = "mindflow:spin/service@0.1.0";

/// A text's address and its length, as the answer has them.
const ANSWER: usize = 8;
const PAGE: usize = 65536;

/// The manifests of all services of a file, in one component: its export [`manifest_name`] answers `manifest` with the text at that
/// place, and can do nothing else. A component for each would have a memory for each, of which Spin gives a file few.
pub fn manifests(texts: &[String]) -> Result<Vec<u8>> {
    wat::parse_str(manifests_text(texts)).context("the component that names the services")
}

/// An instance of the interface [`SERVICE`].
pub fn manifest_name(at: usize) -> String {
    format!("service{at}")
}

fn manifests_text(texts: &[String]) -> String {
    let (mut answers, mut functions, mut exports) = (String::new(), String::new(), String::new());
    let mut address = ANSWER * texts.len();
    for (at, text) in texts.iter().enumerate() {
        for number in [address, text.len()] {
            answers += &literal(&u32::try_from(number).unwrap_or_default().to_le_bytes());
        }
        let (answer, name) = (ANSWER * at, manifest_name(at));
        _ = writeln!(functions, r#"    (func (export "{at}") (result i32) i32.const {answer})"#);
        _ = writeln!(
            exports,
            r#"  (func $manifest{at} (result string) (canon lift (core func $texts "{at}") (memory $texts "memory")))
  (instance $service{at} (export "manifest" (func $manifest{at})))
  (export "{name}" (instance $service{at}))"#
        );
        address += text.len();
    }
    let pages = address.div_ceil(PAGE);
    let texts: String = texts.iter().map(|text| literal(text.as_bytes())).collect();
    format!(
        r#"(component
  (core module $texts
    (memory (export "memory") {pages})
    (data (i32.const 0) "{answers}{texts}")
{functions})
  (core instance $texts (instantiate $texts))
{exports})
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
    fn manifests_import_nothing_and_hold_any_text() {
        let text = format!("{{\"quoted\\\\\": \"\u{1f9d8}\n{}\"}}", "long ".repeat(30_000));
        let texts = [text, "{}".to_owned(), String::new()];
        let exports = ["service0", "service1", "service2"].map(str::to_owned).to_vec();
        assert_eq!(names(manifests(&texts).unwrap()), (vec![], exports));
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
