//! Goal: a start that fails prints one line, exits with code 1, and leaves nothing half-made.
//! Method: the built binary with one thing wrong at a time.

use crate::trouble_kit::{assert_says, grants, guest, manifest, refusal, run, start_refused};
use mindflow_tests::{Builder, Platform};
use std::{
    ffi::OsStr,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
};

/// With logs off: standard error holds the one line and nothing else.
fn quiet() -> Builder {
    Platform::services().env("RUST_LOG", "off")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_of_the_manifest_is_named_with_its_file_and_line() {
    for (known, unknown) in [
        ("publishes = [\"AIInsightsGenerated\"", "publishs = [\"AIInsightsGenerated\""),
        ("name = \"mindflow\"", "nam = \"mindflow\"\nname = \"mindflow\""),
    ] {
        let platform = quiet().manifest(move |text| text.replacen(known, unknown, 1)).prepare().await;
        let text = std::fs::read_to_string(platform.data_dir().with_file_name("spin.toml")).expect("the manifest");
        let word = unknown.split(' ').next().expect("a word");
        let line = text.lines().position(|line| line.starts_with(word)).expect("it is there") + 1;
        assert_says(
            &start_refused(&platform).await,
            &["spin.toml line ", &line.to_string(), &format!("unknown field `{word}`")],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_contradicts_itself_is_refused() {
    let missing = quiet()
        .manifest(|text| text.replacen("calls = [\n  \"auth/accounts\"", "calls = [\"oracle/accounts\"", 1))
        .prepare()
        .await;
    assert_says(&start_refused(&missing).await, &["[component.gateway.tool.mindflow] calls `oracle`", "auth, command"]);
    let zero = manifest(|table| {
        let instances = toml::Value::Table("max = 0".parse().expect("a table"));
        grants(table, "query").insert("instances".to_owned(), instances);
    });
    assert_says(&start_refused(&quiet().manifest(zero).prepare().await).await, &["instances.max must be at least 1"]);
    let cut = quiet().manifest(|text| text.replacen("[component.auth]", "[component.auth", 1)).prepare().await;
    assert_says(&start_refused(&cut).await, &["spin.toml line "]);
    let unknown =
        |text: String| text.replacen("\nbcrypt_cost = \"{{ bcrypt_cost", "\nbcrypt_cost = \"{{ bcrypt_price", 1);
    let variable = quiet().manifest(unknown).prepare().await;
    assert_says(&start_refused(&variable).await, &["[component.auth]", "bcrypt_price"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_of_the_configuration_is_named_with_those_that_there_are() {
    let section = quiet().config("[http]\ncolour = 1").prepare().await;
    assert_says(&start_refused(&section).await, &["config.toml", "http.colour", "unknown field", "drain-ms"]);
    let environment = quiet().env("MINDFLOW_HTTP__COLOUR", "1").prepare().await;
    assert_says(&start_refused(&environment).await, &["MINDFLOW_HTTP__COLOUR: ", "unknown field"]);
    let kind = quiet().config("[http]\ndrain-ms = \"soon\"").prepare().await;
    assert_says(&start_refused(&kind).await, &["config.toml", "http.drain-ms"]);
    let size = quiet().config("[http]\nbody-max = \"10MB\"").prepare().await;
    assert_says(&start_refused(&size).await, &["http.body-max", "10MiB"]);
    let variable = quiet().config("[variables]\nno_such_variable = \"1\"").prepare().await;
    assert_says(&start_refused(&variable).await, &["[variables] sets `no_such_variable`"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_come_from_the_environment_too() {
    // Also those of a table's former name, where the file has it by its name.
    let builder = quiet().config("[log.keep]\ndays = 2").env("MINDFLOW_LOGS__KEEP_DAYS", "3");
    let platform = builder.env("MINDFLOW_HTTP__METRICS", "false").start().await;
    platform.http().get("/metrics").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_is_misspelt_or_does_not_fit_is_named_without_its_value() {
    for (name, value, parts) in [
        ("MINDFLOW_HTTP__DRAIN_MS", "hunter2", &["MINDFLOW_HTTP__DRAIN_MS: must be a whole number"][..]),
        ("MINDFLOW_DATABASE__WRITE__DSN", "postgres://a:hunter2@b/c", &["MINDFLOW_DATABASES__WRITE__DSN may be meant"]),
        ("MINDFLOW_LISTN", "hunter2:1", &["MINDFLOW_LISTN", "MINDFLOW_LISTEN may be meant"]),
        ("MINDFLOW_LOGS__KEEP_DAYS", "hunter2", &["MINDFLOW_LOGS__KEEP_DAYS: must be a whole number"]),
        ("MINDFLOW_HTTP__TRUSTED_PROXIES", "[\"hunter2\"]", &["MINDFLOW_HTTP__TRUSTED_PROXIES: ", "is no network"]),
        (
            "MINDFLOW_VARIABLE_PUBLIC_ULR",
            "hunter2",
            &[
                "MINDFLOW_VARIABLE_PUBLIC_ULR",
                "defines no variable `public_ulr`",
                "MINDFLOW_VARIABLE_PUBLIC_URL may be meant",
            ],
        ),
    ] {
        let line = start_refused(&quiet().env(name, value).prepare().await).await;
        assert_says(&line, parts);
        assert!(!line.contains("hunter2"), "{line}");
    }
    // What is not what the manifest says of a variable.
    let several = quiet().env("MINDFLOW_VARIABLE_TAGS_MAX", "hunter2").env("MINDFLOW_CLAUDE_URL", "hunter2");
    let several = several.env("MINDFLOW_VARIABLE_CORS_ORIGINS", "*hunter2").prepare().await;
    for command in [&["up", "--listen", "127.0.0.1:0"][..], &["check"]] {
        let line = refusal(&several, command).await;
        assert_says(
            &line,
            &["MINDFLOW_VARIABLE_TAGS_MAX: must be a whole number", "MINDFLOW_CLAUDE_URL: must be an http"],
        );
        assert_says(&line, &["MINDFLOW_VARIABLE_CORS_ORIGINS: must be origins"]);
        assert!(!line.contains("hunter2"), "{line}");
    }
    // All of them together.
    let several = quiet().env("MINDFLOW_LISTN", "hunter2").env("MINDFLOW_VARIABLE_PUBLIC_ULR", "hunter2");
    let several = several.env("MINDFLOW_DATABASE__WRITE__DSN", "hunter2").env("MINDFLOW_CLAUDE_ULR", "hunter2");
    let line = start_refused(&several.prepare().await).await;
    for meant in ["LISTEN", "VARIABLE_PUBLIC_URL", "DATABASES__WRITE__DSN", "CLAUDE_URL"] {
        assert_says(&line, &[&format!("MINDFLOW_{meant} may be meant")]);
    }
    assert!(!line.contains("hunter2"), "{line}");
    // The argument stands over it.
    let listen = quiet().env("MINDFLOW_LISTEN", "hunter2").prepare().await;
    let line = refusal(&listen, &["up"]).await;
    assert!(line.contains("MINDFLOW_LISTEN: ") && !line.contains("hunter2"), "{line}");
    // A secret may consist of digits.
    let secret = "01234567890123456789012345678901";
    quiet().env("MINDFLOW_KEYS__WRAPPING_SECRET", secret).start().await.register().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_is_no_utf_8_is_named_by_the_check_and_by_the_start_without_its_value() {
    let platform = quiet().prepare().await;
    for (name, command) in [
        ("MINDFLOW_VARIABLE_PUBLIC_URL", "check"),
        ("ANTHROPIC_API_KEY", "check"),
        ("ANTHROPIC_API_KEY", "up"),
        ("MINDFLOW_CLAUDE_URL", "up"),
        ("SPIN_VARIABLE_PUBLIC_URL", "check"),
        ("MINDFLOW_KEYS__WRAPPING_SECRET", "check"),
        ("RUST_LOG", "check"),
        ("RUST_LOG", "up"),
        ("MINDFLOW_RELAY_TOKEN", "relay"),
    ] {
        let mut mindflow = platform.command();
        mindflow.arg(command).env(name, OsStr::from_bytes(b"hunter2\xff"));
        match command {
            "up" => drop(mindflow.args(["--listen", "127.0.0.1:0"])),
            "relay" => drop(mindflow.args(["--once", "--to", "http://127.0.0.1:1"])),
            _ => {}
        }
        let output = mindflow_tests::run(mindflow).await;
        assert_eq!((output.code, output.stderr.lines().count()), (Some(1), 1), "{name}: {output:?}");
        assert_says(&output.stderr, &[&format!("sets {name} to a value that is no UTF-8")]);
        assert!(!output.stderr.contains("hunter2"), "{output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_connection_string_is_refused_without_its_password() {
    for (dsn, parts) in [
        (
            "host=127.0.0.1 port=abc password=hunter2",
            &["databases.write.dsn", "not a PostgreSQL connection string"][..],
        ),
        ("postgres://ada:hunter2@[", &["databases.write.dsn"]),
        ("postgres://ada:hunter2@127.0.0.1:1/journal", &["databases.write.dsn", "127.0.0.1:1", "refused"]),
        ("postgres://ada:hunter2@no-such-host.invalid/journal", &["databases.write.dsn", "no-such-host.invalid"]),
        ("host=/no/such/folder user=ada password=hunter2 dbname=journal", &["databases.write.dsn", "/no/such/folder"]),
    ] {
        let platform = quiet().env("MINDFLOW_DATABASES__WRITE__DSN", dsn).prepare().await;
        for command in [&["up", "--listen", "127.0.0.1:0"][..], &["migrate"]] {
            let line = refusal(&platform, command).await;
            assert_says(&line, parts);
            assert_says(&line, &["databases.write.dsn (MINDFLOW_DATABASES__WRITE__DSN): "]);
            assert!(!line.contains("hunter2"), "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_redis_url_is_refused_without_its_password() {
    for url in ["http://:hunter2@127.0.0.1:6379", "redis://:hunter2@127.0.0.1:notaport/"] {
        let platform = quiet().env("MINDFLOW_KEY_VALUE__SESSIONS__URL", url).prepare().await;
        let line = start_refused(&platform).await;
        assert_says(&line, &["MINDFLOW_KEY_VALUE__SESSIONS__URL: "]);
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let platform = quiet().prepare().await;
    assert_says(&refusal(&platform, &["up", "--listen", &address]).await, &[&address, "in use", "--listen"]);
    let metrics = quiet().config(&format!("[http]\nmetrics-listen = {address:?}")).prepare().await;
    assert_says(&start_refused(&metrics).await, &[&address, "in use", "with [http] metrics-listen"]);
    // Of a network for documents (RFC 5737), which no machine is in.
    let elsewhere = refusal(&platform, &["up", "--listen", "192.0.2.1:0"]).await;
    assert_says(&elsewhere, &["192.0.2.1:0", "this machine has no such address", "--listen"]);
    assert!(!elsewhere.contains("program"), "{elsewhere}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_makes_no_data_directory_and_says_how_to_find_the_platforms() {
    let platform = quiet().prepare().await;
    let data = platform.data_dir();
    std::fs::remove_dir(&data).expect("it is empty");
    let shown = data.display().to_string();
    for command in [
        &["users", "list"][..],
        &["reconcile", "--dry-run"],
        &["dead-letters", "list"],
        &["archive", "status"],
        &["audit", "verify"],
        &["audit", "export"],
        &["logs"],
        &["replay", "--consumer", "query"],
        &["keys", "rotate"],
    ] {
        let line = refusal(&platform, command).await;
        assert_says(&line, &["there is no data directory", &shown, "--data-dir", "`mindflow up`"]);
    }
    assert_says(&refusal(&platform, &["swap", "query", "query.wasm"]).await, &["no host runs on", &shown]);
    let listed = platform.cli(&["components", "list"]).await;
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert_says(&listed.stderr, &["there is no data directory", &shown]);
    assert_eq!(platform.cli(&["check"]).await.code, Some(0));
    assert!(!data.exists(), "only a start and a migration make it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_that_cannot_be_made_is_named() {
    for builder in [quiet(), Platform::embedded().env("RUST_LOG", "off")] {
        let platform = builder.prepare().await;
        let data = platform.data_dir();
        std::fs::remove_dir_all(&data).expect("the folder goes");
        std::fs::write(&data, "a file").expect("a file takes its place");
        assert_says(&start_refused(&platform).await, &[&data.display().to_string(), "--data-dir"]);
        assert_eq!(std::fs::read_to_string(&data).expect("the file"), "a file", "nothing was changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_of_compiled_components_that_others_can_write_to_is_refused_with_the_command_that_repairs_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("compiled");
    std::fs::create_dir(&cache).expect("the cache");
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o777)).expect("its mode");
    let cache = cache.display().to_string();
    let platform = quiet().env("MINDFLOW_COMPILED_CACHE", &cache).prepare().await;
    assert_says(&start_refused(&platform).await, &[&format!("chmod go-w {cache}"), "compiled-cache"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_on_the_same_data_is_refused_and_the_first_goes_on() {
    let platform = Platform::embedded().start().await;
    let line = start_refused(&platform).await;
    assert_says(&line, &["another mindflow runs on", "--data-dir"]);
    platform.register().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_file_that_is_missing_or_no_component_is_named() {
    let source = |file: &str| {
        let file = file.to_owned();
        manifest(move |table| run(table, "command", file))
    };
    let missing = quiet().manifest(source("/no/such/command.wasm")).prepare().await;
    assert_says(&start_refused(&missing).await, &["/no/such/command.wasm", "cargo xtask build"]);
    let text = quiet().manifest(source("spin.toml")).prepare().await;
    assert_says(&start_refused(&text).await, &["spin.toml is not a component"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_without_an_export_that_the_manifest_needs_is_named() {
    let swapped = |name: &'static str, file: std::path::PathBuf| manifest(move |table| run(table, name, file));
    let subscriber = quiet()
        .manifest(manifest(|table| {
            let subscription: toml::Table = "events = [\"MoodRecorded\"]".parse().expect("a table");
            grants(table, "gateway").insert("subscriptions".to_owned(), toml::Value::Array(vec![subscription.into()]));
        }))
        .prepare()
        .await;
    assert_says(&start_refused(&subscriber).await, &["component `gateway` must export mindflow:platform/subscriber@"]);
    let http =
        quiet().manifest(|text| text.replacen("component = \"gateway\"", "component = \"command\"", 1)).prepare().await;
    assert_says(
        &start_refused(&http).await,
        &["component `command` must export wasi:http/handler@", "[[trigger.http]]"],
    );
    let operator =
        quiet().manifest(|text| text.replacen("component = \"auth\"", "component = \"command\"", 1)).prepare().await;
    assert_says(&start_refused(&operator).await, &["component `command` must export mindflow:platform/operator@"]);
    let callee = quiet().manifest(swapped("analytics", guest("poison-subscriber"))).prepare().await;
    assert_says(&start_refused(&callee).await, &["component `gateway` imports mindflow:analytics/figures@"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn components_of_different_interfaces_are_refused_with_both_sides() {
    let old = manifest(|table| run(table, "query", guest("old-query")));
    let platform = quiet().manifest(old).prepare().await;
    for command in [&["up", "--listen", "127.0.0.1:0"][..], &["check"]] {
        let line = refusal(&platform, command).await;
        assert_says(
            &line,
            &[
                "mindflow:query/reads@0.1.0#read-own",
                "`gateway` imports it as",
                "recent-entries(u32)",
                "`query` exports it as",
                "recent-entries(u64)",
            ],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_another_version_is_refused() {
    let older = quiet().empty_databases().env("MINDFLOW_MIGRATE", "false").prepare().await;
    assert_says(&start_refused(&older).await, &["schema of database", "is older", "mindflow migrate"]);
    let migrated = older.cli(&["migrate"]).await;
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    let again = older.cli(&["migrate"]).await;
    assert_eq!((again.code, again.stdout.trim()), (Some(0), "the schemas are up to date"), "{again:?}");

    let database = older.write_database().await;
    let future = "INSERT INTO mindflow.migrations SELECT (jsonb_populate_record(m, '{\"version\": 9999, \"name\": \"9999_add_future\"}')).* FROM mindflow.migrations m LIMIT 1";
    database.batch_execute(future).await.expect("a migration of the future");
    for command in [&["up", "--listen", "127.0.0.1:0"][..], &["migrate"]] {
        assert_says(&refusal(&older, command).await, &["newer than this program", "9999"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_leaves_nothing_half_made_and_names_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(mindflow_tests::root().join("migrations/write")).expect("migrations") {
        let entry = entry.expect("a file");
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
    }
    let broken = "CREATE TABLE public.half_made (x int);\n\nSELECT no_such_column;\n";
    std::fs::write(folder.path().join("9000_break_everything.sql"), broken).expect("a migration");
    let migrations = folder.path().display().to_string();
    let change = move |text: String| {
        let write = format!("{}/migrations/write", mindflow_tests::root().display());
        text.replace(&write, &migrations)
    };
    let platform = quiet().manifest(change).prepare().await;
    assert_says(&start_refused(&platform).await, &["9000_break_everything.sql:3", "no_such_column"]);
    let database = platform.write_database().await;
    let half = database.query_one("SELECT to_regclass('public.half_made')::text", &[]).await.expect("an answer");
    assert_eq!(half.get::<_, Option<String>>(0), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_is_one_line_and_code_1() {
    let platform = quiet().prepare().await;
    for (arguments, part) in [
        (&["conquer"][..], "no command `conquer`"),
        (&["up", "--fast"], "--fast"),
        (&["up", "--listen", "everywhere"], "everywhere"),
        (&["swap", "query"], "FILE"),
        (&["swap", "query", "/no/such/file"], "no host runs on"),
        (&["users"], "mindflow users grant EMAIL ROLE"),
        (&["components"], "say which command"),
        (&["keys", "burn"], "burn"),
        (&[], "requires a subcommand"),
    ] {
        assert_says(&refusal(&platform, arguments).await, &[part]);
    }
    for help in [
        &["--help"][..],
        &["up", "--help"],
        &["migrate", "--help"],
        &["check", "--help"],
        &["swap", "--help"],
        &["users", "--help"],
        &["components", "list", "--help"],
        &["keys", "--help"],
    ] {
        let output = platform.cli(help).await;
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{help:?}");
        assert!(output.stdout.contains("Usage"), "{help:?}: {}", output.stdout);
    }
    let overview = platform.cli(&["--help"]).await.stdout;
    for command in ["up", "migrate", "check", "components", "swap", "keys", "users"] {
        assert!(overview.contains(command), "{command}: {overview}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there_is_named() {
    for name in ["spin.toml", "config.toml"] {
        let platform = quiet().prepare().await;
        std::fs::remove_file(platform.data_dir().with_file_name(name)).expect("the file goes");
        assert_says(&start_refused(&platform).await, &["cannot read", name]);
    }
}
