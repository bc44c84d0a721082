import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, normalize, relative, resolve, sep } from 'node:path';
import { PythonError } from './prompt.ts';

export type FolderType = 'input' | 'output' | 'temp';

const FOLDER_TYPES = ['input', 'output', 'temp'] as const;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

export function isFolderType(type: string): type is FolderType {
  return (FOLDER_TYPES as readonly string[]).includes(type);
}

/** Where one batch of pictures goes: a free counter in a folder. */
export interface Slot {
  readonly subfolder: string;
  /** Writes the picture with this place in the batch and gives its file name. */
  write(index: number, bytes: Buffer): Promise<string>;
}

/** `input/`, `output/` and `temp/` under one folder, and the rules by which files in them are named. */
export class Folders {
  /** Prefix of previews: five random letters per process. */
  readonly tempPrefix: string;
  readonly #root: string;

  private constructor(root: string, letters: string) {
    this.#root = root;
    this.tempPrefix = `ComfyUI_temp_${letters}`;
  }

  /** Makes the folders; `temp` is emptied, as at every start. */
  static async open(dataDir: string, random: () => number = Math.random): Promise<Folders> {
    const letters = Array.from({ length: 5 }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join('');
    const folders = new Folders(resolve(dataDir), letters);
    await rm(folders.path('temp'), { recursive: true, force: true });
    await Promise.all(
      FOLDER_TYPES.map((type) => mkdir(folders.path(type), { recursive: true, mode: 0o700 })),
    );
    return folders;
  }

  /** Empties `temp`: a clean stop does, a sudden death does not. */
  async clearTemp(): Promise<void> {
    await rm(this.path('temp'), { recursive: true, force: true });
  }

  path(type: FolderType): string {
    return join(this.#root, type);
  }

  /** The path of a file in a folder, or null when it would lie outside. */
  within(type: FolderType, ...parts: string[]): string | null {
    const folder = this.path(type);
    const path = resolve(folder, ...parts);
    return path === folder || path.startsWith(folder + sep) ? path : null;
  }

  /** Resolves `sub/name.png [output]` and the like; null when it would lie outside. */
  annotated(name: string): string | null {
    const { type, bare } = splitAnnotation(name);
    return this.within(type ?? 'input', bare);
  }

  exists(path: string): boolean {
    return existsSync(path);
  }

  /** Files at the top level of the input folder. */
  inputFiles(): string[] {
    return readdirSync(this.path('input'), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name)
      .sort();
  }

  /** Counters go on after the highest one that this prefix has in its folder. */
  async nextSlot(
    type: FolderType,
    prefix: string,
    { width, height }: { width: number; height: number },
  ): Promise<Slot> {
    const name = normalize(fillIn(prefix, { width, height }, new Date()));
    const folder = this.within(type, dirname(name));
    if (folder === null) {
      throw new PythonError('Exception', 'ERROR: Saving image outside the output folder is not allowed.');
    }
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const stem = basename(name);
    const used = (await readdir(folder)).map((entry) => counterOf(entry, stem));
    const first = Math.max(0, ...used) + 1;
    return {
      subfolder: relative(this.path(type), folder).replaceAll(sep, '/'),
      async write(index, bytes) {
        const counter = String(first + index).padStart(5, '0');
        const filename = `${stem.replaceAll('%batch_num%', String(index))}_${counter}_.png`;
        await writeFile(join(folder, filename), bytes);
        return filename;
      },
    };
  }
}

export function splitAnnotation(name: string): { type: FolderType | null; bare: string } {
  const type = FOLDER_TYPES.find((candidate) => name.endsWith(`[${candidate}]`));
  if (type === undefined) return { type: null, bare: name };
  return { type, bare: name.slice(0, -`[${type}]`.length).trimEnd() };
}

/** The tokens that the server expands; all others are the web editor's. */
function fillIn(prefix: string, { width, height }: { width: number; height: number }, now: Date): string {
  const two = (count: number): string => String(count).padStart(2, '0');
  const tokens: Record<string, string> = {
    '%width%': String(width),
    '%height%': String(height),
    '%year%': String(now.getFullYear()),
    '%month%': two(now.getMonth() + 1),
    '%day%': two(now.getDate()),
    '%hour%': two(now.getHours()),
    '%minute%': two(now.getMinutes()),
    '%second%': two(now.getSeconds()),
  };
  return Object.entries(tokens).reduce((text, [token, value]) => text.replaceAll(token, value), prefix);
}

function counterOf(filename: string, stem: string): number {
  if (!filename.startsWith(`${stem}_`)) return 0;
  const digits = /^(\d+)_?/.exec(filename.slice(stem.length + 1))?.[1];
  return digits === undefined ? 0 : Number(digits);
}
