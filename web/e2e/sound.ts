/** RFC 6716 §3.1: a packet of silence of 20 ms, at 48,000 samples a second. */
const PACKET = Buffer.from([0xf8, 0xff, 0xfe]);
const PACKET_SAMPLES = 960;
/** What a decoder needs before its first sample counts. */
const SKIPPED_SAMPLES = 312;
const [BEGIN, END] = [2, 4];

/** So many seconds of silence, five at most, as a browser plays it: Opus in Ogg (RFC 7845). */
export function silence(seconds: number): Buffer {
  const packets = seconds * 50;
  const head = Buffer.from('OpusHead\x01\x01\0\0\0\0\0\0\0\0\0', 'latin1');
  head.writeUInt16LE(SKIPPED_SAMPLES, 10);
  head.writeUInt32LE(48_000, 12);
  // Neither a name of the encoder nor comments.
  const tags = Buffer.from('OpusTags\0\0\0\0\0\0\0\0', 'latin1');
  return Buffer.concat([
    pageOf(0, BEGIN, 0, [head]),
    pageOf(1, 0, 0, [tags]),
    pageOf(2, END, SKIPPED_SAMPLES + packets * PACKET_SAMPLES, Array<Buffer>(packets).fill(PACKET)),
  ]);
}

/** Packets have fewer than 255 bytes, and a page at most 255 packets. */
function pageOf(number: number, kind: number, granule: number, packets: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(27);
  head.write('OggS');
  head.writeUInt8(kind, 5);
  head.writeBigUInt64LE(BigInt(granule), 6);
  head.writeUInt32LE(7, 14);
  head.writeUInt32LE(number, 18);
  head.writeUInt8(packets.length, 26);
  const page = Buffer.concat([head, Buffer.from(packets.map(packet => packet.length)), ...packets]);
  page.writeUInt32LE(checksum(page), 22);
  return page;
}

/** CRC-32 as Ogg has it: from the highest bit on, and neither begun nor ended with ones. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 0x8000_0000 ? (sum << 1) ^ 0x04c1_1db7 : sum << 1;
  }
  return sum >>> 0;
}
