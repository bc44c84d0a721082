import type { ImageServiceConfig } from './config.ts';

/** Injection tokens of this app, with the type of what each stands for. */
export const CHAT_SERVICE = Symbol('CHAT_SERVICE');
export const GPU_LEASES = Symbol('GPU_LEASES');
export const IMAGE_ENGINE = Symbol('IMAGE_ENGINE');
export const PROMPT_WRITER = Symbol('PROMPT_WRITER');

export const PICTURE_STORAGE = Symbol('PICTURE_STORAGE');
export const FILE_SETTINGS = Symbol('FILE_SETTINGS');
export type FileSettings = ImageServiceConfig['files'];

export const PROMPTING_SETTINGS = Symbol('PROMPTING_SETTINGS');
export type PromptingSettings = ImageServiceConfig['prompting'];

export const RENDERING_SETTINGS = Symbol('RENDERING_SETTINGS');
export type RenderingSettings = ImageServiceConfig['rendering'];
