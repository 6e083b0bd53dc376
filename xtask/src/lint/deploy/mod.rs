//! The manifests of `deploy/`: rendered as kubectl renders them, compared field by field with the schemas of the oldest and the newest
//! Kubernetes that they are for, and held to rules that no schema knows.

mod custom;
mod rules;
mod schema;
mod spin;
#[cfg(test)]
mod tests;
mod tools;

use anyhow::{Context, Result, bail};
use schema::Schemas;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tools::Tools;

/// 1.33 has everything that is used as a stable part of it.
const VERSIONS: [&str; 2] = ["1.33.0", "1.37.0"];
const DEPLOYMENTS: [&str; 2] = ["deploy/kubernetes", "deploy/spinkube"];
/// The stores of developers' clusters, which expect secrets of their own.
const STORES: &str = "deploy/kubernetes/dev-stores";
const SECRET: &str = "secret.example.yaml";

/// What an overlay becomes, with the names of the secrets that it expects to be there.
struct Rendered {
    objects: Vec<Value>,
    secrets: Vec<Value>,
}

pub fn check(root: &Path) -> Result<()> {
    let tools = Tools::install(root)?;
    let variables = spin::Variables::read(&root.join("spin.toml"))?;
    let schemas = VERSIONS.map(|version| Schemas::open(tools.schemas(version)));
    let (mut faults, mut overlays, mut objects) = (Vec::new(), 0, 0);
    for deployment in DEPLOYMENTS.map(|deployment| root.join(deployment)).iter().filter(|folder| folder.is_dir()) {
        for overlay in overlays_of(deployment)? {
            let rendered = Rendered::of(&tools, &root.join(STORES), deployment, &overlay)?;
            for (schemas, version) in schemas.iter().zip(VERSIONS) {
                let schemas = schemas.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
                for object in rendered.objects.iter().chain(&rendered.secrets) {
                    for fault in schemas.faults(object)? {
                        faults.push(format!("{} {}{fault} (Kubernetes {version})", overlay.display(), name_of(object)));
                    }
                }
            }
            let unwritten = rules::faults(&rendered).into_iter().chain(variables.faults(&rendered.objects));
            faults.extend(unwritten.map(|fault| format!("{} {fault}", overlay.display())));
            overlays += 1;
            objects += rendered.objects.len();
        }
    }
    if !faults.is_empty() {
        bail!("the manifests of deploy/ are wrong:\n  {}", faults.join("\n  "));
    }
    println!("lint: {objects} objects of {overlays} overlays in deploy/ fit Kubernetes {}", VERSIONS.join(" and "));
    Ok(())
}

fn overlays_of(deployment: &Path) -> Result<Vec<PathBuf>> {
    let folder = deployment.join("overlays");
    let entries = fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
    let mut overlays = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    overlays.sort();
    Ok(overlays)
}

impl Rendered {
    fn of(tools: &Tools, stores: &Path, deployment: &Path, overlay: &Path) -> Result<Self> {
        let objects = parse(&tools.render(overlay)?).with_context(|| format!("read {}", overlay.display()))?;
        let mut secrets = Vec::new();
        for folder in [stores, deployment, overlay] {
            let path = folder.join(SECRET);
            if path.is_file() {
                secrets.extend(parse(&fs::read_to_string(&path)?).with_context(|| format!("read {}", path.display()))?);
            }
        }
        Ok(Self { objects, secrets })
    }
}

fn parse(text: &str) -> Result<Vec<Value>> {
    Ok(serde_saphyr::from_multiple(text)?)
}

/// `Deployment mindflow`, as an error names it.
fn name_of(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or("?");
    format!("{} {}", text("/kind"), text("/metadata/name"))
}
