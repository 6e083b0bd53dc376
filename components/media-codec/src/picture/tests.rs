//! Images made here, and what becomes of them.

use super::*;
use crate::strip::exif_of;
use image::{Rgb, RgbImage, Rgba, RgbaImage};

/// A directory with a GPS place and the camera's maker, and how the picture is to be turned.
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\x00\x2a\x00\x00\x00\x08".to_vec();
    exif.extend_from_slice(b"\x00\x02");
    exif.extend_from_slice(&[0x01, 0x0F, 0, 2, 0, 0, 0, 4]);
    exif.extend_from_slice(b"Acme");
    exif.extend_from_slice(&[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    exif.extend_from_slice(b"\0\0\0\0GPS 52.5200 13.4050");
    exif
}

/// Left half red, right half blue.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) })
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg(width: u32, height: u32, orientation: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    DynamicImage::from(halves(width, height)).write_with_encoder(encoder).unwrap();
    bytes
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif(1)).unwrap();
    DynamicImage::from(halves(width, height)).write_with_encoder(encoder).unwrap();
    bytes
}

fn see_through(width: u32, height: u32) -> DynamicImage {
    RgbaImage::from_fn(width, height, |x, _| Rgba([10, 200, 10, if x < width / 2 { 0 } else { 255 }])).into()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Original, display, thumb.
fn prepared(upload: Vec<u8>) -> [Picture; 3] {
    prepare(upload).unwrap().try_into().unwrap()
}

fn pixel(picture: &Picture, x: u32, y: u32) -> [u8; 4] {
    use image::GenericImageView;
    image::load_from_memory(&picture.contents).unwrap().get_pixel(x, y).0
}

#[test]
fn a_photo_loses_its_place_and_keeps_every_pixel() {
    let upload = jpeg(800, 600, 1);
    assert!(holds(&upload, b"GPS 52.5200"));
    let [original, display, thumb] = prepared(upload.clone());
    assert_eq!(image::load_from_memory(&original.contents).unwrap(), image::load_from_memory(&upload).unwrap());
    for picture in [&original, &display, &thumb] {
        assert!(!holds(&picture.contents, b"GPS"), "{}", picture.name);
        assert!(!holds(&picture.contents, b"Acme"), "{}", picture.name);
        assert!(!holds(&picture.contents, b"Exif"), "{}", picture.name);
        assert_eq!(picture.content_type, "image/jpeg");
    }
    assert_eq!((original.width, original.height), (800, 600));
    assert_eq!((display.width, display.height), (800, 600));
    assert_eq!((thumb.width, thumb.height), (256, 192));
}

#[test]
fn a_large_photo_is_shown_smaller_and_a_small_one_as_it_is() {
    let [_, display, thumb] = prepared(jpeg(2_000, 1_000, 1));
    assert_eq!((display.width, display.height, thumb.width, thumb.height), (1_600, 800, 256, 128));
    let [_, display, thumb] = prepared(png(40, 30));
    assert_eq!((display.width, display.height, thumb.width, thumb.height), (40, 30, 40, 30));
}

#[test]
fn a_photo_that_was_taken_upright_is_shown_upright() {
    // Turned by a quarter: what was left is up.
    let [original, display, thumb] = prepared(jpeg(640, 320, 6));
    assert_eq!((original.width, original.height), (320, 640));
    assert_eq!((display.width, display.height, thumb.width, thumb.height), (320, 640, 128, 256));
    assert!(pixel(&display, 160, 20)[0] > 180, "red is above");
    assert!(pixel(&display, 160, 620)[2] > 180, "blue is below");
    assert!(!holds(&display.contents, b"Exif"));
    // The original's pixels are untouched, so how it is to be turned is the one thing that stays.
    assert_eq!(exif_of(&original.contents), Some(Orientation::Rotate90));
    assert!(!holds(&original.contents, b"GPS") && !holds(&original.contents, b"Acme"));
}

#[test]
fn each_kind_keeps_its_own_and_is_shown_by_what_it_needs() {
    let opaque = DynamicImage::from(halves(300, 200));
    for (upload, kind, shown) in [
        (encoded(&opaque, ImageFormat::Png), "image/png", "image/jpeg"),
        (encoded(&see_through(300, 200), ImageFormat::Png), "image/png", "image/png"),
        (encoded(&opaque, ImageFormat::WebP), "image/webp", "image/jpeg"),
        (encoded(&see_through(300, 200), ImageFormat::WebP), "image/webp", "image/png"),
        (encoded(&see_through(300, 200), ImageFormat::Gif), "image/gif", "image/png"),
        (encoded(&opaque.grayscale(), ImageFormat::Png), "image/png", "image/jpeg"),
        (encoded(&DynamicImage::from(opaque.to_rgb16()), ImageFormat::Png), "image/png", "image/jpeg"),
    ] {
        let before = image::load_from_memory(&upload).unwrap();
        let [original, display, thumb] = prepared(upload);
        assert_eq!((original.content_type, display.content_type, thumb.content_type), (kind, shown, shown));
        assert_eq!(image::load_from_memory(&original.contents).unwrap(), before, "{kind}");
        assert_eq!((thumb.width, thumb.height), (256, 171), "{kind}");
    }
    let [_, display, _] = prepared(encoded(&see_through(300, 200), ImageFormat::Png));
    assert_eq!((pixel(&display, 10, 10)[3], pixel(&display, 290, 10)[3]), (0, 255));
}

#[test]
fn what_ends_before_its_end_is_truncated() {
    let opaque = DynamicImage::from(halves(300, 200));
    for (name, upload) in [
        ("jpeg", jpeg(300, 200, 1)),
        ("png", png(300, 200)),
        ("webp", encoded(&opaque, ImageFormat::WebP)),
        ("gif", encoded(&opaque, ImageFormat::Gif)),
    ] {
        // The last bytes of a GIF's data may be of no pixel, and those of a PNG are its end alone.
        let end = match name {
            "gif" => 8,
            "png" => 13,
            _ => 3,
        };
        for part in [30, upload.len() / 2, upload.len() - end] {
            let refusal = prepare(upload[..part].to_vec()).unwrap_err();
            assert_eq!(refusal, Refusal::Truncated, "{name}, {part} of {} bytes", upload.len());
        }
    }
    assert_eq!(Refusal::Truncated.to_string(), "The image is truncated");
}

#[test]
fn a_jpeg_or_gif_without_its_end_marker_is_taken_when_all_rows_are_there() {
    let opaque = DynamicImage::from(halves(300, 200));
    for (name, upload, marker) in [
        ("jpeg", jpeg(300, 200, 6), 2),
        ("grey jpeg", encoded(&opaque.grayscale(), ImageFormat::Jpeg), 2),
        // And the empty block that ends its data.
        ("gif", encoded(&opaque, ImageFormat::Gif), 2),
    ] {
        let whole = prepared(upload.clone());
        for cut in 1..=marker {
            assert_eq!(prepared(upload[..upload.len() - cut].to_vec()), whole, "{name}, {cut} bytes cut");
        }
        // A GIF's last data say that they end: up to twelve bits, and as many that fill a byte.
        let data = if name == "gif" { marker + 5 } else { marker };
        for cut in (data + 1..80).chain((80..upload.len() / 2).step_by(13)) {
            let refused = prepare(upload[..upload.len() - cut].to_vec());
            assert_eq!(refused, Err(Refusal::Truncated), "{name}, {cut} bytes cut");
        }
    }
}

/// How many of its last bytes a picture can lack, of 16. What is taken is what the whole one shows.
#[track_caller]
fn may_lack(upload: &[u8]) -> Vec<usize> {
    let shown = |pictures: Vec<Picture>| -> Vec<DynamicImage> {
        pictures.iter().map(|picture| image::load_from_memory(&picture.contents).unwrap()).collect()
    };
    let whole = shown(prepare(upload.to_vec()).unwrap());
    let mut may = Vec::new();
    for cut in 1..=16 {
        match prepare(upload[..upload.len() - cut].to_vec()) {
            Ok(pictures) => {
                assert_eq!(shown(pictures), whole, "{cut} bytes cut");
                may.push(cut);
            }
            Err(refusal) => assert_eq!(refusal, Refusal::Truncated, "{cut} bytes cut"),
        }
    }
    may
}

#[test]
fn a_picture_that_lacks_some_of_its_last_bytes_is_taken_just_when_all_of_it_is_there() {
    for (width, height) in [(1, 1), (8, 8), (9, 7), (16, 16), (33, 5)] {
        let image = DynamicImage::from(halves(width, height));
        // The last code of these has a zero at its end, so each byte of the data holds a bit of it.
        assert_eq!(may_lack(&jpeg(width, height, 1)), [1, 2], "{width} by {height}");
        assert_eq!(may_lack(&encoded(&image.grayscale(), ImageFormat::Jpeg)), [1, 2], "{width} by {height}, grey");
        let gif = may_lack(&encoded(&image, ImageFormat::Gif));
        assert!(gif.starts_with(&[1, 2]) && gif.iter().zip(1..).all(|(cut, next)| *cut == next), "{gif:?}");
        assert!(gif.len() <= 7, "{width} by {height}: {gif:?}");
        let png = may_lack(&encoded(&image, ImageFormat::Png));
        assert_eq!(png, (1..=12).collect::<Vec<_>>(), "{width} by {height}: its last chunk");
    }
}

#[test]
fn a_png_without_its_end_keeps_how_it_is_turned_and_one_without_some_of_its_data_is_refused() {
    use img_parts::png::{Png, PngChunk};
    let mut upload = Vec::new();
    let mut encoder = PngEncoder::new(&mut upload);
    encoder.set_exif_metadata(exif(6)).unwrap();
    DynamicImage::from(halves(300, 200)).write_with_encoder(encoder).unwrap();
    let [original, display, thumb] = prepared(upload[..upload.len() - 12].to_vec());
    assert_eq!((original.width, original.height), (200, 300));
    assert_eq!([original, display, thumb], prepared(upload.clone()));
    let mut lacking = Png::from_bytes(upload.into()).unwrap();
    lacking.chunks_mut().retain(|chunk| chunk.kind() != *b"IEND");
    for chunk in lacking.chunks_mut().iter_mut().filter(|chunk| chunk.kind() == *b"IDAT") {
        let half = chunk.contents().len() / 2;
        *chunk = PngChunk::new(*b"IDAT", chunk.contents().slice(..half));
    }
    let refusal = prepare(lacking.encoder().bytes().to_vec()).unwrap_err();
    assert!(matches!(refusal, Refusal::Truncated | Refusal::Damaged(_)), "{refusal}");
}

/// A grey JPEG of three blocks without a picture in them. Each is a code of one bit for its average, and `01`, the end of the
/// block, which are nine bits: the last one and those that fill its byte are ones, so a stuffed byte stands behind it.
fn with_a_stuffed_byte_at_its_end() -> Vec<u8> {
    let average = segment(0xC4, &[[0x00, 1].as_slice(), &[0; 15], &[0]].concat());
    // `00` is a coefficient of one bit.
    let others = segment(0xC4, &[[0x10, 0, 2].as_slice(), &[0; 14], &[0x01, 0x00]].concat());
    let parts = [
        vec![0xFF, 0xD8],
        segment(0xDB, &[[0].as_slice(), &[16; 64]].concat()),
        segment(0xC0, &[8, 0, 8, 0, 24, 1, 1, 0x11, 0]),
        average,
        others,
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        vec![0b0010_0100, 0xFF, 0x00, 0xFF, 0xD9],
    ];
    parts.concat()
}

#[test]
fn a_jpeg_whose_last_data_are_ones_may_lack_the_byte_behind_them_and_not_the_ones() {
    // With the ones behind the data that show that they have ended, the last code would be whole.
    assert_eq!(may_lack(&with_a_stuffed_byte_at_its_end()), [1, 2, 3]);
}

/// A segment of a JPEG.
fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], length.as_slice(), contents].concat()
}

