//! Joins a service, all that it calls and the adapters into one component. Each service has an instance of the adapter
//! `platform` of its own, and only that instance knows a name: the service's. So no service can ask for what another is
//! granted, and nothing that it imports reaches Spin but what is harmless in a sandbox.

use super::application::{Application, Service};
use super::generated::{self, HANDLERS, SERVICE};
use super::plan::{Composition, Front};
use super::world::{self, HANDLER};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use wac_graph::types::{Package, World};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, PackageId};

/// The components that files are made of.
pub struct Parts {
    pub services: BTreeMap<String, Vec<u8>>,
    pub platform: Vec<u8>,
    pub trigger: Vec<u8>,
    pub types: Vec<u8>,
    pub absent_handlers: Vec<u8>,
}

/// Linear memories that Spin gives a component (`SPIN_WASMTIME_INSTANCE_MEMORIES` in its `crates/core`).
const MEMORIES_MAX: usize = 32;

/// A component of the composition.
#[derive(Clone)]
struct Instance {
    name: String,
    node: NodeId,
}

/// A service with what only it has.
struct Member {
    service: Instance,
    /// None for one that imports nothing of the platform: each adapter takes a memory.
    own: Option<Own>,
}

#[derive(Clone)]
struct Own {
    adapter: Instance,
    /// Which export of `manifests` says who the service is.
    manifest: String,
}

enum Source {
    Part(Instance),
    /// An export by another name than the import's.
    Named(Instance, String),
    /// An import of the whole file.
    Spin,
}

struct Wiring {
    graph: CompositionGraph,
    types: Instance,
    manifests: Instance,
    members: BTreeMap<String, Member>,
}

/// The composed file.
///
/// # Errors
/// The first import that nothing answers, or whose types differ from those of what answers it, with the component's name.
pub fn compose(application: &Application, composition: &Composition, parts: &Parts) -> Result<Vec<u8>> {
    let mut wiring = Wiring::place(application, &composition.service, parts)?;
    let memories = wiring.memories(composition.front);
    if memories > MEMORIES_MAX {
        bail!(
            "`{}` would have {memories} memories, and Spin gives a component {MEMORIES_MAX}; have it call fewer services, or set \
             SPIN_WASMTIME_INSTANCE_MEMORIES={memories} where Spin runs and MEMORIES_MAX in xtask/src/compose/wiring.rs",
            composition.name
        );
    }
    let names: Vec<String> = wiring.members.keys().cloned().collect();
    for name in &names {
        wiring.join_adapter(name)?;
        wiring.join_service(name, application.service(name)?)?;
    }
    let front = match composition.front {
        Front::Service => wiring.member(&composition.service)?.service.clone(),
        Front::Trigger => {
            wiring.join_trigger(&composition.service, application.service(&composition.service)?, parts)?
        }
        Front::Adapter => bail!("`{}` is an adapter, with nothing to join", composition.name),
    };
    if !wiring.exports(&front, HANDLER) {
        bail!("`{}` must export {HANDLER}, because spin.toml gives it an HTTP trigger", front.name);
    }
    let handler = wiring.graph.alias_instance_export(front.node, HANDLER)?;
    wiring.graph.export(handler, HANDLER)?;
    // The finished file is read again, by `world::check`.
    let options = EncodeOptions { validate: false, ..EncodeOptions::default() };
    wiring.graph.encode(options).context("join the components (a circle of `calls` cannot be composed)")
}

// === impl Wiring ===

impl Wiring {
    /// The service and what it calls, not joined yet.
    fn place(application: &Application, service: &str, parts: &Parts) -> Result<Self> {
        let mut graph = CompositionGraph::new();
        let types = register(&mut graph, "types", &parts.types)?;
        let types = Instance::new(&mut graph, "types", types);
        let platform = register(&mut graph, "adapter platform", &parts.platform)?;
        let mut members = BTreeMap::new();
        let mut manifests = Vec::new();
        for name in application.with_callees(service)? {
            let bytes = parts.services.get(name).with_context(|| format!("the component `{name}` was not read"))?;
            let package = register(&mut graph, &format!("component {name}"), bytes)?;
            let member = Instance::new(&mut graph, name, package);
            let asks =
                |interface: &String| interface.starts_with("mindflow:platform/") && !types.exports(&graph, interface);
            // Its front has what the trigger needs.
            if name != service && !member.imports(&graph).iter().any(asks) {
                members.insert(name.to_owned(), Member { service: member, own: None });
                continue;
            }
            let handlers = HANDLERS.iter().filter(|handler| member.exports(&graph, handler));
            let handlers: Vec<&str> = handlers.filter_map(|handler| world::short(handler)).collect();
            let manifest = generated::manifest_name(manifests.len());
            manifests.push(application.manifest(name, &handlers)?);
            let adapter = Instance::new(&mut graph, "platform", platform);
            members.insert(name.to_owned(), Member { service: member, own: Some(Own { adapter, manifest }) });
        }
        let manifests = register(&mut graph, "manifests", &generated::manifests(&manifests)?)?;
        let manifests = Instance::new(&mut graph, "manifests", manifests);
        Ok(Self { graph, types, manifests, members })
    }

