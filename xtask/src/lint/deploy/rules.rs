//! What no schema knows: names that must be there, labels that must fit, and how pods must be confined.

use super::{Rendered, name_of};
use serde_json::Value;

/// Marks what must be of this kind and has no secret in it.
const NOTHING_SECRET: &str = "/metadata/annotations/mindflow.dev~1holds";
/// Kinds that have a template of pods.
const WORKLOADS: [&str; 3] = ["Deployment", "StatefulSet", "Job"];

pub fn faults(rendered: &Rendered) -> Vec<String> {
    let mut faults = Vec::new();
    for object in &rendered.objects {
        let mut fault = |text: String| faults.push(format!("{}: {text}", name_of(object)));
        if let Some(pod) = pod(object) {
            confinement(pod, &mut fault);
            draining(pod, &mut fault);
        }
        names(rendered, object, &mut fault);
        labels(rendered, object, &mut fault);
        if kind(object) == "Secret" && object.pointer(NOTHING_SECRET).is_none() {
            fault("a secret is not a part of a kustomization".to_owned());
        }
    }
    for secret in &rendered.secrets {
        let values = text_map(secret.get("stringData")).chain(text_map(secret.get("data")));
        for (key, _) in values.filter(|(_, value)| !value.is_empty()) {
            faults.push(format!("{}: `{key}` has a value, and this is an example", name_of(secret)));
        }
    }
    faults
}

/// Kubernetes' standard `restricted`, with a root that is only read, and images that say which they are.
fn confinement(pod: &Value, fault: &mut impl FnMut(String)) {
    let mut must = |of: &Value, pointer: &str, wanted: Value, name: &str| {
        if of.pointer(pointer) != Some(&wanted) {
            fault(format!("{name} needs {} = {wanted}", pointer.trim_start_matches('/').replace('/', ".")));
        }
    };
    must(pod, "/automountServiceAccountToken", false.into(), "the pod");
    must(pod, "/securityContext/runAsNonRoot", true.into(), "the pod");
    must(pod, "/securityContext/seccompProfile/type", "RuntimeDefault".into(), "the pod");
    for container in containers(pod) {
        let name = format!("container `{}`", text(container, "/name"));
        must(container, "/securityContext/allowPrivilegeEscalation", false.into(), &name);
        must(container, "/securityContext/readOnlyRootFilesystem", true.into(), &name);
        must(container, "/securityContext/capabilities/drop", serde_json::json!(["ALL"]), &name);
    }
    for container in containers(pod) {
        let (name, image) = (text(container, "/name"), text(container, "/image"));
        let tag = image.rsplit('/').next().and_then(|last| last.split_once([':', '@'])).map(|(_, tag)| tag);
        if tag.is_none_or(|tag| tag == "latest") {
            fault(format!("container `{name}` needs an image with a tag other than `latest`, not {image:?}"));
        }
        if container.pointer("/resources/requests/cpu").is_none()
            || container.pointer("/resources/limits/memory").is_none()
        {
            fault(format!("container `{name}` needs a request of CPU and a limit of memory"));
        }
    }
}

/// A pod must have the time that it waits before it stops, at least.
fn draining(pod: &Value, fault: &mut impl FnMut(String)) {
    let grace = pod.get("terminationGracePeriodSeconds").and_then(Value::as_u64).unwrap_or(30);
    for container in containers(pod) {
        let pause = container.pointer("/lifecycle/preStop/sleep/seconds").and_then(Value::as_u64).unwrap_or_default();
        if pause >= grace {
            fault(format!("preStop takes {pause} s of a grace period of {grace} s"));
        }
    }
}

