//! Goal: pictures that were made to break the codec are bad input, however many come, and others' pictures are taken
//! meanwhile. Method: pictures made here, whose metadata unpack to far more than the codec's memory.

use crate::media::{small_png, upload};
use crate::trouble_kit::state;
use futures::future::join_all;
use mindflow_tests::Platform;
use mindflow_tests::pictures::{with_chunk, with_profile_of, zeros};

/// More than an instance of the codec has.
const UNPACKED: usize = 600 << 20;

/// A WebP of 16 by 16 pixels, whose picture says that it has 16,383 by 16,383.
fn larger_than_it_says() -> Vec<u8> {
    let canvas = [b"VP8X\x0A\0\0\0".as_slice(), &[0, 0, 0, 0, 15, 0, 0, 15, 0, 0]].concat();
    let picture =
        [b"VP8 \x0C\0\0\0".as_slice(), &[0x10, 0, 0, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F, 0, 0]].concat();
    let contents = [b"WEBP".as_slice(), &canvas, &picture].concat();
    [b"RIFF".as_slice(), &u32::try_from(contents.len()).unwrap().to_le_bytes(), &contents].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_that_unpack_to_more_than_the_codec_has_are_bad_input_and_close_it_to_no_user() {
    let platform = Platform::services().start().await;
    let (mallory, ada) = (platform.register().await, platform.register().await);
    let profile = with_profile_of(small_png(), UNPACKED);
    assert!(profile.len() < 10 << 20);
    let (profile, webp) = (&profile, &larger_than_it_says());
    for (name, picture, says) in [("a.png", profile, "profile of colours"), ("a.webp", webp, "another size")] {
        for answer in join_all((0..6).map(|_| upload(&mallory, name, picture))).await {
            let problem = answer.expect_problem(422, "invalid-input");
            assert_eq!(problem["errors"][0]["field"], "file", "{problem}");
            assert!(problem["errors"][0]["message"].as_str().unwrap().contains(says), "{problem}");
        }
        upload(&ada, "small.png", &small_png()).await.expect(201);
        assert_eq!(state(&platform, "media-codec").await["state"], "ready");
    }
    // Texts are left out without being unpacked, so their picture is as good as any.
    let text = with_chunk(small_png(), b"zTXt", &[b"Raw profile type exif\0\0".as_slice(), &zeros(UNPACKED)].concat());
    upload(&mallory, "text.png", &text).await.expect(201);
    assert!(!platform.log().contains("`media-codec` failed"));
}
