//! A gzip member that stores its bytes uncompressed (RFC 1952, RFC 1951 section 3.2.4): enough to be gzip.

use bytes::{BufMut, Bytes, BytesMut};

/// The largest stored block.
const BLOCK: usize = 65_535;

/// `plain` as a gzip file.
pub(crate) fn stored(plain: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(plain.len() + plain.len() / BLOCK * 5 + 32);
    out.put_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    let mut blocks = plain.chunks(BLOCK).peekable();
    if blocks.peek().is_none() {
        out.put_slice(&[1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.put_u8(u8::from(blocks.peek().is_none()));
        out.put_u16_le(length);
        out.put_u16_le(!length);
        out.put_slice(block);
    }
    out.put_u32_le(crc32fast::hash(plain));
    out.put_u32_le(u32::try_from(plain.len() & 0xffff_ffff).unwrap_or_default());
    out.freeze()
}
