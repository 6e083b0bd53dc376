//! Joins a service, all that it calls and the adapters into one component. Each service has an instance of the adapter
//! `platform` of its own, and only that instance knows a name: the service's. So no service can ask for what another is
//! granted, and nothing that it imports reaches Spin but what is harmless in a sandbox.

use super::application::{Application, Service};
use super::generated::{self, HANDLERS, SERVICE};
use super::plan::{Composition, Front};
use super::world::{self, HANDLER};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, PackageId};

/// The components that files are made of.
pub struct Parts {
    pub services: BTreeMap<String, Vec<u8>>,
    pub platform: Vec<u8>,
    pub trigger: Vec<u8>,
    pub types: Vec<u8>,
    pub absent_handlers: Vec<u8>,
}

/// A component of the composition.
#[derive(Clone)]
struct Instance {
    name: String,
    node: NodeId,
}

/// A service with what only it has.
struct Member {
    service: Instance,
    /// None for one that imports nothing of the platform: each takes memories, of which Spin gives a component 32.
    own: Option<Own>,
}

struct Own {
    adapter: Instance,
    manifest: Instance,
}

enum Source {
    Part(Instance),
    /// An import of the whole file.
    Spin,
}

struct Wiring {
    graph: CompositionGraph,
    types: Instance,
    members: BTreeMap<String, Member>,
}

/// The composed file.
///
/// # Errors
/// The first import that nothing answers, or whose types differ from those of what answers it, with the component's name.
pub fn compose(application: &Application, composition: &Composition, parts: &Parts) -> Result<Vec<u8>> {
    let mut wiring = Wiring::place(application, &composition.service, parts)?;
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
        let types = Instance { name: "types".to_owned(), node: graph.instantiate(types) };
        let platform = register(&mut graph, "adapter platform", &parts.platform)?;
        let mut wiring = Self { graph, types, members: BTreeMap::new() };
        for name in application.with_callees(service)? {
            let bytes = parts.services.get(name).with_context(|| format!("the component `{name}` was not read"))?;
            let package = register(&mut wiring.graph, &format!("component {name}"), bytes)?;
            let member = wiring.instance(name, package);
            let asks = |interface: &String| {
                interface.starts_with("mindflow:platform/") && !wiring.exports(&wiring.types, interface)
            };
            // Its front has what the trigger needs.
            if name != service && !wiring.imports(&member).iter().any(asks) {
                wiring.members.insert(name.to_owned(), Member { service: member, own: None });
                continue;
            }
            let exports = HANDLERS.iter().filter(|handler| wiring.exports(&member, handler));
            let exports: Vec<&str> = exports.filter_map(|handler| short(handler)).collect();
            let manifest = generated::manifest(&application.manifest(name, &exports)?)?;
            let manifest = register(&mut wiring.graph, &format!("manifest of {name}"), &manifest)?;
            let own =
                Own { adapter: wiring.instance("platform", platform), manifest: wiring.instance("manifest", manifest) };
            wiring.members.insert(name.to_owned(), Member { service: member, own: Some(own) });
        }
        Ok(wiring)
    }

    fn join_adapter(&mut self, name: &str) -> Result<()> {
        let Some(own) = &self.member(name)?.own else { return Ok(()) };
        let adapter = own.adapter.clone();
        self.join(&adapter, |wiring, interface| wiring.for_adapter(&adapter, &wiring.own(name)?.manifest, interface))
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
        let trigger = self.instance("trigger", trigger);
        let absent = register(&mut self.graph, "absent handlers", &parts.absent_handlers)?;
        let absent = self.instance("absent handlers", absent);
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
    fn for_adapter(&self, adapter: &Instance, manifest: &Instance, interface: &str) -> Result<Source> {
        if interface == SERVICE {
            return Ok(Source::Part(manifest.clone()));
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
            "wasi:http" if !["client", "types"].iter().any(|known| short(interface) == Some(*known)) => {
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
                let callees = service.calls.iter().filter_map(|callee| self.members.get(callee));
                let callee = callees.map(|callee| &callee.service).find(|callee| self.exports(callee, interface));
                callee.cloned().map(Source::Part).with_context(|| {
                    format!(
                        "`{name}` imports {interface}, which no component that it calls exports; \
                         add the one that does to `calls` under [component.{name}.tool.mindflow]"
                    )
                })
            }
        }
    }

    /// Gives each import of a component what the function names.
    fn join(&mut self, to: &Instance, source: impl Fn(&Self, &str) -> Result<Source>) -> Result<()> {
        for interface in self.imports(to) {
            let Source::Part(from) = source(self, &interface)? else { continue };
            let argument = self.graph.alias_instance_export(from.node, &interface)?;
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

    fn instance(&mut self, name: &str, package: PackageId) -> Instance {
        Instance { name: name.to_owned(), node: self.graph.instantiate(package) }
    }

    fn imports(&self, instance: &Instance) -> Vec<String> {
        let world = self.graph[instance.node].package().map(|package| &self.graph.types()[self.graph[package].ty()]);
        world.map(|world| world.imports.keys().cloned().collect()).unwrap_or_default()
    }

    fn exports(&self, instance: &Instance, interface: &str) -> bool {
        let world = self.graph[instance.node].package().map(|package| &self.graph.types()[self.graph[package].ty()]);
        world.is_some_and(|world| world.exports.contains_key(interface))
    }
}

fn register(graph: &mut CompositionGraph, name: &str, bytes: &[u8]) -> Result<PackageId> {
    let package = Package::from_bytes(name, None, bytes, graph.types_mut()).with_context(|| format!("read {name}"))?;
    Ok(graph.register_package(package)?)
}

/// `subscriber` of `mindflow:platform/subscriber@0.1.0`.
fn short(interface: &str) -> Option<&str> {
    interface.split_once('/')?.1.split('@').next()
}
