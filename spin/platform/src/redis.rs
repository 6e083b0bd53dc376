//! The Redis that buckets and topics are on: the variables `redis_url` and `redis_prefix`, the same as in the host's
//! `[key-value.…]` and `[realtime]`, so that replicas of both share what is there.

use std::sync::OnceLock;

use mindflow_spin_guest::variables;

/// Where it is, and what its keys begin with.
#[derive(Debug)]
pub struct Redis {
    /// May hold a password.
    pub url: String,
    pub prefix: String,
    pub database: i64,
}

/// Read once in an instance.
///
/// # Errors
/// The variable that is missing or makes no sense, without its value.
pub async fn redis() -> Result<&'static Redis, String> {
    static REDIS: OnceLock<Redis> = OnceLock::new();
    if let Some(known) = REDIS.get() {
        return Ok(known);
    }
    let url = variables::get("redis_url").await?;
    let prefix = variables::get("redis_prefix").await?;
    let redis = Redis::read(url, prefix)?;
    Ok(REDIS.get_or_init(|| redis))
}

impl Redis {
    fn read(url: Option<String>, prefix: Option<String>) -> Result<Self, String> {
        let url = url.ok_or("the variable `redis_url` is not set; write such as redis://:PASSWORD@HOST:6379/0")?;
        let database = database(&url).ok_or(
            "the variable `redis_url` must look like redis://:PASSWORD@HOST:6379/0 or rediss://…; Spin's client knows neither \
             Unix sockets nor clusters",
        )?;
        Ok(Self { url, prefix: prefix.unwrap_or_default(), database })
    }
}

/// The number of the database, which is the URL's path; 0 without one.
fn database(url: &str) -> Option<i64> {
    let rest = url.strip_prefix("redis://").or_else(|| url.strip_prefix("rediss://"))?;
    // A password may have any character but these, which are escaped there.
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let is_one_server = !authority.is_empty() && !authority.rsplit('@').next().unwrap_or_default().contains(',');
    match path {
        _ if !is_one_server => None,
        "" => Some(0),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_the_path_of_the_url() {
        for (url, number) in [
            ("redis://127.0.0.1:6379", Some(0)),
            ("redis://127.0.0.1:6379/", Some(0)),
            ("rediss://u:p%2Fw@cache.example.org/3", Some(3)),
            ("redis://h/2?protocol=resp3", Some(2)),
            ("redis://h/x", None),
            ("redis+unix:///run/redis.sock", None),
            ("redis+cluster://a:7000,b:7001", None),
            ("redis://a:7000,b:7001", None),
            ("http://h", None),
            ("redis://", None),
        ] {
            assert_eq!(database(url), number, "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        let error = Redis::read(Some("redis+cluster://:hunter2@a,b".into()), None).unwrap_err();
        assert!(error.contains("redis_url") && !error.contains("hunter2"), "{error}");
        assert!(Redis::read(None, None).unwrap_err().contains("redis_url"));
        assert_eq!(Redis::read(Some("redis://h/1".into()), Some("mf:".into())).unwrap().prefix, "mf:");
    }
}
