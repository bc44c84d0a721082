import { fork, type ChildProcess } from 'node:child_process';
import { extname, join } from 'node:path';
import { AppError } from '@baton/kernel';
import {
  report as reportSchema,
  type LocalModelFacts,
  type LocalModelSettings,
  type LocalQuestion,
  type LocalTrouble,
  type Order,
  type Report,
} from './local-wire.ts';

/** Built or not, the process runs what this process runs. */
const EXTENSION = extname(import.meta.filename);
const ENTRY = join(import.meta.dirname, `child${EXTENSION}`);
const NODE_FLAGS = EXTENSION === '.ts' ? ['--conditions=@baton/source'] : [];

/** The CPU engine could not be had. */
export class LocalChildError extends Error {
  readonly trouble: LocalTrouble;

  constructor(trouble: LocalTrouble, cause: string) {
    super(cause);
    this.trouble = trouble;
  }
}

type AskReport = Extract<Report, { askId: number }>;
export type AskListener = (report: AskReport) => void;

interface Ask {
  readonly listener: AskListener;
  readonly onLost: (error: AppError) => void;
  /** It was told to stop: nobody waits for what it says. */
  isLeft: boolean;
}

/** One process with the CPU engine, from its start to its end. */
export class LocalChild {
  private readonly child: ChildProcess;
  private readonly asks = new Map<number, Ask>();
  private readonly gone: Promise<void>;
  private lastAskId = 0;
  private hasEnded = false;
  private waitsFor: PromiseWithResolvers<Report> | null = null;

  constructor() {
    this.child = fork(ENTRY, [], {
      execArgv: [...NODE_FLAGS, '--disable-warning=ExperimentalWarning'],
      // Nothing of ours is handed on: no secret, and no setting of the library's that somebody set for something else.
      env: { NODE_LLAMA_CPP_SKIP_DOWNLOAD: 'true' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.child.on('message', (message) => this.hear(message));
    // What could not be sent: its process has gone, and 'exit' tells.
    this.child.on('error', () => this.child.kill('SIGKILL'));
    this.gone = this.watchEnd();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get isOver(): boolean {
    return this.hasEnded;
  }

  /** Whether anybody waits for something that it says. */
  get isWanted(): boolean {
    return [...this.asks.values()].some(({ isLeft }) => !isLeft);
  }

  /** Resolves when the process has gone, by itself or not. */
  get ended(): Promise<void> {
    return this.gone;
  }

  /** @throws LocalChildError */
  async probe(modelPath: string): Promise<LocalModelFacts> {
    const answer = await this.request({ type: 'probe', modelPath });
    if (answer.type !== 'probed') throw new LocalChildError('failed', `${answer.type} instead of probed`);
    return answer.facts;
  }

  /** @throws LocalChildError */
  async load(settings: LocalModelSettings): Promise<{ readonly ms: number; readonly bytes: number }> {
    const answer = await this.request({ type: 'load', settings });
    if (answer.type !== 'loaded') throw new LocalChildError('failed', `${answer.type} instead of loaded`);
    return answer;
  }

  /** Every piece goes to the listener, the last one tells the end; `onLost` instead when the process dies. */
  ask(question: LocalQuestion, listener: AskListener, onLost: (error: AppError) => void): number {
    this.lastAskId += 1;
    const askId = this.lastAskId;
    if (this.hasEnded) {
      onLost(new AppError('engine.failed', { engine: 'local', reason: 'its process has gone' }));
      return askId;
    }
    this.asks.set(askId, { listener, onLost, isLeft: false });
    this.send({ type: 'ask', askId, question });
    return askId;
  }

  stop(askId: number): void {
    const ask = this.asks.get(askId);
    if (ask === undefined) return;
    ask.isLeft = true;
    this.send({ type: 'stop', askId });
  }

  /** Its memory is free when this resolves. */
  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.gone;
  }

  private async request(order: Order): Promise<Report> {
    if (this.hasEnded) throw new LocalChildError('failed', 'its process has gone');
    this.waitsFor = Promise.withResolvers<Report>();
    this.send(order);
    const answer = await this.waitsFor.promise;
    if (answer.type === 'trouble')
      throw new LocalChildError(answer.trouble, withoutPath(answer.cause, order));
    return answer;
  }

  private send(order: Order): void {
    this.child.send(order, () => undefined);
  }

  private hear(message: unknown): void {
    const parsed = reportSchema.safeParse(message);
    if (!parsed.success) {
      // Whatever it is, it is not what we started.
      this.waitsFor?.reject(new LocalChildError('failed', 'it said something that nobody understands'));
      this.child.kill('SIGKILL');
      return;
    }
    const report = parsed.data;
    if (!('askId' in report)) {
      this.waitsFor?.resolve(report);
      return;
    }
    const ask = this.asks.get(report.askId);
    if (report.type !== 'text' && report.type !== 'thinking') this.asks.delete(report.askId);
    ask?.listener(report);
  }

  private async watchEnd(): Promise<void> {
    const { code, signal } = await exitOf(this.child);
    this.hasEnded = true;
    this.waitsFor?.reject(new LocalChildError('failed', `its process ended (${signal ?? String(code)})`));
    const asks = [...this.asks.values()];
    this.asks.clear();
    for (const { onLost } of asks) onLost(new AppError('engine.failed', { engine: 'local', code, signal }));
  }
}

/** The library names the file in some of its errors; where it is belongs in no log. */
function withoutPath(cause: string, order: Order): string {
  const path =
    order.type === 'probe' ? order.modelPath : order.type === 'load' ? order.settings.modelPath : '';
  return path === '' ? cause : cause.replaceAll(path, 'the file');
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  // A program that could not be started has no 'exit'.
  if (child.pid === undefined) return Promise.resolve({ code: null, signal: null });
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
}
