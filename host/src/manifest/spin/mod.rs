//! `spin.toml`: the components, what each may use, and what triggers them. Spin loads the same file. What only Spin runs is
//! left to it: components without `tool.mindflow`, triggers of other kinds, private routes and components that are defined in
//! a trigger.
//!
//! A component of ours whose `tool.mindflow.component` names a file is another file on Spin, a composition of several
//! components. What Spin gives that file is not what this host gives the component: its variables and hosts are then in
//! `tool.mindflow` as well.

mod application;
mod calls;
mod component;
mod keys;
#[cfg(test)]
mod tests;

pub use application::Command;
pub use calls::{Call, ScheduleEntry, SubscriptionEntry, WebSocketRoute};
pub use component::{ComponentEntry, ComponentTool};

use super::{ManifestError, Routes, values::Values};
use application::Tokens;
use component::KeyError;
use keys::{File, Variable};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// The application manifest, with paths made absolute.
#[derive(Debug)]
pub struct Manifest {
    pub path: PathBuf,
    pub name: String,
    pub variables: BTreeMap<String, Variable>,
    /// Variables that an environment variable of another name may set: variable → environment name.
    pub environment: BTreeMap<String, String>,
    /// What its variables must be.
    pub values: Values,
    pub tokens: Tokens,
    /// Directory of `NNNN_verb_noun.sql` files, by database.
    pub migrations: BTreeMap<String, PathBuf>,
    pub commands: BTreeMap<String, Command>,
    /// The components that serve HTTP.
    pub routes: Routes,
    pub components: BTreeMap<String, ComponentEntry>,
}

impl Manifest {
    /// What the file says; whether what it names is there is not checked yet.
    pub(super) fn read(path: &Path) -> Result<Self, ManifestError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ManifestError::Read { path: path.to_owned(), source })?;
        let file: File = toml::from_str(&text).map_err(|error| ManifestError::syntax(path, &text, &error))?;
        let root = std::path::absolute(path)
            .ok()
            .and_then(|path| path.parent().map(Path::to_owned))
            .ok_or_else(|| ManifestError::invalid(path, "has no parent directory"))?;
        if file.spin_manifest_version != 2 {
            return Err(ManifestError::invalid(path, "spin_manifest_version must be 2"));
        }
        let only_spins = file.component.iter().filter(|(_, entry)| entry.tool.mindflow.is_none());
        let only_spins: BTreeSet<String> = only_spins.map(|(name, _)| name.clone()).collect();
        let routes = Routes::new(file.trigger.routes(&only_spins)).map_err(|rule| {
            let names = only_spins.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let left_out = if names.is_empty() { names } else { format!("; without tool.mindflow: {names}") };
            ManifestError::invalid(path, format!("{rule}{left_out}"))
        })?;
        let components = file
            .component
            .into_iter()
            .filter(|(name, _)| !only_spins.contains(name))
            .map(|(name, entry)| Ok((name.clone(), ComponentEntry::read(name, entry, &root)?)))
            .collect::<Result<_, KeyError>>()
            .map_err(|error| ManifestError::at(path, &text, error.start, error.rule))?;
        let tool = file.application.tool.mindflow;
        Ok(Self {
            path: path.to_owned(),
            variables: file.variables,
            environment: tool.environment,
            values: tool.values,
            tokens: tool.tokens.named(&file.application.name),
            migrations: tool.migrations.into_iter().map(|(name, dir)| (name, root.join(dir))).collect(),
            commands: tool.commands,
            routes,
            name: file.application.name,
            components,
        })
    }
}
