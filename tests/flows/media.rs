//! Goal: what a user uploads comes back to that user alone, without what it says about its owner, and what cannot be
//! shown is refused and leaves nothing. Method: images made here, sent as a browser sends them, and a look into the
//! container.

use image::{DynamicImage, ImageEncoder, RgbImage, codecs::jpeg::JpegEncoder, codecs::png::PngEncoder};
use mindflow_backends::stores::objects::Config;
use mindflow_test_support::s3;
use mindflow_tests::{Account, Answer, Platform, eventually, send};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;

const PRIVATE: &str = "private, max-age=31536000, immutable";
const MIB: usize = 1 << 20;
const BOUNDARY: &str = "mindflow-flow-7f3a";
/// What a camera writes into its pictures.
const PLACE: &[u8] = b"GPS 52.5200 N 13.4050 E";

/// A photo with a place in it, to be turned by a quarter.
fn photo(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 251) as u8, (y % 241) as u8, 90]));
    // One entry, that it is to be turned, and then the place.
    let exif =
        [b"MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\0\0\0\0\0\0", PLACE].concat();
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
    encoder.set_exif_metadata(exif).unwrap();
    DynamicImage::from(picture).write_with_encoder(encoder).unwrap();
    bytes
}

pub fn small_png() -> Vec<u8> {
    let mut bytes = Vec::new();
    DynamicImage::from(RgbImage::new(40, 30)).write_with_encoder(PngEncoder::new(&mut bytes)).unwrap();
    bytes
}

/// A PNG that says it has 50,000 by 50,000 pixels: its header's sizes are changed, and the header's sum with them.
fn bomb() -> Vec<u8> {
    let mut png = small_png();
    png[16..24].copy_from_slice(&[50_000_u32.to_be_bytes(), 50_000_u32.to_be_bytes()].concat());
    let sum = !png[12..29].iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { 0xEDB8_8320 ^ (sum >> 1) } else { sum >> 1 })
    });
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    png
}

fn part(field: &str, file_name: &str, contents: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{file_name}\"\r\n\
         Content-Type: image/jpeg\r\n\r\n"
    );
    [head.as_bytes(), contents, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat().as_slice(), format!("--{BOUNDARY}--\r\n").as_bytes()].concat()
}

async fn send_form(account: &Account, body: Vec<u8>) -> Answer {
    let request = account.request(Method::POST, "/media");
    send(request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body)).await
}

