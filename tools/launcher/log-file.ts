import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

const LARGEST_BYTES = 10 * 1_024 * 1_024;
const KEPT_FILES = 3;

/** A service's whole output, one file and a few older ones, of limited size altogether. */
export class LogFile {
  readonly #path: string;
  readonly #largestBytes: number;
  #fd: number;
  #bytes: number;

  constructor(path: string, largestBytes: number = LARGEST_BYTES) {
    this.#path = path;
    this.#largestBytes = largestBytes;
    this.#fd = openSync(path, 'a', 0o600);
    this.#bytes = statSync(path).size;
  }

  write(line: string): void {
    const text = `${line}\n`;
    const size = Buffer.byteLength(text);
    if (this.#bytes > 0 && this.#bytes + size > this.#largestBytes) this.#rotate();
    writeSync(this.#fd, text);
    this.#bytes += size;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #rotate(): void {
    closeSync(this.#fd);
    for (let age = KEPT_FILES - 1; age >= 1; age -= 1) {
      const from = age === 1 ? this.#path : `${this.#path}.${age - 1}`;
      if (existsSync(from)) renameSync(from, `${this.#path}.${age}`);
    }
    this.#fd = openSync(this.#path, 'w', 0o600);
    this.#bytes = 0;
  }
}
