import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

/** In a process of its own: what is shut is shut for a whole process. */
const PROGRAM = `
const { encodeUploaded, prepareDecoders } = await import(${JSON.stringify(new URL('picture-codec.ts', import.meta.url).href)});
const { default: sharp } = await import('sharp');
const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
const opens = async () => sharp(svg).metadata().then(() => true, () => false);
const before = await opens();
prepareDecoders();
const png = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#fff' } }).png().toBuffer();
const { width } = await encodeUploaded(png, { maxWidth: 10, maxHeight: 10 });
console.log(JSON.stringify({ before, after: await opens(), width }));
`;

test('decoders that no picture of ours needs are shut for the whole process, and the others work', () => {
  const flags = [
    '--conditions=@baton/source',
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
  ];
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--eval', PROGRAM], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ before: true, after: false, width: 9 });
});
