import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { BatonApi } from '../demo/baton-api.ts';
import { withStack } from './bench-stack.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport } from './figure.ts';
import { descendantsOf, memoryOf, sumOf } from './process-memory.ts';
import type { Memory } from './process-memory.ts';

const GOAL_RSS_MIB = 600;

const READ_EVERY_MS = 2_000;
/** Two readings that differ by less count as the same. */
const SETTLED_WITHIN = 0.01;
const SETTLE_TIMEOUT_MS = 60_000;
/** A bare Node has nothing to do and settles at once. */
const BARE_NODE_MS = 1_000;

interface Reading {
  readonly services: Readonly<Record<string, Memory>>;
  readonly controls: Readonly<Record<string, Memory>>;
}

/** What the five services hold when they have answered once and have nothing to do. */
export const idleMemory: Figure = {
  name: 'idle-memory',
  title: 'Memory of the idle stack',
  run: async ({ root, say }: FigureContext): Promise<FigureReport> => {
    const bareNode = await readBareNode();
    return withStack(root, async (stack) => {
      say(
        `Baton is ready after ${(stack.readyMs / 1_000).toFixed(1)} s; waiting until its memory stands still.`,
      );
      await answerOnce(stack);
      return report(await readSettled(stack), bareNode, stack.readyMs);
    });
  },
};

/** Something that was never asked anything has not loaded all that it needs. */
async function answerOnce(stack: BenchStack): Promise<void> {
  const api = new BatonApi(stack.run.url);
  await api.register(`bench-${randomBytes(4).toString('hex')}`, randomBytes(16).toString('base64url'));
  const chatId = await api.createChat('Benchmark', await api.defaultModel());
  const { reply } = await api.sendMessage(chatId, 'Say something.');
  for await (const event of api.events(reply.id)) if (event.type === 'end') return;
}

async function readSettled(stack: BenchStack): Promise<Reading & { readonly isSettled: boolean }> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  let before = read(stack);
  for (;;) {
    await pause(READ_EVERY_MS);
    const now = read(stack);
    const [a, b] = [before, now].map(({ services }) => sumOf(Object.values(services)).rssMib);
    const isSettled = Math.abs((b ?? 0) / (a ?? 0) - 1) < SETTLED_WITHIN;
    if (isSettled || performance.now() > deadline) return { ...now, isSettled };
    before = now;
  }
}

function read({ run, launcherPid }: BenchStack): Reading {
  const services = Object.entries(run.services).map(([name, { pid }]) => [name, memoryOf(pid)] as const);
  const below = descendantsOf(launcherPid);
  const those = (word: string): Memory =>
    sumOf(
      below
        .filter(({ command }) => command.some((part) => part.includes(word)))
        .map(({ pid }) => memoryOf(pid)),
    );
  return {
    services: Object.fromEntries(services),
    controls: {
      Redis: those('redis-server'),
      simulators: those('engine-simulator'),
      launcher: memoryOf(launcherPid),
    },
  };
}

async function readBareNode(): Promise<Memory> {
  const node = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000_000)'], { stdio: 'ignore' });
  try {
    await once(node, 'spawn');
    await pause(BARE_NODE_MS);
    return memoryOf(node.pid ?? 0);
  } finally {
    node.kill();
  }
}

function report(
  { services, controls, isSettled }: Reading & { readonly isSettled: boolean },
  bareNode: Memory,
  readyMs: number,
): FigureReport {
  const total = sumOf(Object.values(services));
  const row = (name: string, { rssMib, pssMib }: Memory): string[] => [
    name,
    rssMib.toFixed(0),
    pssMib.toFixed(0),
    (rssMib / bareNode.rssMib).toFixed(2),
  ];
  return {
    table: [
      ['', 'RSS MiB', 'PSS MiB', 'RSS / bare Node'],
      ...Object.entries(services).map(([name, memory]) => row(name, memory)),
      row('all services', total),
      row(`bare Node ${process.versions.node} (control)`, bareNode),
      ...Object.entries(controls).map(([name, memory]) => row(`${name} (control)`, memory)),
    ],
    verdicts: [
      {
        goal: `the services together at most ${GOAL_RSS_MIB} MiB RSS`,
        measured: `${total.rssMib.toFixed(0)} MiB`,
        holds: isSettled ? total.rssMib <= GOAL_RSS_MIB : null,
      },
    ],
    notes: isSettled ? [] : ['VOID: the memory did not come to rest.'],
    data: { services, controls, bareNode, total, readyMs },
  };
}
