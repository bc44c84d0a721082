import type { ChatServiceConfig } from './config.ts';

/** Injection tokens of this app, with the type of what each stands for. */
export const PROCESS_MANAGER = Symbol('PROCESS_MANAGER');
export const CHAT_ENGINE = Symbol('CHAT_ENGINE');
export const GPU_LEASES = Symbol('GPU_LEASES');

export const MODEL_SETTINGS = Symbol('MODEL_SETTINGS');
export type ModelSettings = ChatServiceConfig['models'];

export const REPLY_SETTINGS = Symbol('REPLY_SETTINGS');
export type ReplySettings = ChatServiceConfig['replies'];
