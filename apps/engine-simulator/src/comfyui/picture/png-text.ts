import { crc32 } from 'node:zlib';

const SIGNATURE_BYTES = 8;
/** Length, type, 13 bytes of data, checksum. */
const HEADER_CHUNK_BYTES = 25;

/** Adds one text chunk per entry, the value as JSON in ASCII, right after the header. */
export function withTextChunks(png: Buffer, entries: Readonly<Record<string, unknown>>): Buffer {
  const head = SIGNATURE_BYTES + HEADER_CHUNK_BYTES;
  const chunks = Object.entries(entries).map(([key, value]) => textChunk(key, asciiJson(value)));
  return Buffer.concat([png.subarray(0, head), ...chunks, png.subarray(head)]);
}

/** The text chunks of a PNG, for whoever wants to know what made it. */
export function readTextChunks(png: Buffer): Record<string, string> {
  const found: Record<string, string> = {};
  for (let at = SIGNATURE_BYTES; at + 8 <= png.length;) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'tEXt') {
      const data = png.toString('latin1', at + 8, at + 8 + length);
      const end = data.indexOf('\0');
      found[data.slice(0, end)] = data.slice(end + 1);
    }
    at += length + 12;
  }
  return found;
}

function textChunk(key: string, value: string): Buffer {
  const body = Buffer.from(`tEXt${key}\0${value}`, 'latin1');
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
