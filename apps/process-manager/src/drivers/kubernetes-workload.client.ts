import { PassThrough, type Readable } from 'node:stream';
import type { AppsV1Api, CoreV1Api, KubeConfig, Log, V1Pod, V1Scale } from '@kubernetes/client-node';
import { AppError } from '@baton/kernel';

export interface WorkloadName {
  readonly kind: 'deployment' | 'statefulset';
  readonly name: string;
  /** Null: the namespace of the configuration that is used. */
  readonly namespace: string | null;
}

/** One pod of the workload, as far as it tells about the engine. */
export interface PodLook {
  readonly name: string;
  /** Names one run: another pod, or another start of its container, is another run. */
  readonly run: string;
  readonly isReady: boolean;
  readonly isEnding: boolean;
  /** Why it will not come up, in Kubernetes' word; null while there is hope. */
  readonly trouble: string | null;
  readonly exitCode: number | null;
}

const CALL_MS = 10_000;
/** Somebody else has changed the object between our reading and our writing. */
const CONFLICT = 409;
const WRITES = 5;

/** Waiting for its image, or for its own back-off, a pod may do for ever. */
const HOPELESS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'CrashLoopBackOff',
]);

/** What the driver asks of Kubernetes: one workload, its scale, its pods, their log. */
export class KubernetesWorkload {
  private readonly workload: WorkloadName;
  private readonly namespace: string;
  private readonly apps: AppsV1Api;
  private readonly core: CoreV1Api;
  private readonly podLog: Log;

  constructor(
    workload: WorkloadName,
    clients: { apps: AppsV1Api; core: CoreV1Api; log: Log; namespace: string },
  ) {
    this.workload = workload;
    this.namespace = workload.namespace ?? clients.namespace;
    this.apps = clients.apps;
    this.core = clients.core;
    this.podLog = clients.log;
  }

  /**
   * With the library loaded only now: it is large, and few need it.
   *
   * @throws Error when there is no such file, or it names no cluster
   */
  static async open(workload: WorkloadName, kubeconfig: string | null): Promise<KubernetesWorkload> {
    const { AppsV1Api, CoreV1Api, KubeConfig, Log } = await import('@kubernetes/client-node');
    const config: KubeConfig = new KubeConfig();
    if (kubeconfig === null) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
    const { namespace } = config.getContextObject(config.getCurrentContext()) ?? {};
    return new KubernetesWorkload(workload, {
      apps: config.makeApiClient(AppsV1Api),
      core: config.makeApiClient(CoreV1Api),
      log: new Log(config),
      namespace: namespace ?? 'default',
    });
  }

  /** Asks for this many pods; true when it was another number before. Repeated when somebody else wrote meanwhile. */
  async scale(replicas: 0 | 1, signal: AbortSignal): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      const current = await this.readScale(signal);
      const wanted = current.spec?.replicas ?? 0;
      if (replicas === 0 ? wanted === 0 : wanted >= 1) return false;
      try {
        await this.writeScale(Object.assign(current, { spec: { replicas } }), signal);
        return true;
      } catch (error) {
        if (statusOf(error) !== CONFLICT || attempt >= WRITES) throw error;
      }
    }
  }

  async isWanted(signal: AbortSignal): Promise<boolean> {
    return ((await this.readScale(signal)).spec?.replicas ?? 0) > 0;
  }

  async pods(signal: AbortSignal): Promise<PodLook[]> {
    const labelSelector = (await this.readScale(signal)).status?.selector;
    // Without a selector the list would be of all pods there are.
    if (labelSelector === undefined || labelSelector === '')
      throw new AppError('engine.failed', { cause: 'no selector' });
    const { namespace } = this;
    const { items } = await limited(this.core.listNamespacedPod({ namespace, labelSelector }), signal);
    return items.map((pod) => this.lookAt(pod));
  }

  /** Takes a pod away without waiting for it to end by itself. One that is gone already is no error. */
  async removePod(name: string, signal: AbortSignal): Promise<void> {
    const { namespace } = this;
    try {
      await limited(this.core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 }), signal);
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }

  /** What a pod prints, with times, at the pace of whoever reads the stream. */
  async readLog(pod: string, options: { lines: number; follows: boolean }): Promise<Readable> {
    const stream = new PassThrough();
    // The library pipes without a thought for what happens when either side breaks off.
    stream.once('pipe', (source: Readable) => source.on('error', (error: Error) => stream.destroy(error)));
    const container = await this.firstContainer(pod);
    const request = await this.podLog.log(this.namespace, pod, container, stream, {
      follow: options.follows,
      tailLines: options.lines,
      timestamps: true,
    });
    stream.once('close', () => request.abort());
    return stream;
  }

  private async firstContainer(name: string): Promise<string> {
    const { namespace } = this;
    const { spec } = await limited(
      this.core.readNamespacedPod({ name, namespace }),
      AbortSignal.timeout(CALL_MS),
    );
    return spec?.containers[0]?.name ?? '';
  }

  private readScale(signal: AbortSignal): Promise<V1Scale> {
    const { kind, name } = this.workload;
    const of = { name, namespace: this.namespace };
    const reading =
      kind === 'deployment'
        ? this.apps.readNamespacedDeploymentScale(of)
        : this.apps.readNamespacedStatefulSetScale(of);
    return limited(reading, signal);
  }

  private writeScale(body: V1Scale, signal: AbortSignal): Promise<V1Scale> {
    const { kind, name } = this.workload;
    const of = { name, namespace: this.namespace, body };
    const writing =
      kind === 'deployment'
        ? this.apps.replaceNamespacedDeploymentScale(of)
        : this.apps.replaceNamespacedStatefulSetScale(of);
    return limited(writing, signal);
  }

  /** The first container is the engine's; others beside it (a sidecar) do not count. */
  private lookAt({ metadata, spec, status }: V1Pod): PodLook {
    const engine = spec?.containers[0]?.name;
    const own = status?.containerStatuses?.find(({ name }) => name === engine);
    const waiting = own?.state?.waiting?.reason;
    const isOver = status?.phase === 'Failed' || status?.phase === 'Succeeded';
    const ended = own?.state?.terminated ?? own?.lastState?.terminated;
    return {
      name: metadata?.name ?? '',
      run: `${metadata?.uid ?? ''}:${own?.restartCount ?? 0}`,
      isReady: status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
      isEnding: metadata?.deletionTimestamp !== undefined,
      trouble:
        waiting !== undefined && HOPELESS.has(waiting) ? waiting : isOver ? (status.phase ?? null) : null,
      exitCode: ended?.exitCode ?? null,
    };
  }
}

/** The library's own word for an HTTP status; undefined when there was no answer at all. */
export function statusOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'number' ? code : undefined;
}

/** The library takes no signal: the wait ends, the request itself runs out in the background. */
function limited<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]);
  asked.catch(() => undefined);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(limit.reason);
    if (limit.aborted) onAbort();
    limit.addEventListener('abort', onAbort, { once: true });
    asked.then(resolve, reject).finally(() => limit.removeEventListener('abort', onAbort));
  });
}
