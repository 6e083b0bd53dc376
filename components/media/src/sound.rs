//! Sounds. They are kept as they came, byte for byte, and nothing is decoded. How long one plays is read where its file says it: the last
//! page of an Ogg, the header of a movie in an M4A, the first frame of an MP3 that has a variable rate.

use crate::kind::Sound;

/// Of the beginning and of the end of a file, where it says how long it plays.
const END_BYTES: usize = 64 << 10;
/// What clients read as an integer of 32 bits: 24 days. No file that is taken plays for longer, so one that says more lies.
const DURATION_MS_MAX: u64 = 0x7fff_ffff;
/// Of Opus, whatever it was recorded with (RFC 7845 §4).
const OPUS_RATE: u64 = 48_000;

/// Both ends of a file that comes in pieces.
#[derive(Debug, Default)]
pub struct Ends {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Ends {
    pub fn push(&mut self, piece: &[u8]) {
        let room = END_BYTES.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend(piece.iter().take(room));
        self.tail.extend_from_slice(piece);
        if self.tail.len() > 2 * END_BYTES {
            self.tail.drain(..self.tail.len() - END_BYTES);
        }
    }

    /// `None` where the file does not say it, or not there, or what cannot be.
    pub fn duration_ms(&self, sound: Sound) -> Option<u64> {
        let said = match sound {
            Sound::Ogg => ogg(&self.head, &self.tail),
            Sound::Mp3 => mp3(&self.head),
            Sound::M4a => movie(&self.head).or_else(|| movie(&self.tail)),
        };
        said.filter(|duration| *duration <= DURATION_MS_MAX)
    }
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn in_ms(units: u64, rate: u64) -> Option<u64> {
    units.checked_mul(1_000)?.checked_div(rate)
}

fn find(bytes: &[u8], mark: &[u8; 4]) -> Option<usize> {
    bytes.windows(4).position(|window| window == mark)
}

/// RFC 3533 §6: a page has its granule at 6 and its stream at 14. The first one of a stream has the codec's header at 28.
fn ogg(head: &[u8], tail: &[u8]) -> Option<u64> {
    let codec = head.get(28..)?;
    let (rate, skipped) = if codec.starts_with(b"OpusHead") {
        (OPUS_RATE, u64::from(u16::from_le_bytes(part(codec, 10)?)))
    } else if codec.starts_with(b"\x01vorbis") {
        (u64::from(u32::from_le_bytes(part(codec, 12)?)), 0)
    } else {
        return None;
    };
    let stream: [u8; 4] = part(head, 14)?;
    let last = tail.windows(18).rfind(|page| page.starts_with(b"OggS") && page.ends_with(&stream))?;
    let granule = u64::from_le_bytes(part(last, 6)?);
    // A page on which no packet ends has -1.
    let units = granule.checked_sub(skipped).filter(|_| granule != u64::MAX)?;
    in_ms(units, rate)
}

/// ISO 14496-12 §8.2.2: version and flags, two times, the scale and the duration.
fn movie(bytes: &[u8]) -> Option<u64> {
    let header = bytes.get(find(bytes, b"mvhd")?.checked_add(4)?..)?;
    let (scale, duration) = match header.first()? {
        0 => (part(header, 12)?, u64::from(u32::from_be_bytes(part(header, 16)?))),
        1 => (part(header, 20)?, u64::from_be_bytes(part(header, 24)?)),
        _ => return None,
    };
    in_ms(duration, u64::from(u32::from_be_bytes(scale)))
}

/// The frame behind the ID3 tag, if it has the number of frames (`Xing` or `Info`).
fn mp3(head: &[u8]) -> Option<u64> {
    let skipped = if head.starts_with(b"ID3") {
        let size: [u8; 4] = part(head, 6)?;
        let size = size.iter().fold(0_usize, |size, seven| (size << 7) | usize::from(seven & 0x7f));
        size.checked_add(10)?
    } else {
        0
    };
    let frame = head.get(skipped..)?;
    let [first, second, third, fourth]: [u8; 4] = part(frame, 0)?;
    // Eleven bits of synchronisation, and layer 3.
    if first != 0xff || second & 0xe6 != 0xe2 {
        return None;
    }
    let (rates, samples, is_first_version) = match second & 0x18 {
        0x18 => ([44_100, 48_000, 32_000], 1_152, true),
        0x10 => ([22_050, 24_000, 16_000], 576, false),
        0x00 => ([11_025, 12_000, 8_000], 576, false),
        _ => return None,
    };
    let rate: u64 = *rates.get(usize::from((third & 0x0c) >> 2))?;
    let is_mono = fourth & 0xc0 == 0xc0;
    let side_bytes = match (is_first_version, is_mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    let tag = frame.get(4 + side_bytes..)?;
    let names_frames = tag.starts_with(b"Xing") || tag.starts_with(b"Info");
    let flags = u32::from_be_bytes(part(tag, 4)?);
    if !names_frames || flags & 1 == 0 {
        return None;
    }
    in_ms(u64::from(u32::from_be_bytes(part(tag, 8)?)).checked_mul(samples)?, rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duration_ms(sound: Sound, pieces: &[&[u8]]) -> Option<u64> {
        let mut ends = Ends::default();
        pieces.iter().for_each(|piece| ends.push(piece));
        ends.duration_ms(sound)
    }

    fn page(granule: u64, stream: u32, packet: &[u8]) -> Vec<u8> {
        let mut page = b"OggS\0\0".to_vec();
        page.extend(granule.to_le_bytes());
        page.extend(stream.to_le_bytes());
        page.extend([0; 9]);
        page.push(u8::try_from(packet.len()).unwrap());
        page.extend(packet);
        page
    }

    #[test]
    fn an_ogg_says_it_on_its_last_page() {
        let mut opus = b"OpusHead\x01\x01".to_vec();
        opus.extend(312_u16.to_le_bytes());
        opus.extend([0; 7]);
        let (first, last) = (page(0, 7, &opus), page(48_000 * 3 + 312, 7, b"x"));
        let middle = vec![b'O'; 200_000];
        assert_eq!(duration_ms(Sound::Ogg, &[&first, &middle, &page(9, 8, b"other"), &last]), Some(3_000));
        let mut vorbis = b"\x01vorbis\0\0\0\0\x01".to_vec();
        vorbis.extend(8_000_u32.to_le_bytes());
        let file = [page(0, 1, &vorbis), page(12_000, 1, b"x")].concat();
        assert_eq!(duration_ms(Sound::Ogg, &[&file]), Some(1_500));
        assert_eq!(duration_ms(Sound::Ogg, &[&page(0, 1, b"flac")]), None);
    }

    #[test]
    fn an_m4a_says_it_in_its_header_wherever_that_is() {
        let mut header = b"\0\0\0\x6cmvhd\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        header.extend(1_000_u32.to_be_bytes());
        header.extend(2_500_u32.to_be_bytes());
        let rest = vec![0; 150_000];
        assert_eq!(duration_ms(Sound::M4a, &[&header, &rest]), Some(2_500));
        assert_eq!(duration_ms(Sound::M4a, &[&rest, &header]), Some(2_500));
        assert_eq!(duration_ms(Sound::M4a, &[&rest]), None);
        let long = |duration: u32| {
            [b"mvhd\0\0\0\0\0\0\0\0\0\0\0\0".as_slice(), &1_000_u32.to_be_bytes(), &duration.to_be_bytes()].concat()
        };
        assert_eq!(duration_ms(Sound::M4a, &[&long(0x7fff_ffff)]), Some(0x7fff_ffff));
        assert_eq!(duration_ms(Sound::M4a, &[&long(0x8000_0000)]), None);
        // A scale of nothing.
        assert_eq!(duration_ms(Sound::M4a, &[b"mvhd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"]), None);
    }

    #[test]
    fn an_mp3_says_it_if_its_first_frame_counts_the_frames() {
        let frame = |tag: &[u8]| [b"\xff\xfb\x90\x00".as_slice(), &[0; 32], tag].concat();
        let counted = frame(b"Xing\0\0\0\x01\0\0\x03\xe8");
        // 1,000 frames of 1,152 samples at 44,100 Hz.
        assert_eq!(duration_ms(Sound::Mp3, &[&counted]), Some(26_122));
        let tagged = [b"ID3\x04\0\0\0\0\x02\x00".as_slice(), &[0; 256], &counted].concat();
        assert_eq!(duration_ms(Sound::Mp3, &[&tagged]), Some(26_122));
        for silent in [frame(b"LAME3.100"), frame(b"Xing\0\0\0\0\0\0\x03\xe8"), b"\xff\xfb".to_vec(), Vec::new()] {
            assert_eq!(duration_ms(Sound::Mp3, &[&silent]), None);
        }
    }
}