/// A grey progressive JPEG of 16 by 8 pixels: two blocks, of which a first scan brings the averages and a second the rest.
fn progressive(scans: usize) -> Vec<u8> {
    // Codes of one bit: 0 is category 0 of an average, and the end of a block.
    let code = |class: u8| segment(0xC4, &[[class, 1].as_slice(), &[0; 15], &[0]].concat());
    let scan = |from, to| [segment(0xDA, &[1, 1, 0, from, to, 0]), vec![0b0011_1111]].concat();
    let start = [
        vec![0xFF, 0xD8],
        segment(0xDB, &[[0].as_slice(), &[1; 64]].concat()),
        segment(0xC2, &[8, 0, 8, 0, 16, 1, 1, 0x11, 0]),
        code(0x00),
        code(0x10),
    ];
    let scans = [scan(0, 0), scan(1, 63)].into_iter().take(scans);
    start.into_iter().chain(scans).collect::<Vec<_>>().concat()
}

#[test]
fn a_progressive_jpeg_without_its_end_marker_is_taken_when_all_its_scans_are_there() {
    let whole = [progressive(2), vec![0xFF, 0xD9]].concat();
    assert_eq!(prepared(progressive(2)), prepared(whole));
    assert_eq!(prepare(progressive(1)), Err(Refusal::Truncated));
    let without_data = progressive(2);
    assert_eq!(prepare(without_data[..without_data.len() - 1].to_vec()), Err(Refusal::Truncated));
}

