import { z } from 'zod';
import { proposedSettings, type ProposedSettings } from '../sampling/sampling.ts';

export const MAX_PROMPT_CHARS = 2_000;
export const MAX_SEEN_CHARS = 4_000;

const prompt = z.object({ prompt: z.string().min(1).max(MAX_PROMPT_CHARS) });
const description = z.object({ description: z.string().min(1).max(MAX_SEEN_CHARS) });

/**
 * The same shapes for Ollama's `format`, which takes a JSON schema. Without the limits of length: the grammar that is made
 * of the schema spells them out, and llama.cpp refuses one that grows too large.
 */
export const PROMPT_FORMAT = formatOf({ prompt: z.string() });
export const CHANGE_FORMAT = formatOf({ prompt: z.string(), denoise: z.number(), steps: z.int() });
export const DESCRIPTION_FORMAT = formatOf({ description: z.string() });

function formatOf(shape: z.ZodRawShape): object {
  return z.toJSONSchema(z.object(shape), { target: 'draft-7' });
}

const JUNK =
  /\b(masterpiece|best quality|high quality|ultra[- ]?detailed|photorealistic|hyper[- ]?realistic|trending on artstation|(4|8|16)k)\b,?/gi;

/** The prompt out of the model's answer, or null when the answer is no use: not what was asked for, or nothing but praise. */
export function readPrompt(answer: string): string | null {
  const parsed = prompt.safeParse(objectIn(answer));
  return parsed.success ? sentenceOf(parsed.data.prompt.replace(JUNK, '')) : null;
}

/** The settings beside the prompt, or null: one without the other may well be of use. */
export function readSettings(answer: string): ProposedSettings | null {
  const parsed = proposedSettings.safeParse(objectIn(answer));
  return parsed.success ? parsed.data : null;
}

/** What a vision model says it sees, or null. */
export function readDescription(answer: string): string | null {
  const parsed = description.safeParse(objectIn(answer));
  return parsed.success ? sentenceOf(parsed.data.description) : null;
}

/** Models that think aloud put prose around the JSON, so the outermost object counts. */
function objectIn(answer: string): unknown {
  const from = answer.indexOf('{');
  const to = answer.lastIndexOf('}');
  if (from < 0 || to <= from) return undefined;
  try {
    return JSON.parse(answer.slice(from, to + 1));
  } catch {
    return undefined;
  }
}

function sentenceOf(text: string): string | null {
  const words = text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\s+([.,])/g, '$1')
    .trim();
  return /\p{L}{2}/u.test(words) ? words : null;
}
