import type { ChatServiceConfig } from './config.ts';

/** Injection tokens of this app, with the type of what each stands for. */
export const PROCESS_MANAGER = Symbol('PROCESS_MANAGER');
export const CHAT_ENGINE = Symbol('CHAT_ENGINE');
export const GPU_LEASES = Symbol('GPU_LEASES');

/** The CPU engine as an `AnswerPlace`, where it is set up. */
export const LOCAL_PLACE = Symbol('LOCAL_PLACE');
export const IMAGE_SERVICE = Symbol('IMAGE_SERVICE');
export const IMAGE_SERVICE_URL = Symbol('IMAGE_SERVICE_URL');

export const CACHE_SETTINGS = Symbol('CACHE_SETTINGS');
export type CacheSettings = ChatServiceConfig['cache'];

export const TITLE_SETTINGS = Symbol('TITLE_SETTINGS');
export type TitleSettings = ChatServiceConfig['titles'];

export const LOCAL_SETTINGS = Symbol('LOCAL_SETTINGS');
export type LocalSettings = ChatServiceConfig['local'];

export const MODEL_SETTINGS = Symbol('MODEL_SETTINGS');
export type ModelSettings = ChatServiceConfig['models'];

export const REPLY_SETTINGS = Symbol('REPLY_SETTINGS');
export type ReplySettings = ChatServiceConfig['replies'];

export const MODEL_ADMIN_SETTINGS = Symbol('MODEL_ADMIN_SETTINGS');
export type ModelAdminSettings = ChatServiceConfig['modelAdmin'];

export const PURGE_SETTINGS = Symbol('PURGE_SETTINGS');
export type PurgeSettings = ChatServiceConfig['purge'];
