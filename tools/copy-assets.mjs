// Copies files that the compiler leaves alone into the build: node tools/copy-assets.mjs <from> <to> <ending> …
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [from, to, ...endings] = process.argv.slice(2);
if (from === undefined || to === undefined || endings.length === 0) {
  console.error('usage: copy-assets.mjs <from> <to> <ending> …');
  process.exit(2);
}
for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !endings.some((ending) => entry.name.endsWith(ending))) continue;
  const source = join(entry.parentPath, entry.name);
  const target = join(to, source.slice(join(from).length));
  mkdirSync(dirname(target), { recursive: true });
  cpSync(source, target);
}
