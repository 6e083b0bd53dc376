//! What PostgreSQL gives to every role of a server, and a component's must not have: advisory locks, by which it could stop
//! delivery, large objects, which no privilege on tables covers, temporary tables, and other databases. It is taken from PUBLIC where
//! the platform's login may do so. What it may not take is said at the start and by `mindflow check`.

use tokio_postgres::Client;

use super::Database;
use super::catalogue::{describe, retried};
use crate::database::sql::Error;

/// Databases that every server has, and that the platform has no tables in.
const MAINTENANCE: &str = "('postgres', 'template1')";
/// At most so many databases are named in a line.
const NAMED_MAX: usize = 5;

/// Families of functions that are taken, and what they are for. To unlock is left: it ends locks of the own session alone, and pools
/// reset their connections by it.
const FUNCTIONS: [(&str, &str); 2] = [
    ("advisory locks", "p.proname ~ '^pg_(try_)?advisory_(xact_)?lock'"),
    ("large objects", "(p.proname LIKE 'lo\\_%' OR p.proname IN ('loread', 'lowrite'))"),
];

/// Takes what the login may take. The roles that are not a component's keep the maintenance databases: a pooler or a monitor may
/// work there.
pub(super) async fn close(admin: &Client) {
    let families = FUNCTIONS.map(|(_, family)| family).join(" OR ");
    let functions = format!(
        "DO $$ DECLARE functions text; BEGIN
            SELECT string_agg(p.oid::regprocedure::text, ', ') INTO functions FROM pg_catalog.pg_proc p
            WHERE p.pronamespace = 'pg_catalog'::regnamespace AND ({families}) AND {} AND {};
            IF functions IS NOT NULL THEN
                EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || functions || ' FROM PUBLIC';
            END IF;
        END $$",
        open("f", "p.proacl", "p.proowner", "EXECUTE"),
        may("p.proowner"),
    );
    let own = format!(
        "DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_catalog.pg_database d WHERE d.datname = current_database() AND ({} OR {}) AND {}) THEN
                EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
            END IF;
        END $$",
        open("d", "d.datacl", "d.datdba", "CONNECT"),
        open("d", "d.datacl", "d.datdba", "TEMPORARY"),
        may("d.datdba"),
    );
    let maintenance = format!(
        "DO $$ DECLARE maintained name; others text; BEGIN
            FOR maintained IN SELECT d.datname FROM pg_catalog.pg_database d
                WHERE {} AND {} ORDER BY d.datname
            LOOP
                SELECT string_agg(quote_ident(r.rolname), ', ') INTO others FROM pg_catalog.pg_roles r
                WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname NOT LIKE 'mindflow\\_%';
                IF others IS NOT NULL THEN
                    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO ', maintained) || others;
                END IF;
                EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', maintained);
            END LOOP;
        END $$",
        maintained("d"),
        open("d", "d.datacl", "d.datdba", "CONNECT"),
    );
    for (what, statement) in [("functions", functions), ("database", own), ("maintenance databases", maintenance)] {
        if let Err(error) = retried(admin, &statement).await {
            tracing::warn!(what, reason = describe(&error), "cannot be closed to the roles of components");
        }
    }
}

/// A condition: PUBLIC has the privilege. `kind` is that of `acldefault`.
fn open(kind: &str, acl: &str, owner: &str, privilege: &str) -> String {
    format!(
        "EXISTS (SELECT FROM aclexplode(coalesce({acl}, acldefault('{kind}', {owner}))) a \
         WHERE a.grantee = 0 AND a.privilege_type = '{privilege}')"
    )
}

/// A condition: the login may take what the owner has given.
fn may(owner: &str) -> String {
    format!("pg_has_role(current_user, {owner}, 'USAGE')")
}

/// A condition: the database is one of [`MAINTENANCE`], and the login's own. A superuser may close all databases of the server;
/// those of other owners are not the platform's business.
fn maintained(database: &str) -> String {
    format!("({database}.datname IN {MAINTENANCE} AND pg_get_userbyid({database}.datdba) = current_user)")
}

impl Database {
    /// The name by which its server knows it.
    #[must_use]
    pub fn name_on_server(&self) -> &str {
        self.direct().settings().get_dbname().unwrap_or_default()
    }

    /// What the roles of components have in this database or on its server because the platform's login may not take it
    /// from them; in words for people. Databases in `known` are closed by their own migrations.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn left_open(&self, known: &[&str]) -> Result<Vec<String>, Error> {
        if self.inner.is_private {
            // Its login is the server's superuser, and all databases are the platform's.
            return Ok(Vec::new());
        }
        let function = |(what, family): (&str, &str)| {
            format!(
                "SELECT '{what}' WHERE EXISTS (SELECT FROM pg_catalog.pg_proc p
                    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND {family} AND {} AND NOT {})",
                open("f", "p.proacl", "p.proowner", "EXECUTE"),
                may("p.proowner"),
            )
        };
        let database = |what: &str, privilege: &str| {
            format!(
                "SELECT '{what}' WHERE EXISTS (SELECT FROM pg_catalog.pg_database d
                    WHERE d.datname = current_database() AND {} AND NOT {})",
                open("d", "d.datacl", "d.datdba", privilege),
                may("d.datdba"),
            )
        };
        let identity = function(("set_config, which names to row-level security who asks", "p.proname = 'set_config'"));
        let [locks, objects] = FUNCTIONS.map(function);
        let schema = format!(
            "SELECT 'tables in the schema public' WHERE EXISTS (SELECT FROM pg_catalog.pg_namespace n
                WHERE n.nspname = 'public' AND {} AND NOT {})",
            open("n", "n.nspacl", "n.nspowner", "CREATE"),
            may("n.nspowner"),
        );
        let parts = [
            identity,
            locks,
            objects,
            database("temporary tables", "TEMPORARY"),
            database("this database, as all roles of the server", "CONNECT"),
            schema,
        ];
        let others = format!(
            "SELECT d.datname::text FROM pg_catalog.pg_database d
             WHERE d.datallowconn AND d.datname <> current_database() AND NOT d.datname::text = ANY ($1)
                AND NOT {} AND {} ORDER BY 1",
            maintained("d"),
            open("d", "d.datacl", "d.datdba", "CONNECT"),
        );
        let admin = self.admin().await?;
        let rows = admin.query(&parts.join(" UNION ALL "), &[]).await?;
        let mut left: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let rows = admin.query(&others, &[&known]).await?;
        let others: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        if !others.is_empty() {
            let named = others.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = others.len().saturating_sub(NAMED_MAX);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            left.push(format!("connections to other databases ({named}{more})"));
        }
        Ok(left)
    }
}
