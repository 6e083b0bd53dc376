use mindflow_backends::clock::Clock;
use mindflow_backends::stores::key_value::{self, Config};
use serde_json::json;

fn parse(json: serde_json::Value) -> Result<Config, String> {
    serde_json::from_value(json).map_err(|error: serde_json::Error| error.to_string())
}

#[test]
fn every_back_end_can_be_configured() {
    assert!(matches!(
        parse(json!({"backend": "memory", "max-bytes": 9000000})),
        Ok(Config::Memory { max_bytes: 9_000_000 })
    ));
    assert!(matches!(parse(json!({"backend": "file"})), Ok(Config::File {})));
    let redis = parse(json!({"backend": "redis", "url": "redis://h:1/2", "prefix": "m:"}));
    assert!(matches!(redis, Ok(Config::Redis { prefix, .. }) if prefix == "m:"));
}

#[test]
fn an_unknown_setting_is_refused_by_name() {
    let error = parse(json!({"backend": "memory", "max-byte": 1})).unwrap_err();
    assert!(error.contains("max-byte"), "{error}");
    let error = parse(json!({"backend": "file", "path": "/x"})).unwrap_err();
    assert!(error.contains("path"), "{error}");
    let error = parse(json!({"backend": "etcd"})).unwrap_err();
    assert!(error.contains("etcd"), "{error}");
}

#[test]
fn the_password_of_a_url_is_in_no_text() {
    let config = json!({"backend": "redis", "url": "redis://u:hunter2@h:1/2"});
    assert!(!format!("{:?}", parse(config).unwrap()).contains("hunter2"));
    let error = parse(json!({"backend": "redis", "url": "redis//u:hunter2@h"})).unwrap_err();
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_bucket_needs_a_plain_name_and_room() {
    let folder = tempfile::tempdir().unwrap();
    let open = async |config: Config, name: &str| {
        let opened = key_value::open(&config, name, folder.path(), Clock::system()).await;
        opened.map(drop).map_err(|error| error.to_string())
    };
    for name in ["", "../etc", "Sessions", "a.b", &"n".repeat(65)] {
        let error = open(Config::File {}, name).await.unwrap_err();
        assert!(error.contains("bucket name"), "{error}");
    }
    let error = open(Config::Memory { max_bytes: 1000 }, "cache").await.unwrap_err();
    assert!(error.contains("\"cache\"") && error.contains("max-bytes"), "{error}");
}
