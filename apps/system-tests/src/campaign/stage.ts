import { eventually } from '@baton/testing';
import type { EngineName } from '@baton/contracts';
import { isAlive } from '../testing/process-table.ts';
import type { Person } from '../testing/person.ts';
import { Stack } from '../testing/stack.ts';
import type { ServiceName } from '../testing/stack.ts';
import type { FaultName, Victim } from './cells.ts';
import { Moments } from './moments.ts';
import { Standby } from './standby.ts';

/** What both schedulers have; the launcher's own gets it with everything else. */
const SCHEDULER_SETTINGS = { GPU_RESTORE_DELAY_MS: '200', GPU_WAIT_TIMEOUT: '20' } as const;

/** Slow enough for a fault to meet a job in the middle, quick enough for many runs. All ten times faster than it says. */
const PACE = {
  ollama: { tokensPerSecond: 40, promptTokensPerSecond: 60, minReplyTokens: 160 },
  comfyui: { stepMs: 2_500 },
} as const;

/** The launcher gives a stack up whose part dies six times in two minutes: no part is killed that often here. */
const SPELL_MS = 125_000;
const DEATHS_PER_SPELL = 4;

const SETTLE_TIMEOUT_MS = 45_000;
const PEOPLE = 4;
/** Under the lifetime of an access token. */
const PEOPLE_FOR_MS = 240_000;

type Dying = ServiceName | 'redis' | EngineName | 'second scheduler';

/** A whole Baton with two schedulers, some people, and an eye on its queue. */
export class Stage {
  readonly stack: Stack;
  readonly moments: Moments;
  readonly #standby: Standby;
  readonly #deaths = new Map<string, number[]>();
  #people: { readonly persons: readonly Person[]; readonly until: number } = { persons: [], until: 0 };

  private constructor(stack: Stack, standby: Standby) {
    this.stack = stack;
    this.#standby = standby;
    this.moments = Moments.open(stack.run.redisUrl);
  }

  static async open(): Promise<Stage> {
    const stack = await Stack.start({ env: SCHEDULER_SETTINGS });
    try {
      return new Stage(stack, await Standby.start(stack, SCHEDULER_SETTINGS));
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  /** Rejects when something of it runs on, or did not end well. */
  async close(): Promise<void> {
    await this.moments.close();
    await this.#standby.stop();
    try {
      await this.stack.stop();
    } finally {
      this.stack.removeData();
    }
  }

  /** People whose sessions last for a run. */
  async people(): Promise<readonly Person[]> {
    if (Date.now() > this.#people.until) {
      const persons = await Promise.all(Array.from({ length: PEOPLE }, () => this.stack.newPerson()));
      this.#people = { persons, until: Date.now() + PEOPLE_FOR_MS };
    }
    return this.#people.persons;
  }

  /** Waits until everything runs, one scheduler leads and nobody uses the card; sets the engines' pace. */
  async settle(): Promise<void> {
    await eventually(async () => (await this.#isCalm()) || null, {
      timeoutMs: SETTLE_TIMEOUT_MS,
      everyMs: 100,
    });
    for (const engine of ['ollama', 'comfyui'] as const)
      await this.setEngine(engine, { settings: PACE[engine] });
  }

  async setEngine(engine: EngineName, change: Readonly<Record<string, unknown>>): Promise<void> {
    await (await this.stack.engine(engine)).set(change);
  }

  /** Pid of a victim; 0 when nobody plays that part at the moment. */
  async pidOf(victim: Victim): Promise<number> {
    switch (victim) {
      case 'ollama':
      case 'comfyui':
        return this.stack.enginePid(victim);
      case 'leader':
        return (await this.#schedulers()).find(({ leads }) => leads)?.pid ?? 0;
      case 'standby':
        return (await this.#schedulers()).find(({ leads }) => !leads)?.pid ?? 0;
      default:
        return this.stack.run.services[victim].pid;
    }
  }

  /** Kills what must come back by itself. */
  kill(victim: Victim | 'redis', pid: number): void {
    const name = this.#dyingOf(victim, pid);
    this.#deaths.set(name, [...this.#recentDeaths(name), Date.now()]);
    process.kill(pid, 'SIGKILL');
  }

  /** False while another death would make the launcher give the stack up. */
  mayBreak(fault: FaultName): boolean {
    const name = fault.replace(/^kill:(leader|standby)$/, 'gpu-scheduler').replace(/^redis:.*$/, 'redis');
    return this.#recentDeaths(name.replace(/^kill:/, '')).length < DEATHS_PER_SPELL;
  }

  #dyingOf(victim: Victim | 'redis', pid: number): Dying {
    if (victim !== 'leader' && victim !== 'standby') return victim;
    return pid === this.#standby.pid ? 'second scheduler' : 'gpu-scheduler';
  }

  #recentDeaths(name: string): number[] {
    return (this.#deaths.get(name) ?? []).filter((at) => at > Date.now() - SPELL_MS);
  }

  async #schedulers(): Promise<readonly { readonly pid: number; readonly leads: boolean }[]> {
    const own = this.stack.run.services['gpu-scheduler'];
    const both = [
      { pid: own.pid, url: own.http as string | null },
      { pid: this.#standby.pid, url: this.#standby.url },
    ];
    return Promise.all(
      both.map(async ({ pid, url }) => ({ pid, leads: url !== null && (await leads(url)) })),
    );
  }

  async #isCalm(): Promise<boolean> {
    const services = Object.values(this.stack.run.services);
    if (!services.every(({ pid }) => isAlive(pid)) || this.#standby.url === null) return false;
    const ready = await Promise.all(services.map(({ http }) => isReady(http)));
    if (!ready.every(Boolean) || !(await isReady(this.#standby.url))) return false;
    if ((await this.#schedulers()).filter((one) => one.leads).length !== 1) return false;
    await Promise.all(['ollama' as const, 'comfyui' as const].map((name) => this.#engineAnswers(name)));
    const [person] = await this.people();
    if (person === undefined) return false;
    const { phase, waiting, running } = await person.gpu();
    return (phase === 'idle' || phase === 'serving') && waiting === 0 && running === 0;
  }

  async #engineAnswers(name: EngineName): Promise<void> {
    await (await this.stack.engine(name)).get('/__control');
  }

  get card(): Stack['card'] {
    return this.stack.card;
  }
}

async function leads(url: string): Promise<boolean> {
  try {
    const metrics = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(1_000) })).text();
    return /^baton_gpu_leader(?:\{.*\})? 1$/m.test(metrics);
  } catch {
    return false;
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
