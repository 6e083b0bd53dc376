//! Compositions of components that are small enough to be written here.

use super::application::Application;
use super::generated::Vocabulary;
use super::plan::Composition;
use super::wiring::{Parts, compose};
use super::world;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use wasmtime::component::{Component, Linker, Val};
use wasmtime::{Config, Engine, Store};

/// An adapter whose `config` answers with what it knows of itself.
const PLATFORM: &str = r#"(component
  (import "mindflow:spin/service@0.1.0" (instance $service (export "manifest" (func (result string)))))
  (import "spin:redis/redis@3.0.0" (instance))
  (instance $config (export "get" (func $service "manifest")))
  (export "mindflow:platform/config@0.1.0" (instance $config)))"#;

/// Hands a schedule's run on, and says for whom it stands there.
const TRIGGER: &str = r#"(component
  (import "mindflow:spin/service@0.1.0" (instance $service (export "manifest" (func (result string)))))
  (import "mindflow:platform/schedule-handler@0.1.0" (instance $handler
    (type $o (record (field "schedule" string) (field "at" s64) (field "attempt" u32) (field "late" bool)))
    (export "occurrence" (type $occurrence (eq $o)))
    (type $answer (result (error string)))
    (export "run" (func async (param "occurrence" $occurrence) (result $answer)))))
  (alias export $handler "occurrence" (type $occurrence))
  (instance $exports
    (export "occurrence" (type $occurrence))
    (export "own" (func $service "manifest"))
    (export "run" (func $handler "run")))
  (export "wasi:http/handler@0.3.0" (instance $exports)))"#;

/// Answers with what its adapter says.
const AUTH: &str = r#"(component
  (import "mindflow:platform/config@0.1.0" (instance $config (export "get" (func (result string)))))
  (import "wasi:cli/exit@0.2.0" (instance))
  (instance $accounts (export "ask" (func $config "get")))
  (export "mindflow:auth/accounts@0.1.0" (instance $accounts))
  (instance $subscriber)
  (export "mindflow:platform/subscriber@0.1.0" (instance $subscriber)))"#;

/// Serves HTTP with what its own adapter says, and with what auth says.
const GATEWAY: &str = r#"(component
  (import "mindflow:platform/call@0.1.0" (instance
    (type $e (record (field "field" string) (field "message" string) (field "rule" string) (field "params" string)))
    (export "field-error" (type (eq $e)))))
  (import "mindflow:platform/config@0.1.0" (instance $config (export "get" (func (result string)))))
  (import "mindflow:auth/accounts@0.1.0" (instance $accounts (export "ask" (func (result string)))))
  (instance $exports (export "own" (func $config "get")) (export "other" (func $accounts "ask")))
  (export "wasi:http/handler@0.3.0" (instance $exports)))"#;

struct Workshop {
    manifest: String,
    services: BTreeMap<String, Vec<u8>>,
    platform: String,
}

impl Workshop {
    fn new(gateway: &str) -> Self {
        let manifest = r#"
            application.name = "diary"
            trigger.http = [{ route = "/...", component = "gateway" }]
            [component.gateway]
            source = "gateway.wasm"
            tool.mindflow = { calls = ["auth"], jwt = ["verify"] }
            [component.auth]
            source = "auth.wasm"
            tool.mindflow = { jwt = ["sign"], subscriptions = [{ events = ["Written"] }] }
        "#;
        let services = [("gateway", gateway), ("auth", AUTH)];
        Self {
            manifest: manifest.to_owned(),
            services: services.map(|(name, text)| (name.to_owned(), wat::parse_str(text).unwrap())).into(),
            platform: PLATFORM.to_owned(),
        }
    }

    fn compose(self, name: &str) -> anyhow::Result<Vec<u8>> {
        let application = Application::parse(&self.manifest, Path::new("")).unwrap();
        let vocabulary = Vocabulary::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
        let parts = Parts {
            services: self.services,
            platform: wat::parse_str(self.platform).unwrap(),
            trigger: wat::parse_str(TRIGGER).unwrap(),
            types: vocabulary.types().unwrap(),
            absent_handlers: vocabulary.absent_handlers().unwrap(),
        };
        let composition = Composition::select(&application, &[name.to_owned()]).unwrap().remove(0);
        compose(&application, &composition, &parts)
    }
}

