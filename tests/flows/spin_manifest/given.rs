//! What the tables of `spin.toml` give to compositions, and what the services inside need.

use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// What a composition is not given although a service inside has the grant, and why.
const SPARED: &[(&str, &str, &str)] = &[
    ("gateway", "mail_url", "mails are sent for events"),
    ("gateway", "mail_password", "mails are sent for events"),
    ("gateway", "mail_from", "mails are sent for events"),
    ("gateway", "{{ mail_origin }}", "mails are sent for events"),
    ("gateway", "https://*:*", "addresses of users are checked there and called for events"),
    ("gateway", "analytics_write_dsn", "the write database notes erasures alone, which are handled in analytics"),
    ("gateway", "search_write_dsn", "the write database notes erasures alone, which are handled in search"),
    ("notification", "jwt_wrapping_secret", "mails are prepared there, and no tokens signed"),
    ("media", "jwt_wrapping_secret", "tokens are proven there, not signed"),
    ("media-background", "jwt_wrapping_secret", "tokens are proven there, not signed"),
    ("media", "sealing_key", "there are no logins there"),
    ("media", "sealing_former_keys", "there are no logins there"),
    ("media", "data_keys_dsn", "tokens are proven there, and nothing is published"),
    ("media", "{{ data_keys_origin }}", "tokens are proven there, and nothing is published"),
    ("media", "http://auth.spin.internal", "erasures are handled in media-background"),
    ("media", "http://logging.spin.internal", "erasures are handled in media-background"),
    ("command", "jwt_wrapping_secret", "tokens are proven there, not signed"),
    ("portability", "jwt_wrapping_secret", "tokens are proven there, not signed"),
    ("portability", "sealing_key", "there are no logins there"),
    ("portability", "sealing_former_keys", "there are no logins there"),
    ("portability", "data_keys_dsn", "imports are read in portability-background"),
    ("portability", "{{ data_keys_origin }}", "imports are read in portability-background"),
    ("portability-background", "jwt_wrapping_secret", "tokens are proven there, not signed"),
];
/// Where `auth` is called and publishes nothing: tokens are proven, and mails prepared.
const PROVES_ALONE: &[&str] = &["command", "media", "media-background", "notification"];

pub struct Application<'a> {
    pub components: BTreeMap<&'a str, &'a Table>,
    triggers: Vec<(&'a str, bool)>,
}

impl<'a> Application<'a> {
    pub fn of(manifest: &'a Table) -> Self {
        let components = manifest["component"].as_table().expect("components");
        let triggers = manifest["trigger"]["http"].as_array().expect("triggers");
        Self {
            components: components
                .iter()
                .map(|(name, entry)| (name.as_str(), entry.as_table().expect("a component")))
                .collect(),
            triggers: triggers
                .iter()
                .map(|trigger| (trigger["component"].as_str().expect("a name"), trigger["route"].is_table()))
                .collect(),
        }
    }

