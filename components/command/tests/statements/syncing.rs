//! Devices that read a user's changes while others write: whatever the order, they end with what there is.

use crate::statements;
use crate::support::*;
use mindflow_backends::database::sql::{Error, Rowset, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Kind and id, and what is known of it.
type Known = BTreeMap<(String, String), String>;

/// Fair enough for an order of steps, and the same for the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn one_of(&mut self, ids: &[Uuid]) -> Uuid {
        let place = self.roll(ids.len() as u64) as usize;
        ids[place]
    }
}

fn cell(rows: &Rowset, row: usize, column: &str) -> Value {
    let index = rows.columns.iter().position(|name| name == column).unwrap();
    rows.rows[row][index].clone()
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Int64(number) => *number,
        other => panic!("{other:?}"),
    }
}

fn ids_of(rows: &Rowset) -> Vec<Uuid> {
    let id = |row| match cell(rows, row, "id") {
        Value::Uuid(id) => id.parse().unwrap(),
        other => panic!("{other:?}"),
    };
    (0..rows.rows.len()).map(id).collect()
}

/// What a row says, without its kind and id.
fn said(rows: &Rowset, row: usize) -> String {
    let columns = ["title", "event_sequence", "tag_names", "name", "mood", "pinned", "content", "book_id"];
    let shown = columns.iter().filter(|column| rows.columns.iter().any(|name| name == *column));
    shown.map(|column| format!("{column}={:?};", cell(rows, row, column))).collect()
}

const THINGS: [(&str, &str); 5] = [
    ("entry", statements::ENTRIES_BY_ID),
    ("book", statements::BOOKS_BY_ID),
    ("tag", statements::TAGS_BY_ID),
    ("mood", statements::MOODS_BY_ID),
    ("template", statements::TEMPLATES_BY_ID),
];

/// Some things as they are now.
async fn things(tx: &Tx, user: &User<'_>, kind: &str, ids: &[Uuid]) -> Known {
    let (_, statement) = THINGS.into_iter().find(|(known, _)| *known == kind).unwrap();
    let rows = tx.query(statement, vec![uuid(user.id), uuids(ids)]).await;
    let thing = |row| match cell(&rows, row, "id") {
        Value::Uuid(id) => ((kind.to_owned(), id), said(&rows, row)),
        other => panic!("{other:?}"),
    };
    (0..rows.rows.len()).map(thing).collect()
}

#[derive(Default)]
struct Device {
    /// Position, and where it began.
    progress: Option<(i64, i64)>,
    knows: Known,
    more: bool,
    restarts: u32,
}

impl Device {
    /// One page, as the service reads it (`src/store/changes.rs`, `src/progress.rs`).
    async fn read(&mut self, user: &User<'_>, first: i64) {
        loop {
            let (after, began) = self.progress.unwrap_or((0, i64::MAX));
            let tx = user.begin().await;
            let limits = [after, began, first, 1 << 20].map(Value::Int64);
            let params = [vec![uuid(user.id)], limits.to_vec()].concat();
            let page = tx.query(statements::PAGE_OF_CHANGES, params).await;
            let (counter, forgotten) = (number(&cell(&page, 0, "counter")), number(&cell(&page, 0, "forgotten")));
            if self.progress.is_some_and(|(position, began)| position.max(began) < forgotten) {
                tx.commit().await;
                *self = Self { restarts: self.restarts + 1, ..Self::default() };
                continue;
            }
            let mut last = None;
            let mut changed: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
            for row in 0..page.rows.len() {
                let (Value::Text(kind), Value::Uuid(id)) = (cell(&page, row, "kind"), cell(&page, row, "id")) else {
                    continue;
                };
                last = Some(number(&cell(&page, row, "position")));
                self.knows.remove(&(kind.clone(), id.clone()));
                if cell(&page, row, "deleted") == Value::Boolean(false) {
                    changed.entry(kind).or_default().push(id.parse().unwrap());
                }
            }
            let found = match cell(&page, 0, "found") {
                Value::Null => 0,
                found => number(&found),
            };
            let shown = page.rows.iter().filter(|row| row.last() != Some(&Value::Null)).count() as i64;
            for (kind, ids) in changed {
                let now = things(&tx, user, &kind, &ids).await;
                self.knows.extend(now);
            }
            tx.commit().await;
            self.more = found > shown;
            let position = if self.more { last.unwrap() } else { counter };
            let began = self.progress.map_or(counter, |(_, began)| began).max(position);
            self.progress = Some((position, began));
            return;
        }
    }

