import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Contents of every generated file of the API client, by path. Equal before and after generating means: up to date. */
export function generatedClient(root: string): ReadonlyMap<string, string> {
  const folder = join(root, 'libs', 'api-client', 'src', 'generated');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, 'utf8')];
    }),
  );
}

/** Paths that were added, removed or changed. */
export function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}