#[test]
fn smaller_sizes_of_a_transparent_picture_have_no_dark_fringes() {
    // White on nothing, which is black where it cannot be seen; the edge is within a pixel of the smaller size.
    let image = RgbaImage::from_fn(1_000, 50, |x, _| if x < 501 { Rgba([0; 4]) } else { Rgba([255; 4]) });
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let [_, _, thumb] = prepared(encoded(&image.clone().into(), format));
        let row: Vec<_> = (0..thumb.width).map(|x| pixel(&thumb, x, 5)).filter(|pixel| pixel[3] > 0).collect();
        assert!(row.iter().any(|pixel| pixel[3] < 255), "{format:?}: the edge is half transparent");
        assert!(row.iter().all(|pixel| pixel[..3] == [255; 3]), "{format:?}: {row:?}");
    }
}

#[test]
fn what_is_no_image_or_was_changed_on_its_way_is_refused() {
    assert_eq!(prepare(b"Dear diary, today".to_vec()), Err(Refusal::Unknown));
    assert_eq!(prepare(Vec::new()), Err(Refusal::Unknown));
    assert_eq!(prepare(b"BM\x00\x00 a bitmap".to_vec()), Err(Refusal::Unknown));
    let mut flipped = png(300, 200);
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xFF;
    assert!(matches!(prepare(flipped), Err(Refusal::Damaged(_))));
}

