import type { Clock } from '@baton/kernel';
import type { EngineName } from '@baton/contracts';
import type { EngineDriver } from '../core/engine-driver.ts';
import type { DriverConfig, EngineConfig } from '../engine-environment.ts';
import { AttachedDriver } from './attached.driver.ts';
import { ChildProcessDriver, type ChildProcessSettings } from './child-process.driver.ts';
import type { EngineRunsStore } from './engine-runs.store.ts';
import { ExternalDriver } from './external.driver.ts';
import { runProgram } from './run-program.ts';

export interface DriverTools {
  readonly engine: EngineName;
  readonly runs: EngineRunsStore;
  readonly clock: Clock;
  /** Without our secrets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly gentleSignal: ChildProcessSettings['gentleSignal'];
}

/** Of a child. Within the end of this process there is little time: its own deadline is 8 s. */
const CHILD_GENTLE_MS = 4_000;
/** Of what has a life of its own, and may have more to end than one process. */
const SERVICE_GENTLE_MS = 15_000;
const OWNERS_COMMAND_MS = 60_000;

/** The driver that the configuration asks for. The larger libraries are loaded only where they are needed. */
export async function openDriver(own: EngineConfig, tools: DriverTools): Promise<EngineDriver> {
  const { driver } = own;
  const { engine, clock, environment } = tools;
  switch (driver.kind) {
    case 'child':
      return new ChildProcessDriver(childSettings(driver, tools), tools.runs, clock);
    case 'attached': {
      const limits = { environment, limitMs: OWNERS_COMMAND_MS };
      const commands = driver.commands === null ? null : { ...driver.commands, ...limits };
      return new AttachedDriver({ engine, url: driver.url, commands, run: runProgram, clock });
    }
    case 'systemd': {
      const { SystemdDriver } = await import('./systemd.driver.ts');
      const programs = { systemctl: 'systemctl', journalctl: 'journalctl' };
      const settings = { ...driver, ...programs, engine, environment, gentleMs: SERVICE_GENTLE_MS };
      return new SystemdDriver(settings, runProgram, clock);
    }
    case 'docker': {
      const [{ default: Docker }, { DockerDriver }] = await Promise.all([
        import('dockerode'),
        import('./docker.driver.ts'),
      ]);
      const docker = new Docker(driver.socketPath === null ? {} : { socketPath: driver.socketPath });
      return new DockerDriver({ ...driver, engine, gentleMs: SERVICE_GENTLE_MS }, docker, clock);
    }
    case 'kubernetes': {
      const [{ KubernetesDriver }, { KubernetesWorkload }] = await Promise.all([
        import('./kubernetes.driver.ts'),
        import('./kubernetes-workload.client.ts'),
      ]);
      const { workload, namespace, kubeconfig, url } = driver;
      const open = () => KubernetesWorkload.open({ ...workload, namespace }, kubeconfig);
      const times = { startMs: own.startTimeoutMs, gentleMs: SERVICE_GENTLE_MS * 2 };
      return new KubernetesDriver({ engine, url, ...times }, open, clock);
    }
    case 'external':
      return new ExternalDriver({ ...driver, engine }, clock);
  }
}

function childSettings(
  { url, command }: Extract<DriverConfig, { kind: 'child' }>,
  { engine, environment, gentleSignal }: DriverTools,
): ChildProcessSettings {
  const address = url === null ? null : new URL(url);
  return {
    engine,
    command,
    host: address?.hostname.replace(/^\[|\]$/g, '') ?? '127.0.0.1',
    port: Number(address?.port ?? 0),
    gentleMs: CHILD_GENTLE_MS,
    environment,
    gentleSignal,
  };
}
