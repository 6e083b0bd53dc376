//! To a server that speaks the S3 API and back.

use crate::archive::stage::{Stage, facts};
use mindflow_backends::delivery::archive::export::export_in_parts;
use mindflow_backends::{
    delivery::archive::{self, Months},
    stores::objects,
};
use mindflow_test_support::s3;

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_goes_to_s3_in_parts_and_comes_back_whole() {
    let server = s3::start().await;
    let bucket = objects::open(&server.settings).unwrap();
    let stage = Stage::new("s3").await;
    stage.archive(&facts("entry:1", 10)).await;
    stage.archive_in(stage.this_month().await.next(), &facts("entry:2", 6)).await;
    let database = stage.db.database();
    let done = export_in_parts(database, bucket.clone(), Months::default(), 4, &|_| {}).await.unwrap();
    assert_eq!((done.months, done.parts_written, done.events), (2, 5, 16));
    let again = export_in_parts(database, bucket.clone(), Months::default(), 4, &|_| {}).await.unwrap();
    assert_eq!((again.parts_written, again.parts_kept), (0, 5), "what is there is not sent again");

    let empty = Stage::new("s3_back").await;
    let loaded = archive::import(empty.db.database(), bucket, Months::default(), &|_| {}).await.unwrap();
    assert_eq!((loaded.loaded, loaded.already), (16, 0));
    assert_eq!(empty.dump().await, stage.dump().await);
}
