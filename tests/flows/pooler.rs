//! Goal: the platform works through PgBouncer in transaction mode, as docs/scaling.md configures it. Method: a PostgreSQL
//! of the story's own that lets no role in without its password, a PgBouncer before it that looks passwords up there and
//! has few connections, and two hosts.

use crate::trouble_kit::{guest, see, start_refused, with_tables};
use crate::trouble_servers::on_postgres;
use mindflow_test_support::{PrivatePostgres, TestPgBouncer};
use mindflow_tests::{Account, Builder, Platform, eventually};
use serde_json::{Value, json};

const PASSWORD: &str = "of-the-platform";
const DATABASES: [&str; 3] = ["write", "read", "analytics"];
/// For PgBouncer: what the server keeps of the passwords of the platform's roles.
const LOOKUP: &str = "
    CREATE ROLE pgbouncer LOGIN PASSWORD 'of-the-pooler';
    CREATE FUNCTION public.pooler_login(of_role text, OUT name text, OUT secret text)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
        AS $$ SELECT rolname, rolpassword FROM pg_authid WHERE rolname = of_role AND rolcanlogin
              AND (rolname = 'mindflow' OR rolname LIKE 'mindflow\\_%') $$;
    REVOKE ALL ON FUNCTION public.pooler_login(text) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION public.pooler_login(text) TO pgbouncer;";

async fn servers() -> (PrivatePostgres, TestPgBouncer) {
    let postgres = PrivatePostgres::start(&DATABASES).await;
    postgres.script("postgres", LOOKUP).await;
    postgres.require_passwords(PASSWORD).await;
    let pooler = TestPgBouncer::before(&postgres.dsn("postgres"), |options| {
        options.settings.extend(
            [
                "auth_type = scram-sha-256",
                "auth_user = pgbouncer",
                "auth_dbname = postgres",
                "auth_query = SELECT name, secret FROM public.pooler_login($1)",
                "default_pool_size = 2",
            ]
            .map(String::from),
        );
        options.users = vec!["\"pgbouncer\" \"of-the-pooler\"".to_owned()];
    });
    (postgres, pooler)
}

/// The builder on these databases, through the pooler.
fn pooled(builder: Builder, postgres: &PrivatePostgres, pooler: &TestPgBouncer) -> Builder {
    DATABASES.into_iter().fold(builder, |builder, name| {
        let direct = format!("{} password={PASSWORD}", postgres.dsn(name));
        on_postgres(builder, name, &pooler.through(&direct))
            .env(&format!("MINDFLOW_DATABASES__{}__DIRECT_DSN", name.to_uppercase()), &format!("\"{direct}\""))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_serve_and_deliver_through_a_pooler_in_transaction_mode() {
    let poison = format!(
        "[component.poison]\nsource = {:?}\n[[component.poison.tool.mindflow.subscriptions]]\nevents = [\"TagCreated\"]\n\
         retry = {{ delays-ms = [10], jitter-percent = 0 }}\n",
        guest("poison-subscriber")
    );
    let (postgres, pooler) = servers().await;
    let builder = Platform::services().manifest(with_tables(poison));
    let platform = pooled(builder, &postgres, &pooler).start().await;
    let replica = platform.replica().await;

    // Users on both hosts, all of them through two connections a role.
    let mut users = Vec::new();
    for number in 0..6 {
        users.push(if number % 2 == 0 { platform.register().await } else { Account::register(&replica.http).await });
    }
    let stories = users.iter().enumerate().map(async |(number, user)| {
        for page in 0..3 {
            user.write(json!({ "title": format!("Page {page} of {number}"), "content": "Walked by the river." })).await;
        }
        see(user, &format!("Page 2 of {number}")).await;
        let found = "{ search(query: \"river\", mode: FULL_TEXT) { totalCount hits { entry { title } } } }";
        let data = user.eventually(found, json!({}), |data| data["search"]["totalCount"] == 3).await;
        for hit in data["search"]["hits"].as_array().expect("hits") {
            assert!(hit["entry"]["title"].as_str().expect("a title").ends_with(&format!("of {number}")), "{data}");
        }
        // Events of different entries come in any order.
        let listed = |data: &Value| data["recentEntries"].as_array().is_some_and(|entries| entries.len() == 3);
        user.eventually("{ recentEntries(limit: 100) { title } }", json!({}), listed).await;
        let counted = |data: &Value| data["writingStats"]["entries"] == 3;
        user.eventually("{ writingStats { entries } }", json!({}), counted).await;
    });
    futures::future::join_all(stories).await;

    // A dead letter, seen and discarded.
    users[0].data("mutation { createTag(name: \"Venom\") { id } }", json!({})).await;
    let letter = eventually("a dead letter", || async {
        let output = platform.cli(&["dead-letters", "list", "--json"]).await;
        let listed: Value = serde_json::from_str(&output.stdout).expect("JSON");
        listed.as_array().expect("a list").first().cloned()
    })
    .await;
    assert_eq!((&letter["consumer"], &letter["attempts"]), (&json!("poison"), &json!(2)), "{letter}");
    let discarded = platform.cli(&["dead-letters", "discard", letter["id"].as_str().expect("an id")]).await;
    assert_eq!(discarded.code, Some(0), "{discarded:?}");

    // The roles' secrets stay the same: a third start logs in by what the pooler knows.
    drop(replica);
    let mut platform = platform;
    platform.restart().await;
    users[0].write(json!({ "title": "Afterwards", "content": "c" })).await;
    see(&users[0], "Afterwards").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_makes_one_user_of_all_roles_stops_the_start_with_one_line() {
    let postgres = PrivatePostgres::start(&DATABASES).await;
    let pooler = TestPgBouncer::before(&postgres.dsn("postgres"), |options| {
        options.databases = vec![format!("{} user=mindflow", options.databases[0])];
    });
    let mut builder = Platform::services();
    for name in DATABASES {
        builder = on_postgres(builder, name, &pooler.through(&postgres.dsn(name))).env(
            &format!("MINDFLOW_DATABASES__{}__DIRECT_DSN", name.to_uppercase()),
            &format!("\"{}\"", postgres.dsn(name)),
        );
    }
    let line = start_refused(&builder.prepare().await).await;
    assert!(line.starts_with("databases.analytics.dsn (MINDFLOW_DATABASES__ANALYTICS__DSN): "), "{line}");
    assert!(line.contains("a login as `mindflow_") && line.contains("becomes `mindflow`; take `user=`"), "{line}");
}
