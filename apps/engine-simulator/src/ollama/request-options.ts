import type { LoadOptions } from './eviction.ts';
import { OllamaError } from './ollama-error.ts';

type OptionType = 'integer' | 'float32' | 'boolean' | 'array';

/** The options whose type is checked; other names are only logged by the real program. */
const OPTION_TYPES: Readonly<Record<string, OptionType>> = {
  num_ctx: 'integer',
  num_batch: 'integer',
  num_gpu: 'integer',
  main_gpu: 'integer',
  use_mmap: 'boolean',
  num_thread: 'integer',
  draft_num_predict: 'integer',
  num_keep: 'integer',
  seed: 'integer',
  num_predict: 'integer',
  top_k: 'integer',
  top_p: 'float32',
  min_p: 'float32',
  typical_p: 'float32',
  repeat_last_n: 'integer',
  temperature: 'float32',
  repeat_penalty: 'float32',
  presence_penalty: 'float32',
  frequency_penalty: 'float32',
  stop: 'array',
};

/** A difference in one of these, or in `num_ctx`, loads the model anew. */
const LOAD_TIME = ['num_batch', 'num_gpu', 'main_gpu', 'use_mmap', 'num_thread', 'draft_num_predict'];

/** What one generation is bound by. */
export interface RunOptions {
  /** At most ten contexts long, whatever was asked. */
  readonly numPredict: number;
  readonly stop: readonly string[];
  readonly seed: number;
}

/** Throws OllamaError 500 on a wrong type, which is what the real program answers. */
export function readOptions(
  given: Readonly<Record<string, unknown>>,
  defaults: { numCtx: number; shift: boolean | undefined },
): { load: LoadOptions; run: RunOptions } {
  for (const [name, value] of Object.entries(given)) {
    const type = OPTION_TYPES[name];
    if (type !== undefined && value !== null && !isOfType(value, type)) {
      throw new OllamaError(500, `option ${JSON.stringify(name)} must be of type ${type}`);
    }
  }
  const numCtx = Math.max(4, numberOf(given['num_ctx']) ?? defaults.numCtx);
  const others = Object.fromEntries(LOAD_TIME.map((name) => [name, given[name] ?? null]));
  const cap = 10 * numCtx;
  const numPredict = numberOf(given['num_predict']) ?? -1;
  return {
    load: { numCtx, others: JSON.stringify({ ...others, shift: defaults.shift ?? true }) },
    run: {
      numPredict: numPredict < 0 ? cap : Math.min(numPredict, cap),
      stop: Array.isArray(given['stop'])
        ? given['stop'].filter((stop) => typeof stop === 'string' && stop !== '')
        : [],
      seed: numberOf(given['seed']) ?? -1,
    },
  };
}

function isOfType(value: unknown, type: OptionType): boolean {
  if (type === 'integer') return typeof value === 'number' && Number.isInteger(value);
  if (type === 'float32') return typeof value === 'number';
  return type === 'boolean' ? typeof value === 'boolean' : Array.isArray(value);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