fn engine() -> Engine {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    Engine::new(&config).unwrap()
}

/// What a function of the composed file's handler answers.
fn call(composed: &[u8], function: &str, arguments: &[Val]) -> Val {
    let engine = engine();
    let component = Component::new(&engine, composed).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&component).unwrap();
        let instance = linker.instantiate_async(&mut store, &component).await.unwrap();
        let handler = instance.get_export_index(&mut store, None, world::HANDLER).unwrap();
        let function = instance.get_export_index(&mut store, Some(&handler), function).unwrap();
        let function = instance.get_func(&mut store, function).unwrap();
        let mut results = [Val::Bool(false)];
        function.call_async(&mut store, arguments, &mut results).await.unwrap();
        let [result] = results;
        result
    })
}

fn manifest_of(composed: &[u8], function: &str) -> Value {
    let Val::String(text) = call(composed, function, &[]) else { panic!("{function} answers no text") };
    serde_json::from_str(&text).unwrap()
}

fn error_of(workshop: Workshop, name: &str) -> String {
    format!("{:#}", workshop.compose(name).unwrap_err())
}

#[test]
fn each_service_of_a_composition_has_a_name_and_grants_of_its_own() {
    let composed = Workshop::new(GATEWAY).compose("gateway").unwrap();
    world::check(&composed).unwrap();
    let (own, other) = (manifest_of(&composed, "own"), manifest_of(&composed, "other"));
    assert_eq!((&own["component"], &own["grants"]["jwt"]), (&"gateway".into(), &serde_json::json!(["verify"])));
    assert_eq!((&other["component"], &other["grants"]["jwt"]), (&"auth".into(), &serde_json::json!(["sign"])));
    assert_eq!(other["grants"]["subscriptions"][0]["name"], "auth");
    assert_eq!(other["exports"], serde_json::json!(["subscriber"]));
}

#[test]
fn the_manifests_of_all_services_share_a_memory() {
    let composed = Workshop::new(GATEWAY).compose("gateway").unwrap();
    let component = Component::new(&engine(), composed).unwrap();
    assert_eq!(component.resources_required().unwrap().num_memories, 1, "these services and their adapters have none");
}

#[test]
fn a_file_for_whose_services_spin_has_no_memories_is_refused() {
    let mut workshop = Workshop::new(GATEWAY);
    // Two with adapters and the manifests have five.
    let idle: Vec<String> = (0..28).map(|number| format!("idle{number}")).collect();
    let calls = format!("calls = [\"auth\", \"{}\"]", idle.join("\", \""));
    workshop.manifest = workshop.manifest.replace("calls = [\"auth\"]", &calls);
    for name in idle {
        workshop.manifest += &format!("[component.{name}]\nsource = \"i\"\ntool.mindflow = {{}}\n");
        workshop.services.insert(name, wat::parse_str("(component)").unwrap());
    }
    let error = error_of(workshop, "gateway");
    assert!(error.starts_with("`gateway` would have 33 memories, and Spin gives a component 32; "), "{error}");
}

#[test]
fn a_handler_that_a_service_does_not_export_answers_with_an_error() {
    let composed = Workshop::new(GATEWAY).compose("auth").unwrap();
    world::check(&composed).unwrap();
    assert_eq!(manifest_of(&composed, "own")["component"], "auth");
    let field = |name: &str, value| (name.to_owned(), value);
    let occurrence = Val::Record(vec![
        field("schedule", Val::String("s".repeat(200_000))),
        field("at", Val::S64(1)),
        field("attempt", Val::U32(1)),
        field("late", Val::Bool(false)),
    ]);
    let Val::Result(Err(Some(reason))) = call(&composed, "run", &[occurrence]) else { panic!("no error") };
    assert_eq!(*reason, Val::String("the service does not export a handler".to_owned()));
}

