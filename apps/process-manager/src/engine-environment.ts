import { envBoolean, envInteger, envJson, envUrl } from '@baton/platform/config';
import { z } from 'zod';

const PREFIXES = ['OLLAMA', 'COMFYUI'] as const;
export type EnginePrefix = (typeof PREFIXES)[number];

const command = envJson(
  z.array(z.string().min(1)).min(1, { error: 'must be a JSON list: program and arguments' }),
);
const mode = z.enum(['child', 'attached', 'systemd', 'docker', 'kubernetes', 'external']).default('attached');
const start = z.enum(['boot', 'demand']).default('boot');
const startTimeout = envInteger({ default: 180, min: 1 });
const unit = z
  .string()
  .regex(/^[A-Za-z0-9:_.][A-Za-z0-9:_.@\\-]{0,200}$/, {
    error: 'must be the name of a unit, like ollama.service',
  })
  .transform((name) => (/\.[a-z]+$/.test(name) ? name : `${name}.service`))
  .refine((name) => name.endsWith('.service'), { error: 'must be a service, like ollama.service' });
const container = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,200}$/, { error: 'must be the name or the id of a container' });
const LABEL = '[a-z0-9]([-a-z0-9.]{0,200}[a-z0-9])?';
const workload = z
  .string()
  .regex(new RegExp(`^(deployment|statefulset)/${LABEL}$`), {
    error: 'must be deployment/NAME or statefulset/NAME',
  })
  .transform((text) => {
    const [kind = '', name = ''] = text.split('/');
    return { kind: kind === 'deployment' ? ('deployment' as const) : ('statefulset' as const), name };
  });

/**
 * How the two engines are run. Both are asked the same questions:
 *   MODE      who starts and stops it; `attached`: it runs already, and is stopped by its owner's command at most
 *   URL       its address; of a child a fixed one (else a free port), of others their usual port by default
 *   COMMAND   of a child: a JSON list that no shell sees; {port} and {host} are filled in
 *   START_COMMAND, STOP_COMMAND  of an attached one: the owner's leave to stop it, and the way to do so
 *   SIMULATED shown wherever the engine is shown
 *   START     boot: it runs from the start on, with none of the card's memory; demand: at its first turn
 *   START_TIMEOUT_SECONDS until it must answer
 */
export const engineVariables = {
  OLLAMA_MODE: mode,
  OLLAMA_URL: envUrl().optional(),
  OLLAMA_COMMAND: command.optional(),
  OLLAMA_START_COMMAND: command.optional(),
  OLLAMA_STOP_COMMAND: command.optional(),
  OLLAMA_SYSTEMD_UNIT: unit.optional(),
  OLLAMA_DOCKER_CONTAINER: container.optional(),
  OLLAMA_KUBERNETES_WORKLOAD: workload.optional(),
  OLLAMA_SIMULATED: envBoolean(false),
  OLLAMA_START: start,
  OLLAMA_START_TIMEOUT_SECONDS: startTimeout,
  COMFYUI_MODE: mode,
  COMFYUI_URL: envUrl().optional(),
  COMFYUI_COMMAND: command.optional(),
  COMFYUI_START_COMMAND: command.optional(),
  COMFYUI_STOP_COMMAND: command.optional(),
  COMFYUI_SYSTEMD_UNIT: unit.optional(),
  COMFYUI_DOCKER_CONTAINER: container.optional(),
  COMFYUI_KUBERNETES_WORKLOAD: workload.optional(),
  COMFYUI_SIMULATED: envBoolean(false),
  COMFYUI_START: start,
  COMFYUI_START_TIMEOUT_SECONDS: startTimeout,

  /** Whose systemd: `user` is that of the account that Baton runs as. */
  SYSTEMD_SCOPE: z.enum(['system', 'user']).default('system'),
  /** As Docker's own variable; without it the usual socket. */
  DOCKER_HOST: z
    .string()
    .regex(/^(unix|tcp|http|https):\/\/\S+$/, { error: 'must be unix:///path or tcp://host:port' })
    .optional(),
  /** As kubectl's own variable, one file; without it the account of the pod, else the usual file. */
  KUBECONFIG: z.string().optional(),
  KUBERNETES_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, { error: 'must be the name of a namespace' })
    .optional(),
  /** The external process manager, for MODE=external. */
  PROCESS_MANAGER_API_URL: envUrl().optional(),
  PROCESS_MANAGER_API_TOKEN: z.string().optional(),
  PROCESS_SWITCH_TIMEOUT: envInteger({ default: 30, min: 1 }),
  PROCESS_STARTUP_WAIT: envInteger({ default: 10, min: 1 }),
  PROCESS_RESTORE_ON_RELEASE: envBoolean(true),
};

export type EngineEnvironment = z.output<z.ZodObject<typeof engineVariables>>;

