import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps servers in the sbin folders, which are not on everybody's PATH. */
const EXTRA_FOLDERS = process.platform === 'win32' ? [] : ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Absolute path of the first of `names` that is an executable on `path` (the PATH by default); null when none is. */
export function findProgram(
  names: readonly string[],
  path: string = process.env['PATH'] ?? '',
): string | null {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), ...EXTRA_FOLDERS];
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  for (const name of names) {
    for (const folder of folders) {
      for (const ending of endings) {
        const candidate = join(folder, name + ending);
        if (isExecutable(candidate)) return candidate;
      }
    }
  }
  return null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
