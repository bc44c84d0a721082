import { describe, expect, test } from '@jest/globals';
import { HOUSEHOLD_MODELS, ModelStore, completeName, vramBytes } from './models.ts';

describe('model names', () => {
  test.each([
    ['phi3', 'phi3:latest'],
    ['llava:13b', 'llava:13b'],
    ['library/phi3', 'phi3:latest'],
    ['registry.ollama.ai/library/phi3:latest', 'phi3:latest'],
    ['me/model', 'me/model:latest'],
    ['host:5000/me/model:v1', 'host:5000/me/model:v1'],
    ['phi3:local', 'phi3:latest'],
  ])('%s is completed to %s', (name, full) => {
    expect(completeName(name)).toBe(full);
  });

  test.each(['', 'a b', ':tag', 'a/b/c/d', '../etc/passwd', 'x:'])('%p is no name', (name) => {
    expect(completeName(name)).toBeNull();
  });
});

describe('the disk', () => {
  const store = (): ModelStore => new ModelStore(HOUSEHOLD_MODELS, 1_000_000_000_000);

  test('finds a model without its tag and in any case', () => {
    expect(store().find('PHI3')?.name).toBe('phi3:latest');
    expect(store().find('phi3:mini')).toBeUndefined();
  });

  test('a copy shares the weights, and is the newest', () => {
    const models = store();
    models.copy('phi3', 'mine', 1_000_000_000_001);
    expect(models.find('mine')?.blob).toBe(models.find('phi3')?.blob);
    expect(models.list()[0]?.name).toBe('mine:latest');
  });

  test('copying what is not there says so in double quotes', () => {
    expect(() => store().copy('nothing', 'mine', 0)).toThrow(
      expect.objectContaining({ status: 404, message: 'model "nothing" not found' }),
    );
  });

  test('a deleted model is gone, once', () => {
    const models = store();
    expect(models.delete('phi3')).toBe(true);
    expect(models.delete('phi3')).toBe(false);
  });
});

test('context and slots multiply the memory beyond the weights', () => {
  const model = new ModelStore(HOUSEHOLD_MODELS, 0).find('gpt-oss:20b');
  if (!model) throw new Error('the household has this model');
  const short = vramBytes(model, 4_096, 1) - model.sizeBytes;
  expect(vramBytes(model, 8_192, 2) - model.sizeBytes).toBe(4 * short);
});
