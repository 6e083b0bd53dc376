use super::*;
use flate2::{Compress, Compression, FlushCompress};
use futures::executor::block_on;
use proptest::prelude::*;

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut writer, mut out, mut directory) = (Writer::default(), Vec::new(), Vec::new());
    for (name, bytes) in files {
        writer.begin(name, "2026-11-30T10:00:00Z".parse().unwrap(), &mut out, &mut directory).unwrap();
        writer.write(bytes, Packing::Small, &mut out).unwrap();
    }
    close(writer, out, directory)
}

fn close(mut writer: Writer, mut out: Vec<u8>, mut directory: Vec<u8>) -> Vec<u8> {
    writer.end(&mut out, &mut directory);
    assert_eq!(writer.bytes(), out.len() as u64);
    out.extend_from_slice(&directory);
    out.extend(writer.finish());
    out
}

fn read(archive: &Vec<u8>) -> Result<Directory, BadArchive> {
    block_on(Directory::read(archive, Limits::default()))
}

fn unpack(archive: &Vec<u8>, name: &str) -> Result<Vec<u8>, BadArchive> {
    block_on(read(archive)?.unpack(archive, name, 1 << 30))
}

/// An archive of one file by hand: what its records say, and its data.
struct Forged {
    name: &'static str,
    method: u16,
    flags: u16,
    mode: u32,
    bytes: u32,
    data: Vec<u8>,
    crc32: u32,
}

impl Forged {
    fn new(name: &'static str, text: &[u8]) -> Self {
        let crc32 = crc32fast::hash(text);
        Self { name, method: 0, flags: 0, mode: 0o100_644, bytes: text.len() as u32, data: text.to_vec(), crc32 }
    }

    fn archive(&self) -> Vec<u8> {
        self.archive_with(1)
    }

    /// With so many records of the directory for the one file.
    fn archive_with(&self, records: u16) -> Vec<u8> {
        use super::layout::*;
        let mut out = Vec::new();
        let name_bytes = self.name.len() as u16;
        out.u32(LOCAL_HEADER).u16(20).u16(self.flags).u16(self.method).u32(0).u32(self.crc32);
        out.u32(self.data.len() as u32).u32(self.bytes).u16(name_bytes).u16(0);
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(&self.data);
        let begins = out.len() as u32;
        for number in 0..records {
            let name = if number == 0 { self.name.to_owned() } else { format!("{number}{}", self.name) };
            out.u32(CENTRAL_HEADER).u16(MADE_BY).u16(20).u16(self.flags).u16(self.method).u32(0).u32(self.crc32);
            out.u32(self.data.len() as u32).u32(self.bytes).u16(name.len() as u16).u16(0).u16(0);
            out.u16(0).u16(0).u32(self.mode << 16).u32(0);
            out.extend_from_slice(name.as_bytes());
        }
        let bytes = out.len() as u32 - begins;
        out.u32(END).u16(0).u16(0).u16(records).u16(records).u32(bytes).u32(begins).u16(0);
        out
    }
}

#[test]
fn what_is_written_is_read_by_a_parser_of_others() {
    let text = "a line that is there often\n".repeat(10_000);
    let archive = archive(&[("a/é.txt", text.as_bytes()), ("empty", b""), ("b", b"\0\x01")]);
    assert!(archive.len() < text.len() / 10, "{}", archive.len());
    let names: Vec<_> = read(&archive).unwrap().files().map(|file| (file.name.clone(), file.bytes)).collect();
    assert_eq!(names, [("a/é.txt".to_owned(), text.len() as u64), ("b".to_owned(), 2), ("empty".to_owned(), 0)]);
    assert_eq!(unpack(&archive, "a/é.txt").unwrap(), text.as_bytes());
    assert_eq!(unpack(&archive, "empty").unwrap(), b"");
    assert_eq!(unpack(&archive, "c"), Err(BadArchive::Missing("c".to_owned())));
}

#[test]
fn an_archive_without_files_is_one() {
    let archive = close(Writer::default(), Vec::new(), Vec::new());
    assert_eq!(read(&archive).unwrap().files().count(), 0);
}

#[test]
fn a_name_that_leads_out_of_the_archive_is_refused() {
    for name in ["../x", "a/../../x", "/etc/passwd", "C:/x", "..\\x", "C:\\x", "a\0b"] {
        let forged = Forged { name, ..Forged::new("x", b"x") };
        assert!(matches!(read(&forged.archive()), Err(BadArchive::ClimbsOut(_))), "{name}");
    }
    assert!(read(&Forged::new("a..b/c...d", b"x").archive()).is_ok());
}

