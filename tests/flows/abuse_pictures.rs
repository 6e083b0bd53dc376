//! Goal: pictures that were made to break the codec are bad input, however many come, and others' pictures are taken
//! meanwhile. Method: pictures made here, whose metadata unpack to far more than the codec's memory.

use crate::media::{small_png, upload};
use crate::trouble_kit::state;
use futures::future::join_all;
use mindflow_tests::Platform;

/// More than an instance of the codec has.
const UNPACKED: usize = 600 << 20;

/// Bits as deflate writes them, the lowest of a byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, bit: bool) {
        if self.used.is_multiple_of(8) {
            self.bytes.push(0);
        }
        let last = self.bytes.len() - 1;
        self.bytes[last] |= u8::from(bit) << (self.used % 8);
        self.used += 1;
    }

    /// A Huffman code, whose first bit comes first.
    fn code(&mut self, code: u32, bits: u32) {
        (0..bits).rev().for_each(|place| self.put(code >> place & 1 == 1));
    }
}

/// So many zeros as zlib, with the codes that RFC 1951 §3.2.6 fixes: one zero, and then copies of it.
fn zeros(bytes: usize) -> Vec<u8> {
    const COPY: usize = 258;
    let copies = (bytes - 1) / COPY;
    let mut bits = Bits::default();
    // The last block, of fixed codes; a literal zero; copies of the longest length from one place before; the end.
    [true, true, false].into_iter().for_each(|bit| bits.put(bit));
    bits.code(0b0011_0000, 8);
    for _ in 0..copies {
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    bits.code(0, 7);
    let sum = u32::try_from((1 + copies * COPY) % 65_521).unwrap() << 16 | 1;
    [&[0x78, 0x9C], bits.bytes.as_slice(), &sum.to_be_bytes()].concat()
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { 0xEDB8_8320 ^ (sum >> 1) } else { sum >> 1 })
    })
}

/// A small PNG with this chunk behind its header.
fn with_chunk(kind: &[u8; 4], contents: &[u8]) -> Vec<u8> {
    let named = [kind.as_slice(), contents].concat();
    let length = u32::try_from(contents.len()).unwrap().to_be_bytes();
    let chunk = [length.as_slice(), &named, &crc(&named).to_be_bytes()].concat();
    let mut png = small_png();
    png.splice(33..33, chunk);
    png
}

/// A WebP of 16 by 16 pixels, whose picture says that it has 16,383 by 16,383.
fn larger_than_it_says() -> Vec<u8> {
    let canvas = [b"VP8X\x0A\0\0\0".as_slice(), &[0, 0, 0, 0, 15, 0, 0, 15, 0, 0]].concat();
    let picture =
        [b"VP8 \x0C\0\0\0".as_slice(), &[0x10, 0, 0, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F, 0, 0]].concat();
    let contents = [b"WEBP".as_slice(), &canvas, &picture].concat();
    [b"RIFF".as_slice(), &u32::try_from(contents.len()).unwrap().to_le_bytes(), &contents].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_that_unpack_to_more_than_the_codec_has_are_bad_input_and_close_it_to_nobody() {
    let platform = Platform::services().start().await;
    let (mallory, ada) = (platform.register().await, platform.register().await);
    let profile = with_chunk(b"iCCP", &[b"sRGB\0\0".as_slice(), &zeros(UNPACKED)].concat());
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
    let text = with_chunk(b"zTXt", &[b"Raw profile type exif\0\0".as_slice(), &zeros(UNPACKED)].concat());
    upload(&mallory, "text.png", &text).await.expect(201);
    assert!(!platform.log().contains("`media-codec` failed"));
}
