//! What goes and what stays, kind by kind.

use super::*;
use image::{DynamicImage, RgbImage};
use std::io::Cursor;

const SECRET: &[u8] = b"52.5200 N 13.4050 E";

fn picture(format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(32, 16, |x, y| image::Rgb([x as u8 * 8, y as u8 * 16, 99]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(image).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn stripped(format: ImageFormat, image: &[u8]) -> Vec<u8> {
    strip(format, image.to_vec().into(), Orientation::NoTransforms).unwrap().contents
}

fn tells(image: &[u8]) -> bool {
    image.windows(SECRET.len()).any(|window| window == SECRET)
}

#[track_caller]
fn says_nothing_and_looks_the_same(format: ImageFormat, image: &[u8]) {
    assert!(tells(image));
    let kept = stripped(format, image);
    assert!(!tells(&kept));
    assert_eq!(image::load_from_memory(&kept).unwrap(), image::load_from_memory(image).unwrap());
    assert_eq!(stripped(format, &kept), kept, "a second time changes nothing");
}

#[test]
fn what_has_no_metadata_stays_bit_for_bit() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let image = picture(format);
        assert_eq!(stripped(format, &image), image, "{format:?}");
    }
}

#[test]
fn a_jpeg_loses_its_applications_segments_comments_and_what_stands_behind_it() {
    let image = picture(ImageFormat::Jpeg);
    for marker in [0xE1, 0xE2, 0xED, 0xE5, 0xFE] {
        let mut with = image[..2].to_vec();
        with.extend_from_slice(&[0xFF, marker, 0, 2 + SECRET.len() as u8]);
        with.extend_from_slice(SECRET);
        with.extend_from_slice(&image[2..]);
        says_nothing_and_looks_the_same(ImageFormat::Jpeg, &with);
    }
    says_nothing_and_looks_the_same(ImageFormat::Jpeg, &[&image, SECRET].concat());
}

#[test]
fn a_jpeg_loses_the_preview_in_its_first_segment() {
    let image = picture(ImageFormat::Jpeg);
    assert_eq!(image[2..11], *b"\xFF\xE0\x00\x10JFIF\0");
    let mut with = image.clone();
    // 6 by 1 pixels of 3 bytes; the place is as long as that and one more.
    with[5] += 18;
    with.splice(18..20, [6, 1]);
    with.splice(20..20, SECRET[..18].iter().copied());
    let kept = stripped(ImageFormat::Jpeg, &with);
    assert!(!kept.windows(18).any(|window| window == &SECRET[..18]));
    assert_eq!(kept, image);
}

#[test]
fn a_png_loses_its_texts_and_what_stands_behind_it() {
    let image = picture(ImageFormat::Png);
    let mut png = img_parts::png::Png::from_bytes(image.clone().into()).unwrap();
    for kind in [b"tEXt", b"iTXt", b"eXIf", b"caBX"] {
        png.chunks_mut().insert(1, img_parts::png::PngChunk::new(*kind, SECRET.to_vec().into()));
    }
    says_nothing_and_looks_the_same(ImageFormat::Png, &png.encoder().bytes());
    says_nothing_and_looks_the_same(ImageFormat::Png, &[&image, SECRET].concat());
}

#[test]
fn a_webp_loses_its_exif_and_xmp_and_no_longer_says_that_it_has_them() {
    let image = picture(ImageFormat::WebP);
    let mut webp = img_parts::webp::WebP::from_bytes(image.clone().into()).unwrap();
    let data = |bytes: &[u8]| img_parts::riff::RiffContent::Data(bytes.to_vec().into());
    // Flags, then the width and height less one.
    let header = [&[0x0C, 0, 0, 0], &[31, 0, 0][..], &[15, 0, 0]].concat();
    webp.chunks_mut().insert(0, img_parts::riff::RiffChunk::new(*b"VP8X", data(&header)));
    for kind in [b"EXIF", b"XMP "] {
        webp.chunks_mut().push(img_parts::riff::RiffChunk::new(*kind, data(SECRET)));
    }
    let with = webp.encoder().bytes();
    says_nothing_and_looks_the_same(ImageFormat::WebP, &with);
    let turned = strip(ImageFormat::WebP, with, Orientation::Rotate90).unwrap().contents;
    assert_eq!(exif_of(&turned), Some(Orientation::Rotate90));
    says_nothing_and_looks_the_same(ImageFormat::WebP, &[&image, SECRET].concat());
}

#[test]
fn a_gif_loses_its_comments_and_unknown_applications_and_keeps_how_often_it_plays() {
    let image = picture(ImageFormat::Gif);
    let first_block = first_block(&image);
    let mut with = image[..first_block].to_vec();
    for head in [&[0x21, 0xFE][..], &[0x21, 0x01], b"\x21\xFF\x0bXMP DataXMP"] {
        with.extend_from_slice(head);
        with.push(SECRET.len() as u8);
        with.extend_from_slice(SECRET);
        with.push(0);
    }
    let times = b"\x21\xFF\x0bNETSCAPE2.0\x03\x01\x00\x00\x00";
    with.extend_from_slice(times);
    with.extend_from_slice(&image[first_block..]);
    says_nothing_and_looks_the_same(ImageFormat::Gif, &with);
    assert!(stripped(ImageFormat::Gif, &with).windows(times.len()).any(|window| window == times));
    says_nothing_and_looks_the_same(ImageFormat::Gif, &[&image, SECRET].concat());
}

#[test]
fn how_a_picture_is_to_be_turned_is_all_that_is_written() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png] {
        let turned = strip(format, picture(format).into(), Orientation::Rotate270).unwrap().contents;
        assert_eq!(exif_of(&turned), Some(Orientation::Rotate270), "{format:?}");
        assert!(image::load_from_memory(&turned).is_ok());
    }
}

