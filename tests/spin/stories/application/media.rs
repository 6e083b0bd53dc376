//! Goal: what a user uploads comes back to that user alone. Method: a picture sent as a browser sends it, into a server that speaks
//! the S3 API.

use super::{Stage, files_on};
use image::codecs::png::PngEncoder;
use image::{DynamicImage, RgbImage};
use mindflow_test_support::s3;
use mindflow_tests::{Account, Answer, send};
use reqwest::Method;
use serde_json::json;

fn picture() -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixels = RgbImage::from_fn(400, 300, |x, y| image::Rgb([(x % 251) as u8, (y % 241) as u8, 90]));
    DynamicImage::from(pixels).write_with_encoder(PngEncoder::new(&mut bytes)).unwrap();
    bytes
}

/// Sends the picture as a browser does.
pub async fn upload(account: &Account) -> Answer {
    let form = [
        &b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"lake.png\"\r\nContent-Type: image/png\r\n\r\n"[..],
        &picture(),
        b"\r\n--edge--\r\n",
    ];
    let request = account.request(Method::POST, "/media").header("content-type", "multipart/form-data; boundary=edge");
    send(request.body(form.concat())).await.expect(201)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_comes_back_to_its_owner_alone_and_with_its_entry() {
    let server = s3::start().await;
    let files = files_on(&server);
    let bounds = [("media_bytes_max", "200000"), ("tags_max", "1")];
    let variables: Vec<_> = files.iter().map(|(name, value)| (*name, value.as_str())).chain(bounds).collect();
    let stage = Stage::with(&variables).await;
    let (ada, bob) = (stage.register().await, stage.register().await);
    let made = upload(&ada).await;
    let (path, media) = (made.header("location").to_owned(), made.json());
    assert_eq!(
        (&media["contentType"], &media["width"], &media["height"]),
        (&json!("image/png"), &json!(400), &json!(300))
    );

    let whole = ada.get(&path).await.expect(200);
    assert_eq!(image::load_from_memory(&whole.bytes).unwrap(), image::load_from_memory(&picture()).unwrap());
    let part = send(ada.request(Method::GET, &path).header("range", "bytes=1-3")).await.expect(206);
    assert_eq!(&part.bytes[..], b"PNG");
    let thumb = image::load_from_memory(&ada.get(&format!("{path}/thumb")).await.expect(200).bytes).unwrap();
    assert_eq!(thumb.width(), 256);
    bob.get(&path).await.expect_problem(404, "not-found");
    stage.http.get(&path).await.expect_problem(401, "unauthenticated");

    let create = "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id attachments { id url } } }";
    let input = json!({ "input": { "title": "A walk", "content": "With a picture.", "attachmentIds": [media["id"]] } });
    let attached = ada.data(create, input.clone()).await["createJournalEntry"]["attachments"][0].clone();
    assert_eq!(attached["id"], media["id"]);
    stage.http.get(attached["url"].as_str().unwrap()).await.expect(200);
    assert_eq!(bob.graphql(create, input).await.error()["extensions"]["field"], "attachmentIds[0]");

    // What is kept, and no more.
    ada.data("mutation { createTag(name: \"lake\") { id } }", json!({})).await;
    let second = ada.graphql("mutation { createTag(name: \"shore\") { id } }", json!({})).await.error();
    assert_eq!(second["extensions"]["quota"], "tags", "{second}");
    let storage = "{ me { storage { mediaBytes { used limit } tags { used limit } webhooks { used limit } sessions { used limit } } } }";
    let storage = ada.data(storage, json!({})).await["me"]["storage"].clone();
    let used = storage["mediaBytes"]["used"].as_u64().unwrap();
    assert!(used > whole.bytes.len() as u64 && used <= 200_000, "{storage}");
    assert_eq!(storage["tags"], json!({ "used": 1, "limit": 1 }));
    assert_eq!(storage["webhooks"], json!({ "used": 0, "limit": 10 }));
    assert_eq!(storage["sessions"], json!({ "used": 1, "limit": 50 }));
    ada.delete(&path).await.expect_problem(409, "conflict");
}
