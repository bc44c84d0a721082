import { z } from 'zod';

/** What the language model is asked for. Flux wants full sentences; it has no use for a negative prompt. */
export const PROMPT_INSTRUCTIONS = [
  'You write prompts for the image model Flux.1-dev.',
  'The user describes a picture in any language. Answer with JSON: {"prompt": "..."}.',
  'The prompt is English prose of one to four full sentences: the subject first, then setting, light, colours, materials and composition.',
  'Keep every wish of the user and add nothing that contradicts it. Text that shall be seen in the picture stays as it is, in quotation marks.',
  'No lists of tags, and no empty praise such as "masterpiece", "8k" or "photorealistic".',
].join('\n');

export const MAX_PROMPT_CHARS = 2_000;

export const promptAnswer = z.object({ prompt: z.string().min(1).max(MAX_PROMPT_CHARS) });

/**
 * The same shape for Ollama's `format`, which takes a JSON schema. Without the limits of length: the grammar that is made
 * of the schema spells them out, and llama.cpp refuses one that grows too large.
 */
export const PROMPT_FORMAT = z.toJSONSchema(z.object({ prompt: z.string() }), { target: 'draft-7' });

const JUNK =
  /\b(masterpiece|best quality|high quality|ultra[- ]?detailed|photorealistic|hyper[- ]?realistic|trending on artstation|(4|8|16)k)\b,?/gi;

/**
 * The prompt out of the model's answer, or null when the answer is no use: not the JSON that was asked for, or nothing
 * but decoration. Models that think aloud put prose around the JSON, so the outermost object counts.
 */
export function readPromptAnswer(answer: string): string | null {
  const from = answer.indexOf('{');
  const to = answer.lastIndexOf('}');
  if (from < 0 || to <= from) return null;
  let json: unknown;
  try {
    json = JSON.parse(answer.slice(from, to + 1));
  } catch {
    return null;
  }
  const parsed = promptAnswer.safeParse(json);
  if (!parsed.success) return null;
  const prompt = parsed.data.prompt
    .replace(JUNK, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\s+([.,])/g, '$1')
    .trim();
  return /\p{L}{2}/u.test(prompt) ? prompt : null;
}