    /// Each component that was compiled has one, and the manifests have one together. What stands before a service in the
    /// background is two: the trigger and the absent handlers.
    fn memories(&self, front: Front) -> usize {
        let adapters = self.members.values().filter(|member| member.own.is_some()).count();
        self.members.len() + adapters + 1 + if front == Front::Trigger { 2 } else { 0 }
    }

    fn join_adapter(&mut self, name: &str) -> Result<()> {
        let Some(Own { adapter, manifest }) = self.member(name)?.own.clone() else { return Ok(()) };
        self.join(&adapter, |wiring, interface| wiring.for_adapter(&adapter, &manifest, interface))
    }

    fn join_service(&mut self, name: &str, service: &Service) -> Result<()> {
        let instance = self.member(name)?.service.clone();
        self.join(&instance, |wiring, interface| wiring.for_service(name, service, interface))
    }

    /// The adapter that Spin calls in a service's place.
    fn join_trigger(&mut self, name: &str, service: &Service, parts: &Parts) -> Result<Instance> {
        let [subscriber, _, schedule_handler] = HANDLERS;
        let instance = self.member(name)?.service.clone();
        for (needed, interface, reason) in [
            (!service.subscriptions.is_empty(), subscriber, "subscriptions"),
            (service.schedules, schedule_handler, "schedules"),
        ] {
            if needed && !self.exports(&instance, interface) {
                bail!("`{name}` must export {interface}, because spin.toml gives it {reason}");
            }
        }
        let trigger = register(&mut self.graph, "adapter trigger", &parts.trigger)?;
        let trigger = Instance::new(&mut self.graph, "trigger", trigger);
        let absent = register(&mut self.graph, "absent handlers", &parts.absent_handlers)?;
        let absent = Instance::new(&mut self.graph, "absent handlers", absent);
        self.join(&absent, |wiring, _| Ok(Source::Part(wiring.types.clone())))?;
        self.join(&trigger, |wiring, interface| {
            let Own { adapter, manifest } = wiring.own(name)?;
            if HANDLERS.contains(&interface) {
                let service = &wiring.member(name)?.service;
                let handler = if wiring.exports(service, interface) { service } else { &absent };
                return Ok(Source::Part(handler.clone()));
            }
            if interface.starts_with("mindflow:platform/") && wiring.exports(adapter, interface) {
                return Ok(Source::Part(adapter.clone()));
            }
            wiring.for_adapter(&trigger, manifest, interface)
        })?;
        Ok(trigger)
    }

    /// What answers an import of an adapter.
    fn for_adapter(&self, adapter: &Instance, manifest: &str, interface: &str) -> Result<Source> {
        if interface == SERVICE {
            return Ok(Source::Named(self.manifests.clone(), manifest.to_owned()));
        }
        if self.exports(&self.types, interface) {
            return Ok(Source::Part(self.types.clone()));
        }
        if !world::offers(interface) {
            bail!("the adapter `{}` imports {interface}, which Spin 4.1 does not offer", adapter.name);
        }
        Ok(Source::Spin)
    }

