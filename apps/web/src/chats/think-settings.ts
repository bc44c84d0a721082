import type { ThinkSetting } from '@baton/contracts';

/** What a model can be told about thinking. Not every model knows levels; one that does not takes any of them for on. */
export const THINK_SETTINGS: readonly ThinkSetting[] = [false, true, 'low', 'medium', 'high'];
