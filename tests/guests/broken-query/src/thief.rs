//! A service without its own checks: nothing here asks whose row it is, so that only the platform protects other users'
//! rows.

use mindflow_guest::{
    call::{CallContext, Credential, Error},
    events::Mark,
    params,
    sql::{self, Identity, Transaction, begin_once},
};

const DATABASE: &str = "read";
const ALL: &str = "SELECT title FROM query.journals_view WHERE title IS NOT NULL";

/// The caller's identity, its token as it came.
fn caller(context: &CallContext) -> Result<Identity, Error> {
    match &context.credential {
        Credential::Token(token) => Ok(Identity::Caller(token.clone())),
        Credential::Anonymous => Err(Error::Unauthenticated("no token".into())),
    }
}

async fn titles(identity: Identity, statement: &str) -> Result<Vec<String>, sql::Error> {
    let rows = sql::query(DATABASE, identity, statement, Vec::new()).await?;
    rows.iter().map(|row| row.get("title").map_err(|error| sql::Error::Other(error.to_string()))).collect()
}

/// Every title that the database hands out for the caller's token.
pub async fn all_titles(context: &CallContext) -> Result<Vec<String>, Error> {
    Ok(titles(caller(context)?, ALL).await?)
}

/// Ways to become another user; each is followed by a read of everything.
const DISGUISES: [&str; 16] = [
    "SET mindflow.user_id = '$victim'",
    "SET LOCAL mindflow.identity = 'service'",
    "SET ROLE mindflow_auth",
    "RESET ROLE",
    "RESET ALL",
    "SET row_security = off",
    "SELECT set_config('mindflow.user_id', '$victim', false)",
    "SELECT pg_catalog.\"set_config\"('mindflow.identity', 'service', true)",
    "UPDATE pg_settings SET setting = '$victim' WHERE name = 'mindflow.user_id'",
    "SELECT query_to_xml('select set_config(''mindflow.user_id'', ''$victim'', false)', true, true, '')",
    "SELECT 1; SET mindflow.user_id = '$victim'",
    "COMMIT; SET mindflow.identity = 'service'; BEGIN",
    "DO $$ BEGIN PERFORM set_config('mindflow.identity', 'service', false); END $$",
    "SELECT * FROM dblink('dbname=postgres', 'select 1') AS t (x int)",
    "COPY query.journals_view TO '/tmp/loot'",
    "WITH x AS (SELECT 1) SELECT set_config/**/('mindflow.identity','service',true)",
];

/// Each disguise, whether it was refused, and what could be read in it.
pub async fn impersonate(context: &CallContext) -> Result<Vec<String>, Error> {
    let identity = caller(context)?;
    let victim = victim(context).await?.0;
    let mut findings = Vec::new();
    for disguise in DISGUISES {
        let statement = disguise.replace("$victim", &victim);
        let transaction = Transaction::begin(DATABASE.to_owned(), identity.clone()).await?;
        let worn = transaction.execute(statement.clone(), Vec::new()).await;
        let refused = if let Err(error) = &worn { format!("refused ({})", kind(error)) } else { "worn".to_owned() };
        let seen = match transaction.query(ALL.to_owned(), Vec::new()).await {
            Ok(rows) => rows.rows.len().to_string(),
            Err(error) => format!("nothing ({})", kind(&error)),
        };
        // The next transaction would see what the session keeps.
        let _ = Transaction::commit(transaction).await;
        let after = titles(identity.clone(), ALL).await?.len();
        findings.push(format!("{statement} | {refused} | saw {seen} | after {after}"));
    }
    // To mark another component's events as applied, so that it never applies them.
    let mark = Mark {
        subscription: "ai".to_owned(),
        event_id: victim,
        partition_key: "entry:1".to_owned(),
        sequence: u64::MAX >> 1,
    };
    let marked = match begin_once(DATABASE.to_owned(), identity.clone(), mark).await {
        Err(error) => format!("refused ({})", kind(&error)),
        Ok(_) => "worn".to_owned(),
    };
    let seen = titles(identity, ALL).await?.len();
    findings.push(format!("a mark of ai's | {marked} | saw {seen} | after {seen}"));
    Ok(findings)
}

fn kind(error: &sql::Error) -> String {
    match error {
        sql::Error::AccessDenied(_) => "access denied".to_owned(),
        sql::Error::Statement(cause) => cause.sqlstate.clone(),
        other => format!("{other:?}"),
    }
}

/// Another user's id and entry, which the component knows: it keeps all users' views.
async fn victim(context: &CallContext) -> Result<(String, String), Error> {
    let own: Vec<String> = own_entries(context).await?;
    let rows = sql::query(
        DATABASE,
        Identity::Service,
        "SELECT user_id::text AS user_id, entry_id::text AS entry_id FROM query.journals_view",
        Vec::new(),
    )
    .await?;
    for row in rows.iter() {
        let (user, entry): (String, String) = (row.get("user_id")?, row.get("entry_id")?);
        if !own.contains(&entry) {
            return Ok((user, entry));
        }
    }
    Err(Error::NotFound("no other user has written anything".into()))
}

async fn own_entries(context: &CallContext) -> Result<Vec<String>, Error> {
    let rows = sql::query(
        DATABASE,
        caller(context)?,
        "SELECT entry_id::text AS entry_id FROM query.journals_view",
        Vec::new(),
    )
    .await?;
    rows.iter().map(|row| row.get("entry_id").map_err(Into::into)).collect()
}

/// How many rows each attempt to write another user's data has changed.
pub async fn vandalise(context: &CallContext) -> Result<Vec<u32>, Error> {
    let identity = caller(context)?;
    let (user, entry) = victim(context).await?;
    let attempts = [
        ("UPDATE query.journals_view SET title = 'stolen' WHERE entry_id = $1::text::uuid", params![entry.clone()]),
        ("DELETE FROM query.journals_view WHERE entry_id = $1::text::uuid", params![entry.clone()]),
        ("UPDATE query.journals_view SET title = 'stolen'", Vec::new()),
        ("UPDATE query.users_view SET roles = '{user,admin}' WHERE id = $1::text::uuid", params![user.clone()]),
        (
            "INSERT INTO query.tags_view (tag_id, user_id, name, sequence) VALUES (gen_random_uuid(), $1::text::uuid, 'stolen', 1)",
            params![user],
        ),
        (
            "INSERT INTO query.entry_tags (entry_id, tag_id, user_id) SELECT $1::text::uuid, gen_random_uuid(), mindflow.user_id()",
            params![entry],
        ),
    ];
    let mut changed = Vec::new();
    for (statement, params) in attempts {
        let transaction = Transaction::begin(DATABASE.to_owned(), identity.clone()).await?;
        let outcome = transaction.execute(statement.to_owned(), params).await;
        eprintln!("vandal: {statement}: {outcome:?}");
        let _ = Transaction::commit(transaction).await;
        changed.push(outcome.map_or(0, |rows| u32::try_from(rows).unwrap_or(u32::MAX)));
    }
    Ok(changed)
}