/** What each mode cannot do without, and what only makes sense as a pair. */
export function checkEngines(
  env: EngineEnvironment,
  complain: (name: string, message: string) => void,
): void {
  for (const prefix of PREFIXES) {
    const chosen = env[`${prefix}_MODE`];
    const needs = (name: keyof EngineEnvironment): void => {
      if (env[name] === undefined) complain(name, `is needed for ${prefix}_MODE=${chosen}`);
    };
    if (chosen === 'child') needs(`${prefix}_COMMAND`);
    if (chosen === 'systemd') needs(`${prefix}_SYSTEMD_UNIT`);
    if (chosen === 'docker') needs(`${prefix}_DOCKER_CONTAINER`);
    if (chosen === 'external') needs('PROCESS_MANAGER_API_URL');
    if (chosen === 'kubernetes') {
      needs(`${prefix}_KUBERNETES_WORKLOAD`);
      needs(`${prefix}_URL`);
    }
    const [startName, stopName] = [`${prefix}_START_COMMAND`, `${prefix}_STOP_COMMAND`] as const;
    if (env[startName] === undefined && env[stopName] !== undefined) {
      complain(startName, `is needed with ${stopName}: what is stopped must be started again`);
    }
    if (env[stopName] === undefined && env[startName] !== undefined) {
      complain(stopName, `is needed with ${startName}`);
    }
  }
}

const USUAL_URL = { OLLAMA: 'http://127.0.0.1:11434', COMFYUI: 'http://127.0.0.1:8188' } as const;

/** All that a driver has to be told; `url` is where the engine listens. */
export type DriverConfig =
  | { readonly kind: 'child'; readonly url: string | null; readonly command: readonly string[] }
  | {
      readonly kind: 'attached';
      readonly url: string;
      /** Null: its owner has not allowed it to be stopped. */
      readonly commands: { readonly start: readonly string[]; readonly stop: readonly string[] } | null;
    }
  | {
      readonly kind: 'systemd';
      readonly url: string;
      readonly unit: string;
      readonly scope: 'system' | 'user';
    }
  | {
      readonly kind: 'docker';
      readonly url: string;
      readonly container: string;
      /** Null: as the Docker client finds it. */
      readonly socketPath: string | null;
    }
  | {
      readonly kind: 'kubernetes';
      readonly url: string;
      readonly workload: { readonly kind: 'deployment' | 'statefulset'; readonly name: string };
      readonly namespace: string | null;
      readonly kubeconfig: string | null;
    }
  | {
      readonly kind: 'external';
      readonly url: string;
      readonly apiUrl: string;
      readonly token: string | null;
      readonly switchMs: number;
      readonly restores: boolean;
    };

export interface EngineConfig {
  readonly driver: DriverConfig;
  readonly isSimulated: boolean;
  readonly startsAtBoot: boolean;
  readonly startTimeoutMs: number;
}

export function engineConfig(env: EngineEnvironment, prefix: EnginePrefix): EngineConfig {
  const driver = driverConfig(env, prefix);
  const startSeconds =
    driver.kind === 'external' ? env.PROCESS_STARTUP_WAIT : env[`${prefix}_START_TIMEOUT_SECONDS`];
  return {
    driver,
    isSimulated: env[`${prefix}_SIMULATED`],
    startsAtBoot: env[`${prefix}_START`] === 'boot',
    startTimeoutMs: startSeconds * 1_000,
  };
}

/** What `checkEngines` has found complete. */
function driverConfig(env: EngineEnvironment, prefix: EnginePrefix): DriverConfig {
  const url = env[`${prefix}_URL`] ?? USUAL_URL[prefix];
  const kind = env[`${prefix}_MODE`];
  switch (kind) {
    case 'child':
      return { kind, url: env[`${prefix}_URL`] ?? null, command: env[`${prefix}_COMMAND`] ?? [] };
    case 'attached': {
      const [begin, end] = [env[`${prefix}_START_COMMAND`], env[`${prefix}_STOP_COMMAND`]];
      const commands = begin === undefined || end === undefined ? null : { start: begin, stop: end };
      return { kind, url, commands };
    }
    case 'systemd':
      return { kind, url, unit: env[`${prefix}_SYSTEMD_UNIT`] ?? '', scope: env.SYSTEMD_SCOPE };
    case 'docker': {
      const socketPath = /^unix:\/\/(.+)$/.exec(env.DOCKER_HOST ?? '')?.[1] ?? null;
      return { kind, url, container: env[`${prefix}_DOCKER_CONTAINER`] ?? '', socketPath };
    }
    case 'kubernetes':
      return {
        kind,
        url,
        workload: env[`${prefix}_KUBERNETES_WORKLOAD`] ?? { kind: 'deployment', name: '' },
        namespace: env.KUBERNETES_NAMESPACE ?? null,
        kubeconfig: env.KUBECONFIG ?? null,
      };
    case 'external':
      return {
        kind,
        url,
        apiUrl: env.PROCESS_MANAGER_API_URL ?? '',
        token: env.PROCESS_MANAGER_API_TOKEN ?? null,
        switchMs: env.PROCESS_SWITCH_TIMEOUT * 1_000,
        restores: env.PROCESS_RESTORE_ON_RELEASE,
      };
  }
}
