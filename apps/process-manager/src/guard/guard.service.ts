import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError, type Clock } from '@baton/kernel';
import { GUARD_HEADERS, laneKey, type EngineName, type Lane } from '@baton/contracts';
import type { Gate } from '../core/gate.ts';
import type { FenceStore } from '../swap/fence.store.ts';
import { readTarget, type Target } from './allowed-targets.ts';
import { forwardHttp, refuseBodyOfGet, type HttpPassage } from './forward-http.ts';
import { forwardUpgrade } from './forward-upgrade.ts';
import type { GuardMetrics } from './guard-metrics.ts';
import { LeaseUse } from './lease-use.ts';
import { readModelBody } from './model-body.ts';
import { readPromptBody } from './prompt-body.ts';
import { answerProblem, answerProblemOnSocket } from './refusal.ts';

/** The engines as the guard needs them. */
export interface GuardedEngines {
  /** Where the engine listens; null when it does not run. */
  urlOf(engine: EngineName): string | null;
  /**
   * Ends prompts in ComfyUI and resolves with whether the engine has let go of all of them by then. `looks`: how often
   * in a row they must be seen gone.
   */
  endPrompts(ids: ReadonlySet<string>, looks: number, signal: AbortSignal): Promise<boolean>;
}

export interface GuardParts {
  readonly gate: Gate;
  readonly fences: FenceStore;
  readonly engines: GuardedEngines;
  readonly clock: Clock;
  readonly metrics: GuardMetrics;
  /** Within this a revoked lease's prompt must have ended, or the revocation says that it has not. */
  readonly revokeTimeoutMs: number;
  /** Told when an engine answers that it has failed (a status of 500 and more). */
  readonly onEngineError?: (engine: EngineName) => void;
  /** Told when a lease is over and nothing of it is left. */
  readonly onLeaseOver?: () => void;
}

export interface Revocation {
  readonly quiet: boolean;
  /** Still open at the end; none, when `quiet`. */
  readonly openConnections: number;
  readonly tookMs: number;
}

/** How often a prompt must be seen gone whose submission was never answered: it may still be on its way in. */
const UNANSWERED_LOOKS = 3;

/** The only door to an engine. It lets a request through when lease, fence and owner fit, and can end what it let in. */
export class GuardService {
  private readonly parts: GuardParts;
  private readonly uses = new Map<string, LeaseUse>();
  private readonly revoking = new Map<string, Promise<Revocation>>();
  /** Revoked leases whose work goes on in an engine: nobody else is let in beside it. */
  private readonly unquiet = new Set<string>();
  private readonly agent = new Agent({ keepAlive: true });

  constructor(parts: GuardParts) {
    this.parts = parts;
  }

  /** Idempotent. @throws AppError as `Gate.admit`; `gpu.swap_failed` while an earlier lease has not let go */
  admit(leaseId: string, fence: number, lane: Lane, alsoModels: readonly string[] = []): void {
    const { gate, fences } = this.parts;
    if (this.unquiet.size > 0) throw new AppError('gpu.swap_failed', { unquiet: [...this.unquiet] });
    gate.admit({ leaseId, fence, owner: { key: laneKey(lane), engine: lane.engine } });
    fences.keep(gate.highestFence);
    if (!this.uses.has(leaseId)) this.uses.set(leaseId, new LeaseUse(lane, alsoModels));
  }

  /** Shuts the door for a lease at once and resolves when nothing of it is left. Idempotent. */
  revoke(leaseId: string): Promise<Revocation> {
    this.parts.gate.revoke(leaseId);
    const running = this.revoking.get(leaseId);
    if (running !== undefined) return running;
    const use = this.uses.get(leaseId);
    if (use === undefined) return Promise.resolve({ quiet: true, openConnections: 0, tookMs: 0 });
    const revocation = this.end(use).then((result) => {
      this.revoking.delete(leaseId);
      // One that would not end stays known: whoever asks again gets a true answer.
      if (result.quiet) {
        this.uses.delete(leaseId);
        this.unquiet.delete(leaseId);
        this.parts.onLeaseOver?.();
      } else {
        this.unquiet.add(leaseId);
      }
      return result;
    });
    this.revoking.set(leaseId, revocation);
    return revocation;
  }

  /** Work of a lease that was revoked, and had its time to end, goes on in an engine. */
  get isUnquiet(): boolean {
    return this.unquiet.size > 0;
  }

  /** What the leases that are not over may use. */
  get leasedLanes(): readonly Lane[] {
    return [...this.uses.values()].flatMap((use) => use.lanes);
  }

  /** Anything of any lease that would have to end before the engine can be freed. */
  get isInUse(): boolean {
    return [...this.uses.values()].some((use) => use.openConnections > 0 || use.prompts.size > 0);
  }

  get openConnections(): number {
    return [...this.uses.values()].reduce((sum, use) => sum + use.openConnections, 0);
  }

