//! Goal: a journal leaves and comes back on Spin as on the host. Method: an entry with a picture goes out of one account and into
//! another, over a server that speaks the S3 API; the clock rings when a job waits.

use super::media::upload;
use super::{Stage, files_on};
use mindflow_test_support::s3;
use mindflow_tests::{Account, send};
use reqwest::Method;
use serde_json::{Value, json};

/// What runs jobs.
const FILE: &str = "portability-background";
const EXPORTS: &str = "{ exports { status entriesDone mediaDone url error } }";
const BEGIN: &str = "mutation ($upload: ID!) { beginImport(input: { uploadId: $upload }) { id } }";
const IMPORTS: &str =
    "{ imports { status format error report { entries duplicates media problemsTotal problems { message } } } }";
const ENTRIES: &str =
    "{ journalEntries { edges { node { title mood tags { name } attachments { fileName bytes } } } } }";

/// What became of the file.
async fn import(stage: &Stage, account: &Account, file: &[u8]) -> Value {
    let request = account.request(Method::POST, "/portability/uploads").body(file.to_vec());
    let brought = send(request).await.expect(201).json();
    account.data(BEGIN, json!({ "upload": brought["uploadId"] })).await;
    stage.run(FILE, "run-jobs").await;
    account.data(IMPORTS, json!({})).await["imports"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_leaves_and_comes_back_in_another_account_and_never_twice() {
    let server = s3::start().await;
    let files = files_on(&server);
    let variables: Vec<_> = files.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let stage = Stage::with(&variables).await;
    let (ada, bob) = (stage.register().await, stage.register().await);
    let picture = upload(&ada).await.json()["id"].clone();
    let text = format!("By the lake. ![](media:{})", picture.as_str().expect("an id"));
    let written =
        json!({ "title": "A walk", "content": text, "mood": "CALM", "tags": ["outside"], "attachmentIds": [picture] });
    ada.write(written).await;
    let is_there = |data: &Value| data["journalEntries"]["edges"].as_array().is_some_and(|edges| edges.len() == 1);
    let before = ada.eventually(ENTRIES, json!({}), is_there).await;

    ada.data("mutation { requestExport { id } }", json!({})).await;
    stage.run(FILE, "run-jobs").await;
    let job = ada.data(EXPORTS, json!({})).await["exports"][0].clone();
    assert_eq!(
        (&job["status"], &job["entriesDone"], &job["mediaDone"]),
        (&json!("READY"), &json!(1), &json!(1)),
        "{job}"
    );
    let address = job["url"].as_str().expect("an address");
    let file = stage.http.get(address).await.expect(200).bytes;
    let rest = send(stage.http.request(Method::GET, address).header("range", "bytes=10-")).await.expect(206);
    assert_eq!(rest.bytes, file[10..]);
    stage.http.get(&address.replace("signature=", "signature=A")).await.expect_problem(403, "forbidden");

    let came = import(&stage, &bob, &file).await;
    let counts =
        |job: &Value| ["entries", "duplicates", "media", "problemsTotal"].map(|name| job["report"][name].clone());
    assert_eq!((&came["status"], &came["format"]), (&json!("READY"), &json!("MINDFLOW")), "{came}");
    assert_eq!(counts(&came), [json!(1), json!(0), json!(1), json!(0)], "{came}");
    bob.eventually(ENTRIES, json!({}), |data| *data == before).await;
    let again = import(&stage, &bob, &file).await;
    assert_eq!(counts(&again), [json!(0), json!(1), json!(0), json!(0)], "{again}");
}
