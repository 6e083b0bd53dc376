//! The manifest's own rules: what it names is there, and its limits make sense.

use super::{ComponentEntry, Manifest, RuleError, ScheduleEntry, SubscriptionEntry};
use crate::engine::Instances;
use mindflow_backends::{delivery::policy::JITTER_PERCENT_MAX, schedule::Cron};
use std::collections::BTreeSet;

/// More attempts than this only hide from the operator that an event is a dead letter.
const RETRIES_MAX: usize = 20;

/// # Errors
/// The first rule that is broken, in a sentence that says where.
pub(super) fn check(manifest: &Manifest) -> Result<(), RuleError> {
    references(manifest)?;
    let mut scheduled = BTreeSet::new();
    for entry in manifest.components.values() {
        let table = table(entry);
        instances(&entry.tool.instances).map_err(|rule| rule.within(&table))?;
        for entry in &entry.tool.schedules {
            schedule(entry).map_err(|rule| rule.within(&table))?;
            if !scheduled.insert(&entry.name) {
                let name = &entry.name;
                let rule = "is there twice; each needs another name";
                return Err(format!("{table} schedule `{name}` {rule}").into());
            }
        }
        for entry in &entry.tool.subscriptions {
            subscription(entry).map_err(|rule| rule.within(&table))?;
        }
    }
    Ok(())
}

fn table(entry: &ComponentEntry) -> String {
    format!("[component.{}.tool.mindflow]", entry.name)
}

/// Every component and variable that is named is there.
fn references(manifest: &Manifest) -> Result<(), RuleError> {
    let named = |by: String, name: &str| -> Result<(), RuleError> {
        if manifest.components.contains_key(name) {
            return Ok(());
        }
        let known: Vec<&str> = manifest.components.keys().map(String::as_str).collect();
        Err(format!("{by} `{name}`, which is not among {}", known.join(", ")).into())
    };
    for component in manifest.routes.components() {
        named("[[trigger.http]] names component".to_owned(), component)?;
    }
    for (name, command) in &manifest.commands {
        named(format!("command `{name}` names component"), &command.component)?;
    }
    for entry in manifest.components.values() {
        for call in &entry.tool.calls {
            named(format!("{} calls", table(entry)), &call.component)?;
        }
    }
    let in_environment = manifest.environment.keys().map(|name| ("environment", name));
    let mut listed = in_environment.chain(manifest.values.variables().map(|name| ("values", name)));
    match listed.find(|(_, name)| !manifest.variables.contains_key(*name)) {
        Some((table, name)) => {
            let rule = "which [variables] does not define";
            Err(format!("[application.tool.mindflow.{table}] names `{name}`, {rule}").into())
        }
        None => Ok(()),
    }
}

fn instances(limits: &Instances) -> Result<(), RuleError> {
    let least_one = [
        ("max", limits.max),
        ("concurrency", limits.concurrency),
        ("uses-max", limits.uses_max),
        ("memory-mib-max", limits.memory_mib_max),
        ("cpu-ms-max", limits.cpu_ms_max),
        ("deadline-ms", limits.deadline_ms),
    ];
    if let Some((name, _)) = least_one.into_iter().find(|(_, value)| *value == 0) {
        return Err(format!("instances.{name} must be at least 1").into());
    }
    if limits.memory_mib_max > crate::engine::MEMORY_MIB_MAX {
        return Err(format!("instances.memory-mib-max is at most {}", crate::engine::MEMORY_MIB_MAX).into());
    }
    Ok(())
}

fn schedule(entry: &ScheduleEntry) -> Result<(), RuleError> {
    if entry.name.is_empty() || entry.run_max_s == Some(0) {
        return Err("schedules need a name, and a run-max-s of at least 1".into());
    }
    entry.cron.parse::<Cron>().map(drop).map_err(|error| format!("schedule `{}`: {error}", entry.name).into())
}

fn subscription(entry: &SubscriptionEntry) -> Result<(), RuleError> {
    if entry.events.is_empty() {
        return Err("has a subscription without events; name at least one event type".into());
    }
    let Some(retry) = &entry.retry else { return Ok(()) };
    if retry.delays_ms.len() > RETRIES_MAX || retry.jitter_percent.is_some_and(|percent| percent > JITTER_PERCENT_MAX) {
        return Err(format!(
            "a subscription's retry has at most {RETRIES_MAX} delays-ms, and a jitter-percent from 0 to {JITTER_PERCENT_MAX}"
        ).into());
    }
    Ok(())
}
