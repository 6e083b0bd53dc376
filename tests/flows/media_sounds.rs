//! Goal: sounds are kept as they came, and uploads are listed and found again by an address that never changes. Method: files of the
//! smallest kind, sent as a browser sends them.

use crate::media::{path, upload};
use mindflow_tests::{Account, Platform, send};
use reqwest::Method;
use serde_json::{Value, json};

const LIST: &str = "query ($first: Int, $after: String, $kind: MediaKind) { media(first: $first, after: $after, kind: $kind) {
    totalCount totalBytes pageInfo { hasNextPage endCursor } edges { node { id kind fileName bytes width durationMs reference thumbnailUrl } } } }";

fn page(granule: u64, packet: &[u8]) -> Vec<u8> {
    let length = u8::try_from(packet.len()).expect("one segment");
    [b"OggS\0\0".as_slice(), &granule.to_le_bytes(), &7_u32.to_le_bytes(), &[0; 8], &[1, length], packet].concat()
}

/// Two and a half seconds of Opus, as far as its pages say.
fn ogg() -> Vec<u8> {
    let head = [b"OpusHead\x01\x01".as_slice(), &312_u16.to_le_bytes(), &[0; 7]].concat();
    [page(0, &head), page(120_312, b"silence")].concat()
}

fn mp3() -> Vec<u8> {
    [b"ID3\x04\0\0\0\0\0\0".as_slice(), b"\xff\xfb\x90\x00", &[0; 400]].concat()
}

fn m4a() -> Vec<u8> {
    [
        b"\0\0\0\x1cftypM4A \0\0\0\0M4A mp42isom\0\0\0\x6cmvhd\0\0\0\0\0\0\0\0\0\0\0\0".as_slice(),
        &1_000_u32.to_be_bytes(),
        &90_000_u32.to_be_bytes(),
        &[0; 80],
    ]
    .concat()
}

fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(3, 2).write_to(&mut bytes, image::ImageFormat::Png).expect("a picture");
    bytes.into_inner()
}

async fn sent(account: &Account, name: &str, contents: &[u8]) -> Value {
    upload(account, name, contents).await.expect(201).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_is_known_by_its_contents_and_comes_back_byte_for_byte() {
    let platform = Platform::services().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    for (contents, content_type, duration) in
        [(ogg(), "audio/ogg", json!(2_500)), (mp3(), "audio/mpeg", Value::Null), (m4a(), "audio/mp4", json!(90_000))]
    {
        let sound = sent(&ada, "note.jpg", &contents).await;
        assert_eq!((&sound["kind"], &sound["contentType"]), (&json!("audio"), &json!(content_type)));
        assert_eq!(
            (&sound["durationMs"], &sound["width"], &sound["thumbnailUrl"]),
            (&duration, &Value::Null, &Value::Null)
        );
        let whole = ada.get(&path(&sound)).await.expect(200);
        assert_eq!((&whole.bytes[..], whole.header("content-type")), (&contents[..], content_type));
        let part = send(ada.request(Method::GET, &path(&sound)).header("range", "bytes=0-3")).await.expect(206);
        assert_eq!(part.bytes[..], contents[..4]);
        ada.get(&format!("{}/thumb", path(&sound))).await.expect_problem(404, "not-found");
        bob.get(&path(&sound)).await.expect_problem(404, "not-found");
        // The signed address opens it without a token, as an <audio> does.
        platform.http().get(sound["url"].as_str().expect("an address")).await.expect(200);
    }
    let wave = [b"RIFF\x24\0\0\0WAVEfmt ".as_slice(), &[0; 64]].concat();
    upload(&ada, "a.ogg", &wave).await.expect_problem(415, "unsupported-media-type");
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_listed_with_their_totals_and_by_kind() {
    let platform = Platform::services().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let (picture, sound) = (sent(&ada, "a.png", &png()).await, sent(&ada, "b.ogg", &ogg()).await);
    sent(&bob, "c.ogg", &ogg()).await;
    let first = ada.data(LIST, json!({ "first": 1 })).await["media"].clone();
    assert_eq!((&first["totalCount"], &first["pageInfo"]["hasNextPage"]), (&json!(2), &json!(true)));
    let node = &first["edges"][0]["node"];
    assert_eq!((&node["id"], &node["kind"], &node["durationMs"]), (&sound["id"], &json!("AUDIO"), &json!(2_500)));
    assert_eq!(node["reference"], format!("media:{}", sound["id"].as_str().expect("an id")));
    let rest = ada.data(LIST, json!({ "first": 1, "after": first["pageInfo"]["endCursor"] })).await["media"].clone();
    let node = &rest["edges"][0]["node"];
    assert_eq!((&node["id"], &node["kind"], &node["width"]), (&picture["id"], &json!("IMAGE"), &json!(3)));
    assert_eq!(rest["pageInfo"]["hasNextPage"], false);
    let used =
        ada.data("{ me { storage { mediaBytes { used } } } }", json!({})).await["me"]["storage"]["mediaBytes"]["used"]
            .clone();
    assert_eq!(first["totalBytes"], used, "as the quota counts");
    let sounds = ada.data(LIST, json!({ "kind": "AUDIO" })).await["media"].clone();
    assert_eq!((&sounds["totalCount"], &sounds["totalBytes"]), (&json!(1), &sound["bytes"]));
    let error = ada.graphql(LIST, json!({ "after": "x" })).await.error();
    assert_eq!(error["extensions"]["errors"][0]["field"], "after", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_never_changes_leads_its_owner_to_the_file() {
    let platform = Platform::services().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let picture = sent(&ada, "a.png", &png()).await;
    let stable = format!("{}/stable", path(&picture));
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let url = ada.request(Method::GET, &stable).build().expect("a request").url().clone();
    let answer = client.get(url).bearer_auth(&ada.token).send().await.expect("an answer");
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["cache-control"]),
        (307, &"no-store".parse().expect("a value"))
    );
    let location = answer.headers()["location"].to_str().expect("a text").to_owned();
    platform.http().get(&location).await.expect(200);
    bob.get(&stable).await.expect_problem(404, "not-found");
    platform.http().get(&stable).await.expect_problem(401, "unauthenticated");
}
