import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@baton/testing';
import type { EngineName } from '@baton/contracts';
import { isAlive } from '../testing/process-table.ts';
import type { FaultName, Victim } from './cells.ts';
import type { Chance } from './random.ts';
import type { Stage } from './stage.ts';

/** From a hiccup to longer than a lease or a leadership lives. */
const PAUSES_MS = {
  short: [150, 1_200],
  leadership: [1_700, 2_800],
  lease: [5_500, 7_500],
} as const;
/** What Redis may lose when the machine dies: its file of writes ends somewhere. */
const LOST_BYTES = { from: 200, to: 16_000 } as const;
const LATE_PORT_MS = { from: 800, to: 2_500 } as const;
const NEW_PROCESS_TIMEOUT_MS = 10_000;

const AT_ONCE: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'ollama:crash': { runnerCrash: { times: 1, afterTokens: 20 } },
  'ollama:unload-hangs': { unloadHangs: { times: 1 } },
  'comfyui:crash': { crash: { times: 1, afterSteps: 4 } },
  'comfyui:zombie': { zombie: { times: 1 } },
  'comfyui:lost-interrupt': { interruptIgnored: { times: 2 } },
  'comfyui:free-ignored': { freeIgnored: { times: 1 } },
};
const OFF: Readonly<Record<EngineName, Readonly<Record<string, unknown>>>> = {
  ollama: { runnerCrash: false, unloadHangs: false },
  comfyui: { crash: false, zombie: false, interruptIgnored: false, freeIgnored: false },
};

export interface StrikeContext {
  readonly stage: Stage;
  readonly chance: Chance;
  readonly pace: 'short' | 'long';
  /** Somebody changes their mind about a picture. */
  readonly stopARender: () => Promise<string>;
  /** What has to be done when the run is over, whatever came of it. */
  readonly afterwards: (act: () => void) => void;
}

/** Switches on what an engine does wrong by itself. */
export async function arm(fault: FaultName, stage: Stage): Promise<void> {
  const faults = AT_ONCE[fault];
  if (faults !== undefined) await stage.setEngine(engineOf(fault), { faults });
}

/** Nothing that was armed and did not strike may strike in the next run. */
export async function disarm(fault: FaultName, stage: Stage): Promise<void> {
  const engine = engineOf(fault);
  if (AT_ONCE[fault] !== undefined) await stage.setEngine(engine, { faults: OFF[engine] });
}

/** Breaks something. Resolves, with what was done in words, when it is broken no more or nobody will mend it. */
export async function strike(fault: FaultName, context: StrikeContext): Promise<string> {
  const [kind = '', what = ''] = fault.split(':');
  if (fault === 'comfyui:lost-interrupt') return context.stopARender();
  if (fault === 'none' || AT_ONCE[fault] !== undefined) return '';
  if (kind === 'redis') return strikeRedis(what, context);
  if (kind === 'kill') return kill(what as Victim, context);
  if (kind === 'pause') return pauseProcess(what as Victim, context);
  return what === 'hang' ? hang(kind as EngineName, context) : openLate(kind as EngineName, context);
}

async function kill(victim: Victim, { stage }: StrikeContext): Promise<string> {
  const pid = await stage.pidOf(victim);
  stage.kill(victim, pid);
  return `killed ${victim}`;
}

async function pauseProcess(victim: Victim, context: StrikeContext): Promise<string> {
  const pid = await context.stage.pidOf(victim);
  return `stopped ${victim} for ${await freeze(pid, context)} ms`;
}

/** Resolves with the time for which the process was stopped. */
async function freeze(pid: number, { chance, pace, afterwards }: StrikeContext): Promise<number> {
  const kinds =
    pace === 'short' ? (['short', 'leadership'] as const) : (['short', 'leadership', 'lease'] as const);
  const [from, to] = PAUSES_MS[chance.pick(kinds)];
  const ms = chance.between(from, to);
  process.kill(pid, 'SIGSTOP');
  afterwards(() => goOn(pid));
  await pause(ms);
  goOn(pid);
  return ms;
}

/** Nobody wakes it: whoever needs it has to end it. */
async function hang(engine: EngineName, { stage, afterwards }: StrikeContext): Promise<string> {
  const pid = await stage.pidOf(engine);
  process.kill(pid, 'SIGSTOP');
  afterwards(() => goOn(pid));
  return `stopped ${engine} for good`;
}

/** The new process stands still before its port is open, as one does whose start takes long. */
async function openLate(engine: EngineName, { stage, chance, afterwards }: StrikeContext): Promise<string> {
  const before = await stage.pidOf(engine);
  const ms = chance.between(LATE_PORT_MS.from, LATE_PORT_MS.to);
  stage.kill(engine, before);
  const pid = await eventually(
    async () => {
      const now = await stage.pidOf(engine);
      return now === before ? null : now;
    },
    { timeoutMs: NEW_PROCESS_TIMEOUT_MS, everyMs: 5 },
  ).catch(() => 0);
  if (pid === 0) return `killed ${engine}, which nobody started again so far`;
  process.kill(pid, 'SIGSTOP');
  afterwards(() => goOn(pid));
  await pause(ms);
  goOn(pid);
  return `killed ${engine}, and its port opened ${ms} ms late`;
}

async function strikeRedis(what: string, context: StrikeContext): Promise<string> {
  const { stage, chance } = context;
  const pid = await stage.stack.redisPid();
  if (what === 'pause') return `stopped Redis for ${await freeze(pid, context)} ms`;
  let lost = '';
  if (what !== 'kill') {
    // Stopped first: what it writes meanwhile would not be lost.
    process.kill(pid, 'SIGSTOP');
    lost = what === 'empty' ? forgetAll(stage) : forgetTail(stage, chance);
  }
  stage.kill('redis', pid);
  return `killed Redis${lost}`;
}

function forgetAll(stage: Stage): string {
  rmSync(join(stage.stack.dataDir, 'redis', 'appendonlydir'), { recursive: true, force: true });
  return ', all its data lost';
}

function forgetTail(stage: Stage, chance: Chance): string {
  const folder = join(stage.stack.dataDir, 'redis', 'appendonlydir');
  const name = readdirSync(folder).find((file) => file.endsWith('.incr.aof'));
  if (name === undefined) return '';
  const file = join(folder, name);
  const { size } = statSync(file);
  const lost = Math.min(size, chance.between(LOST_BYTES.from, LOST_BYTES.to));
  truncateSync(file, size - lost);
  return `, the last ${lost} bytes of its file lost`;
}

function goOn(pid: number): void {
  if (isAlive(pid)) process.kill(pid, 'SIGCONT');
}

function engineOf(fault: FaultName): EngineName {
  return fault.startsWith('comfyui') ? 'comfyui' : 'ollama';
}
