import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes every later `writeDurably` of this file fail, as a full disk would; the returned function ends it. */
export function fillDisk(path: string): () => void {
  mkdirSync(dirname(path), { recursive: true });
  const inTheWay = `${path}.next`;
  mkdirSync(inTheWay);
  return () => rmSync(inTheWay, { recursive: true });
}
