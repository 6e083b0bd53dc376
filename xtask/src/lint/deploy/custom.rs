//! Kinds that Kubernetes does not have itself: tables of their fields, made from what their owners publish. A table is the shape of an
//! object: `NAME!` is required, `"*"` is any name, a value is a type or the name of one of Kubernetes' own definitions.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

/// Where schemas refer to.
const DEFINITIONS: &str = "/api/_definitions.json#/$defs/";
const TABLES: [&str; 3] = [
    include_str!("custom/httproute.yaml"),
    include_str!("custom/spinapp.yaml"),
    include_str!("custom/spinappexecutor.yaml"),
];
const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The schema of a kind, if there is a table of it.
pub fn schema_of(api_version: &str, kind: &str) -> Result<Option<Value>> {
    for table in TABLES {
        let mut shape: Map<String, Value> = serde_saphyr::from_str(table).context("a table of a custom kind")?;
        if shape.remove("apiVersion").is_some_and(|version| version == api_version)
            && shape.remove("kind").is_some_and(|named| named == kind)
        {
            for (name, of) in [("apiVersion!", "text"), ("kind!", "text"), ("metadata!", METADATA)] {
                shape.insert(name.to_owned(), of.into());
            }
            return schema(&Value::Object(shape)).map(Some);
        }
    }
    Ok(None)
}

fn schema(shape: &Value) -> Result<Value> {
    Ok(match shape {
        Value::String(name) => match name.as_str() {
            "text" => json!({ "type": "string" }),
            "integer" => json!({ "type": "integer" }),
            "boolean" => json!({ "type": "boolean" }),
            "quantity" => json!({ "type": ["string", "number"] }),
            definition if definition.starts_with("io.k8s.") => json!({ "$ref": format!("{DEFINITIONS}{definition}") }),
            other => bail!("{other:?} is no type of a table"),
        },
        Value::Array(items) => {
            let [item] = items.as_slice() else { bail!("a list of a table has one shape: {shape}") };
            json!({ "type": "array", "items": schema(item)? })
        }
        Value::Object(fields) => object(fields)?,
        other => bail!("{other} is no shape of a table"),
    })
}

fn object(fields: &Map<String, Value>) -> Result<Value> {
    let (mut properties, mut required, mut others) = (Map::new(), Vec::new(), Value::Bool(false));
    for (key, shape) in fields {
        let name = key.trim_end_matches('!');
        if name.len() < key.len() {
            required.push(name);
        }
        match name {
            "*" => others = schema(shape)?,
            name => drop(properties.insert(name.to_owned(), schema(shape)?)),
        }
    }
    Ok(json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": others }))
}
