import { AppError } from '@baton/kernel';
import { engineName, guardPath, type EngineName } from '@baton/contracts';

/** What the guard has to know about a request besides passing it on. */
export type TargetKind = 'plain' | 'use_model' | 'submit_prompt' | 'interrupt' | 'websocket';

interface AllowedTarget {
  readonly method: string;
  /** Whole path after the engine's prefix. */
  readonly path: RegExp;
  readonly kind: TargetKind;
}

export interface Target {
  readonly engine: EngineName;
  /** Path and query for the engine, as they came. */
  readonly path: string;
  readonly kind: TargetKind;
}

function allow(method: string, path: RegExp, kind: TargetKind = 'plain'): AllowedTarget {
  return { method, path, kind };
}

/**
 * Everything a lease may do to an engine. What is not here does not pass: nothing that changes the machine (pull, delete,
 * create, copy, push, blobs), that frees or clears what belongs to the visit as a whole (free, queue, history), that
 * reaches the internet (web search, cloud), or that cannot say how long a model stays (`/v1`).
 */
const ALLOWED: Readonly<Record<EngineName, readonly AllowedTarget[]>> = {
  ollama: [
    allow('POST', /^\/api\/chat$/, 'use_model'),
    allow('POST', /^\/api\/generate$/, 'use_model'),
    allow('POST', /^\/api\/embed$/, 'use_model'),
    allow('POST', /^\/api\/show$/),
    allow('GET', /^\/api\/tags$/),
    allow('GET', /^\/api\/ps$/),
    allow('GET', /^\/api\/version$/),
  ],
  comfyui: [
    allow('POST', /^(\/api)?\/prompt$/, 'submit_prompt'),
    allow('POST', /^(\/api)?\/interrupt$/, 'interrupt'),
    allow('GET', /^(\/api)?\/ws$/, 'websocket'),
    allow('GET', /^(\/api)?\/prompt$/),
    allow('GET', /^(\/api)?\/queue$/),
    allow('GET', /^(\/api)?\/history\/[0-9A-Za-z-]+$/),
    allow('GET', /^\/api\/jobs\/[0-9A-Za-z-]+$/),
    allow('POST', /^(\/api)?\/upload\/(image|mask)$/),
    allow('GET', /^(\/api)?\/view$/),
    allow('GET', /^(\/api)?\/system_stats$/),
    allow('GET', /^(\/api)?\/features$/),
    allow('GET', /^(\/api)?\/object_info(\/\w+)?$/),
    allow('GET', /^(\/api)?\/models(\/\w+)?$/),
  ],
};

/**
 * Reads the request line. The path is matched as it came and passed on as it was matched: a percent sign, a doubled
 * slash or a dot segment fits no row, so no other reading of it by the engine can matter.
 *
 * @throws AppError `engine.unknown`, `request.not_found`
 */
export function readTarget(method: string, url: string): Target {
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const engine = engineName.options.find((name) => path.startsWith(`${guardPath(name)}/`));
  if (engine === undefined) throw new AppError('engine.unknown');
  const rest = path.slice(guardPath(engine).length);
  const row = ALLOWED[engine].find((allowed) => allowed.method === method && allowed.path.test(rest));
  if (row === undefined) throw new AppError('request.not_found', { engine, method });
  return { engine, path: rest + (mark === -1 ? '' : url.slice(mark)), kind: row.kind };
}
