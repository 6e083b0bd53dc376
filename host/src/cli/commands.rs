//! The commands that end: each asks the running host where there is one, and else does its work itself.

use super::{DeadLettersCommand, Place, line, table};
use crate::{
    application::Application,
    control::{self, DeadLettersOrder, Order},
    observe::logs,
    platform::{Platform, Role},
    stores::{Databases, Schema},
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub async fn migrate(place: &Place) -> Result<(), String> {
    let (manifest, config) = (place.manifest()?, place.config()?);
    let databases = Databases::open(&config).await.map_err(|error| line(&error))?;
    let outcome = databases.prepare(&manifest, Schema::Migrate).await.map_err(|error| line(&error));
    databases.close().await;
    let applied = outcome?;
    for name in &applied {
        println!("applied {name}");
    }
    println!(
        "{}",
        if applied.is_empty() {
            "the schemas are up to date".to_owned()
        } else {
            format!("{} migrations applied", applied.len())
        }
    );
    Ok(())
}

pub async fn check(place: &Place) -> Result<(), String> {
    let (manifest, config) = (place.manifest()?, place.config()?);
    let application = load(manifest, config).await?;
    for (name, loaded) in &application.components {
        println!("{name}: fits ({})", loaded.entry.source.display());
    }
    println!("{} and {} are in order", application.manifest.path.display(), application.config.path.display());
    Ok(())
}

/// Compiles off the runtime's threads.
pub(super) async fn load(
    manifest: crate::manifest::Manifest,
    config: crate::manifest::RuntimeConfig,
) -> Result<Application, String> {
    tokio::task::spawn_blocking(|| Application::load(manifest, config))
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| line(&error))
}

pub async fn components(place: &Place, json: bool) -> Result<(), String> {
    let config = place.config()?;
    let list = match control::send(&config.data_dir, &Order::Components, &say).await {
        Some(answer) => answer?,
        None => {
            let manifest = place.manifest()?;
            Value::Array(
                manifest
                    .components
                    .values()
                    .map(|entry| json!({ "name": entry.name, "state": "stopped", "source": entry.source }))
                    .collect(),
            )
        }
    };
    print(&list, json)
}

pub async fn swap(place: &Place, component: String, file: &Path) -> Result<(), String> {
    let config = place.config()?;
    let file = std::path::absolute(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let order = Order::Swap { component, file };
    let status = control::send(&config.data_dir, &order, &say).await.ok_or_else(|| {
        format!("no host runs on {}; start it with `mindflow up`, or name its --data-dir", config.data_dir.display())
    })??;
    print(&Value::Array(vec![status]), false)
}

pub async fn rotate_keys(place: &Place) -> Result<(), String> {
    let answer = order(place, Order::RotateKeys).await?;
    print(&Value::Array(vec![answer]), false)
}

pub async fn dead_letters(place: &Place, command: DeadLettersCommand) -> Result<(), String> {
    match command {
        DeadLettersCommand::List { consumer, limit, json } => {
            let list = order(place, Order::DeadLetters(DeadLettersOrder::List { consumer, limit })).await?;
            if json { print(&list, true) } else { print(&overview(&list), false) }
        }
        DeadLettersCommand::Show { id } => {
            print(&order(place, Order::DeadLetters(DeadLettersOrder::Show { id })).await?, true)
        }
        DeadLettersCommand::Retry { id } => {
            print(&order(place, Order::DeadLetters(DeadLettersOrder::Retry { id })).await?, false)
        }
        DeadLettersCommand::Discard { id } => {
            print(&order(place, Order::DeadLetters(DeadLettersOrder::Discard { id })).await?, false)
        }
    }
}

/// What of a dead letter fits a line.
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

pub async fn operate(place: &Place, command: &str, arguments: Vec<String>, json: bool) -> Result<(), String> {
    let answer = order(place, Order::Operate { command: command.to_owned(), arguments }).await?;
    let member = |name| answer.get(name).and_then(Value::as_str);
    match answer.get("rows") {
        Some(rows) if !json => {
            if rows.as_array().is_some_and(|rows| !rows.is_empty()) {
                print(rows, false)?;
            }
            member("summary").into_iter().for_each(|summary| println!("{summary}"));
        }
        _ => print(&answer, json)?,
    }
    member("problem").map_or(Ok(()), |problem| Err(problem.to_owned()))
}

/// How far long work is.
fn say(progress: &str) {
    eprintln!("{progress}");
}

/// Where orders are carried out: by the running host, or by a platform started for them.
pub(super) enum Desk {
    Running(PathBuf),
    Own(Box<Platform>),
}

impl Desk {
    pub(super) async fn open(place: &Place) -> Result<Self, String> {
        let (manifest, mut config) = (place.manifest()?, place.config()?);
        if control::listens(&config.data_dir).await {
            return Ok(Self::Running(config.data_dir));
        }
        config.log.filter = "warn".into();
        // What a command logs, its operator reads; it is not kept.
        config.logs.store = false;
        let _ = logs::install(&config.log, &config.logs);
        let application = load(manifest, config).await?;
        let platform = Platform::start(application, Role::Operator).await.map_err(|error| line(&error))?;
        Ok(Self::Own(Box::new(platform)))
    }

    pub(super) async fn ask(&self, order: Order) -> Result<Value, String> {
        match self {
            Self::Running(data_dir) => {
                let answer = control::send(data_dir, &order, &say).await;
                answer.unwrap_or_else(|| Err("the running host has ended".into()))
            }
            Self::Own(platform) => control::carry_out(platform, order, &say).await,
        }
    }

    pub(super) async fn close(self) {
        if let Self::Own(platform) = self {
            platform.stop().await;
        }
    }
}

/// One order.
pub(super) async fn order(place: &Place, order: Order) -> Result<Value, String> {
    let desk = Desk::open(place).await?;
    let answer = desk.ask(order).await;
    desk.close().await;
    answer
}

pub(super) fn print(value: &Value, json: bool) -> Result<(), String> {
    if json {
        println!("{}", serde_json::to_string_pretty(value).map_err(|error| error.to_string())?);
    } else {
        print!("{}", table::render(value));
    }
    Ok(())
}
