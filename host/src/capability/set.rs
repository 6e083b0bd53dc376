//! What follows from the list of capabilities: their grants, settings, opened stores and accesses, each as one struct
//! with a field a capability, and the steps that go through all of them.

use super::{Capability, Grants, Settings};
use figment::Figment;
use mindflow_backends::{
    clock::Clock, data_keys::Keeper, database::postgres::Database, delivery::Backend, error::chain, keys,
    records::logs::LogStore,
};
use serde::de::DeserializeOwned;
use std::{collections::BTreeMap, error::Error, path::Path, sync::Arc};

/// How a back end or a component is.
pub type HealthState = Result<(), HealthError>;

/// What is wrong with it, in words for an operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HealthError(String);

impl HealthError {
    pub fn new(error: &dyn Error) -> Self {
        Self(chain(error))
    }
}

impl From<String> for HealthError {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}

/// What a store is opened with.
pub struct Opening<'a> {
    pub settings: &'a Settings,
    /// Where embedded back ends keep their files.
    pub data_dir: &'a Path,
    /// Of every component.
    pub grants: Vec<&'a Grants>,
    /// Every configured database, by name.
    pub databases: &'a BTreeMap<String, Database>,
    /// The queues of events, if the platform has a database for them.
    pub queues: Option<Arc<dyn Backend>>,
    /// The keys of events' payloads, if the platform has a database for events and works now.
    pub keeper: Option<Arc<Keeper>>,
    /// The kept log, where it is in no database of PostgreSQL and the platform works now.
    pub logs: Option<Arc<dyn LogStore>>,
    /// What every access token must say.
    pub tokens: keys::Settings,
    pub clock: &'a Clock,
}

/// Why a capability cannot be opened. The text names the setting.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct OpenError(Box<dyn Error + Send + Sync>);

impl OpenError {
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}

/// A name that the runtime configuration does not bind.
#[derive(Debug, PartialEq, Eq)]
pub struct Unbound {
    /// Such as `databases`.
    pub table: &'static str,
    pub name: String,
    /// The table that uses it; `None` if a component's grant does.
    pub user: Option<&'static str>,
}

impl Unbound {
    /// The first of the names that `bound` lacks.
    pub(super) fn first<'a, T>(
        names: impl IntoIterator<Item = &'a String>,
        bound: &BTreeMap<String, T>,
        table: &'static str,
    ) -> Result<(), Self> {
        match names.into_iter().find(|name| !bound.contains_key(*name)) {
            Some(name) => Err(Self { table, name: name.clone(), user: None }),
            None => Ok(()),
        }
    }
}

impl Settings {
    /// Whether a table of the configuration, `user`, names a configured database.
    ///
    /// # Errors
    /// The name is not bound.
    pub fn require_database(&self, name: Option<&String>, user: &'static str) -> Result<(), Unbound> {
        match name.filter(|name| !self.sql.contains_key(*name)) {
            Some(name) => Err(Unbound { table: "databases", name: name.clone(), user: Some(user) }),
            None => Ok(()),
        }
    }
}

impl Opening<'_> {
    /// A database that the table `user` of the configuration names.
    pub(super) fn database(&self, name: &str, user: &'static str) -> Result<Database, OpenError> {
        let missing = || OpenError::new(MissingDatabase { name: name.to_owned(), user });
        self.databases.get(name).cloned().ok_or_else(missing)
    }
}

/// The check of the settings was left out.
#[derive(Debug, thiserror::Error)]
#[error("{user} names the database `{name}`, which is not configured")]
struct MissingDatabase {
    name: String,
    user: &'static str,
}

/// A grant that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {}", source.message())]
pub struct GrantError {
    pub key: &'static str,
    source: toml::de::Error,
}

/// Takes the grant of one capability out of a component's table.
pub(super) fn take_grant<C: Capability>(table: &mut toml::Table) -> Result<C::Grant, GrantError> {
    match C::GRANT.and_then(|key| Some((key, table.remove(key)?))) {
        Some((key, value)) => value.try_into().map_err(|source| GrantError { key, source }),
        None => Ok(C::Grant::default()),
    }
}

/// Reads the settings of one capability.
pub(super) fn read_settings<T: Default + DeserializeOwned>(
    figment: &Figment,
    key: Option<&str>,
) -> Result<T, figment::Error> {
    match key {
        Some(key) if figment.contains(key) => figment.extract_inner(key).map_err(|mut error: figment::Error| {
            // It is added behind the setting that is inside.
            if let Some(table) = error.path.pop() {
                error.path.insert(0, table);
            }
            error
        }),
        _ => Ok(T::default()),
    }
}

