/** Long enough to tell chats apart, short enough for one line of the list. */
const TITLE_CHARS = 60;

/** A title out of a message: its first line, cut at a word. Empty for a message without a printable character. */
export function titleFrom(message: string): string {
  const line =
    message
      .split(/\r?\n/)
      .map((text) => text.replace(/[\s\p{Cc}]+/gu, ' ').trim())
      .find((text) => text !== '') ?? '';
  const chars = Array.from(line);
  if (chars.length <= TITLE_CHARS) return line;
  const cut = chars.slice(0, TITLE_CHARS - 1).join('');
  const lastSpace = cut.lastIndexOf(' ');
  // A single long word, an address for example, is cut in its middle.
  return `${(lastSpace > cut.length / 2 ? cut.slice(0, lastSpace) : cut).trimEnd()}…`;
}