#[test]
fn a_service_cannot_import_what_only_the_adapters_may() {
    for (interface, reason) in [
        ("spin:variables/variables@3.0.0", "only the adapters use what Spin offers"),
        ("mindflow:spin/service@0.1.0", "only the adapters use what Spin offers"),
        ("wasi:sockets/tcp@0.2.0", "only the adapters use what Spin offers"),
        ("wasi:filesystem/preopens@0.2.0", "only the adapters use what Spin offers"),
        ("wasi:http/handler@0.3.0", "which a service cannot have"),
        ("wasi:http/client@0.3.0", "add `allowed_outbound_hosts` under [component.gateway]"),
        ("mindflow:platform/sql@0.1.0", "which the adapter `platform` does not export"),
        ("mindflow:media/files@0.1.0", "add the one that does to `calls` under [component.gateway.tool.mindflow]"),
    ] {
        let thief = GATEWAY.replacen("(component", &format!("(component (import \"{interface}\" (instance))"), 1);
        let error = error_of(Workshop::new(&thief), "gateway");
        assert!(error.starts_with(&format!("`gateway` imports {interface}, ")) && error.contains(reason), "{error}");
    }
}

#[test]
fn a_service_that_sends_by_the_ledger_alone_is_not_joined_to_another_way_out() {
    const CLIENT: &str = "wasi:http/client@0.3.0";
    let sender = GATEWAY.replacen("(component", &format!("(component (import \"{CLIENT}\" (instance))"), 1);
    let composed = |outbound: &str| {
        let mut workshop = Workshop::new(&sender);
        let hosts = format!("jwt = [\"verify\"], allowed_outbound_hosts = [\"https://*:*\"], outbound = {outbound}");
        workshop.manifest = workshop.manifest.replace("jwt = [\"verify\"]", &hosts);
        workshop
    };
    assert!(composed("{ public-only = true }").compose("gateway").is_ok());
    let error = error_of(composed("{ public-only = true, disclosed = true }"), "gateway");
    assert!(error.contains(CLIENT) && error.contains("mindflow:platform/disclosure-sender"), "{error}");
}

#[test]
fn what_the_manifest_does_not_let_a_service_call_is_not_joined_to_it() {
    let mut workshop = Workshop::new(GATEWAY);
    // Auth comes with another service.
    workshop.manifest = workshop.manifest.replace("calls = [\"auth\"]", "calls = [\"between\"]")
        + "[component.between]\nsource = \"b\"\ntool.mindflow = { calls = [\"auth\"] }\n";
    workshop.services.insert("between".to_owned(), wat::parse_str("(component)").unwrap());
    let error = error_of(workshop, "gateway");
    assert!(
        error.starts_with("`gateway` imports mindflow:auth/accounts@0.1.0, which the manifest does not grant; add `calls = [\"auth/accounts\"]` under "),
        "{error}"
    );
}

#[test]
fn where_the_manifest_names_an_interface_no_other_of_that_service_is_joined() {
    let composed = |calls: &str| {
        let mut workshop = Workshop::new(GATEWAY);
        workshop.manifest = workshop.manifest.replace("calls = [\"auth\"]", calls);
        workshop
    };
    assert!(composed("calls = [\"auth/mails\", \"auth/accounts\"]").compose("gateway").is_ok());
    let error = error_of(composed("calls = [\"auth/mails\"]"), "gateway");
    assert!(error.contains("mindflow:auth/accounts@0.1.0, which the manifest does not grant"), "{error}");
}

#[test]
fn an_adapter_has_what_spin_offers_and_no_more() {
    let mut workshop = Workshop::new(GATEWAY);
    workshop.platform = PLATFORM.replace("spin:redis/redis@3.0.0", "spin:redis/redis@4.0.0");
    let error = error_of(workshop, "gateway");
    assert_eq!(error, "the adapter `platform` imports spin:redis/redis@4.0.0, which Spin 4.1 does not offer");
}

#[test]
fn both_sides_of_a_call_must_be_of_the_same_wit() {
    let other = GATEWAY.replace(r#"(export "ask" (func (result string)))"#, r#"(export "ask" (func (result u32)))"#);
    let error = error_of(Workshop::new(&other), "gateway");
    assert!(error.contains("imports mindflow:auth/accounts@0.1.0 otherwise than `auth` exports it"), "{error}");
}

#[test]
fn a_service_exports_what_its_triggers_call() {
    let error = error_of(Workshop::new(AUTH), "gateway");
    assert!(error.starts_with("`gateway` must export wasi:http/handler@0.3.0, because"), "{error}");
    let mut workshop = Workshop::new(GATEWAY);
    workshop.manifest = workshop.manifest.replace("subscriptions", "schedules");
    let error = error_of(workshop, "auth");
    assert!(error.starts_with("`auth` must export mindflow:platform/schedule-handler@0.1.0, because"), "{error}");
}