    /// `[component.NAME.tool.mindflow]`
    pub fn tool(&self, name: &str) -> Option<&'a Table> {
        self.components.get(name)?.get("tool")?.get("mindflow")?.as_table()
    }

    pub fn triggered(&self, name: &str) -> bool {
        self.triggers.iter().any(|(component, _)| *component == name)
    }

    /// The components that only others reach.
    pub fn private(&self) -> impl Iterator<Item = &'a str> {
        self.triggers.iter().filter(|(_, private)| *private).map(|(name, _)| *name)
    }

    pub fn variables(&self, name: &str) -> BTreeMap<String, String> {
        let templates = self.components[name].get("variables").and_then(Value::as_table).into_iter().flatten();
        templates.map(|(key, template)| (key.clone(), template.as_str().expect("a template").to_owned())).collect()
    }

    pub fn hosts(&self, name: &str) -> BTreeSet<String> {
        texts(self.components[name].get("allowed_outbound_hosts"))
    }

    pub fn needed_variables(&self, composition: &str) -> BTreeMap<String, String> {
        let mut needed = BTreeMap::new();
        for service in self.inside(composition) {
            let prefix = service.replace('-', "_");
            let own = self.own_variables(service);
            needed.extend(own.into_iter().map(|(key, template)| (format!("{prefix}_{key}"), template)));
            let shared = self.needs(service).into_iter().flat_map(|need| need.variables);
            needed.extend(shared.map(|name| (name.clone(), filled_in(&name))));
        }
        if self.works(composition) {
            needed.insert("delivery_dsn".to_owned(), filled_in("delivery_dsn"));
        }
        needed.retain(|name, _| !spared(composition, name));
        needed
    }

    pub fn needed_hosts(&self, composition: &str) -> BTreeSet<String> {
        let mut needed: BTreeSet<String> = BTreeSet::new();
        for service in self.inside(composition) {
            needed.extend(self.needs(service).into_iter().filter_map(|need| need.origin).map(|name| filled_in(&name)));
            let own = self.tool(service).and_then(|tool| tool.get("allowed_outbound_hosts"));
            // Over TLS alone: Spin's own addresses are in the clear, and no address of a user is.
            needed.extend(texts(own).into_iter().filter(|host| host != "http://*:*"));
            if service != "auth" || !PROVES_ALONE.contains(&composition) {
                needed.extend(self.rung_by(service).map(|name| format!("http://{name}.spin.internal")));
            }
        }
        if self.works(composition) {
            needed.insert(filled_in("write_origin"));
        }
        needed.retain(|host| !spared(composition, host));
        needed
    }

    /// Named by a template of Spin or of this host.
    pub fn used_variables(&self) -> BTreeSet<&'a str> {
        let own = self.components.keys().filter_map(|name| self.tool(name));
        self.components
            .values()
            .copied()
            .chain(own)
            .flat_map(|table| [table.get("variables"), table.get("allowed_outbound_hosts")])
            .flatten()
            .flat_map(|templates| match templates {
                Value::Table(templates) => templates.values().collect::<Vec<_>>(),
                templates => templates.as_array().into_iter().flatten().collect(),
            })
            .filter_map(|template| template.as_str()?.strip_prefix("{{ ")?.strip_suffix(" }}"))
            .collect()
    }

    /// The services in a composition: the one that it is named for, what that calls, and so on.
    fn inside<'s>(&'s self, composition: &'s str) -> BTreeSet<&'s str> {
        let first = composition.strip_suffix("-background").unwrap_or(composition);
        let (mut found, mut open) = (BTreeSet::from([first]), vec![first]);
        while let Some(name) = open.pop() {
            let calls = self.tool(name).and_then(|tool| tool.get("calls")?.as_array());
            let entries = calls.into_iter().flatten().filter_map(Value::as_str);
            // `SERVICE`, or `SERVICE/INTERFACE`.
            let callees = entries.map(|entry| entry.split_once('/').map_or(entry, |(service, _)| service));
            open.extend(callees.filter(|callee| found.insert(callee)));
        }
        found
    }

    /// It is rung, and delivers events or runs schedules.
    fn works(&self, composition: &str) -> bool {
        self.triggers.contains(&(composition, true))
    }

    /// What a service's own code reads.
    fn own_variables(&self, service: &str) -> BTreeMap<String, String> {
        match self.tool(service).expect("a service") {
            tool if tool.contains_key("component") => {
                let templates = tool.get("variables").and_then(Value::as_table).into_iter().flatten();
                templates.map(|(key, template)| (key.clone(), template.as_str().expect("one").to_owned())).collect()
            }
            _ => self.variables(service),
        }
    }

    /// The compositions that are rung for what a service publishes.
    fn rung_by(&self, service: &str) -> impl Iterator<Item = String> {
        let published = texts(self.tool(service).and_then(|tool| tool.get("publishes")));
        let subscribed = self.components.keys().copied().filter(move |name| {
            let entries = self.tool(name).and_then(|tool| tool.get("subscriptions")?.as_array());
            entries.into_iter().flatten().any(|entry| !published.is_disjoint(&texts(entry.get("events"))))
        });
        // Of one with a public route, the composition that has a private one.
        subscribed.map(|name| {
            let background = format!("{name}-background");
            if self.triggers.contains(&(name, false)) { background } else { name.to_owned() }
        })
    }

    /// What the adapters read for the grants of a service.
    fn needs(&self, service: &str) -> Vec<Need> {
        let tool = self.tool(service).expect("a service");
        let prefix = service.replace('-', "_");
        let of = |variables: &[&str], origin: &str| Need {
            variables: variables.iter().map(|&name| name.to_owned()).collect(),
            origin: Some(origin).filter(|origin| !origin.is_empty()).map(ToOwned::to_owned),
        };
        let data_keys = || of(&["data_keys_dsn", "sealing_key", "sealing_former_keys"], "data_keys_origin");
        let mut needs = Vec::new();
        for (grant, value) in tool {
            match grant.as_str() {
                "sql" => {
                    needs.extend(
                        value.as_table().into_iter().flatten().map(|(database, _)| {
                            of(&[&format!("{prefix}_{database}_dsn")], &format!("{database}_origin"))
                        }),
                    )
                }
                "rate-limits" => needs.push(of(&["redis_url", "redis_prefix", "rate_limits"], "redis_origin")),
                "key-value" | "realtime" => needs.push(of(&["redis_url", "redis_prefix"], "redis_origin")),
                "jwt" => {
                    needs.push(of(&["keys_dsn"], "write_origin"));
                    if texts(Some(value)).contains("sign") {
                        needs.push(of(&["jwt_wrapping_secret"], ""));
                    }
                }
                "dead-letters" => needs.extend([of(&["dead_letters_dsn"], "write_origin"), data_keys()]),
                "audit-log" => needs.extend([of(&["audit_log_dsn"], "write_origin"), data_keys()]),
                "search-index" => needs.push(of(&["search_index_dsn"], "read_origin")),
                "web-push" => needs.push(of(&["web_push_dsn"], "write_origin")),
                "sealing" => needs.push(of(&["sealing_key", "sealing_former_keys"], "")),
                "mail" => needs.push(of(&["mail_url", "mail_password", "mail_from"], "mail_origin")),
                "outbound" => {
                    let says = |key: &str| value.get(key).and_then(Value::as_bool) == Some(true);
                    if says("public-only") {
                        needs.push(of(&["outbound_allow_private"], ""));
                    }
                    if says("disclosed") {
                        needs.push(of(&["disclosure_ledger_dsn"], "write_origin"));
                    }
                }
                "disclosure-ledger" => needs.push(of(&["disclosure_ledger_dsn"], "write_origin")),
                "embeddings" => {
                    needs.push(of(&["embeddings_url", "embeddings_model", "embeddings_api_key"], "embeddings_origin"));
                    needs.push(of(&["disclosure_ledger_dsn"], "write_origin"));
                }
                "blob" => {
                    needs.push(of(&["blob_access_key_id", "blob_secret_access_key"], "blob_origin"));
                    needs
                        .extend(texts(Some(value)).iter().map(|container| of(&[&format!("blob_{container}_url")], "")));
                }
                // The event log is written with the service's own transaction; its payloads are sealed and opened.
                "publishes" | "subscriptions" | "erasure" => needs.push(data_keys()),
                "component"
                | "allowed_outbound_hosts"
                | "calls"
                | "instances"
                | "platform-state"
                | "refuses-bodies"
                | "schedules"
                | "variables"
                | "websocket" => {}
                other => panic!("{other} is granted to {service}; say here what Spin must give for it"),
            }
        }
        needs
    }
}

/// What a grant takes on Spin.
struct Need {
    variables: Vec<String>,
    /// The variable that says where it leads.
    origin: Option<String>,
}

fn spared(composition: &str, what: &str) -> bool {
    SPARED.iter().any(|(spared, name, _)| (*spared, *name) == (composition, what))
}

fn filled_in(variable: &str) -> String {
    format!("{{{{ {variable} }}}}")
}

fn texts(list: Option<&Value>) -> BTreeSet<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}