macro_rules! capabilities {
    ($($name:ident: $capability:ty,)+) => {
        /// What the manifest grants one component.
        #[derive(Debug, Clone, Default)]
        pub struct Grants {
            $(pub $name: <$capability as Capability>::Grant,)+
        }

        /// The settings of all capabilities.
        #[derive(Debug, Clone, Default)]
        pub struct Settings {
            $(pub $name: <$capability as Capability>::Settings,)+
        }

        /// All capabilities, opened.
        pub struct Capabilities {
            $(pub $name: $capability,)+
        }

        /// What one component may use, and how it finds it.
        pub struct Access {
            /// The component's name; its database role follows from it.
            pub component: Arc<str>,
            pub clock: Clock,
            $(pub $name: <$capability as Capability>::Access,)+
        }

        impl Grants {
            /// The keys of a component's table that grant something.
            pub fn keys() -> impl Iterator<Item = &'static str> {
                [$(<$capability as Capability>::GRANT),+].into_iter().flatten()
            }

            /// Takes the grants out of a component's table; what remains is no capability's.
            ///
            /// # Errors
            /// The first grant that cannot be read.
            pub fn take(table: &mut toml::Table) -> Result<Self, GrantError> {
                Ok(Self { $($name: set::take_grant::<$capability>(table)?,)+ })
            }
        }

        impl Settings {
            /// The tables of the runtime configuration that capabilities read.
            pub fn keys() -> impl Iterator<Item = &'static str> {
                [$(<$capability as Capability>::SETTINGS),+].into_iter().flatten()
            }

            /// # Errors
            /// The first setting that cannot be read, with its path.
            pub fn read(figment: &figment::Figment) -> Result<Self, figment::Error> {
                Ok(Self { $($name: set::read_settings(figment, <$capability as Capability>::SETTINGS)?,)+ })
            }

            /// Whether they bind every name that one component's grants use.
            ///
            /// # Errors
            /// The first name that is not bound.
            pub fn check_grants(&self, grants: &Grants) -> Result<(), Unbound> {
                $(<$capability as Capability>::check_grant(self, &grants.$name)?;)+
                Ok(())
            }

            /// Whether they bind every name that they use themselves.
            ///
            /// # Errors
            /// The first name that is not bound.
            pub fn check(&self) -> Result<(), Unbound> {
                $(<$capability as Capability>::check_settings(self)?;)+
                Ok(())
            }
        }

        impl Capabilities {
            /// # Errors
            /// The first that cannot be opened.
            pub async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
                Ok(Self { $($name: <$capability as Capability>::open(opening).await?,)+ })
            }

            /// Makes what must be stored before their first use.
            ///
            /// # Errors
            /// The first that cannot make it.
            pub async fn prepare(opening: &Opening<'_>) -> Result<(), OpenError> {
                $(<$capability as Capability>::prepare(opening).await?;)+
                Ok(())
            }

            /// What one component may use.
            pub fn access(&self, grantee: &Grantee<'_>, clock: &Clock) -> Access {
                Access {
                    component: grantee.component.into(),
                    clock: clock.clone(),
                    $($name: self.$name.access(grantee),)+
                }
            }

            /// Each back end with what is wrong with it.
            pub async fn health(&self) -> BTreeMap<String, HealthState> {
                let ($($name,)+) = futures::join!($(self.$name.health()),+);
                [$($name),+].into_iter().flatten().collect()
            }

            pub async fn close(&self) {
                $(self.$name.close().await;)+
            }
        }

        impl Access {
            /// The same component without an effect outside of a shadow replay.
            ///
            /// # Errors
            /// A substitute cannot be made.
            pub async fn shadow(&self, scratch: &Scratch<'_>) -> Result<Self, OpenError> {
                Ok(Self {
                    component: Arc::clone(&self.component),
                    clock: self.clock.clone(),
                    $($name: <$capability as Capability>::shadow(&self.$name, scratch).await?,)+
                })
            }
        }

        /// Adds every capability to a linker. Which of them a component may import is checked before.
        ///
        /// # Errors
        /// Two capabilities define the same interface.
        pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
            $(<$capability as Capability>::link(linker)?;)+
            Ok(())
        }

        /// What the manifest must say before a component may import `interface` (without its version).
        pub fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
            None$(.or_else(|| <$capability as Capability>::requirement(interface, grantee)))+
        }
    };
}

pub(super) use capabilities;
