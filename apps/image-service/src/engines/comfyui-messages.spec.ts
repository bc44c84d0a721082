import { expect, test } from '@jest/globals';
import { readPreviewFrame, socketMessage } from './comfyui-messages.ts';

function frame(event: number, header: string, body: Buffer): Buffer {
  const json = Buffer.from(header);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(event, 0);
  head.writeUInt32BE(json.length, 4);
  return Buffer.concat([head, json, body]);
}

const HEADER = JSON.stringify({ prompt_id: 'p', image_type: 'image/jpeg', node_id: '9' });

test('a preview with metadata names its prompt', () => {
  const picture = Buffer.from([0xff, 0xd8]);
  expect(readPreviewFrame(frame(4, HEADER, picture))).toEqual({
    promptId: 'p',
    contentType: 'image/jpeg',
    picture,
  });
});

test.each([
  ['an old preview, which names nobody', frame(1, HEADER, Buffer.alloc(4))],
  ['text', frame(3, '9', Buffer.from('hello'))],
  ['a frame that is cut', frame(4, HEADER, Buffer.alloc(0)).subarray(0, 20)],
  ['a header that is no JSON', frame(4, '{', Buffer.alloc(4))],
  ['a header without a prompt', frame(4, '{"image_type":"image/png"}', Buffer.alloc(4))],
  [
    'a preview that calls itself a page',
    frame(4, HEADER.replace('image/jpeg', 'text/html'), Buffer.alloc(4)),
  ],
  ['a preview that is no preview by its size', frame(4, HEADER, Buffer.alloc(5_000_000))],
  ['nothing', Buffer.alloc(0)],
])('%s is passed over', (_, bytes) => {
  expect(readPreviewFrame(bytes)).toBeNull();
});

test('messages of newer servers keep their meaning, unknown ones are passed over', () => {
  const progress = {
    type: 'progress',
    data: { prompt_id: 'p', value: 3, max: 20, node: '9', activity: 'sampling' },
  };
  expect(socketMessage.parse(progress)).toMatchObject({ data: { value: 3, max: 20 } });
  for (const nonsense of [{ value: -1 }, { value: 2.5 }, { max: 0 }, { value: 21, max: 20 }]) {
    const told = { ...progress, data: { ...progress.data, ...nonsense } };
    expect(socketMessage.safeParse(told).success).toBe(false);
  }
  expect(socketMessage.safeParse({ type: 'assets.seed.done', data: {} }).success).toBe(false);
  expect(socketMessage.parse({ type: 'executing', data: { node: '9' } }).data).toEqual({ node: '9' });
});
