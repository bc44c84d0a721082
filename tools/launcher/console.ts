import { join } from 'node:path';
import { styleText } from 'node:util';
import { LogFile } from './log-file.ts';
import { renderLine } from './log-line.ts';

/** What the launcher shows and keeps of what everybody says. */
export interface Console {
  /** The launcher's own words. */
  readonly say: (text: string) => void;
  /** For the output of one program: shows it and writes it to its file. */
  listenerFor(name: string): (line: string) => void;
  /** The same for a foreign program, whose chatter is shown only on request. */
  quietListenerFor(name: string): (line: string) => void;
  close(): void;
}

export function openConsole(logDir: string, verbosity: 'normal' | 'verbose'): Console {
  const files = new Map<string, LogFile>();
  const listen = (name: string, show: (text: string) => void): ((line: string) => void) => {
    const file = files.get(name) ?? new LogFile(join(logDir, `${name}.log`));
    files.set(name, file);
    return (line) => {
      file.write(line);
      const shown = renderLine(name, line, verbosity);
      if (shown !== null) show(shown);
    };
  };
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  return {
    say(text) {
      for (const line of text.split('\n')) print(`${styleText('bold', 'baton')} ${line}`);
    },
    listenerFor: (name) => listen(name, print),
    quietListenerFor: (name) => listen(name, verbosity === 'verbose' ? print : () => undefined),
    close() {
      for (const file of files.values()) file.close();
      files.clear();
    },
  };
}