/// A PNG of these sizes with almost no data behind its header.
fn bomb(width: u32, height: u32, depth: u8) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], contents: &[u8]| {
        png.extend_from_slice(&u32::try_from(contents.len()).unwrap().to_be_bytes());
        png.extend_from_slice(kind);
        png.extend_from_slice(contents);
        png.extend_from_slice(&crc(&[kind.as_slice(), contents].concat()).to_be_bytes());
    };
    let sizes = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(b"IHDR", &[sizes.as_slice(), &[depth, 6, 0, 0, 0]].concat());
    chunk(b"IDAT", b"\x78\x9c\x63\x00\x00\x00\x01\x00\x01");
    chunk(b"IEND", b"");
    png
}

/// PNG, annex D.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 })
    })
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    assert_eq!(prepare(bomb(50_000, 50_000, 8)), Err(Refusal::TooManyPixels { width: 50_000, height: 50_000 }));
    assert_eq!(prepare(bomb(6_000, 6_000, 16)), Err(Refusal::TooMuchMemory));
    let said = Refusal::TooManyPixels { width: 50_000, height: 50_000 }.to_string();
    assert_eq!(said, "The image has 50000 × 50000 pixels, which is more than 40 megapixels");
    // As large as it may be, but with nothing in it.
    assert!(matches!(prepare(bomb(6_000, 6_000, 8)), Err(Refusal::Damaged(_) | Refusal::Truncated)));
}

#[test]
fn an_image_of_one_line_stays_an_image() {
    let [original, display, thumb] = prepared(encoded(&DynamicImage::from(halves(20_000, 1)), ImageFormat::Png));
    assert_eq!((original.width, original.height), (20_000, 1));
    assert_eq!((display.width, display.height, thumb.width, thumb.height), (1_600, 1, 256, 1));
}

#[test]
fn the_colours_profile_goes_with_every_size() {
    let mut profile = vec![0; 132];
    profile[16..20].copy_from_slice(b"RGB ");
    let mut upload = Vec::new();
    let mut encoder = PngEncoder::new(&mut upload);
    encoder.set_icc_profile(profile.clone()).unwrap();
    DynamicImage::from(halves(300, 200)).write_with_encoder(encoder).unwrap();
    for picture in prepared(upload) {
        let mut decoder = ImageReader::new(Cursor::new(&picture.contents)).with_guessed_format().unwrap();
        decoder.no_limits();
        let found = decoder.into_decoder().unwrap().icc_profile().unwrap();
        assert_eq!(found.as_deref(), Some(profile.as_slice()), "{}", picture.name);
    }
}

/// A PNG with these chunks behind its header.
fn with_chunks(chunks: impl IntoIterator<Item = (&'static [u8; 4], Vec<u8>)>) -> Vec<u8> {
    use img_parts::png::{Png, PngChunk};
    let mut png = Png::from_bytes(png(300, 200).into()).unwrap();
    for (kind, contents) in chunks {
        png.chunks_mut().insert(1, PngChunk::new(*kind, contents.into()));
    }
    png.encoder().bytes().to_vec()
}

/// So many zeros, as zlib packs them.
fn packed(bytes: usize) -> Vec<u8> {
    use std::io::Write;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&vec![0; bytes]).unwrap();
    packed.finish().unwrap()
}