#[test]
fn a_link_is_no_file() {
    let forged = Forged { mode: 0o120_777, ..Forged::new("link", b"/etc/passwd") };
    let archive = forged.archive();
    let directory = read(&archive).unwrap();
    assert_eq!((directory.links(), directory.files().count()), (&["link".to_owned()][..], 0));
}

#[test]
fn a_file_that_unpacks_to_more_than_it_announces_or_takes_is_refused() {
    let zeros = vec![0; 64 << 20];
    let mut packed = Vec::with_capacity(1 << 20);
    Compress::new(Compression::best(), false).compress_vec(&zeros, &mut packed, FlushCompress::Finish).unwrap();
    assert!(zeros.len() / packed.len() > 900);
    let bomb = Forged { method: 8, data: packed.clone(), ..Forged::new("bomb", &zeros) };
    assert_eq!(unpack(&bomb.archive(), "bomb"), Err(BadArchive::Bomb("bomb".to_owned())));
    let liar = Forged { bytes: 100, ..bomb };
    assert_eq!(unpack(&liar.archive(), "bomb"), Err(BadArchive::Bomb("bomb".to_owned())));
    let large = archive(&[("large", &[7; 1000])]);
    let directory = read(&large).unwrap();
    let refused = block_on(directory.unpack(&large, "large", 999));
    assert_eq!(refused, Err(BadArchive::TooLarge { file: "large".to_owned(), max: 999 }));
}

#[test]
fn two_files_of_the_same_bytes_are_refused() {
    assert!(matches!(read(&Forged::new("x", b"some bytes").archive_with(2)), Err(BadArchive::Overlaps(..))));
}

#[test]
fn what_is_encrypted_or_packed_otherwise_says_so() {
    let encrypted = Forged { flags: 1, ..Forged::new("x", b"x") };
    assert_eq!(read(&encrypted.archive()).unwrap_err(), BadArchive::Encrypted("x".to_owned()));
    let bzip = Forged { method: 12, ..Forged::new("x", b"x") };
    assert_eq!(read(&bzip.archive()).unwrap_err(), BadArchive::Packing("x".to_owned()));
}

#[test]
fn a_list_of_files_without_end_is_not_read() {
    let archive = archive(&(0..200).map(|_| ("name", &b"x"[..])).collect::<Vec<_>>());
    let limits = Limits { files_max: 199, ..Limits::default() };
    assert_eq!(block_on(Directory::read(&archive, limits)).unwrap_err(), BadArchive::TooManyFiles(199));
    let limits = Limits { directory_bytes_max: 1_000, ..Limits::default() };
    assert_eq!(block_on(Directory::read(&archive, limits)).unwrap_err(), BadArchive::LongDirectory(1_000));
}

#[test]
fn the_same_name_twice_is_said() {
    let archive = archive(&[("a", b"1"), ("a", b"2")]);
    let directory = read(&archive).unwrap();
    assert_eq!(directory.repeated(), ["a".to_owned()]);
    assert_eq!(unpack(&archive, "a").unwrap(), b"2");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The state is kept as JSON after each piece, and another writer goes on.
    #[test]
    fn an_archive_that_is_continued_after_each_piece_is_whole(
        files in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3_000), 0..4), 0..5),
        as_is in any::<bool>(),
    ) {
        let packing = if as_is { Packing::AsIs } else { Packing::Small };
        let (mut writer, mut out, mut directory) = (Writer::default(), Vec::new(), Vec::new());
        for (pieces, number) in files.iter().zip(0..) {
            writer.begin(&format!("{number}"), jiff::Timestamp::UNIX_EPOCH, &mut out, &mut directory).unwrap();
            for piece in pieces {
                writer = serde_json::from_str(&serde_json::to_string(&writer).unwrap()).unwrap();
                writer.write(piece, packing, &mut out).unwrap();
            }
        }
        let archive = close(writer, out, directory);
        for (pieces, number) in files.iter().zip(0..) {
            prop_assert_eq!(unpack(&archive, &format!("{number}")).unwrap(), pieces.concat());
        }
    }

    /// Whatever bytes come, there is an answer.
    #[test]
    fn a_damaged_archive_is_refused_or_read(at in 0usize..400, with in any::<u8>(), cut in 0usize..400) {
        let mut archive = archive(&[("a.md", b"some text that is not long"), ("b.json", b"{}")]);
        let end = archive.len().saturating_sub(cut);
        if let Some(byte) = archive.get_mut(at) {
            *byte = with;
        }
        for broken in [archive.clone(), archive[..end].to_vec()] {
            if let Ok(directory) = read(&broken) {
                for file in directory.files() {
                    let _ = block_on(directory.unpack(&broken, &file.name, 1 << 20));
                }
            }
        }
    }
}
