import { expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { readModelBody } from './model-body.ts';

function body(...pieces: string[]): PassThrough {
  const stream = new PassThrough();
  for (const piece of pieces) stream.write(piece);
  return stream;
}

test('what comes together with the name is looked at as well', async () => {
  const twice = body('{"model":"llama3:8b",', '"model":"llava:7b"}');
  await expect(readModelBody(twice, ['llama3:8b'])).rejects.toMatchObject({ code: 'request.invalid' });
});

test('all that was read is handed back in its order, and the rest stays where it is', async () => {
  const pieces = ['{"a":1,', '"model":"llama3:8b",', '"b":2,', '"c":3}'];
  const stream = body(...pieces);
  const { head, check } = await readModelBody(stream, ['llama3:8b']);
  const rest: Buffer[] = [];
  stream.end();
  for await (const bytes of stream as AsyncIterable<Buffer>) {
    check(bytes);
    rest.push(bytes);
  }
  expect(Buffer.concat([...head, ...rest]).toString()).toBe(pieces.join(''));
});
