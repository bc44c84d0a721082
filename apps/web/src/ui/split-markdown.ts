const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const DEFINITION = /^ {0,3}\[[^\]]+\]:/m;
/**
 * A line that begins something new at the top level: no list item, quote, table row or continuation, and no beginning of
 * one that is still being written.
 */
const OPENS_BLOCK = /^(?![\s>|]|[-*+](?: |$)|\d+(?:[.)](?: |$)|$))/;

/**
 * Cuts Markdown into pieces that render the same alone as together, so that while an answer grows only its last piece
 * is rendered again. Cuts are made at blank lines outside code fences, before a line that cannot belong to a list above.
 * A text with link definitions or footnotes stays whole: they may be used anywhere.
 */
export function splitMarkdown(text: string): readonly string[] {
  if (DEFINITION.test(text)) return [text];
  const pieces: string[] = [];
  let piece: string[] = [];
  let fence: string | null = null;
  let afterBlank = false;
  for (const line of text.split('\n')) {
    if (fence === null && afterBlank && OPENS_BLOCK.test(line) && line !== '') {
      pieces.push(piece.join('\n'));
      piece = [];
    }
    piece.push(line);
    afterBlank = line.trim() === '';
    const mark = FENCE.exec(line)?.[1];
    if (mark === undefined) continue;
    if (fence === null) fence = mark;
    else if (mark.startsWith(fence) && line.trim() === mark) fence = null;
  }
  pieces.push(piece.join('\n'));
  return pieces;
}
