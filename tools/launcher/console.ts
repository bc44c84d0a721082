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
  close(): void;
}

export function openConsole(logDir: string, verbosity: 'normal' | 'verbose'): Console {
  const files = new Map<string, LogFile>();
  return {
    say(text) {
      for (const line of text.split('\n')) process.stdout.write(`${styleText('bold', 'baton')} ${line}\n`);
    },
    listenerFor(name) {
      const file = files.get(name) ?? new LogFile(join(logDir, `${name}.log`));
      files.set(name, file);
      return (line) => {
        file.write(line);
        const shown = renderLine(name, line, verbosity);
        if (shown !== null) process.stdout.write(`${shown}\n`);
      };
    },
    close() {
      for (const file of files.values()) file.close();
      files.clear();
    },
  };
}
