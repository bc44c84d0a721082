/** Cuts text into pieces of about a token: a word's first part with its leading space, then parts of it. */
export function tokenize(text: string): string[] {
  const pieces: string[] = [];
  for (const [chunk] of text.matchAll(/\s*\S+|\s+$/gu)) {
    const characters = Array.from(chunk);
    const blank = chunk.length - chunk.trimStart().length;
    // The first piece takes the blanks along, so that a break of paragraph is not a token of its own.
    for (let at = 0; at < characters.length;) {
      const length = at === 0 ? blank + 5 : 5;
      pieces.push(characters.slice(at, at + length).join(''));
      at += length;
    }
  }
  return pieces;
}

/** What a prompt of this text costs, about: four bytes are a token. */
export function countTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

/** A number for a token, always the same one, as `context` carries. */
export function tokenId(piece: string): number {
  return hash(piece) % 128_000;
}

/** FNV-1a, 32 bits. Every choice the simulator makes by chance comes from it, so that answers can be repeated. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) {
    value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  }
  return value;
}
