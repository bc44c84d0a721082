const ANSWER_TIMEOUT_MS = 1_000;

const DEFAULTS = {
  ollama: { url: 'http://127.0.0.1:11434', probe: '/api/version', expected: 'version', title: 'Ollama' },
  comfyui: { url: 'http://127.0.0.1:8188', probe: '/system_stats', expected: 'system', title: 'ComfyUI' },
} as const;

export type EngineId = keyof typeof DEFAULTS;
export const ENGINE_IDS = ['ollama', 'comfyui'] as const satisfies readonly EngineId[];

/** Where an engine comes from and why. `configured`: the environment says all, and it is passed on as it is. */
export type EngineChoice =
  | { readonly kind: 'configured' }
  | { readonly kind: 'attached'; readonly url: string; readonly how: 'set' | 'found' }
  | { readonly kind: 'simulated' };

export type Answers = (engine: EngineId) => Promise<boolean>;

/**
 * Checked in this order:
 *   1. `--simulate` wins over everything;
 *   2. `<ENGINE>_COMMAND` or `<ENGINE>_MODE`: the settings are complete, the process-manager gets them unchanged;
 *   3. `<ENGINE>_URL`: that engine, whether or not it answers now;
 *   4. one that answers at its default port;
 *   5. the simulator.
 */
export async function chooseEngine(
  engine: EngineId,
  {
    mode,
    env,
    answers = answersAtDefaultPort,
  }: { mode: 'auto' | 'simulate'; env: NodeJS.ProcessEnv; answers?: Answers },
): Promise<EngineChoice> {
  if (mode === 'simulate') return { kind: 'simulated' };
  const prefix = engine.toUpperCase();
  if (env[`${prefix}_COMMAND`] || env[`${prefix}_MODE`]) return { kind: 'configured' };
  const url = env[`${prefix}_URL`];
  if (url) return { kind: 'attached', url, how: 'set' };
  if (await answers(engine)) return { kind: 'attached', url: DEFAULTS[engine].url, how: 'found' };
  return { kind: 'simulated' };
}

/** For the block that is printed when everything runs. */
export function describeEngine(engine: EngineId, choice: EngineChoice): string {
  const { title, url } = DEFAULTS[engine];
  switch (choice.kind) {
    case 'configured':
      return `${title}: as configured`;
    case 'attached':
      return `${title}: real, ${choice.how === 'found' ? 'found at' : 'at'} ${choice.url} (never stopped by Baton)`;
    case 'simulated':
      return `${title}: SIMULATED, no model runs (nothing answers at ${url}; set ${engine.toUpperCase()}_URL for a real one)`;
  }
}

/** Asks what only the real thing answers: any program may sit on a port. */
async function answersAtDefaultPort(engine: EngineId): Promise<boolean> {
  const { url, probe, expected } = DEFAULTS[engine];
  try {
    const response = await fetch(`${url}${probe}`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    const body: unknown = await response.json();
    return response.ok && typeof body === 'object' && body !== null && expected in body;
  } catch {
    return false;
  }
}
