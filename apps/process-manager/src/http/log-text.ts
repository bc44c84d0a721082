import type { LogLine } from '../core/engine-driver.ts';

// eslint-disable-next-line no-control-regex -- what could make a reader's terminal do things
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** Docker and the journal may hold lines of any length; all that were asked for are answered at once. */
const LINE_LENGTH = 16_384;

/** Lines as a terminal shows them: time, a blank, the text without what would steer the terminal. */
export async function* textLines(lines: AsyncIterable<LogLine>): AsyncGenerator<string> {
  for await (const { atMs, text } of lines)
    yield `${new Date(atMs).toISOString()} ${plain(text.slice(0, LINE_LENGTH))}\n`;
}

/** Also without the codes for colours, which would be left as rubbish. */
function plain(text: string): string {
  return text.replace(new RegExp(`\\u001b\\[[0-9;]*[A-Za-z]`, 'g'), '').replace(CONTROL, '');
}
