import { hash } from './tokens.ts';

export type Language = 'en' | 'ru';

/** What the simulator knows about a request when it composes an answer. */
export interface Question {
  /** The text of the last thing the user said. */
  readonly text: string;
  readonly systemPrompt: string;
  readonly turns: number;
  readonly model: string;
  /** The request's `seed`; the same seed and text give the same answer. */
  readonly seed: number;
  /** What is to be seen in the images, one text per image, in the language of the question. */
  readonly images: readonly ImageLook[];
}

/** An image, looked at pixel by pixel. Names of colours are English; `say` puts them into a language. */
export interface ImageLook {
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly colours: readonly { name: string; share: number }[];
  readonly say: Readonly<Record<Language, string>>;
}

/** Russian when at least half of the letters are Cyrillic. */
export function languageOf(text: string): Language {
  const cyrillic = text.match(/\p{Script=Cyrillic}/gu)?.length ?? 0;
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  return letters > 0 && cyrillic / letters >= 1 / 2 ? 'ru' : 'en';
}

export function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [];
}

/** Code points, so that a letter beyond the basic plane counts once. */
export function countCharacters(text: string): number {
  return Array.from(text).length;
}

/**
 * The part of a prompt that a person wrote: what stands in a tag or after a label such as `Description:`, else in
 * the last pair of quotes, else the whole. Programs wrap what people ask into instructions.
 */
export function personsWords(text: string): string {
  const label =
    'request|description|idea|user|question|prompt|message|text|запрос|описание|идея|вопрос|сообщение|текст';
  const tagged = new RegExp(`<(${label})>([\\s\\S]+?)</\\1>`, 'i').exec(text)?.[2];
  const labelled = new RegExp(
    `^[^\\n:]{0,30}\\b(?:${label})[^\\n:]{0,20}:[ \\t]*\\n?[ \\t]*(\\S.*)$`,
    'imu',
  ).exec(text)?.[1];
  const russian = new RegExp(
    `^[^\\n:]{0,30}(?:запрос|описание|идея|вопрос|сообщение|текст)[^\\n:]{0,20}:[ \\t]*\\n?[ \\t]*(\\S.*)$`,
    'imu',
  ).exec(text)?.[1];
  const quoted = text.length > 120 ? [...text.matchAll(/["«“]([^"»”]{8,})["»”]/g)].at(-1)?.[1] : undefined;
  return (tagged ?? labelled ?? russian ?? quoted ?? text).trim().replace(/^["«“]|["»”]$/g, '');
}

/** Cut at a word, with an ellipsis when something was left out. */
export function shorten(text: string, limit: number): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  if (flat.length <= limit) return flat;
  const cut = flat.slice(0, Math.max(0, limit - 1));
  const atWord = cut.lastIndexOf(' ');
  return `${atWord > limit / 2 ? cut.slice(0, atWord) : cut}…`;
}

/** One of the choices, always the same one for the same question. */
export function choose<T>(question: Question, what: string, choices: readonly [T, ...T[]]): T {
  const index = hash(`${question.seed}|${what}|${question.text}`) % choices.length;
  return choices[index] ?? choices[0];
}
