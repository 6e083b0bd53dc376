//! Pictures made byte by byte: a plain one, and some whose parts unpack to far more than they are.

use crate::Account;
use reqwest::{Method, RequestBuilder};

const BOUNDARY: &str = "mindflow-tests-7f3a";
/// The signature and the header of a PNG, with their sum (PNG §5.2 and §11.2.2).
const HEAD_BYTES: usize = 33;

/// The upload of a file, as a browser sends it.
pub fn upload(account: &Account, file_name: &str, contents: &[u8]) -> RequestBuilder {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{file_name}\"\r\nContent-Type: image/png\r\n\r\n"
    );
    let body = [head.as_bytes(), contents, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
    let request = account.request(Method::POST, "/media");
    request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body)
}

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

/// So many zeros as zlib, with the codes that RFC 1951 §3.2.6 fixes: one zero, and then copies of it. Up to 257 are left out.
pub fn zeros(bytes: usize) -> Vec<u8> {
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
    let sum = u32::try_from((1 + copies * COPY) % 65_521).expect("a sum") << 16 | 1;
    [&[0x78, 0x9C], bits.bytes.as_slice(), &sum.to_be_bytes()].concat()
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { 0xEDB8_8320 ^ (sum >> 1) } else { sum >> 1 })
    })
}

fn chunk(kind: &[u8; 4], contents: &[u8]) -> Vec<u8> {
    let named = [kind.as_slice(), contents].concat();
    let length = u32::try_from(contents.len()).expect("a length").to_be_bytes();
    [length.as_slice(), &named, &crc(&named).to_be_bytes()].concat()
}

/// A black PNG of 86 by 1 pixels, whose row is 1 + 3 · 86 bytes: one zero and one copy.
pub fn black_png() -> Vec<u8> {
    let header = [86_u32.to_be_bytes().as_slice(), &1_u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let chunks = [chunk(b"IHDR", &header), chunk(b"IDAT", &zeros(1 + 3 * 86)), chunk(b"IEND", &[])].concat();
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks].concat()
}

/// A PNG of noise, which nothing makes smaller: some 3 · `side`² bytes.
pub fn noise_png(side: u32) -> Vec<u8> {
    let header = [side.to_be_bytes().as_slice(), &side.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let mut random = fastrand::Rng::with_seed(7);
    let mut rows = Vec::new();
    for _ in 0..side {
        // How the row is filtered: not at all.
        rows.push(0);
        rows.extend(std::iter::repeat_with(|| random.u8(..)).take(3 * side as usize));
    }
    let chunks = [chunk(b"IHDR", &header), chunk(b"IDAT", &stored(&rows)), chunk(b"IEND", &[])].concat();
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks].concat()
}

/// Zlib of blocks that are as they were (RFC 1951 §3.2.4), with the sum of RFC 1950 §8.2.
fn stored(bytes: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 0xFFFF;
    let mut all = vec![0x78, 0x01];
    let last = bytes.len().div_ceil(BLOCK) - 1;
    for (number, block) in bytes.chunks(BLOCK).enumerate() {
        let length = u16::try_from(block.len()).expect("a block");
        all.push(u8::from(number == last));
        all.extend(length.to_le_bytes());
        all.extend((!length).to_le_bytes());
        all.extend(block);
    }
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    all.extend((high << 16 | low).to_be_bytes());
    all
}

/// A PNG with a further chunk behind its header.
pub fn with_chunk(mut png: Vec<u8>, kind: &[u8; 4], contents: &[u8]) -> Vec<u8> {
    png.splice(HEAD_BYTES..HEAD_BYTES, chunk(kind, contents));
    png
}

/// A PNG whose profile of colours unpacks to so many bytes.
pub fn with_profile_of(png: Vec<u8>, bytes: usize) -> Vec<u8> {
    with_chunk(png, b"iCCP", &[b"sRGB\0\0".as_slice(), &zeros(bytes)].concat())
}