fn named(name: &[u8], packed: &[u8]) -> Vec<u8> {
    [name, b"\0\0", packed].concat()
}

#[test]
fn a_profile_that_unpacks_to_megabytes_is_refused_and_a_broken_one_is_left_out() {
    let bomb = with_chunks([(b"iCCP", named(b"sRGB", &packed(40_000_000)))]);
    assert!(bomb.len() < 100_000);
    assert_eq!(prepare(bomb), Err(Refusal::Profile));
    assert_eq!(Refusal::Profile.to_string(), "The image's profile of colours unpacks to more than 8000000 bytes");
    let large = named(b"sRGB", &packed(8_000_000));
    let [original, display, _] = prepared(with_chunks([(b"iCCP", large.clone())]));
    assert!(holds(&original.contents, b"iCCP") && !holds(&display.contents, b"iCCP"));
    // A second one would be unpacked as well.
    let twice = with_chunks([(b"iCCP", large.clone()), (b"iCCP", large)]);
    assert_eq!(prepared(twice)[0].contents, original.contents);
    for broken in [named(b"sRGB", b"no zlib"), named(&[b'x'; 80], &packed(10)), b"sRGB".to_vec(), Vec::new()] {
        let [original, ..] = prepared(with_chunks([(b"iCCP", broken)]));
        assert!(!holds(&original.contents, b"iCCP"));
    }
}

#[test]
fn what_is_not_kept_is_not_unpacked_either() {
    let bomb = packed(40_000_000);
    let text = [b"XML:com.adobe.xmp\0\x01\0\0\0".as_slice(), &bomb].concat();
    let chunks = [(b"zTXt", named(b"Raw profile type exif", &bomb)), (b"iTXt", text), (b"zzZz", bomb.clone())];
    let [original, ..] = prepared(with_chunks(chunks.into_iter().cycle().take(30)));
    assert!(original.contents.len() < bomb.len());
    assert_eq!(original.contents, prepared(png(300, 200))[0].contents);
}

#[test]
fn a_profile_in_many_segments_of_a_jpeg_is_bounded() {
    let with_profile = |segments: usize| {
        let mut bytes = jpeg(300, 200, 1);
        let contents = [b"ICC_PROFILE\0\x01\x01".as_slice(), &[0; 65_519]].concat();
        let segment = [[0xFF, 0xE2, 0xFF, 0xFF].as_slice(), &contents].concat();
        bytes.splice(2..2, segment.repeat(segments));
        bytes
    };
    assert_eq!(prepare(with_profile(123)), Err(Refusal::Profile));
    assert!(prepare(with_profile(122)).is_ok());
}

#[test]
fn a_webp_whose_picture_is_larger_than_it_says_is_refused_before_it_takes_memory() {
    let chunk = |id: &[u8; 4], contents: &[u8]| {
        let length = u32::try_from(contents.len()).unwrap().to_le_bytes();
        [id.as_slice(), &length, contents, &[0][..contents.len() % 2]].concat()
    };
    let webp = |chunks: &[Vec<u8>]| {
        let contents = [b"WEBP".as_slice(), &chunks.concat()].concat();
        chunk(b"RIFF", &contents)
    };
    // 16 by 16 pixels; the picture says 16,383 by 16,383.
    let canvas = |flags: u8| chunk(b"VP8X", &[flags, 0, 0, 0, 15, 0, 0, 15, 0, 0]);
    let lossy = chunk(b"VP8 ", &[0x10, 0, 0, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F, 0, 0]);
    let another_size = Err(Refusal::Damaged("its picture has another size than it says".to_owned()));
    assert_eq!(prepare(webp(&[canvas(0), lossy.clone()])), another_size);
    let frame = [[0; 6].as_slice(), &[15, 0, 0, 15, 0, 0], &[0; 4], &lossy].concat();
    let film = webp(&[canvas(0x02), chunk(b"ANIM", &[0; 6]), chunk(b"ANMF", &frame)]);
    assert_eq!(prepare(film), another_size);
    // Alone it says how large it is.
    assert_eq!(prepare(webp(&[lossy])), Err(Refusal::TooManyPixels { width: 16_383, height: 16_383 }));
    let profile = webp(&[canvas(0x20), chunk(b"ICCP", &vec![0; 8_000_001]), chunk(b"VP8L", &[0x2F])]);
    assert_eq!(prepare(profile), Err(Refusal::Profile));
}
