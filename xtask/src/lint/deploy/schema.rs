//! Kubernetes' own schemas of its objects, in the strict form in which an unknown field is a fault. They use a small part of JSON
//! Schema, which is what is checked here; a keyword beyond it is a fault, too, so that nothing is passed over in silence.

use super::custom;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// Of one version of Kubernetes.
pub struct Schemas {
    folder: PathBuf,
    definitions: Value,
}

impl Schemas {
    pub fn open(folder: PathBuf) -> Result<Self> {
        let text = fs::read(folder.join("_definitions.json"))
            .with_context(|| format!("read the schemas of {}", folder.display()))?;
        Ok(Self { definitions: serde_json::from_slice(&text)?, folder })
    }

    /// What is wrong with an object: the path of each field, and the rule.
    pub fn faults(&self, object: &Value) -> Result<Vec<String>> {
        let field = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind) = (field("apiVersion"), field("kind"));
        let Some(schema) = self.schema_of(api_version, kind)? else {
            return Ok(vec![format!("there is no schema of {kind} in {api_version}")]);
        };
        let mut faults = Vec::new();
        self.check(&schema, object, "", &mut faults);
        Ok(faults)
    }

    fn schema_of(&self, api_version: &str, kind: &str) -> Result<Option<Value>> {
        if let Some(schema) = custom::schema_of(api_version, kind)? {
            return Ok(Some(schema));
        }
        // `networking.k8s.io/v1` is `networking-v1` in the names of the files. A group of another domain is not Kubernetes' own.
        let version = match api_version.split_once('/') {
            None => api_version.to_owned(),
            Some((group, version)) => match group.split_once('.') {
                Some((_, domain)) if !domain.ends_with("k8s.io") => return Ok(None),
                named => format!("{}-{version}", named.map_or(group, |(first, _)| first)),
            },
        };
        let path = self.folder.join(format!("{}-{version}.json", kind.to_ascii_lowercase()));
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).with_context(|| format!("read {}", path.display())),
            Err(_) => Ok(None),
        }
    }

    fn check(&self, schema: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
        let Some(keywords) = schema.as_object() else { return };
        for (keyword, rule) in keywords {
            match keyword.as_str() {
                "$ref" => self.check_definition(rule, value, path, faults),
                "type" => {
                    if !types(rule).any(|name| is_of(value, name)) {
                        faults.push(format!("{path}: is {value}, and must be {rule}"));
                    }
                }
                "required" => {
                    let present = |name: &Value| name.as_str().is_some_and(|name| value.get(name).is_some());
                    for name in rule.as_array().into_iter().flatten().filter(|name| value.is_object() && !present(name))
                    {
                        faults.push(format!("{path}: lacks {name}"));
                    }
                }
                "properties" => {
                    for (name, schema) in rule.as_object().into_iter().flatten() {
                        if let Some(value) = value.get(name) {
                            self.check(schema, value, &format!("{path}.{name}"), faults);
                        }
                    }
                }
                "additionalProperties" => {
                    let known = keywords.get("properties").and_then(Value::as_object);
                    let others = value.as_object().into_iter().flatten();
                    for (name, value) in
                        others.filter(|(name, _)| !known.is_some_and(|known| known.contains_key(*name)))
                    {
                        match rule {
                            Value::Bool(false) => faults.push(format!("{path}.{name}: there is no such field")),
                            rule => self.check(rule, value, &format!("{path}.{name}"), faults),
                        }
                    }
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(rule, item, &format!("{path}[{index}]"), faults);
                    }
                }
                "enum" => {
                    if !rule.as_array().is_some_and(|allowed| allowed.contains(value)) {
                        faults.push(format!("{path}: is {value}, and must be one of {rule}"));
                    }
                }
                "oneOf" => {
                    let fits = |schema: &Value| {
                        let mut faults = Vec::new();
                        self.check(schema, value, path, &mut faults);
                        faults.is_empty()
                    };
                    if !rule.as_array().is_some_and(|schemas| schemas.iter().any(fits)) {
                        faults.push(format!("{path}: is {value}, which fits none of {rule}"));
                    }
                }
                // How wide a number is, and what is for readers or servers.
                "description" | "format" | "default" | "$schema" | "$id" => {}
                name if name.starts_with("x-kubernetes-") => {}
                other => faults.push(format!("{path}: its schema has the keyword {other:?}, which is not checked")),
            }
        }
    }

    fn check_definition(&self, reference: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
        let name = reference.as_str().and_then(|reference| reference.rsplit_once("#/$defs/")).map(|(_, name)| name);
        match name.and_then(|name| self.definitions.get("$defs")?.get(name)) {
            Some(definition) => self.check(definition, value, path, faults),
            None => faults.push(format!("{path}: its schema refers to {reference}, which is not there")),
        }
    }
}

fn types(rule: &Value) -> impl Iterator<Item = &str> {
    rule.as_str().into_iter().chain(rule.as_array().into_iter().flatten().filter_map(Value::as_str))
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        _ => false,
    }
}
