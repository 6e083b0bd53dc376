//! Files on S3: in parts, by ranges, listed, removed, and where the host lays them.

use super::Stage;
use mindflow_backends::stores::{blob, objects::Config};
use mindflow_test_support::s3;
use serde_json::json;
use std::path::Path;

struct Bed {
    stage: Stage,
    s3: s3::Server,
}

async fn bed() -> Bed {
    let s3 = s3::start().await;
    let Config::S3 { bucket, endpoint: Some(endpoint), .. } = &s3.settings else { panic!("a server of one's own") };
    let url = format!("s3://{bucket}/mindflow?region=us-east-1&endpoint={endpoint}");
    let stage = Stage::new(|component| {
        component.allowed_outbound_hosts.push(endpoint.clone());
        for (name, value) in
            [("blob_media_url", url.as_str()), ("blob_access_key_id", "test"), ("blob_secret_access_key", "test")]
        {
            component.variables.insert(name.into(), value.into());
        }
    });
    Bed { stage: stage.await, s3 }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_written_read_in_ranges_listed_and_removed() {
    let Bed { stage, s3 } = bed().await;
    let answers = stage.run(json!([
        ["head", "a/small"],
        ["upload", "a/small", "1000", "1000"],
        ["upload", "a/empty", "0", "10"],
        ["upload", "b/large", "11000000", "20000000"],
        ["upload", "a/too-large", "6000000", "5500000"],
        ["head", "b/large"],
        ["download", "b/large", "", ""],
        ["download", "a/small", "10", "20"],
        ["download", "a/small", "990", "5000"],
        ["download", "a/small", "1000", "1001"],
        ["download", "a/small", "5", "5"],
        ["download", "a/none", "", ""],
        ["files", "", "", "10"],
        ["files", "a", "", "10"],
        ["files", "", "a/empty", "1"],
        ["files", "", "", "0"],
    ]));
    let answers = answers.await;
    let empty_range = "error: Error::Invalid(\"range: must name at least one byte of the file\")";
    assert_eq!(
        answers,
        [
            "error: Error::NotFound",
            "1000",
            "0",
            "11000000",
            "error: Error::TooLarge(5500000)",
            "(\"b/large\", 11000000)",
            "(11000000, 11000000, 168)",
            "(1000, 10, 1)",
            "(1000, 10, 1)",
            empty_range,
            empty_range,
            "error: Error::NotFound",
            "[(\"a/empty\", 0), (\"a/small\", 1000), (\"b/large\", 11000000)]",
            "[(\"a/empty\", 0), (\"a/small\", 1000)]",
            "[(\"a/small\", 1000)]",
            "[]",
        ]
    );
    // The host finds them, and Spin what the host writes.
    let host = blob::open(Some(&s3.settings), "media", Path::new("")).unwrap();
    assert_eq!(host.head("b/large").await.unwrap().bytes, 11_000_000);
    let mut upload = host.put("c/host", 100).await.unwrap();
    upload.write("from the host".into()).await.unwrap();
    upload.finish().await.unwrap();
    let answers = stage.run(json!([
        ["download", "c/host", "", ""],
        ["remove", "a/small", "a/none", "b/large"],
        ["files", "", "", "10"]
    ]));
    assert_eq!(answers.await, ["(13, 13, 1)", "()", "[(\"a/empty\", 0), (\"c/host\", 13)]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_dropped_leaves_nothing() {
    let Bed { stage, s3 } = bed().await;
    let answers =
        stage.run(json!([["abandon", "a", "6000000"], ["files", "", "", "10"], ["upload", "b", "1", "1"]])).await;
    assert_eq!(answers, ["()", "[]", "1"]);
    let Config::S3 { bucket, endpoint: Some(endpoint), .. } = &s3.settings else { panic!("a server of one's own") };
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .build_http::<http_body_util::Empty<bytes::Bytes>>();
    mindflow_test_support::until("parts are left behind", async || {
        use http_body_util::BodyExt;
        let answer = client.get(format!("{endpoint}/{bucket}?uploads").parse().unwrap()).await.unwrap();
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains("ListMultipartUploadsResult"), "{text}");
        !text.contains("<Upload>")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_container_and_odd_keys_are_refused() {
    let stage = Stage::without_grants().await;
    let answer = stage.step(json!(["head", "a"])).await;
    assert_eq!(answer, "error: Error::AccessDenied(\"container `media` is not granted to `probe`\")");
    let stage = Stage::new(|_| {}).await;
    let answers = stage.run(json!([["head", "a"]])).await;
    assert!(answers[0].contains("`blob_media_url` is not set"), "{answers:?}");
}