/// What an object refers to by name must be rendered with it, or be one of the expected secrets' keys.
fn names(rendered: &Rendered, object: &Value, fault: &mut impl FnMut(String)) {
    let has = |wanted: &str, name: &str| {
        rendered.objects.iter().any(|object| kind(object) == wanted && text(object, "/metadata/name") == name)
    };
    walk(object, &mut |key, value| match key {
        "configMapRef" | "configMapKeyRef" | "configMap" if !has("ConfigMap", text(value, "/name")) => {
            fault(format!("there is no ConfigMap {:?}", text(value, "/name")));
        }
        "secretKeyRef" => {
            let (name, key) = (text(value, "/name"), text(value, "/key"));
            let named = rendered.secrets.iter().filter(|secret| text(secret, "/metadata/name") == name);
            if !named.into_iter().any(|secret| text_map(secret.get("stringData")).any(|(known, _)| known == key)) {
                fault(format!("no example of a secret has {key:?} in {name:?}"));
            }
        }
        "serviceAccountName" if !has("ServiceAccount", value.as_str().unwrap_or_default()) => {
            fault(format!("there is no ServiceAccount {value}"));
        }
        "loadFromSecret" if !has("Secret", value.as_str().unwrap_or_default()) => {
            fault(format!("there is no Secret {value}"));
        }
        "scaleTargetRef" => {
            let name = text(value, "/name");
            // The operator makes the Deployment of a SpinApp, under its name.
            if !has(text(value, "/kind"), name) && !has("SpinApp", name) {
                fault(format!("there is no {} {name:?} to scale", text(value, "/kind")));
            }
        }
        "backendRefs" => {
            for backend in value.as_array().into_iter().flatten().map(|backend| text(backend, "/name")) {
                if !has("Service", backend) && !has("SpinApp", backend) {
                    fault(format!("there is no Service {backend:?}"));
                }
            }
        }
        _ => {}
    });
}

/// A selector that fits no pod does nothing, silently.
fn labels(rendered: &Rendered, object: &Value, fault: &mut impl FnMut(String)) {
    let selector = match kind(object) {
        "Service" => object.pointer("/spec/selector"),
        "PodDisruptionBudget" | "Deployment" | "StatefulSet" => object.pointer("/spec/selector/matchLabels"),
        "NetworkPolicy" => object.pointer("/spec/podSelector/matchLabels"),
        _ => None,
    };
    let Some(selector) = selector else { return };
    let fits = |labels: &Value| text_map(Some(selector)).all(|(name, value)| labels.get(name) == Some(&value.into()));
    let own = |other: &Value| {
        let template = other
            .pointer("/spec/template/metadata/labels")
            .or_else(|| other.pointer("/spec/jobTemplate/spec/template/metadata/labels"));
        match kind(other) {
            "SpinApp" => fits(&spin_labels(other)),
            _ => template.is_some_and(fits),
        }
    };
    if !rendered.objects.iter().any(own) {
        fault(format!("its selector {selector} fits no pod"));
    }
}

/// What the operator (0.6) gives to the pods of an application, and what the application adds.
fn spin_labels(app: &Value) -> Value {
    let name = text(app, "/metadata/name");
    let mut labels = app.pointer("/spec/podLabels").cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert("core.spinkube.dev/app-name".to_owned(), name.into());
        labels.insert(format!("core.spinkube.dev/app.{name}.status"), "ready".into());
    }
    labels
}

fn pod(object: &Value) -> Option<&Value> {
    match kind(object) {
        kind if WORKLOADS.contains(&kind) => object.pointer("/spec/template/spec"),
        "CronJob" => object.pointer("/spec/jobTemplate/spec/template/spec"),
        _ => None,
    }
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["containers", "initContainers"].into_iter().filter_map(|list| pod.get(list)?.as_array()).flatten()
}

fn kind(object: &Value) -> &str {
    text(object, "/kind")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn text_map(map: Option<&Value>) -> impl Iterator<Item = (&String, &str)> {
    map.and_then(Value::as_object).into_iter().flatten().map(|(name, value)| (name, value.as_str().unwrap_or_default()))
}

/// Every field at every depth.
fn walk(value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                visit(key, value);
                walk(value, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        _ => {}
    }
}
