//! `[application.tool.mindflow]`: what this host needs to know of the application as a whole.

use crate::manifest::values::Values;
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf};

#[derive(Debug, Default, Deserialize)]
pub(super) struct ApplicationTools {
    #[serde(default)]
    pub(super) mindflow: ApplicationTool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct ApplicationTool {
    pub(super) tokens: Tokens,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) values: Values,
    pub(super) migrations: BTreeMap<String, PathBuf>,
    pub(super) commands: BTreeMap<String, Command>,
}

/// What every access token must say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Tokens {
    /// The application's name when absent.
    pub issuer: String,
    /// The application's name when absent.
    pub audience: String,
    /// The longest life of a token, in seconds; a rotated key verifies for as long.
    pub lifetime_s: u64,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { issuer: String::new(), audience: String::new(), lifetime_s: 900 }
    }
}

impl Tokens {
    /// With the application's name where none is given.
    pub(super) fn named(mut self, application: &str) -> Self {
        for name in [&mut self.issuer, &mut self.audience] {
            if name.is_empty() {
                application.clone_into(name);
            }
        }
        self
    }
}

/// An operator's command that a component executes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Command {
    pub component: String,
    pub about: String,
    /// One line each: the words after the program's name.
    pub usage: Vec<String>,
    /// Flags that it takes, without their dashes, and what each does. `--json` it has anyway.
    #[serde(default)]
    pub flags: BTreeMap<String, String>,
    /// How long it may take, in seconds; the component's deadline when absent.
    pub run_max_s: Option<u32>,
}
