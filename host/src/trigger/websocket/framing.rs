//! The heads of a client's frames (RFC 6455 §5.2), checked as they come. The reader of frames looks at most of a head only when it has
//! the payload, for which it would wait and keep memory, and takes a length in more bytes than it needs.

/// Of a control frame's payload (§5.5).
const CONTROL_BYTES_MAX: u8 = 125;
/// The least that needs a length of two bytes, and of eight.
const TWO_BYTES_MIN: u64 = 126;
const EIGHT_BYTES_MIN: u64 = 1 << 16;
const MASK_BYTES: usize = 4;

/// Where in the bytes of a client the next frame begins.
#[derive(Debug, Default)]
pub(super) struct Framing {
    /// Of a frame whose head is not whole: 14 bytes at most.
    head: Vec<u8>,
    payload_left: u64,
}

/// A head that breaks the protocol.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

// === impl Framing ===

impl Framing {
    /// Goes over what comes next.
    ///
    /// # Errors
    /// So many of the bytes come before the one that breaks the protocol.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            if self.payload_left > 0 {
                let step = usize::try_from(self.payload_left).unwrap_or(usize::MAX).min(rest.len());
                self.payload_left -= step as u64;
                rest = rest.get(step..).unwrap_or_default();
                continue;
            }
            self.head.push(*byte);
            if let Some(payload) = payload(&self.head).map_err(|Broken| bytes.len() - rest.len())? {
                self.head.clear();
                self.payload_left = payload;
            }
            rest = after;
        }
        Ok(())
    }
}

/// The length of the payload behind a head; `None` while the head is not whole.
fn payload(head: &[u8]) -> Result<Option<u64>, Broken> {
    let [first, rest @ ..] = head else { return Ok(None) };
    let (is_final, reserved, opcode) = (first & 0x80 != 0, first & 0x70, first & 0x0f);
    let is_control = opcode & 0x08 != 0;
    // No extension is spoken that could use the reserved bits.
    if reserved != 0 || !matches!(opcode, 0..=2 | 8..=10) || (is_control && !is_final) {
        return Err(Broken);
    }
    let [second, rest @ ..] = rest else { return Ok(None) };
    let (is_masked, short) = (second & 0x80 != 0, second & 0x7f);
    if !is_masked || (is_control && short > CONTROL_BYTES_MAX) {
        return Err(Broken);
    }
    let (length, least, rest) = match short {
        126 => {
            let Some((bytes, rest)) = rest.split_first_chunk() else { return Ok(None) };
            (u64::from(u16::from_be_bytes(*bytes)), TWO_BYTES_MIN, rest)
        }
        127 => {
            let Some((bytes, rest)) = rest.split_first_chunk() else { return Ok(None) };
            (u64::from_be_bytes(*bytes), EIGHT_BYTES_MIN, rest)
        }
        short => (u64::from(short), 0, rest),
    };
    // The highest bit of eight bytes is 0.
    if length < least || length >> 63 == 1 {
        return Err(Broken);
    }
    Ok((rest.len() == MASK_BYTES).then_some(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [1, 2, 3, 4];

    fn frame(head: &[u8], payload_bytes: usize) -> Vec<u8> {
        [head, &MASK, &vec![0xff; payload_bytes]].concat()
    }

    fn two(length: u16) -> Vec<u8> {
        [&[0x82, 0x80 | 126][..], &length.to_be_bytes()].concat()
    }

    fn eight(length: u64) -> Vec<u8> {
        [&[0x82, 0x80 | 127][..], &length.to_be_bytes()].concat()
    }

    #[test]
    fn frames_of_all_lengths_are_followed_however_they_are_cut() {
        let frames = [
            frame(&[0x01, 0x80], 0),
            frame(&[0x89, 0x80 | 125], 125),
            frame(&[0x00, 0x81], 1),
            frame(&[0x80, 0x80 | 125], 125),
            frame(&two(126), 126),
            frame(&two(u16::MAX), usize::from(u16::MAX)),
            frame(&eight(1 << 16), 1 << 16),
            frame(&[0x8a, 0x80], 0),
            frame(&[0x88, 0x82], 2),
        ]
        .concat();
        for step in [1, 2, 3, 5, 7, 4_096, frames.len()] {
            let mut framing = Framing::default();
            for bytes in frames.chunks(step) {
                assert_eq!(framing.follow(bytes), Ok(()), "in steps of {step}");
            }
            assert!(framing.head.is_empty() && framing.payload_left == 0);
        }
    }

    #[test]
    fn a_head_that_breaks_the_protocol_is_found_at_its_byte() {
        let before = frame(&[0x81, 0x83], 3);
        for (head, at) in [
            (vec![0xc1], 0),
            (vec![0xa1], 0),
            (vec![0x91], 0),
            (vec![0x83], 0),
            (vec![0x8b], 0),
            (vec![0x09], 0),
            (vec![0x08], 0),
            (vec![0x81, 1], 1),
            (vec![0x89, 0x80 | 126], 1),
            (vec![0x88, 0x80 | 127], 1),
            (two(125), 3),
            (two(0), 3),
            (eight(u64::from(u16::MAX)), 9),
            (eight(1 << 63), 9),
        ] {
            let bytes = [&before[..], &head, &[0; 100]].concat();
            assert_eq!(Framing::default().follow(&bytes), Err(before.len() + at), "{head:?}");
        }
    }
}