pub async fn upload(account: &Account, file_name: &str, contents: &[u8]) -> Answer {
    send_form(account, form(&[part("file", file_name, contents)])).await
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn sizes(answer: &Answer) -> (u32, u32) {
    let picture = image::load_from_memory(&answer.bytes).unwrap();
    (picture.width(), picture.height())
}

/// Where the platform has it, for those who have a token.
pub fn path(media: &Value) -> String {
    format!("/media/{}", media["id"].as_str().unwrap())
}

/// Names of files, without their folders.
pub fn files_below(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            names.extend(files_below(&path));
        } else {
            names.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_comes_back_without_its_location_in_three_sizes_and_only_to_its_owner() {
    let platform = Platform::services().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let original = photo(2_000, 1_000);
    assert!(holds(&original, PLACE));
    let made = upload(&ada, "../../Müggelsee 7.jpg", &original).await.expect(201);
    let media = made.json();
    let url = format!("/media/{}", media["id"].as_str().unwrap());
    assert_eq!(made.header("location"), url);
    assert_eq!((&media["fileName"], &media["contentType"]), (&json!("Müggelsee 7.jpg"), &json!("image/jpeg")));
    // It is to be turned.
    assert_eq!((&media["width"], &media["height"]), (&json!(1_000), &json!(2_000)));

    let whole = ada.get(&url).await.expect(200);
    assert_eq!(media["bytes"], whole.bytes.len());
    assert_eq!(image::load_from_memory(&whole.bytes).unwrap(), image::load_from_memory(&original).unwrap());
    let display = ada.get(&format!("{url}/display")).await.expect(200);
    let thumb = ada.get(&format!("{url}/thumb")).await.expect(200);
    assert_eq!((sizes(&display), sizes(&thumb)), ((800, 1_600), (128, 256)));
    for answer in [&whole, &display, &thumb] {
        assert!(!holds(&answer.bytes, PLACE), "the place is still in it");
        assert_eq!(answer.header("content-type"), "image/jpeg");
        assert_eq!(answer.header("content-length"), answer.bytes.len().to_string());
        assert_eq!(answer.header("cache-control"), PRIVATE);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    }
    assert_eq!(whole.header("content-disposition"), "inline; filename*=UTF-8''M%C3%BCggelsee%207.jpg");
    assert_ne!(whole.header("etag"), thumb.header("etag"));
    assert_eq!(files_below(&platform.data_dir().join("blob/media")), ["display", "original", "thumb"]);

    // For another user the file does not exist; without a token a login is required.
    for path in [url.clone(), format!("{url}/thumb")] {
        bob.get(&path).await.expect_problem(404, "not-found");
        platform.http().get(&path).await.expect_problem(401, "unauthenticated");
    }
    ada.get(&format!("{url}/huge")).await.expect_problem(404, "not-found");
    ada.get("/media/00000000-0000-4000-8000-000000000000").await.expect_problem(404, "not-found");
    send(ada.request(Method::PUT, &url)).await.expect_problem(405, "method-not-allowed");
    // A session that was ended opens nothing any more.
    send(ada.request(Method::POST, "/auth/logout")).await.expect(204);
    ada.get(&url).await.expect_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_the_range_that_it_asks_for_and_no_file_that_it_has_already() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let media = upload(&ada, "a.png", &small_png()).await.expect(201).json();
    let url = &path(&media);
    let whole = ada.get(url).await.expect(200);
    let (etag, length) = (whole.header("etag"), whole.bytes.len());
    assert!(etag.starts_with('"') && etag.len() == 66, "a strong one: {etag}");
    assert_eq!(whole.header("accept-ranges"), "bytes");

    let asked = |headers: &[(&'static str, String)]| {
        let request = ada.request(Method::GET, url);
        send(headers.iter().fold(request, |request, (name, value)| request.header(*name, value)))
    };
    let part = asked(&[("range", "bytes=1-3".to_owned())]).await.expect(206);
    assert_eq!((&part.bytes[..], part.header("content-range")), (&b"PNG"[..], &*format!("bytes 1-3/{length}")));
    let end = asked(&[("range", "bytes=-5".to_owned())]).await.expect(206);
    assert_eq!(end.bytes, whole.bytes.slice(length - 5..));
    let beyond = asked(&[("range", format!("bytes={length}-"))]).await;
    beyond.expect_problem(416, "range-not-satisfiable");
    assert_eq!(beyond.header("content-range"), format!("bytes */{length}"));
    let of_this = [("range", "bytes=0-1".to_owned()), ("if-range", etag.to_owned())];
    assert_eq!(asked(&of_this).await.expect(206).bytes, whole.bytes.slice(..2));
    let of_another = [("range", "bytes=0-1".to_owned()), ("if-range", "\"another\"".to_owned())];
    assert_eq!(asked(&of_another).await.expect(200).bytes, whole.bytes);

    let known = asked(&[("if-none-match", etag.to_owned())]).await.expect(304);
    assert!(known.bytes.is_empty());
    assert_eq!((known.header("etag"), known.header("cache-control")), (etag, whole.header("cache-control")));
    let head = send(ada.request(Method::HEAD, url)).await.expect(200);
    assert!(head.bytes.is_empty());
    assert_eq!((head.header("etag"), head.header("content-type")), (etag, "image/png"));
    assert_eq!(head.header("content-length"), length.to_string());
}

/// Refused as said, and nothing of it is left: no file and no row.
async fn refused(platform: &Platform, name: &str, answer: Answer, status: u16, kind: &str, says: &str) {
    let problem = answer.expect_problem(status, kind);
    let said = format!("{} {}", problem["detail"], problem["errors"]);
    assert!(said.contains(says), "{name}: {problem}");
    if status == 422 {
        assert_eq!(problem["errors"][0]["field"], "file", "{name}: {problem}");
    }
    let folder = platform.data_dir().join("blob");
    eventually(&format!("{name} leaves no file"), || async { files_below(&folder).is_empty().then_some(()) }).await;
    let folders = std::fs::read_dir(folder.join("media")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(folders.into_iter().all(|name| name == "uploads"), "{name} leaves no folder");
    let database = platform.write_database().await;
    let rows: i64 = database.query_one("SELECT count(*) FROM media.files", &[]).await.unwrap().get(0);
    assert_eq!(rows, 0, "{name} leaves no row");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_shown_is_refused_with_the_reason_and_leaves_nothing() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let photo = photo(600, 400);
    let refused = |name, answer, status, kind, says| refused(&platform, name, answer, status, kind, says);
    let noise = |bytes| [&b"\xFF\xD8\xFF\xE0"[..], &vec![7; bytes]].concat();
    let too_large = upload(&ada, "big.jpg", &noise(10 * MIB)).await;
    refused("a file over 10 MiB", too_large, 413, "payload-too-large", "at most 10 MiB").await;
    let half = photo.len() / 2;
    let truncated = upload(&ada, "half.jpg", &photo[..half]).await;
    refused("half a photo", truncated, 422, "invalid-input", "truncated").await;
    let text = upload(&ada, "notes.jpg", b"Dear diary, this is no image at all, not even by its name.").await;
    refused("a text named .jpg", text, 415, "unsupported-media-type", "Only JPEG, PNG, WebP and GIF").await;
    let bomb = upload(&ada, "bomb.png", &bomb()).await;
    refused("a decompression bomb", bomb, 422, "invalid-input", "more than 40 megapixels").await;
    let nothing = upload(&ada, "empty.jpg", b"").await;
    refused("an empty file", nothing, 422, "invalid-input", "empty").await;
    let other_field = send_form(&ada, form(&[part("picture", "a.jpg", &photo)])).await;
    refused("another field", other_field, 422, "invalid-input", "in the field `file`").await;
    let two = send_form(&ada, form(&[part("file", "a.jpg", &photo), part("file", "b.jpg", &photo)])).await;
    refused("two files", two, 422, "invalid-input", "one file at a time").await;
    let broken_off = send_form(&ada, part("file", "a.jpg", &photo)).await;
    refused("a form without an end", broken_off, 400, "malformed-request", "broke off").await;
    let json = ada.post("/media", &json!({ "file": "a.jpg" })).await;
    refused("no form", json, 415, "unsupported-media-type", "multipart/form-data").await;
    let anonymous = platform.http().request(Method::POST, "/media").header("content-type", "multipart/form-data");
    refused("an anonymous upload", send(anonymous).await, 401, "unauthenticated", "Log in").await;
    // After all of that, what is right is taken.
    upload(&ada, "a.jpg", &photo).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_crashes_the_codec_is_refused_and_harms_no_other_upload() {
    // With memory for small images only.
    let narrow = |text: String| {
        assert!(text.contains("memory-mib-max = 512"));
        text.replace("memory-mib-max = 512", "memory-mib-max = 16")
    };
    let platform = Platform::services().manifest(narrow).start().await;
    let ada = platform.register().await;
    let answer = upload(&ada, "large.jpg", &photo(4_000, 3_000)).await;
    refused(&platform, "an image that ends the codec", answer, 413, "too-costly", "costs more than").await;
    upload(&ada, "small.png", &small_png()).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_can_lie_on_s3() {
    let server = s3::start().await;
    let Config::S3 { bucket, endpoint, .. } = &server.settings else { panic!("{:?}", server.settings) };
    let settings = format!(
        "[blob.media]\nbackend = \"s3\"\nbucket = {bucket:?}\nregion = \"us-east-1\"\nendpoint = {:?}\n\
         access-key-id = \"test\"\nsecret-access-key = \"test\"",
        endpoint.as_deref().unwrap()
    );
    let platform = Platform::services().config(&settings).start().await;
    let ada = platform.register().await;
    let photo = photo(2_400, 1_600);
    let media: Value = upload(&ada, "a.jpg", &photo).await.expect(201).json();
    let url = &path(&media);
    let whole = ada.get(url).await.expect(200);
    assert_eq!(media["bytes"], whole.bytes.len());
    assert_eq!(sizes(&ada.get(&format!("{url}/thumb")).await.expect(200)), (171, 256));
    let middle = send(ada.request(Method::GET, url).header("range", "bytes=1000-69999")).await.expect(206);
    assert_eq!(middle.bytes, whole.bytes.slice(1_000..70_000));
    assert!(files_below(&platform.data_dir().join("blob")).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_link_opens_a_file_without_a_token_until_it_expires_or_is_changed() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let media = upload(&ada, "a.png", &small_png()).await.expect(201).json();
    let (url, thumb) = (media["url"].as_str().unwrap(), media["thumbnailUrl"].as_str().unwrap());
    let anonymous = platform.http();
    let whole = anonymous.get(url).await.expect(200);
    assert_eq!((whole.header("content-type"), whole.header("cache-control")), ("image/png", PRIVATE));
    assert_eq!(sizes(&anonymous.get(thumb).await.expect(200)), (40, 30));
    let display = url.replace('?', "/display?");
    anonymous.get(&display).await.expect(200);
    let known = anonymous.request(Method::GET, url).header("if-none-match", whole.header("etag"));
    send(known).await.expect(304);

    // It opens this file and no other, says itself until when, and is good for nothing but reading.
    let other = upload(&ada, "b.png", &small_png()).await.expect(201).json();
    let query = url.split_once('?').unwrap().1;
    anonymous.get(&format!("{}?{query}", path(&other))).await.expect_problem(403, "forbidden");
    let longer = url.replace("expires=", "expires=9");
    anonymous.get(&longer).await.expect_problem(403, "forbidden");
    ada.get(&longer).await.expect(200);
    send(anonymous.request(Method::POST, &format!("/media?{query}"))).await.expect_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cdn_gets_files_by_their_addresses_and_may_keep_them() {
    let cdn = "https://cdn.example.org/";
    let platform = Platform::services().variable("media_cdn_url", cdn).start().await;
    let ada = platform.register().await;
    let media = upload(&ada, "a.png", &small_png()).await.expect(201).json();
    let url = media["url"].as_str().unwrap();
    let asked = url.strip_prefix("https://cdn.example.org").unwrap_or_else(|| panic!("{url}"));
    let by_cdn = platform.http().get(asked).await.expect(200);
    let kept = by_cdn.header("cache-control");
    assert!(kept.starts_with("public, max-age=") && kept.ends_with(", immutable"), "{kept}");
    // What a user reads with a token is never in a shared cache.
    assert_eq!(ada.get(&path(&media)).await.expect(200).header("cache-control"), PRIVATE);
}
