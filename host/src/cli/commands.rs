//! The commands that end: the running host executes each where there is one, else a platform started for it.

use super::{AppLocation, CliError, DeadLettersCommand, output, table};
use crate::{
    application::Application,
    data_dir,
    databases::{Databases, Newer, Schema},
    manifest::ComponentEntry,
    observe::logs,
    operator::{DeadLettersRequest, OperatorClient, OperatorError, OperatorRequest, claim, host_of, socket},
    preparation,
};
use serde_json::{Value, json};
use std::path::Path;

pub async fn migrate(location: &AppLocation) -> Result<(), CliError> {
    let (manifest, config) = location.manifest_and_config()?;
    // While a host runs it shares the private servers with it.
    data_dir::open(&config.data_dir)?;
    let _claimed = claim(&config.data_dir, &print_progress).await?;
    let databases = Databases::open(&config).await?;
    let outcome = async {
        let applied = databases.prepare(&manifest, Schema::Migrate, Newer::Refuse).await?;
        preparation::prepare(&manifest, &config, &databases).await?;
        Ok::<_, CliError>(applied)
    }
    .await;
    let left_open = databases.left_open().await;
    databases.close().await;
    let applied = outcome?;
    for name in &applied {
        output::line(format_args!("applied {name}"))?;
    }
    output::line(if applied.is_empty() {
        "the schemas are up to date".to_owned()
    } else {
        format!("{} migrations applied", applied.len())
    })?;
    left_open.iter().for_each(output::note);
    Ok(())
}

pub async fn check(location: &AppLocation) -> Result<(), CliError> {
    let (manifest, config) = location.manifest_and_config()?;
    logs::check(&config.log)?;
    let application = Application::load_blocking(manifest, config).await?;
    for (name, loaded) in &application.components {
        output::line(format_args!("{name}: fits ({})", loaded.entry.source.display()))?;
    }
    let (manifest, config) = (application.manifest.path.display(), application.config.path.display());
    output::line(format_args!("{manifest} and {config} are in order"))?;
    let (databases, unknown) = Databases::open_external(&application.config).await;
    unknown.into_iter().chain(databases.left_open().await).for_each(output::note);
    databases.close().await;
    Ok(())
}

pub async fn components(location: &AppLocation, json: bool) -> Result<(), CliError> {
    let config = location.config()?;
    let list = if host_of(&config.data_dir, &print_progress).await? {
        socket::send(&config.data_dir, &OperatorRequest::Components, &print_progress).await?
    } else {
        if !config.data_dir.exists() {
            let data_dir = config.data_dir.display();
            output::note(format_args!("there is no data directory {data_dir}: this is what the manifest has"));
        }
        let stopped = |entry: &ComponentEntry| json!({ "name": entry.name, "state": "stopped", "source": entry.source.display().to_string() });
        Value::Array(location.manifest()?.components.values().map(stopped).collect())
    };
    print(&list, json)
}

pub async fn swap(location: &AppLocation, component: String, file: &Path) -> Result<(), CliError> {
    let config = location.config()?;
    let file = std::path::absolute(file).map_err(|source| CliError::File { path: file.to_owned(), source })?;
    let request = OperatorRequest::Swap { component, file };
    if !host_of(&config.data_dir, &print_progress).await? {
        return Err(OperatorError::NotRunning(config.data_dir.display().to_string()).into());
    }
    let status = socket::send(&config.data_dir, &request, &print_progress).await?;
    print(&Value::Array(vec![status]), false)
}

pub async fn rotate_keys(location: &AppLocation) -> Result<(), CliError> {
    let answer = request(location, OperatorRequest::RotateKeys).await?;
    print(&Value::Array(vec![answer]), false)
}

pub async fn dead_letters(location: &AppLocation, command: DeadLettersCommand) -> Result<(), CliError> {
    match command {
        DeadLettersCommand::List { consumer, limit, json } => {
            let list =
                request(location, OperatorRequest::DeadLetters(DeadLettersRequest::List { consumer, limit })).await?;
            if json { print(&list, true) } else { print(&overview(&list), false) }
        }
        DeadLettersCommand::Show { id } => {
            print(&request(location, OperatorRequest::DeadLetters(DeadLettersRequest::Show { id })).await?, true)
        }
        DeadLettersCommand::Retry { id } => {
            print(&request(location, OperatorRequest::DeadLetters(DeadLettersRequest::Retry { id })).await?, false)
        }
        DeadLettersCommand::Discard { id } => {
            print(&request(location, OperatorRequest::DeadLetters(DeadLettersRequest::Discard { id })).await?, false)
        }
    }
}

/// The parts of a dead letter that fit a line.
fn overview(list: &Value) -> Value {
    let rows = list.as_array().into_iter().flatten().map(|letter| {
        let event = |field: &str| letter.get("event").and_then(|event| event.get(field)).cloned().unwrap_or_default();
        let own = |field: &str| letter.get(field).cloned().unwrap_or_default();
        json!({
            "id": own("id"), "type": event("eventType"), "entity": event("partitionKey"), "attempts": own("attempts"),
            "parked": own("parked"), "deadAt": own("deadAt"), "lastError": own("lastError"),
        })
    });
    Value::Array(rows.collect())
}

pub async fn operate(
    location: &AppLocation,
    command: &str,
    arguments: Vec<String>,
    json: bool,
) -> Result<(), CliError> {
    let answer = request(location, OperatorRequest::Operate { command: command.to_owned(), arguments }).await?;
    let member = |name| answer.get(name).and_then(Value::as_str);
    match answer.get("rows") {
        Some(rows) if !json => {
            if rows.as_array().is_some_and(|rows| !rows.is_empty()) {
                print(rows, false)?;
            }
            member("summary").map_or(Ok(()), output::line)?;
        }
        _ => print(&answer, json)?,
    }
    member("problem").map_or(Ok(()), |problem| Err(CliError::Result(problem.to_owned())))
}

/// Prints how far long work has come.
pub(super) fn print_progress(progress: &str) {
    output::note(progress);
}

/// Who executes the requests of one command.
pub(super) async fn client(location: &AppLocation) -> Result<OperatorClient, CliError> {
    let (manifest, mut config) = location.manifest_and_config()?;
    // What a command logs, its operator reads; it is not kept.
    config.log.filter = "warn".into();
    config.log.keep.enabled = false;
    let _ = logs::install(&config.log);
    Ok(OperatorClient::open(manifest, config, &print_progress).await?)
}

/// Has one request executed.
pub(super) async fn request(location: &AppLocation, request: OperatorRequest) -> Result<Value, CliError> {
    let client = client(location).await?;
    let answer = client.request(request, &print_progress).await;
    client.close().await;
    Ok(answer?)
}

pub(super) fn print(value: &Value, json: bool) -> Result<(), CliError> {
    if json {
        output::line(serde_json::to_string_pretty(value).map_err(|error| CliError::Answer(error.into()))?)
    } else {
        output::lines(table::render(value))
    }
}
