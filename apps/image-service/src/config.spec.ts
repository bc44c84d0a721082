import { expect, test } from '@jest/globals';
import { readConfig } from './config.ts';

const REQUIRED = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  BATON_INTERNAL_SECRET: 'a secret of some length',
  CHAT_SERVICE_ADDRESS: '127.0.0.1:9000',
  BATON_DATA_DIR: '/data',
};

test('without any setting of its own everything has a working value', () => {
  const config = readConfig(REQUIRED);
  expect(config.database.config.dialect).toBe('sqlite');
  expect(config.files.folder).toBe('/data/images');
  expect(config.rendering).toMatchObject({ defaultWidth: 1_024, steps: 20, isSimulated: false });
  expect(config.language.keepAlive).toBe('30m');
});

test.each([
  ['flux1-dev-fp8', 'flux1-dev-fp8.safetensors'],
  ['flux/mine.ckpt', 'flux/mine.ckpt'],
  ['flux1.dev', 'flux1.dev.safetensors'],
])('COMFYUI_MODEL=%s names the checkpoint %s', (given, checkpoint) => {
  expect(readConfig({ ...REQUIRED, COMFYUI_MODEL: given }).workflows.files).toEqual({
    kind: 'checkpoint',
    checkpoint,
  });
});

test('text encoders that are named mean a model in split files', () => {
  const split = { COMFYUI_MODEL: 'flux1-dev', COMFYUI_TEXT_ENCODERS: 'clip_l, t5xxl_fp16' };
  expect(readConfig({ ...REQUIRED, ...split }).workflows.files).toEqual({
    kind: 'split',
    diffusionModel: 'flux1-dev.safetensors',
    textEncoders: ['clip_l.safetensors', 't5xxl_fp16.safetensors'],
    vae: 'ae.safetensors',
  });
});

test('a bucket needs its name, and a key its secret', () => {
  const s3 = { ...REQUIRED, IMAGE_STORAGE: 's3' };
  expect(() => readConfig(s3)).toThrow('IMAGE_S3_BUCKET');
  const bucket = { ...s3, IMAGE_S3_BUCKET: 'pictures', IMAGE_S3_PREFIX: 'baton/home' };
  expect(readConfig(bucket).files.s3).toEqual({
    endpoint: null,
    region: 'us-east-1',
    bucket: 'pictures',
    prefix: 'baton/home/',
    credentials: null,
    isPathStyle: true,
  });
  expect(() => readConfig({ ...bucket, IMAGE_S3_ACCESS_KEY_ID: 'a' })).toThrow('IMAGE_S3_SECRET_ACCESS_KEY');
  expect(() => readConfig({ ...bucket, IMAGE_S3_PREFIX: '../x' })).toThrow('IMAGE_S3_PREFIX');
  expect(readConfig(REQUIRED).files.s3).toBeNull();
});

test('bad variables are all named, their values never', () => {
  const bad = {
    ...REQUIRED,
    CHAT_SERVICE_ADDRESS: 'somewhere',
    IMAGE_DEFAULT_WIDTH: '1000',
    IMAGE_DEFAULT_HEIGHT: '64',
    OLLAMA_KEEP_ALIVE: 'sometimes',
    IMAGE_STEPS: '0',
    COMFYUI_TEXT_ENCODERS: 'clip_l',
  };
  const read = (): unknown => readConfig(bad);
  for (const name of Object.keys(bad).filter((key) => !(key in REQUIRED))) expect(read).toThrow(name);
  expect(read).toThrow(/CHAT_SERVICE_ADDRESS/);
  expect(read).not.toThrow(/somewhere|sometimes|1000/);
});
