//! How much a client or a user may do in a time, by the limits that the manifest grants.

use super::{Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, Settings, State, Unbound};
use crate::engine::{Callers, Origin};
use mindflow_backends::{
    rate_limits::{Change, Changes, Limit, Limiter, Shared, check_holder},
    redis_server::RedisUrlError,
};
use mindflow_platform::refusal;
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!("import mindflow:platform/rate-limits@0.1.0;");

use bindings::mindflow::platform::rate_limits::{self as wit, Error, Holder, Host, HostWithStore, LimitStatus};

/// All limits of the platform.
pub struct Limits {
    limiters: BTreeMap<String, Arc<Limiter>>,
    shared: Option<Arc<Shared>>,
}

/// `[rate-limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LimitSettings {
    /// The bucket of `[key-value]` by which replicas count together. Each replica counts alone without it, or if the bucket is
    /// one process's.
    pub bucket: Option<String>,
    /// Every quota is so many times as large: for tests and benchmarks, which are many users at one address.
    pub factor: u64,
    /// What is changed of the manifest's limits, by their names.
    pub limits: BTreeMap<String, Change>,
}

impl Default for LimitSettings {
    fn default() -> Self {
        let Changes { factor, limits } = Changes::default();
        Self { bucket: None, factor, limits }
    }
}

impl LimitSettings {
    /// Without where they are counted.
    pub fn changes(&self) -> Changes {
        Changes { factor: self.factor, limits: self.limits.clone() }
    }
}

/// Replicas cannot count together.
#[derive(Debug, thiserror::Error)]
#[error("[rate-limits] bucket")]
struct SharedError(#[source] RedisUrlError);

impl Capability for Limits {
    const GRANT: Option<&'static str> = Some("rate-limits");
    const SETTINGS: Option<&'static str> = Some("rate-limits");
    /// The limits by their names, with their sizes.
    type Grant = BTreeMap<String, Limit>;
    type Settings = LimitSettings;
    type Access = BTreeMap<String, Arc<Limiter>>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = !grantee.grants.rate_limits.is_empty();
        (interface == "mindflow:platform/rate-limits")
            .then(|| Requirement::tool(granted, "rate-limits = { LIMIT = { quota = 60, window-s = 60 } }"))
    }

    fn check_settings(settings: &Settings) -> Result<(), Unbound> {
        match &settings.rate_limits.bucket {
            Some(name) if !settings.key_value.contains_key(name) => {
                Err(Unbound { table: "key-value", name: name.clone(), user: Some("[rate-limits]") })
            }
            _ => Ok(()),
        }
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let settings = &opening.settings.rate_limits;
        let granted = opening.grants.iter().map(|grants| &grants.rate_limits);
        let limits = settings.changes().apply(granted).map_err(OpenError::new)?;
        let bucket = settings.bucket.as_ref().and_then(|name| Some((name, opening.settings.key_value.get(name)?)));
        let shared = match bucket {
            Some((name, config)) => Shared::open(config, name).map_err(|error| OpenError::new(SharedError(error)))?,
            None => None,
        };
        let shared = shared.map(Arc::new);
        let limiter = |(name, limit): (String, Limit)| {
            let limiter = Limiter::new(&name, limit, shared.clone());
            (name, Arc::new(limiter))
        };
        Ok(Self { limiters: limits.into_iter().map(limiter).collect(), shared: shared.clone() })
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        let granted = |name: &String| Some((name.clone(), Arc::clone(self.limiters.get(name)?)));
        grantee.grants.rate_limits.keys().filter_map(granted).collect()
    }

    /// The same limits, counted for the replay alone.
    async fn shadow(live: &Self::Access, _: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        Ok(live.iter().map(|(name, limiter)| (name.clone(), Arc::new(limiter.alone()))).collect())
    }

    async fn close(&self) {
        if let Some(shared) = &self.shared {
            shared.close();
        }
    }
}

impl Host for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

impl HostWithStore<State> for HasSelf<State> {
    async fn take(
        accessor: Store<'_>,
        limit: String,
        holder: Holder,
        cost: u64,
    ) -> wasmtime::Result<Result<LimitStatus, Error>> {
        let found: Result<_, Error> = accessor.with(|mut store| {
            let state = store.get();
            let limiter = state
                .access
                .rate_limits
                .get(&limit)
                .cloned()
                .ok_or_else(|| Error::AccessDenied(refusal::named("limit", &limit, &state.access.component)))?;
            Ok((limiter, named(&state.callers, holder)?))
        });
        Ok(match found {
            Ok((limiter, holder)) => Ok(limiter.take(&holder, cost).await.into()),
            Err(error) => Err(error),
        })
    }
}

/// The holder as one text; addresses and names are never the same.
fn named(callers: &Callers, holder: Holder) -> Result<String, Error> {
    match holder {
        Holder::Client(id) => match callers.origin(&id) {
            Some(Origin::Address(address)) => Ok(format!("address:{address}")),
            Some(Origin::User(user)) => Ok(format!("named:{user}")),
            None => Err(Error::ClientGone),
        },
        Holder::Named(name) => {
            check_holder(&name).map_err(Error::Invalid)?;
            Ok(format!("named:{name}"))
        }
    }
}

impl From<mindflow_backends::rate_limits::LimitStatus> for LimitStatus {
    fn from(standing: mindflow_backends::rate_limits::LimitStatus) -> Self {
        let mindflow_backends::rate_limits::LimitStatus { allowed, policy, rate, retry_after_s } = standing;
        Self { allowed, policy, rate, retry_after_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Caller;

    #[test]
    fn a_client_is_the_address_of_its_request_and_no_name_can_be_one() {
        let callers = Arc::new(Callers::default());
        let of = |id: &str| named(&callers, Holder::Client(id.to_owned()));
        let address = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        let known = callers.enter("a".into(), Caller::of_request(address, None));
        assert_eq!(of("a").unwrap(), "address:2001:db8:1:2::");
        assert_eq!(named(&callers, Holder::Named("address:1".to_owned())).unwrap(), "named:address:1");
        drop(known);
        assert!(matches!(of("a"), Err(Error::ClientGone)));
        assert!(matches!(named(&callers, Holder::Named(String::new())), Err(Error::Invalid(_))));
    }
}
