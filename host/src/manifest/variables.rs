//! Variables of the application: from the environment, the runtime configuration or their defaults,
//! filled into `{{ name }}` templates as Spin does.

use super::{ComponentEntry, Manifest, ManifestError, RuleError, RuntimeConfig, texts::text};
use std::collections::{BTreeMap, BTreeSet};

/// Sets the variable whose name in capitals follows.
const ENVIRONMENT: &str = "MINDFLOW_VARIABLE_";
/// The same on Spin.
const ENVIRONMENT_OF_SPIN: &str = "SPIN_VARIABLE_";

/// Every variable of the manifest with the value it has here.
#[derive(Debug, Clone)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Looks each up: its own environment name, `MINDFLOW_VARIABLE_NAME`, `SPIN_VARIABLE_NAME`, the
    /// runtime configuration's `[variables]`, its default. What no component here is given may be without a value:
    /// it is Spin's.
    ///
    /// # Errors
    /// A required variable of a component that nothing sets, one of the configuration that is not defined, a value that is no UTF-8,
    /// or all those that are not what the manifest says.
    pub fn resolve(manifest: &Manifest, config: &RuntimeConfig) -> Result<Self, ManifestError> {
        if let Some(unknown) = config.variables.keys().find(|name| !manifest.variables.contains_key(*name)) {
            return Err(ManifestError::invalid(
                &config.path,
                format!("[variables] sets `{unknown}`, which {} does not define", manifest.path.display()),
            ));
        }
        let templates = manifest.components.values().flat_map(ComponentEntry::templates);
        let used: BTreeSet<&str> = templates.flat_map(names).collect();
        let (mut values, mut faults) = (BTreeMap::new(), Vec::new());
        for (name, variable) in &manifest.variables {
            let upper = name.to_uppercase();
            let own = manifest.environment.get(name).cloned();
            let keys = own.into_iter().chain([ENVIRONMENT, ENVIRONMENT_OF_SPIN].map(|begin| format!("{begin}{upper}")));
            let set =
                keys.map(|key| text(&key).map(|value| Some((key, value?)))).find_map(Result::transpose).transpose();
            let of = |place: &str, value: &String| (format!("{place} `{name}`"), value.clone());
            let value = set
                .map_err(|rule| ManifestError::invalid(&manifest.path, rule))?
                .or_else(|| config.variables.get(name).map(|value| of("[variables]", value)))
                .or_else(|| variable.default.as_ref().map(|value| of("the default of", value)));
            match value {
                Some((place, value)) => {
                    let rule = manifest.values.broken_rule(name, &value);
                    faults.extend(rule.map(|rule| format!("{place}: {rule}")));
                    values.insert(name.clone(), value);
                }
                None if !used.contains(name.as_str()) => {}
                None if variable.required => {
                    return Err(ManifestError::invalid(
                        &manifest.path,
                        format!("variable `{name}` is required; set {ENVIRONMENT}{upper}"),
                    ));
                }
                None => {
                    values.insert(name.clone(), String::new());
                }
            }
        }
        if faults.is_empty() {
            Ok(Self(values))
        } else {
            Err(ManifestError::invalid(&manifest.path, faults.join("; ")))
        }
    }

    /// By name.
    pub fn into_values(self) -> BTreeMap<String, String> {
        self.0
    }

    /// The template with every `{{ name }}` filled in.
    ///
    /// # Errors
    /// A sentence that names the unknown variable or the unclosed braces.
    pub fn fill(&self, template: &str) -> Result<String, RuleError> {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, tail)) = after.split_once("}}") else {
                return Err(format!("{template:?} has `{{{{` without `}}}}`").into());
            };
            let name = name.trim();
            let value = self.0.get(name).ok_or_else(|| {
                format!("{template:?} names the variable `{name}`, which [variables] does not define")
            })?;
            filled.push_str(before);
            filled.push_str(value);
            rest = tail;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// The variables that a template names.
fn names(template: &str) -> impl Iterator<Item = &str> {
    template.split("{{").skip(1).filter_map(|part| part.split_once("}}")).map(|(name, _)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        Variables(BTreeMap::from([("host".into(), "https://a.example".into()), ("empty".into(), String::new())]))
    }

    #[test]
    fn a_template_is_filled_wherever_it_names_a_variable() {
        assert_eq!(
            variables().fill("{{ host }}/v1{{empty}}?x={{host}}").unwrap(),
            "https://a.example/v1?x=https://a.example"
        );
        assert_eq!(variables().fill("plain").unwrap(), "plain");
    }

    #[test]
    fn an_unknown_variable_is_named() {
        assert!(variables().fill("{{ nothing }}").unwrap_err().to_string().contains("`nothing`"));
        assert!(variables().fill("{{ host").unwrap_err().to_string().contains("without"));
    }
}
