//! Which files Spin needs: one for each component that it starts.

use super::application::Application;
use anyhow::{Result, bail};

/// One file, named for the component of `spin.toml` that runs it.
#[derive(Debug, PartialEq, Eq)]
pub struct Composition {
    pub name: String,
    pub service: String,
    pub front: Front,
}

/// What answers Spin's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front {
    /// The service itself.
    Service,
    /// The adapter `trigger`, which delivers events to the service and runs its schedules.
    Trigger,
    /// An adapter alone, without a service.
    Adapter,
}

// === impl Composition ===

impl Composition {
    /// In the order of their names.
    pub fn all(application: &Application) -> Vec<Self> {
        let mut all = Vec::new();
        for (name, service) in &application.services {
            if service.served {
                all.push(Self { name: name.clone(), service: name.clone(), front: Front::Service });
            }
            if service.works_in_background() {
                let composition = service.background_name(name);
                all.push(Self { name: composition, service: name.clone(), front: Front::Trigger });
            }
        }
        let alone = |name: &String| Self { name: name.clone(), service: name.clone(), front: Front::Adapter };
        all.extend(application.adapters.iter().map(alone));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    pub fn select(application: &Application, names: &[String]) -> Result<Vec<Self>> {
        let mut all = Self::all(application);
        for name in names {
            if !all.iter().any(|composition| composition.name == *name) {
                let known: Vec<_> = all.iter().map(|composition| composition.name.as_str()).collect();
                bail!("Spin runs no `{name}`; there are: {}", known.join(" "));
            }
        }
        if !names.is_empty() {
            all.retain(|composition| names.contains(&composition.name));
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn application() -> Application {
        let text = r#"
            application.name = "diary"
            trigger.http = [
                { route = "/...", component = "gateway" }, { route = "/media/...", component = "media" },
                { route = "/relay", component = "relay" },
            ]
            [component.relay]
            source = "r"
            [component.gateway]
            source = "g"
            tool.mindflow.calls = ["auth"]
            [component.auth]
            source = "a"
            tool.mindflow = {}
            [component.media]
            source = "m"
            tool.mindflow.schedules = [{ name = "sweep", cron = "@daily" }]
            [component.query]
            source = "q"
            tool.mindflow.subscriptions = [{ events = ["Written"] }]
        "#;
        Application::parse(text, Path::new("")).unwrap()
    }

    #[test]
    fn what_clients_reach_and_what_runs_in_the_background_are_separate_files() {
        let all = Composition::all(&application());
        let all: Vec<_> = all.iter().map(|one| (&*one.name, &*one.service, one.front)).collect();
        assert_eq!(
            all,
            [
                ("gateway", "gateway", Front::Service),
                ("media", "media", Front::Service),
                ("media-background", "media", Front::Trigger),
                ("query", "query", Front::Trigger),
                ("relay", "relay", Front::Adapter),
            ]
        );
    }

    #[test]
    fn one_is_chosen_by_its_name_and_a_wrong_name_is_answered_with_those_that_there_are() {
        let application = application();
        let one = Composition::select(&application, &["query".to_owned()]).unwrap();
        assert_eq!(one.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["query"]);
        let error = Composition::select(&application, &["auth".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "Spin runs no `auth`; there are: gateway media media-background query relay");
    }
}