    async fn read_to_the_end(&mut self, user: &User<'_>) {
        self.read(user, 3).await;
        while self.more {
            self.read(user, 3).await;
        }
    }
}

/// What one writer has made.
#[derive(Default)]
struct Made {
    entries: Vec<Uuid>,
    moods: Vec<Uuid>,
    templates: Vec<Uuid>,
}

fn now() -> Value {
    Value::Timestamp(NOW_US + 9)
}

/// Kinds of writes.
const ANY: [u64; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
/// Those that need nothing which another writer may hold.
const OF_ITS_OWN: [u64; 4] = [0, 9, 10, 11];

/// One write of these kinds. What another writer has changed meanwhile makes it write nothing.
async fn step(
    tx: &Tx,
    user: &User<'_>,
    dice: &mut Dice,
    made: &mut Made,
    (entries, kinds): (&[Uuid], &[u64]),
) -> Result<(), Error> {
    let known = |dice: &mut Dice| vec![uuid(dice.one_of(entries)), uuid(user.id)];
    match kinds[dice.roll(kinds.len() as u64) as usize] {
        0 => {
            let id = Uuid::now_v7();
            tx.create(user, id, &NewEntry::default()).await;
            made.entries.push(id);
        }
        1 | 2 => {
            let mut params = known(dice);
            if !tx.try_query(statements::LOCK_ENTRY, params.clone()).await?.rows.is_empty() {
                tx.try_query(statements::READ_ENTRY, params.clone()).await?;
                let title = Value::Json(format!(r#"{{"title": "t{}"}}"#, dice.roll(1_000)));
                params.extend([title, now(), Value::Boolean(false), Value::Null, Value::Null, Value::Null]);
                tx.try_query(statements::CHANGE_ENTRY, params).await?;
            }
        }
        3 => {
            let mut params = known(dice);
            params.extend([now(), Value::Null]);
            tx.try_query(statements::DELETE_ENTRY, params).await?;
        }
        4 => {
            let params = known(dice);
            if !tx.try_query(statements::LOCK_ENTRY, params.clone()).await?.rows.is_empty() {
                tx.try_query(statements::REVIVE_ENTRY, params).await?;
            }
        }
        5 if dice.roll(3) == 0 => {
            let mut params = known(dice);
            let erased = vec![params[1].clone(), params[0].clone()];
            if !tx.try_query(statements::LOCK_ENTRY, params.clone()).await?.rows.is_empty() {
                params.push(now());
                if !tx.try_query(statements::IN_TRASH_BEFORE, params).await?.rows.is_empty() {
                    tx.try_query(statements::ERASE, erased).await?;
                }
            }
        }
        6 | 7 => {
            let params = known(dice);
            if !tx.try_query(statements::LOCK_ENTRY, params.clone()).await?.rows.is_empty() {
                let names = [["a", "b"], ["b", "c"], ["c", "d"]][dice.roll(3) as usize];
                let entry = match &params[0] {
                    Value::Uuid(id) => id.parse().ok(),
                    _ => None,
                };
                tx.try_query(statements::TAKE_TAGS, user.take_params(&names, entry)).await?;
                tx.try_query(statements::REVIVE_ENTRY, params).await?;
            }
        }
        8 => end_a_tag(tx, user, dice).await?,
        9 => {
            let id = Uuid::now_v7();
            let mood = text(["SAD", "CALM", "HAPPY"][dice.roll(3) as usize]);
            let params = vec![uuid(id), uuid(user.id), mood, Value::Null, now(), Value::Date(MONTH)];
            tx.try_query(statements::RECORD_MOOD, params).await?;
            made.moods.push(id);
        }
        10 if !made.moods.is_empty() => {
            let params = vec![uuid(dice.one_of(&made.moods)), uuid(user.id), now()];
            tx.try_query(statements::TAKE_BACK_MOOD, params).await?;
        }
        11 if made.templates.len() > 2 => {
            let id = made.templates.swap_remove(dice.roll(made.templates.len() as u64) as usize);
            tx.try_query(statements::DELETE_TEMPLATE, vec![uuid(id), uuid(user.id)]).await?;
        }
        _ => {
            let id = Uuid::now_v7();
            let named = [uuid(id), uuid(user.id), text(&id.to_string()), text(&id.to_string()), text("T"), text("C")];
            let rest = [texts(&[]), Value::Null, now(), Value::Int64(1_000)];
            tx.try_query(statements::CREATE_TEMPLATE, [named.to_vec(), rest.to_vec()].concat()).await?;
            made.templates.push(id);
        }
    }
    Ok(())
}

/// Takes one of the user's tags off its entries and ends it (`src/operations/ended_tags.rs`).
async fn end_a_tag(tx: &Tx, user: &User<'_>, dice: &mut Dice) -> Result<(), Error> {
    let tags = "SELECT id FROM command.tags WHERE user_id = $1::uuid AND deleted_at IS NULL ORDER BY name_key";
    let there = tx.try_query(tags, vec![uuid(user.id)]).await?;
    if there.rows.len() < 2 {
        return Ok(());
    }
    let ids = ids_of(&there);
    let (gone, into) = (dice.one_of(&ids), dice.one_of(&ids));
    let into = if gone == into { Value::Null } else { uuid(into) };
    let limits = [Value::Int64(100), Value::Int64(1 << 20)];
    let params = [vec![uuid(user.id), uuids(&[gone])], limits.to_vec()].concat();
    let tagged = tx.try_query(statements::HOLD_TAGGED, params).await?;
    let entries = ids_of(&tagged);
    if into != Value::Null
        && tx.try_query(statements::HOLD_TAG, vec![uuid(user.id), into.clone()]).await?.rows.is_empty()
    {
        return Ok(());
    }
    let params = vec![uuid(user.id), uuids(&entries), uuids(&[gone]), into.clone()];
    tx.try_query(statements::RETAG_ENTRIES, params).await?;
    tx.try_query(statements::LOCK_TAGS, vec![uuid(user.id), uuids(&[gone])]).await?;
    tx.try_query(statements::END_TAGS, vec![uuid(user.id), uuids(&[gone]), into, now()]).await?;
    Ok(())
}

/// Some transactions, of one to three writes each; some are rolled back, and so is one that the database ends because two wait for each
/// other.
async fn write(user: &User<'_>, seed: u64, entries: &[Uuid]) {
    let (mut dice, mut made) = (Dice::new(seed), Made::default());
    for _ in 0..25 {
        let tx = user.begin().await;
        let mut outcome = step(&tx, user, &mut dice, &mut made, (entries, &ANY)).await;
        for _ in 0..dice.roll(3) {
            if outcome.is_ok() {
                outcome = step(&tx, user, &mut dice, &mut made, (entries, &OF_ITS_OWN)).await;
            }
        }
        match outcome {
            Ok(()) if dice.roll(6) > 0 => match tx.try_commit().await {
                Ok(()) | Err(Error::Conflict(_)) => {}
                Err(error) => panic!("{error:?}"),
            },
            Ok(()) | Err(Error::Conflict(_)) => tx.rollback().await,
            Err(error) => panic!("seed {seed}: {error:?}"),
        }
    }
}

async fn forget_all(db: &Db) {
    let tx = db.begin().await;
    let long_after = Value::Timestamp(NOW_US * 2);
    tx.query(statements::FORGET_CHANGES, vec![long_after, Value::Int64(1_000)]).await;
    tx.commit().await;
}

async fn all_there_is(user: &User<'_>) -> Known {
    let tx = user.begin().await;
    let mut all = Known::new();
    for (kind, table) in
        [("entry", "journals"), ("book", "books"), ("tag", "tags"), ("mood", "mood_records"), ("template", "templates")]
    {
        let rows = tx.query(&format!("SELECT id FROM command.{table}"), vec![]).await;
        let ids = ids_of(&rows);
        all.extend(things(&tx, user, kind, &ids).await);
    }
    tx.commit().await;
    all
}

#[tokio::test]
async fn devices_that_read_while_others_write_end_with_what_there_is() {
    for seed in 1..=6 {
        let db = Db::new("devices").await;
        let user = db.user();
        let mut entries = Vec::new();
        for _ in 0..5 {
            entries.push(user.entry().await);
        }
        let reading = |seed| {
            let (user, mut dice, mut device) = (user.again(), Dice::new(seed), Device::default());
            async move {
                for _ in 0..40 {
                    device.read(&user, 1 + dice.roll(4) as i64).await;
                }
                device
            }
        };
        let forgetting = async {
            for _ in 0..5 {
                forget_all(&db).await;
            }
        };
        let (first, second) = (user.again(), user.again());
        let ((), (), (), mut one, mut other) = tokio::join!(
            write(&first, seed, &entries),
            write(&second, seed + 100, &entries),
            forgetting,
            reading(seed + 200),
            reading(seed + 300),
        );
        let there = all_there_is(&user).await;
        let mut new = Device::default();
        for (device, name) in [(&mut one, "one"), (&mut other, "other"), (&mut new, "new")] {
            device.read_to_the_end(&user).await;
            assert_eq!(device.knows, there, "seed {seed}, device {name}, begun {} times more", device.restarts);
        }
    }
}

#[tokio::test]
async fn a_change_that_is_committed_later_is_read_later_although_it_was_made_before() {
    let db = Db::new("later").await;
    let user = db.user();
    let (slow, quick) = (user.entry().await, user.entry().await);
    let mut device = Device::default();
    device.read_to_the_end(&user).await;
    let change = |id, title: &str| {
        let title = Value::Json(format!(r#"{{"title": "{title}"}}"#));
        vec![uuid(id), uuid(user.id), title, now(), Value::Boolean(false), Value::Null, Value::Null, Value::Null]
    };
    let open = user.begin().await;
    open.query(statements::CHANGE_ENTRY, change(slow, "slow")).await;
    // Does not wait for the other one, whose number is not taken yet.
    let tx = user.begin().await;
    tx.query(statements::CHANGE_ENTRY, change(quick, "quick")).await;
    tx.commit().await;
    device.read_to_the_end(&user).await;
    let says = |device: &Device, id: Uuid| device.knows[&("entry".to_owned(), id.to_string())].clone();
    assert!(says(&device, quick).contains("quick") && !says(&device, slow).contains("slow"));
    open.commit().await;
    device.read_to_the_end(&user).await;
    assert!(says(&device, slow).contains("slow"));
    assert_eq!(device.restarts, 0);
}

#[tokio::test]
async fn a_device_that_was_away_for_too_long_begins_again_and_one_that_was_not_goes_on() {
    let db = Db::new("away").await;
    let user = db.user();
    let (gone, kept) = (user.entry().await, user.entry().await);
    let (mut away, mut here) = (Device::default(), Device::default());
    away.read_to_the_end(&user).await;
    let tx = user.begin().await;
    tx.query(statements::DELETE_ENTRY, vec![uuid(gone), uuid(user.id), now(), Value::Null]).await;
    tx.commit().await;
    here.read_to_the_end(&user).await;
    forget_all(&db).await;
    for device in [&mut away, &mut here] {
        device.read_to_the_end(&user).await;
        assert_eq!(device.knows.keys().map(|(_, id)| id.clone()).collect::<Vec<_>>(), [kept.to_string()]);
    }
    assert_eq!((away.restarts, here.restarts), (1, 0));
}

#[tokio::test]
async fn entries_of_a_journal_that_was_deleted_have_changed() {
    let db = Db::new("books").await;
    let user = db.user();
    let (book, entry) = (Uuid::now_v7(), user.entry().await);
    let tx = user.begin().await;
    let named = vec![uuid(book), uuid(user.id), text("Dreams"), text("dreams"), Value::Int64(100)];
    tx.query(statements::CREATE_BOOK, named).await;
    let marks = vec![uuid(entry), uuid(user.id), Value::Boolean(false), Value::Boolean(false), uuid(book)];
    tx.query(statements::MARK_ENTRY, marks).await;
    tx.commit().await;
    let mut device = Device::default();
    device.read_to_the_end(&user).await;
    let before = device.progress.unwrap().0;
    let tx = user.begin().await;
    tx.query(statements::DELETE_BOOK, vec![uuid(book), uuid(user.id), now()]).await;
    tx.commit().await;
    let tx = user.begin().await;
    let limits = [before, before, 100, 1 << 20].map(Value::Int64);
    let page = tx.query(statements::PAGE_OF_CHANGES, [vec![uuid(user.id)], limits.to_vec()].concat()).await;
    tx.commit().await;
    let kinds: Vec<_> =
        (0..page.rows.len()).map(|row| (cell(&page, row, "kind"), cell(&page, row, "deleted"))).collect();
    assert_eq!(kinds, [(text("book"), Value::Boolean(true)), (text("entry"), Value::Boolean(false))]);
}

#[tokio::test]
async fn a_stranger_sees_no_changes_and_no_counter() {
    let db = Db::new("strange").await;
    let (owner, stranger) = (db.user(), db.user());
    owner.entry().await;
    let tx = stranger.begin().await;
    for table in ["changes", "change_counters", "templates"] {
        let rows = tx.query(&format!("SELECT count(*) AS seen FROM command.{table}"), vec![]).await;
        assert_eq!(only(&rows, "seen"), Value::Int64(0), "{table}");
    }
    let limits = [0, i64::MAX, 10, 1 << 20].map(Value::Int64);
    let page = tx.query(statements::PAGE_OF_CHANGES, [vec![uuid(owner.id)], limits.to_vec()].concat()).await;
    assert_eq!((only(&page, "counter"), only(&page, "kind")), (Value::Int64(0), Value::Null));
    tx.commit().await;
}

#[tokio::test]
async fn a_tag_that_ends_leaves_its_name_free_and_takes_no_place() {
    let db = Db::new("ends").await;
    let user = db.user();
    let entry = user.entry().await;
    let tx = user.begin().await;
    tx.take(&user, &["work", "job"], Some(entry)).await;
    tx.commit().await;
    let ids = |rows: &Rowset| match only(rows, "tag_ids") {
        Value::UuidArray(ids) => ids.iter().map(|id| id.parse::<Uuid>().unwrap()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let [job, work] = ids(&user.read(entry).await)[..] else { panic!("two tags") };
    let tx = user.begin().await;
    tx.query(statements::RETAG_ENTRIES, vec![uuid(user.id), uuids(&[entry]), uuids(&[work]), uuid(job)]).await;
    tx.query(statements::LOCK_TAGS, vec![uuid(user.id), uuids(&[work])]).await;
    let ended = tx.query(statements::END_TAGS, vec![uuid(user.id), uuids(&[work]), uuid(job), now()]).await;
    assert_eq!(only(&ended, "event_sequence"), Value::Int64(2));
    tx.commit().await;
    let read = user.read(entry).await;
    assert_eq!((ids(&read), only(&read, "event_sequence")), (vec![job], Value::Int64(2)));
    let tx = user.begin().await;
    assert_eq!(only(&tx.query(statements::TAGS_USED, vec![uuid(user.id)]).await, "used"), Value::Int64(1));
    assert!(tx.query(statements::LOCK_TAG, vec![uuid(work), uuid(user.id)]).await.rows.is_empty());
    assert_eq!(tx.take(&user, &["work"], None).await, ["work+"], "the name is free");
    tx.rollback().await;
}

#[tokio::test]
async fn a_tag_that_an_entry_has_does_not_end() {
    let db = Db::new("held").await;
    let user = db.user();
    let entry = user.entry().await;
    let tx = user.begin().await;
    tx.take(&user, &["work"], Some(entry)).await;
    tx.commit().await;
    let Value::UuidArray(tags) = only(&user.read(entry).await, "tag_ids") else { panic!("tags") };
    let tags = Value::UuidArray(tags);
    let tx = user.begin().await;
    tx.query(statements::LOCK_TAGS, vec![uuid(user.id), tags.clone()]).await;
    assert!(tx.query(statements::END_TAGS, vec![uuid(user.id), tags, Value::Null, now()]).await.rows.is_empty());
    tx.rollback().await;
}
