import type { Chat } from '@baton/contracts';

/** How a chat is answered; null stands for the default. */
export type ChatSettings = Pick<Chat, 'system_prompt' | 'temperature' | 'top_p' | 'max_tokens' | 'think'>;

export const DEFAULT_SETTINGS: ChatSettings = {
  system_prompt: null,
  temperature: null,
  top_p: null,
  max_tokens: null,
  think: null,
};

export function settingsOf(chat: ChatSettings): ChatSettings {
  const { system_prompt, temperature, top_p, max_tokens, think } = chat;
  return { system_prompt, temperature, top_p, max_tokens, think };
}

export function isDefault(settings: ChatSettings): boolean {
  return Object.values(settings).every((value) => value === null);
}