  /**
   * With the gate closed: waits until the connections of all leases have ended by themselves, at most `drainMs`, then
   * revokes all leases. Resolves with false when an engine would not let go of a prompt.
   */
  async drain(drainMs: number, signal: AbortSignal): Promise<boolean> {
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.parts.clock.after(drainMs, resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const idle = Promise.all([...this.uses.values()].map((use) => use.whenIdle()));
    await Promise.race([idle, late]).finally(cancel);
    return this.revokeAll();
  }

  async revokeAll(): Promise<boolean> {
    const ids = new Set([...this.uses.keys(), ...this.parts.gate.admitted]);
    const results = await Promise.all([...ids].map((leaseId) => this.revoke(leaseId)));
    return results.every(({ quiet }) => quiet);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let engine: string = 'unknown';
    try {
      refuseBodyOfGet(request);
      const target = readTarget(request.method ?? '', request.url ?? '');
      ({ engine } = target);
      if (target.kind === 'websocket') throw new AppError('request.not_found', { engine });
      const use = this.check(request, target);
      if (target.kind === 'plain') this.pass(target, use, { request, response, body: null });
      else if (target.kind === 'use_model') await this.passNamingModel(target, use, request, response);
      else await this.passNamingPrompt(target, use, request, response);
      this.parts.metrics.passed(engine);
    } catch (error) {
      this.parts.metrics.refused(engine, error);
      if (response.destroyed || response.headersSent) return;
      answerProblem(response, error);
    }
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    let engine: string = 'unknown';
    try {
      refuseBodyOfGet(request);
      const target = readTarget(request.method ?? '', request.url ?? '');
      ({ engine } = target);
      if (target.kind !== 'websocket' || request.headers.upgrade?.toLowerCase() !== 'websocket') {
        throw new AppError('request.not_found', { engine });
      }
      const use = this.check(request, target);
      const engineUrl = this.urlOf(target.engine);
      use.add(forwardUpgrade({ request, socket, head, engineUrl, path: target.path }));
      this.parts.metrics.passed(engine);
    } catch (error) {
      this.parts.metrics.refused(engine, error);
      socket.on('error', () => undefined);
      answerProblemOnSocket(socket, error);
    }
  }

  close(): void {
    for (const use of this.uses.values()) use.cutAll();
    this.agent.destroy();
  }

  private check(request: IncomingMessage, target: Target): LeaseUse {
    const lease = this.parts.gate.check({
      leaseId: single(request.headers[GUARD_HEADERS.lease]),
      fence: wholeNumber(single(request.headers[GUARD_HEADERS.fence])),
      engine: target.engine,
    });
    const use = this.uses.get(lease.leaseId);
    if (use === undefined) throw new AppError('gpu.lease_lost', { leaseId: lease.leaseId });
    return use;
  }

  private urlOf(engine: EngineName): string {
    const url = this.parts.engines.urlOf(engine);
    if (url === null) throw new AppError('engine.unavailable', { engine });
    return url;
  }

  private pass(
    target: Target,
    use: LeaseUse,
    passage: Pick<HttpPassage, 'request' | 'response' | 'body' | 'head' | 'check'> & {
      onAnswer?: () => void;
    },
  ): void {
    const { engine, path } = target;
    const engineUrl = this.urlOf(engine);
    const onAnswer = (status: number): void => {
      passage.onAnswer?.();
      if (status >= 500) this.parts.onEngineError?.(engine);
    };
    use.add(forwardHttp({ ...passage, onAnswer, agent: this.agent, engineUrl, path }));
  }

  /** Work for a model goes through when it is for one of the lease's models: any other would be loaded beside it, or in its place. */
  private async passNamingModel(
    target: Target,
    use: LeaseUse,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (use.models.length === 0) throw new AppError('gpu.lease_lost');
    const { head, check } = await receiving(use, () => readModelBody(request, use.models));
    if (this.check(request, target) !== use) throw new AppError('gpu.lease_lost');
    this.pass(target, use, { request, response, body: null, head, check });
  }

  private async passNamingPrompt(
    target: Target,
    use: LeaseUse,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { bytes, promptId } = await receiving(use, () => readPromptBody(request));
    // The turn may have ended while the body came in.
    if (this.check(request, target) !== use) throw new AppError('gpu.lease_lost');
    if (target.kind === 'interrupt' && !use.hasSubmitted(promptId)) {
      throw new AppError('gpu.lease_required', { promptId });
    }
    if (target.kind === 'interrupt') {
      this.pass(target, use, { request, response, body: bytes });
      return;
    }
    use.noteSubmission(promptId);
    this.pass(target, use, { request, response, body: bytes, onAnswer: () => use.noteAnswer(promptId) });
  }

  private async end(use: LeaseUse): Promise<Revocation> {
    const { clock, engines, revokeTimeoutMs } = this.parts;
    const startedAt = clock.monotonic();
    const late = new AbortController();
    const cancel = clock.after(revokeTimeoutMs, () => late.abort());
    const looks = use.hasUnanswered ? UNANSWERED_LOOKS : 1;
    use.cutAll();
    const aborted = new Promise<void>((resolve) => late.signal.addEventListener('abort', () => resolve()));
    await Promise.race([use.whenIdle(), aborted]);
    const isQuiet = use.prompts.size === 0 || (await engines.endPrompts(use.prompts, looks, late.signal));
    cancel();
    return {
      quiet: isQuiet && use.openConnections === 0,
      openConnections: use.openConnections,
      tookMs: Math.round(clock.monotonic() - startedAt),
    };
  }
}

/** What is still coming in is in use as well: a body that never ends goes with its lease. */
async function receiving<T>(use: LeaseUse, read: () => Promise<T>): Promise<T> {
  const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
  const { promise: cut, reject } = Promise.withResolvers<never>();
  use.add({ ended, cut: () => reject(new AppError('gpu.lease_lost')) });
  try {
    return await Promise.race([read(), cut]);
  } finally {
    end(undefined);
  }
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
