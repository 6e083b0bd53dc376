//! Composes what Spin runs: for each component that it starts one file, of services, the adapters that stand between them and
//! Spin, and small generated components. Spin's own way, dependencies in its manifest, goes one level deep and gives a service
//! no identity; see `docs/spin.md`.

mod application;
mod generated;
mod plan;
#[cfg(test)]
mod tests;
mod wiring;
mod world;

use crate::guests::{self, BuildArgs, Profile};
use crate::workspace::{Role, Workspace};
use crate::write;
use anyhow::{Context, Result};
use application::Application;
use clap::Args;
use generated::Vocabulary;
use plan::{Composition, Front};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use wiring::Parts;

#[derive(Args, Default)]
pub struct ComposeArgs {
    /// Only the file of this component of Spin's (may be given several times)
    #[arg(long = "component", value_name = "NAME")]
    pub components: Vec<String>,
    /// Take the components as they were built
    #[arg(long)]
    pub no_build: bool,
    /// How the components are built
    #[arg(long, value_enum, default_value_t)]
    pub profile: Profile,
}

pub fn run(workspace: &Workspace, args: &ComposeArgs) -> Result<()> {
    let application = Application::read(&workspace.root.join("spin.toml"))?;
    let compositions = Composition::select(&application, &args.components)?;
    if !args.no_build {
        guests::build(workspace, &BuildArgs { adapters: true, profile: args.profile, ..BuildArgs::default() }, None)?;
    }
    compose(workspace, &application, &compositions)
}

/// The tables that tests add to the manifest.
const OF_TESTS: &str = "tests/spin/further.toml";

/// Composes the components as they were built, and what only tests run with them.
pub fn with_tests(workspace: &Workspace) -> Result<()> {
    let manifest = fs::read_to_string(workspace.root.join("spin.toml")).context("read spin.toml")?;
    let further = fs::read_to_string(workspace.root.join(OF_TESTS)).with_context(|| format!("read {OF_TESTS}"))?;
    let shipped = Application::parse(&manifest, &workspace.root).context("spin.toml")?;
    let shipped_compositions = Composition::all(&shipped);
    compose(workspace, &shipped, &shipped_compositions)?;
    let tested = Application::parse(&format!("{manifest}\n{further}"), &workspace.root).context(OF_TESTS)?;
    let mut further = Composition::all(&tested);
    further.retain(|composition| !shipped_compositions.contains(composition));
    compose(workspace, &tested, &further)
}

fn compose(workspace: &Workspace, application: &Application, compositions: &[Composition]) -> Result<()> {
    let mut services = BTreeSet::new();
    for composition in compositions.iter().filter(|composition| composition.front != Front::Adapter) {
        services.extend(application.with_callees(&composition.service)?);
    }
    let adapter = |name| read(&workspace.component_file(Role::Adapter, name));
    let vocabulary = Vocabulary::read(&workspace.root)?;
    let parts = Parts {
        services: services
            .into_iter()
            .map(|name| Ok((name.to_owned(), read(&application.service(name)?.file)?)))
            .collect::<Result<BTreeMap<_, _>>>()?,
        platform: adapter("platform")?,
        trigger: adapter("trigger")?,
        types: vocabulary.types()?,
        absent_handlers: vocabulary.absent_handlers()?,
    };
    let width = compositions.iter().map(|composition| composition.name.len()).max().unwrap_or(0);
    for composition in compositions {
        let name = &composition.name;
        let file = workspace.compositions().join(name).with_extension("wasm");
        let composed = match composition.front {
            Front::Adapter => adapter(name)?,
            Front::Service | Front::Trigger => {
                wiring::compose(application, composition, &parts).with_context(|| format!("compose {name}"))?
            }
        };
        world::check(&composed).with_context(|| format!("Spin could not run the composed {name}"))?;
        let state = if write::if_changed(&file, &composed)? { "" } else { "  unchanged" };
        println!("{name:width$}  {:>7} KiB  composed{state}", composed.len().div_ceil(1024));
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("read {}; `cargo xtask build` makes it", file.display()))
}