    /// What answers an import of a service: what the host would give it, and nothing of Spin's own.
    fn for_service(&self, name: &str, service: &Service, interface: &str) -> Result<Source> {
        if self.exports(&self.types, interface) {
            return Ok(Source::Part(self.types.clone()));
        }
        let adapter = self.member(name)?.own.as_ref().map(|own| &own.adapter);
        let package = interface.split_once('/').map_or(interface, |(package, _)| package);
        match package {
            "mindflow:platform" => match adapter.filter(|adapter| self.exports(adapter, interface)) {
                Some(adapter) => Ok(Source::Part(adapter.clone())),
                None => bail!("`{name}` imports {interface}, which the adapter `platform` does not export"),
            },
            "wasi:http" if interface.contains("/client@") && !service.outbound => bail!(
                "`{name}` imports {interface}, which the manifest does not grant; \
                 add `allowed_outbound_hosts` under [{}]",
                service.hosts_table
            ),
            "wasi:http" if interface.contains("/client@") && service.disclosed => bail!(
                "`{name}` imports {interface}, by which it could send a user's text past the ledger: `outbound` of \
                 [component.{name}.tool.mindflow] is `disclosed`, so requests go by mindflow:platform/disclosure-sender"
            ),
            "wasi:http" if !["client", "types"].iter().any(|known| world::short(interface) == Some(*known)) => {
                bail!("`{name}` imports {interface}, which a service cannot have")
            }
            "wasi:cli" | "wasi:clocks" | "wasi:http" | "wasi:io" | "wasi:random" if world::offers(interface) => {
                Ok(Source::Spin)
            }
            _ if ["wasi:", "spin:", "fermyon:", "mindflow:spin"].iter().any(|kept| package.starts_with(kept)) => {
                bail!(
                    "`{name}` imports {interface}, which a service cannot have; only the adapters use what Spin offers"
                )
            }
            _ => {
                let exports = |callee: &&String| {
                    self.members.get(*callee).is_some_and(|callee| self.exports(&callee.service, interface))
                };
                let exporters = || self.members.keys().filter(exports);
                if let Some(callee) = exporters().find(|callee| service.may_call(callee, interface)) {
                    return Ok(Source::Part(self.member(callee)?.service.clone()));
                }
                let within = format!("under [component.{name}.tool.mindflow]");
                match exporters().find(|callee| *callee != name) {
                    Some(callee) => bail!(
                        "`{name}` imports {interface}, which the manifest does not grant; add `calls = [\"{callee}/{}\"]` {within}",
                        world::short(interface).unwrap_or(interface)
                    ),
                    None => bail!(
                        "`{name}` imports {interface}, which no service that is joined to it exports; add the one that does to \
                         `calls` {within}"
                    ),
                }
            }
        }
    }

    /// Gives each import of a component what the function names.
    fn join(&mut self, to: &Instance, source: impl Fn(&Self, &str) -> Result<Source>) -> Result<()> {
        for interface in to.imports(&self.graph) {
            let (from, export) = match source(self, &interface)? {
                Source::Part(from) => (from, interface.clone()),
                Source::Named(from, export) => (from, export),
                Source::Spin => continue,
            };
            let argument = self.graph.alias_instance_export(from.node, &export)?;
            self.graph.set_instantiation_argument(to.node, &interface, argument).with_context(|| {
                let (to, from) = (&to.name, &from.name);
                format!("`{to}` imports {interface} otherwise than `{from}` exports it; build both from the same WIT")
            })?;
        }
        Ok(())
    }

    fn member(&self, name: &str) -> Result<&Member> {
        self.members.get(name).with_context(|| format!("`{name}` is not in the composition"))
    }

    fn own(&self, name: &str) -> Result<&Own> {
        self.member(name)?.own.as_ref().with_context(|| format!("`{name}` has no adapter"))
    }

    fn exports(&self, instance: &Instance, interface: &str) -> bool {
        instance.exports(&self.graph, interface)
    }
}

// === impl Instance ===

impl Instance {
    fn new(graph: &mut CompositionGraph, name: &str, package: PackageId) -> Self {
        Self { name: name.to_owned(), node: graph.instantiate(package) }
    }

    fn imports(&self, graph: &CompositionGraph) -> Vec<String> {
        self.world(graph).map(|world| world.imports.keys().cloned().collect()).unwrap_or_default()
    }

    fn exports(&self, graph: &CompositionGraph, interface: &str) -> bool {
        self.world(graph).is_some_and(|world| world.exports.contains_key(interface))
    }

    fn world<'a>(&self, graph: &'a CompositionGraph) -> Option<&'a World> {
        graph[self.node].package().map(|package| &graph.types()[graph[package].ty()])
    }
}

fn register(graph: &mut CompositionGraph, name: &str, bytes: &[u8]) -> Result<PackageId> {
    let package = Package::from_bytes(name, None, bytes, graph.types_mut()).with_context(|| format!("read {name}"))?;
    Ok(graph.register_package(package)?)
}
