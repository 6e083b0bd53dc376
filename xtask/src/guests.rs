//! Builds the guests: one cargo invocation for all, into a separate target folder, so that native builds and guest builds
//! never invalidate each other.

use crate::cargo::{cargo, succeed};
use crate::lint::{Lints, Pass};
use crate::toolchain::{GuestToolchain, TARGET};
use crate::workspace::{Guest, Role, Workspace};
use crate::{graphiql, wit, write};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::fs;

/// Cargo chooses the features of dependencies for all the packages that it is given, and rebuilds a component when they
/// differ from the last time. So builds of some components have a folder below that of all.
const SOME: &str = "some";

#[derive(Args, Default)]
pub struct BuildArgs {
    /// Only this component (may be given several times)
    #[arg(long = "component", value_name = "NAME")]
    pub components: Vec<String>,
    /// Also the adapters that `cargo xtask compose` joins to the components for Spin
    #[arg(long)]
    pub adapters: bool,
    /// Also the guests that exist for the host's tests
    #[arg(long)]
    pub tests: bool,
    #[arg(long, value_enum, default_value_t)]
    pub profile: Profile,
}

#[derive(Clone, Copy, Default, ValueEnum)]
pub enum Profile {
    /// As they are shipped: small and fast
    #[default]
    Guest,
    /// Quick to build
    GuestDev,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::GuestDev => "guest-dev",
        }
    }
}

pub fn build(workspace: &Workspace, args: &BuildArgs, lints: Option<&Lints>) -> Result<()> {
    wit::lay(workspace)?;
    let guests = select(workspace, args)?;
    if guests.is_empty() {
        println!("build: no package is a component yet");
        return Ok(());
    }
    if guests.iter().any(|guest| guest.component == graphiql::COMPONENT) {
        graphiql::bundle(workspace)?;
    }
    let toolchain = GuestToolchain::find()?;
    let mut target = workspace.target().join(toolchain.target_folder());
    if !args.components.is_empty() {
        target.push(SOME);
    }
    let mut build = cargo(&workspace.root);
    build.args(["build", "--target", TARGET, "--profile", args.profile.name()]);
    build.arg("--target-dir").arg(&target);
    for guest in &guests {
        build.args(["--package", &guest.package]);
    }
    toolchain.apply(&mut build);
    if let Some(lints) = lints {
        lints.apply(build.arg("--keep-going"), Pass::Apart);
    }
    succeed(&mut build, "the build of the guests")?;

    let built = target.join(TARGET).join(args.profile.name());
    let width = guests.iter().map(|guest| guest.component.len()).max().unwrap_or(0);
    for guest in guests {
        let from = built.join(&guest.artifact).with_extension("wasm");
        let bytes = fs::read(&from).with_context(|| format!("{} built no {}", guest.package, from.display()))?;
        let changed = write::if_changed(&workspace.component_file(guest.role, &guest.component), &bytes)?;
        let role = match guest.role {
            Role::Service => "",
            Role::Adapter => "  spin",
            Role::Test => "  test",
        };
        let state = if changed { "" } else { "  unchanged" };
        println!("{:width$}  {:>7} KiB{role}{state}", guest.component, bytes.len().div_ceil(1024));
    }
    Ok(())
}

fn select<'a>(workspace: &'a Workspace, args: &BuildArgs) -> Result<Vec<&'a Guest>> {
    if args.components.is_empty() {
        let wanted = |guest: &&Guest| match guest.role {
            Role::Service => true,
            Role::Adapter => args.adapters,
            Role::Test => args.tests,
        };
        return Ok(workspace.guests.iter().filter(wanted).collect());
    }
    for name in &args.components {
        if !workspace.guests.iter().any(|guest| guest.component == *name) {
            let known: Vec<_> = workspace.guests.iter().map(|guest| guest.component.as_str()).collect();
            bail!("no package builds the component `{name}`; there are: {}", known.join(" "));
        }
    }
    Ok(workspace.guests.iter().filter(|guest| args.components.contains(&guest.component)).collect())
}
