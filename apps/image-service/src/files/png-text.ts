import { crc32 } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const HEAD_BYTES = 8;
const CRC_BYTES = 4;

/**
 * A PNG with words in it ("iTXt", UTF-8), as programs that make pictures put them there: nothing is decoded, and no pixel
 * changes. Keywords are Latin letters, 1 to 79 of them; `Description`, `Software` and `Comment` are among those that the
 * format itself names.
 */
export function withText(png: Buffer, words: Readonly<Record<string, string>>): Buffer {
  const [at, length] = [SIGNATURE.length, png.length];
  const isPng = length > at + HEAD_BYTES && png.subarray(0, at).equals(SIGNATURE);
  const afterHeader = isPng ? at + HEAD_BYTES + png.readUInt32BE(at) + CRC_BYTES : 0;
  if (!isPng || afterHeader > length) throw new Error('no PNG');
  const chunks = Object.entries(words).map(([keyword, text]) => textChunk(keyword, text));
  return Buffer.concat([png.subarray(0, afterHeader), ...chunks, png.subarray(afterHeader)]);
}

function textChunk(keyword: string, text: string): Buffer {
  if (!/^[A-Za-z][A-Za-z ]{0,77}[A-Za-z]$/.test(keyword)) throw new Error('no keyword of a PNG');
  // Keyword, end, not compressed, its method, no language, no translated keyword.
  const body = Buffer.concat([
    Buffer.from('iTXt', 'latin1'),
    Buffer.from(keyword, 'latin1'),
    Buffer.from([0, 0, 0, 0, 0]),
    Buffer.from(text, 'utf8'),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length - 4);
  const checksum = Buffer.alloc(CRC_BYTES);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
