//! What cargo knows about this repository: its root, which packages are guests,
//! and where the crate that ships WASI's WIT was unpacked.

use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand, Package};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The host's package, whose binary some tests start as a process of its own.
pub const HOST: &str = "mindflow";

pub struct Workspace {
    pub root: PathBuf,
    /// By role, then by component name.
    pub guests: Vec<Guest>,
    metadata: Metadata,
}

/// A package whose manifest has `[package.metadata.mindflow] component = "NAME"`.
pub struct Guest {
    pub component: String,
    pub package: String,
    /// The file stem that cargo gives the built library.
    pub artifact: String,
    pub role: Role,
}

/// What a guest is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A component of `spin.toml`.
    Service,
    /// `spin = true`: stands between a service and Spin, in the files of `cargo xtask compose`.
    Adapter,
    /// `test = true`: a program that exists for the host's tests only.
    Test,
}

impl Workspace {
    pub fn load() -> Result<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in no workspace")?.to_owned();
        let metadata =
            MetadataCommand::new().manifest_path(root.join("Cargo.toml")).exec().context("cargo metadata")?;
        let mut guests = BTreeMap::new();
        for package in metadata.workspace_packages() {
            let Some(guest) = Guest::of(package)? else {
                continue;
            };
            let key = (guest.role, guest.component.clone());
            if let Some(other) = guests.insert(key, guest) {
                bail!("two packages build the component `{}`: {} and {}", other.component, other.package, package.name);
            }
        }
        Ok(Self { root, guests: guests.into_values().collect(), metadata })
    }

    pub fn target(&self) -> PathBuf {
        self.metadata.target_directory.clone().into_std_path_buf()
    }

    /// Where `cargo xtask build` leaves the components; adapters for Spin in `spin/` and test guests in `test/` below.
    pub fn components(&self) -> PathBuf {
        self.target().join("components")
    }

    /// The file that `cargo xtask build` leaves of a guest.
    pub fn component_file(&self, role: Role, component: &str) -> PathBuf {
        let folder = match role {
            Role::Service => self.components(),
            Role::Adapter => self.components().join("spin"),
            Role::Test => self.components().join("test"),
        };
        folder.join(component).with_extension("wasm")
    }

    /// Where `cargo xtask compose` leaves what Spin runs.
    pub fn compositions(&self) -> PathBuf {
        self.target().join("spin")
    }

    /// Cargo's arguments for all that is built natively: components too, for their unit tests, but no test guests.
    pub fn native_selection(&self) -> Vec<String> {
        let mut selection = vec!["--workspace".to_owned()];
        for guest in self.guests.iter().filter(|guest| guest.role == Role::Test) {
            selection.extend(["--exclude".to_owned(), guest.package.clone()]);
        }
        selection
    }

    /// The unpacked sources of a dependency.
    pub fn sources_of(&self, name: &str) -> Result<PathBuf> {
        let package = self
            .metadata
            .packages
            .iter()
            .find(|package| package.name == name)
            .with_context(|| format!("the workspace does not depend on the crate {name}"))?;
        let folder = package.manifest_path.parent().with_context(|| format!("{name} has no folder"))?;
        Ok(folder.to_owned().into_std_path_buf())
    }
}

impl Guest {
    fn of(package: &Package) -> Result<Option<Self>> {
        let Some(metadata) = package.metadata.get("mindflow") else {
            return Ok(None);
        };
        let component = metadata.get("component").and_then(|name| name.as_str()).with_context(|| {
            format!("{}: [package.metadata.mindflow] needs `component = \"NAME\"`", package.manifest_path)
        })?;
        let target = package
            .targets
            .iter()
            .find(|target| target.is_cdylib() || target.is_bin())
            .with_context(|| format!("{}: a guest needs crate-type = [\"cdylib\"]", package.manifest_path))?;
        let has = |flag: &str| metadata.get(flag).and_then(|value| value.as_bool()).unwrap_or(false);
        Ok(Some(Self {
            component: component.to_owned(),
            package: package.name.to_string(),
            artifact: if target.is_cdylib() { target.name.replace('-', "_") } else { target.name.clone() },
            role: match (has("test"), has("spin")) {
                (true, _) => Role::Test,
                (false, true) => Role::Adapter,
                (false, false) => Role::Service,
            },
        }))
    }
}
