//! To object storage and back.

use std::path::Path;
use std::sync::{Arc, Mutex};

use mindflow_backends::delivery::archive::export::{Exported, export_in_parts};
use mindflow_backends::delivery::archive::import::{Imported, verify};
use mindflow_backends::{
    delivery::archive::{self, ArchiveError, Filter, Manifest, Months},
    stores::objects,
};
use object_store::ObjectStore;
use tempfile::TempDir;

use crate::archive::stage::{Stage, fact, facts};

const PART_EVENTS: usize = 4;

fn shelf() -> (TempDir, Arc<dyn ObjectStore>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("copies");
    (dir, objects::open(&objects::Config::Directory { path }).unwrap())
}

async fn export(stage: &Stage, store: &Arc<dyn ObjectStore>) -> Exported {
    export_in_parts(stage.db.database(), store.clone(), Months::default(), PART_EVENTS, &|_| {}).await.unwrap()
}

async fn import(stage: &Stage, store: &Arc<dyn ObjectStore>) -> Result<Imported, ArchiveError> {
    archive::import(stage.db.database(), store.clone(), Months::default(), &|_| {}).await
}

fn counts(exported: &Exported) -> (u32, u32, u64) {
    (exported.parts_written, exported.parts_kept, exported.events)
}

fn manifest(dir: &TempDir, month: &str) -> Manifest {
    let path = dir.path().join("copies/archive").join(month).join("manifest.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Events of this month and the next.
async fn filled(name: &str) -> Stage {
    let stage = Stage::new(name).await;
    stage.archive(&facts("entry:1", 10)).await;
    stage.archive_in(stage.this_month().await.next(), &facts("entry:2", 6)).await;
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_and_imported_is_the_same_to_the_last_byte() {
    let (dir, store) = shelf();
    let stage = filled("roundtrip").await;
    let watched = Mutex::new(Vec::new());
    let progress = |progress: archive::Progress| watched.lock().unwrap().push(progress.events);
    let done =
        export_in_parts(stage.db.database(), store.clone(), Months::default(), PART_EVENTS, &progress).await.unwrap();
    assert_eq!((done.months, counts(&done)), (2, (5, 0, 16)));
    assert_eq!(*watched.lock().unwrap(), [4, 8, 10, 14, 16]);
    let month = stage.this_month().await;
    let parts = manifest(&dir, &month.to_string()).parts;
    let shape: Vec<_> = parts.iter().map(|part| (part.object.as_str(), part.events, part.sealed)).collect();
    assert_eq!(
        shape,
        [("part-00001.jsonl.zst", 4, true), ("part-00002.jsonl.zst", 4, true), ("part-00003.jsonl.zst", 2, true)]
    );
    assert_eq!(parts[2].last_position, month.first_position() + 10);

    assert_eq!(verify(store.clone(), Months::default(), &|_| {}).await.unwrap(), 16);
    let other = Stage::new("roundtripb").await;
    assert_eq!(import(&other, &store).await.unwrap(), Imported { months: 2, parts: 5, loaded: 16, already: 0 });
    assert_eq!(other.dump().await, stage.dump().await);
    assert_eq!(import(&other, &store).await.unwrap(), Imported { months: 2, parts: 5, loaded: 0, already: 16 });
    // New events come after the imported ones, each once.
    other.archive(&[fact("A", "entry:3", 1)]).await;
    let all = other.read(Filter::default()).await;
    assert_eq!(all.last().unwrap().position, month.next().first_position() + 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_export_writes_only_what_is_new() {
    let (dir, store) = shelf();
    let stage = filled("again").await;
    let month = stage.this_month().await;
    export(&stage, &store).await;
    assert_eq!(counts(&export(&stage, &store).await), (0, 5, 0));
    let open = manifest(&dir, &month.next().to_string()).parts.pop().unwrap();
    assert_eq!((open.events, open.sealed), (2, false));
    // The open part of the running month grows; those before stay.
    stage.archive(&facts("entry:3", 3)).await;
    assert_eq!(counts(&export(&stage, &store).await), (2, 4, 5));
    let sealed: Vec<_> =
        manifest(&dir, &month.next().to_string()).parts.iter().map(|part| (part.events, part.sealed)).collect();
    assert_eq!(sealed, [(4, true), (4, true), (1, false)]);
    // With the month over, its last part is sealed without new events.
    stage.archive_in(month.next().next(), &facts("entry:4", 1)).await;
    assert_eq!(counts(&export(&stage, &store).await), (2, 5, 2));
    assert!(manifest(&dir, &month.next().to_string()).parts[2].sealed);
    let only = Months { from: Some(month.next()), to: Some(month.next()) };
    let (_other, elsewhere) = shelf();
    let done = export_in_parts(stage.db.database(), elsewhere.clone(), only, PART_EVENTS, &|_| {}).await.unwrap();
    assert_eq!((done.months, done.events), (1, 9));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_cut_off_goes_on_where_it_was() {
    let (dir, store) = shelf();
    let stage = filled("cutoff").await;
    export(&stage, &store).await;
    let month = stage.this_month().await;
    let whole = manifest(&dir, &month.to_string());
    // As after a crash between an object and its mention in the manifest.
    let path = dir.path().join("copies/archive").join(month.to_string()).join("manifest.json");
    let cut = Manifest { parts: whole.parts[..1].to_vec(), ..whole.clone() };
    std::fs::write(&path, serde_json::to_vec(&cut).unwrap()).unwrap();
    assert_eq!(counts(&export(&stage, &store).await), (2, 3, 6));
    assert_eq!(manifest(&dir, &month.to_string()), whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_loads_what_is_missing_at_its_place() {
    let (_dir, store) = shelf();
    let stage = filled("missing").await;
    export(&stage, &store).await;
    let before = stage.dump().await;
    let month = stage.this_month().await.to_string().replace('-', "_");
    stage
        .db
        .script(&format!(
            "WITH lost AS (DELETE FROM delivery.archive_{month} WHERE position % 3 = 0 RETURNING event_id) \
        DELETE FROM delivery.archived_event e USING lost WHERE e.event_id = lost.event_id"
        ))
        .await;
    let lost = (before.len() - stage.dump().await.len()) as u64;
    assert!(lost > 0);
    let done = import(&stage, &store).await.unwrap();
    assert_eq!((done.loaded, done.already), (lost, 16 - lost));
    assert_eq!(stage.dump().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_is_refused_by_name_and_loads_nothing() {
    let (dir, store) = shelf();
    let stage = filled("damaged").await;
    export(&stage, &store).await;
    let month = stage.this_month().await.to_string();
    let path = dir.path().join("copies/archive").join(&month).join("part-00001.jsonl.zst");
    let whole = std::fs::read(&path).unwrap();
    let other = Stage::new("damagedb").await;
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damage in [&flipped[..], &whole[..whole.len() - 1]] {
        std::fs::write(&path, damage).unwrap();
        let refused = import(&other, &store).await.unwrap_err();
        assert!(
            matches!(&refused, ArchiveError::Damaged { path, .. } if path.ends_with("part-00001.jsonl.zst")),
            "{refused:?}"
        );
        assert!(verify(store.clone(), Months::default(), &|_| {}).await.is_err());
    }
    // A manifest that belongs to other contents than the object's own.
    std::fs::write(&path, &whole).unwrap();
    let mut wrong = manifest(&dir, &month);
    wrong.parts[0].events += 1;
    write_manifest(dir.path(), &month, &wrong);
    assert!(matches!(import(&other, &store).await, Err(ArchiveError::Damaged { .. })));
    wrong.format = 9;
    write_manifest(dir.path(), &month, &wrong);
    assert!(matches!(import(&other, &store).await, Err(ArchiveError::Format { format: 9, .. })));
    assert_eq!(other.dump().await, [] as [&str; 0]);
}

fn write_manifest(dir: &Path, month: &str, manifest: &Manifest) {
    let path = dir.join("copies/archive").join(month).join("manifest.json");
    std::fs::write(path, serde_json::to_vec(manifest).unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_with_other_events_at_those_positions_takes_none() {
    let (_dir, store) = shelf();
    let stage = filled("occupied").await;
    export(&stage, &store).await;
    let other = Stage::new("occupiedb").await;
    other.archive(&facts("entry:9", 1)).await;
    let before = other.dump().await;
    assert!(matches!(import(&other, &store).await, Err(ArchiveError::Occupied { .. })));
    assert_eq!(other.dump().await, before);
}
