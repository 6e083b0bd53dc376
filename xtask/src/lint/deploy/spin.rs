//! What a SpinApp must have besides the fields of its kind: the variables of `spin.toml`, those that are secret from a Secret.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// `[variables]` of the manifest.
#[derive(Deserialize)]
pub struct Variables {
    variables: BTreeMap<String, Variable>,
}

#[derive(Deserialize)]
struct Variable {
    #[serde(default)]
    required: bool,
    #[serde(default)]
    secret: bool,
}

impl Variables {
    pub fn read(manifest: &Path) -> Result<Self> {
        let text = fs::read_to_string(manifest).with_context(|| format!("read {}", manifest.display()))?;
        Self::parse(&text).with_context(|| format!("read {}", manifest.display()))
    }

    pub fn parse(manifest: &str) -> Result<Self> {
        Ok(toml::from_str(manifest)?)
    }

    pub fn faults(&self, objects: &[Value]) -> Vec<String> {
        objects
            .iter()
            .filter(|object| object.get("kind").is_some_and(|kind| kind == "SpinApp"))
            .flat_map(|app| self.faults_of(app))
            .collect()
    }

    fn faults_of(&self, app: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        let given: BTreeMap<&str, &Value> = app
            .pointer("/spec/variables")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|variable| Some((variable.get("name")?.as_str()?, variable)))
            .collect();
        for (name, variable) in &self.variables {
            match given.get(name.as_str()) {
                None if variable.required => {
                    faults.push(format!("SpinApp: lacks the variable `{name}`, which spin.toml requires"))
                }
                Some(given) if variable.secret && given.pointer("/valueFrom/secretKeyRef").is_none() => {
                    faults.push(format!("SpinApp: the variable `{name}` is secret, so it comes from a Secret"));
                }
                _ => {}
            }
        }
        let unknown = given.keys().filter(|name| !self.variables.contains_key(**name));
        faults.extend(unknown.map(|name| format!("SpinApp: spin.toml has no variable `{name}`")));
        // The operator's own rule, which it has in an admission webhook instead of the schema.
        let scales = app.pointer("/spec/enableAutoscaling") == Some(&Value::Bool(true));
        if scales == app.pointer("/spec/replicas").is_some() {
            faults.push("SpinApp: has either `replicas` or `enableAutoscaling`".to_owned());
        }
        faults
    }
}
