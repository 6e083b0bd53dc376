//! Goal: `mindflow spin-variables` prints what Spin needs for the stores of a configuration. Method: what it prints for a story's stores,
//! against what the manifest requires; and each login of it is tried.

use super::{Bed, LOGINS, SECRET};
use mindflow_tests::{root, run};
use std::collections::BTreeMap;
use tokio_postgres::NoTls;

#[tokio::test(flavor = "multi_thread")]
async fn the_variables_are_all_that_the_manifest_requires_and_their_logins_are_those_of_the_roles() {
    let bed = Bed::lay("", &[]).await;
    let [postgres, redis] = &bed.bridges[..] else { panic!("a bridge to each store") };
    let mut settings = vec![("MINDFLOW_KEY_VALUE__SESSIONS__URL".to_owned(), redis.redis())];
    for name in ["write", "read", "analytics"] {
        let config: tokio_postgres::Config = bed.platform.dsn(name).parse().unwrap();
        let dsn = postgres.postgres(config.get_user().unwrap(), config.get_dbname().unwrap());
        settings.push((format!("MINDFLOW_DATABASES__{}__DSN", name.to_uppercase()), dsn));
    }
    let config: tokio_postgres::Config = bed.platform.dsn("keys").parse().unwrap();
    let keys = postgres.postgres(config.get_user().unwrap(), config.get_dbname().unwrap());
    settings.push(("MINDFLOW_DATA_KEYS__DSN".to_owned(), keys));
    let print = async |arguments: &[&str]| {
        let mut command = bed.platform.command();
        command.args(arguments).envs(settings.clone());
        let printed = run(command).await;
        assert_eq!(printed.code, Some(0), "{printed:?}");
        printed.stdout
    };

    let values: BTreeMap<String, String> = serde_json::from_str(&print(&["spin-variables", "--json"]).await).unwrap();
    let manifest: toml::Table = std::fs::read_to_string(root().join("spin.toml")).unwrap().parse().unwrap();
    let variables = manifest["variables"].as_table().unwrap();
    for (name, variable) in variables {
        assert!(values.contains_key(name) || variable.get("required").is_none(), "{name} is required");
    }
    for (variable, role, _) in LOGINS.into_iter().filter(|(variable, ..)| variables.contains_key(*variable)) {
        let (client, connection) = tokio_postgres::connect(&values[variable], NoTls).await.unwrap();
        tokio::spawn(connection);
        let user: String = client.query_one("SELECT current_user::text", &[]).await.unwrap().get(0);
        assert_eq!(user, role, "{variable}");
    }
    let origin = format!("postgres://{}", postgres.address());
    for (variable, expected) in [
        ("write_origin", origin.as_str()),
        ("data_keys_origin", &origin),
        ("redis_origin", &redis.redis()),
        ("redis_prefix", bed.platform.redis().1),
        ("jwt_wrapping_secret", SECRET),
        ("sealing_key", SECRET),
    ] {
        assert_eq!(values[variable], expected, "{variable}");
    }
    assert!(values["rate_limits"].contains("\"factor\":1000000"), "{}", values["rate_limits"]);

    let script = print(&["spin-variables"]).await;
    assert_eq!(script.lines().count(), values.len(), "{script}");
    assert!(script.lines().all(|line| line.starts_with("SPIN_VARIABLE_") && line.ends_with('\'')), "{script}");
}
