import type { ImageServiceConfig } from './config.ts';

/** Injection tokens of this app, with the type of what each stands for. */
export const CHAT_SERVICE = Symbol('CHAT_SERVICE');
export const PROCESS_MANAGER = Symbol('PROCESS_MANAGER');
export const GPU_LEASES = Symbol('GPU_LEASES');
export const IMAGE_ENGINE = Symbol('IMAGE_ENGINE');
export const PICTURE_LANGUAGE = Symbol('PICTURE_LANGUAGE');

export const PICTURE_STORAGE = Symbol('PICTURE_STORAGE');
export const FILE_SETTINGS = Symbol('FILE_SETTINGS');
export type FileSettings = ImageServiceConfig['files'];

export const LANGUAGE_SETTINGS = Symbol('LANGUAGE_SETTINGS');
export type LanguageSettings = ImageServiceConfig['language'];

export const WORKFLOW_SETTINGS = Symbol('WORKFLOW_SETTINGS');
export type WorkflowSettings = ImageServiceConfig['workflows'];

export const RENDERING_SETTINGS = Symbol('RENDERING_SETTINGS');
export type RenderingSettings = ImageServiceConfig['rendering'];