#[test]
fn a_gif_without_its_trailer_gets_one_behind_its_last_whole_picture() {
    let image = picture(ImageFormat::Gif);
    let (trailer, cut) = image.split_last().unwrap();
    assert_eq!(*trailer, 0x3B);
    let strip = |image: &[u8]| strip(ImageFormat::Gif, image.to_vec().into(), Orientation::NoTransforms);
    let whole = |contents: &[u8]| Ok(Stripped { contents: contents.to_vec(), cut: None });
    assert_eq!(strip(cut), whole(&image));
    // A comment behind the picture is no part of it, whether it is whole or not.
    let comment = [cut, b"\x21\xFE\x04a,b;\x00\x3B"].concat();
    for bytes in cut.len()..=comment.len() {
        assert_eq!(strip(&comment[..bytes]), whole(&image), "{bytes} bytes");
    }
}

#[test]
fn a_gif_that_ends_in_a_picture_s_data_gets_their_end_and_its_rows_are_in_doubt() {
    let image = picture(ImageFormat::Gif);
    let strip = |image: &[u8]| strip(ImageFormat::Gif, image.to_vec().into(), Orientation::NoTransforms);
    // How long the picture is shown stands before it, in eight bytes.
    let (head, control) = (first_block(&image), if image[first_block(&image)] == 0x21 { 8 } else { 0 });
    let alone = [&image[..head], &image[head + control..]].concat();
    // Without the trailer and the empty block before it, all data are there.
    let cut = Some(Cut::Gif { last: alone });
    assert_eq!(strip(&image[..image.len() - 2]), Ok(Stripped { contents: image.clone(), cut: cut.clone() }));
    let twice = [&image[..image.len() - 1], &image[head..]].concat();
    let of_two = strip(&twice[..twice.len() - 2]);
    assert_eq!(of_two, Ok(Stripped { contents: twice, cut }), "the last one is in doubt");
    // Of a block that was cut, what there is counts.
    let Stripped { contents, cut } = strip(&image[..image.len() - 3]).unwrap();
    assert!(contents.len() < image.len() && contents.ends_with(&[0, 0x3B]) && cut.is_some());
    // Its sizes and colours must be there.
    for bytes in [8, head + 5, head + control + 5, head + control + 10] {
        assert_eq!(strip(&image[..bytes]), Err(StripError::Truncated), "{bytes} bytes");
    }
}

/// Where the first block begins, behind the table of colours.
fn first_block(gif: &[u8]) -> usize {
    13 + if gif[10] & 0x80 == 0 { 0 } else { 3 << ((gif[10] & 7) + 1) }
}
