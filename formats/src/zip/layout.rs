//! The records of the format, as PKWARE's APPNOTE 6.3.10 lays them out.

pub const LOCAL_HEADER: u32 = 0x0403_4b50;
pub const LOCAL_HEADER_BYTES: usize = 30;
pub const DESCRIPTOR: u32 = 0x0807_4b50;
pub const CENTRAL_HEADER: u32 = 0x0201_4b50;
pub const END: u32 = 0x0605_4b50;
pub const END_64: u32 = 0x0606_4b50;
pub const END_64_LOCATOR: u32 = 0x0706_4b50;
pub const EXTRA_64: u16 = 1;

pub const DEFLATED: u16 = 8;
/// The name is in UTF-8, and sizes follow the data.
pub const FLAGS: u16 = 1 << 11 | 1 << 3;
pub const ENCRYPTED: u16 = 1;
/// 4.5, which knows sizes of 64 bits.
pub const VERSION: u16 = 45;
/// Made by the rules of Unix.
pub const MADE_BY: u16 = 3 << 8 | VERSION;
/// A regular file that its owner may write and all may read.
pub const MODE: u32 = 0o100_644 << 16;

/// Numbers of the format are little-endian.
pub trait Put {
    fn u16(&mut self, number: u16) -> &mut Self;
    fn u32(&mut self, number: u32) -> &mut Self;
    fn u64(&mut self, number: u64) -> &mut Self;
}

impl Put for Vec<u8> {
    fn u16(&mut self, number: u16) -> &mut Self {
        self.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn u32(&mut self, number: u32) -> &mut Self {
        self.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn u64(&mut self, number: u64) -> &mut Self {
        self.extend_from_slice(&number.to_le_bytes());
        self
    }
}
