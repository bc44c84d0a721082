import { describe, expect, test } from '@jest/globals';
import { EMPTY_DRAFT, type Draft } from './draft.ts';
import { requestOf } from './new-request.ts';

const asked: Draft = { ...EMPTY_DRAFT, text: ' How do I paint a fence? ' };
const picture = { key: 'a', file: new File([], 'fence.png') };

function bodyOf(draft: Draft, model: string | null = 'llama3') {
  const request = requestOf(draft, model);
  return request?.kind === 'text' ? request.body : request;
}

describe('what a draft asks for', () => {
  test('nothing without words', () => {
    expect(requestOf({ ...asked, text: '  ' }, 'llama3')).toBeNull();
  });

  test('words go to the chosen model, and nothing is said of what was not chosen', () => {
    expect(bodyOf(asked)).toEqual({ content: 'How do I paint a fence?', model: 'llama3' });
  });

  test('no answer can be asked for while no model is known, unless another way was chosen', () => {
    expect(bodyOf(asked, null)).toBeNull();
    expect(bodyOf({ ...asked, taskType: 'reasoning' }, null)).toMatchObject({ task_type: 'reasoning' });
    expect(bodyOf({ ...asked, engine: 'local' }, null)).toMatchObject({ engine: 'local' });
  });

  test('a kind of work leaves the model to Baton; the CPU wins over both', () => {
    expect(bodyOf({ ...asked, taskType: 'code_generation' })).not.toHaveProperty('model');
    const onCpu = bodyOf({ ...asked, taskType: 'code_generation', engine: 'local' });
    expect(onCpu).toEqual({ content: 'How do I paint a fence?', engine: 'local' });
  });

  test('searching and thinking go along, thinking also when it is to be off', () => {
    expect(bodyOf({ ...asked, webSearch: true, think: false })).toMatchObject({
      web_search: true,
      think: false,
    });
  });

  test('pictures go along when all of them are there, and nothing is sent before', () => {
    const first = { ...picture, imageId: 7 };
    expect(bodyOf({ ...asked, pictures: [first] })).toMatchObject({ image_ids: [7] });
    expect(bodyOf({ ...asked, pictures: [first, { ...picture, key: 'b', imageId: null }] })).toBeNull();
  });

  test('a description of a picture needs no model', () => {
    expect(requestOf({ ...asked, mode: 'image' }, null)).toEqual({
      kind: 'image',
      content: 'How do I paint a fence?',
      wish: EMPTY_DRAFT.image,
    });
  });

  test('no picture can be asked for while its reference is on its way', () => {
    const image = { ...EMPTY_DRAFT.image, reference: { imageId: null, file: picture.file } };
    expect(requestOf({ ...asked, mode: 'image', image }, null)).toBeNull();
  });
});
