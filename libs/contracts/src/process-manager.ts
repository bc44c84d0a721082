import { z } from 'zod';
import { defineCall } from './call.ts';
import { engineName, lane, type EngineName } from './engine.ts';
import { cardView, engineView } from './gpu-scheduler.ts';
import { swapPhase, swapRecord } from './timeline.ts';

/** Headers that every request through the guard must carry. */
export const GUARD_HEADERS = { lease: 'x-baton-lease', fence: 'x-baton-fence' } as const;

/** Path prefix of an engine behind the guard, on the process-manager's HTTP address. */
export function guardPath(engine: EngineName): string {
  return `/engines/${engine}`;
}

/**
 * Lets a lease through the guard. Idempotent. Refused with `gpu.stale_fence` when the fence is smaller than the highest
 * seen, with `gpu.swap_failed` when the lane's engine does not own the GPU.
 */
export const admitLease = defineCall('guard.admit', {
  request: z.object({
    leaseId: z.string(),
    fence: z.int().positive(),
    lane,
    /** See `gpuJob.alsoModels`. */
    alsoModels: z.array(z.string().min(1)).max(4).default([]),
  }),
  reply: z.object({ bootId: z.string() }),
  timeoutMs: 2_000,
});

/**
 * Shuts the door for a lease and answers when it is shut: connections cut, a ComfyUI prompt of this lease interrupted
 * until it is gone. Idempotent; an unknown lease counts as shut. `quiet` is false when the engine would not let go in
 * time, and then it must be stopped before somebody else is let in.
 */
export const revokeLease = defineCall('guard.revoke', {
  request: z.object({ leaseId: z.string() }),
  reply: z.object({
    quiet: z.boolean(),
    openConnections: z.int().nonnegative(),
    tookMs: z.int().nonnegative(),
  }),
  timeoutMs: 30_000,
});

/**
 * Begins to hand the GPU over and answers at once; phases and the end come as `nodeEvent`s and in `node.status`.
 * The same `swapId` is the same swap. `to` null frees the card. A fence below the highest seen is `gpu.stale_fence`.
 */
export const startSwap = defineCall('swap.start', {
  request: z.object({
    swapId: z.string(),
    fence: z.int().positive(),
    to: lane.nullable(),
    /** How long connections of the old engine may take to end by themselves before they are cut. */
    drainMs: z.int().nonnegative(),
  }),
  reply: z.object({ accepted: z.literal(true) }),
  timeoutMs: 2_000,
});

export const swapEnd = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('done'), swapId: z.string(), fence: z.int(), record: swapRecord }),
  z.object({
    outcome: z.literal('failed'),
    swapId: z.string(),
    fence: z.int(),
    record: swapRecord,
    code: z.string(),
  }),
]);
export type SwapEnd = z.infer<typeof swapEnd>;

/** Reported, never killed. */
export const stowaway = z
  .object({ pid: z.int().positive(), name: z.string(), used_mib: z.int().nonnegative() })
  .meta({ id: 'Stowaway' });
export type Stowaway = z.infer<typeof stowaway>;

export const nodeStatus = z.object({
  node: z.string(),
  /** Changes when the process-manager starts anew: every lease it had admitted is unknown to it then. */
  bootId: z.string(),
  highestFence: z.int().nonnegative(),
  /** Whose engine may be used now; null when the gate is closed. */
  owner: lane.nullable(),
  admitted: z.array(z.string()),
  swap: z
    .object({ swapId: z.string(), phase: swapPhase, startedAtMs: z.int(), to: lane.nullable() })
    .nullable(),
  lastSwap: swapEnd.nullable(),
  card: cardView.nullable(),
  engines: z.array(engineView),
  /** Programs that use the card and are none of this node's engines. For administrators: it names processes of the host. */
  stowaways: z.array(stowaway).default([]),
});
export type NodeStatus = z.infer<typeof nodeStatus>;

export const readNodeStatus = defineCall('node.status', {
  request: z.object({}),
  reply: nodeStatus,
  timeoutMs: 2_000,
});

/** What the process-manager tells the scheduler, in the stream `gpuKeys(node).node`. */
export const nodeEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('node.started'), bootId: z.string(), highestFence: z.int().nonnegative() }),
  z.object({ type: z.literal('swap.phase'), swapId: z.string(), phase: swapPhase }),
  z.object({ type: z.literal('swap.ended'), end: swapEnd }),
  z.object({ type: z.literal('engine.changed'), view: engineView }),
  z.object({ type: z.literal('card.changed'), card: cardView }),
  /** Somebody had the lane's model taken off the card by hand: nobody owns the GPU now, and that is as it was wanted. */
  z.object({ type: z.literal('model.unloaded'), lane }),
]);
export type NodeEvent = z.infer<typeof nodeEvent>;

/** A model that is installed in an engine, loaded or not. */
export const engineModel = z.object({
  name: z.string(),
  digest: z.string(),
  /** On disk. */
  size_bytes: z.number().nonnegative(),
  family: z.string(),
  parameter_size: z.string(),
  quantization: z.string(),
  context_length: z.int().positive().nullable(),
  /** Ollama's words: `completion`, `vision`, `tools`, `thinking`, `embedding`, … */
  capabilities: z.array(z.string()),
  /** Of the card's memory; null when it is not loaded. Absent while that is not known, and from a process-manager of before. */
  loaded_bytes: z.number().nonnegative().nullable().optional(),
});
export type EngineModel = z.infer<typeof engineModel>;

/**
 * What is installed. Looking is not using: no lease, and no engine is started for it. `live` is at most a few seconds old;
 * `last_known` was true when the engine last ran, and is empty when it never did.
 */
export const listEngineModels = defineCall('engine.models', {
  request: z.object({ engine: z.literal('ollama') }),
  reply: z.object({
    source: z.enum(['live', 'last_known']),
    at_ms: z.int().nonnegative(),
    simulated: z.boolean(),
    models: z.array(engineModel),
  }),
  timeoutMs: 5_000,
});

/**
 * What ComfyUI says about these node classes (`GET /object_info`), as it says it; one that it does not have is left out.
 * Looking is not using: no lease, and no engine is started for it. Null while ComfyUI does not run: what an earlier one had
 * says nothing about the next one, whose folders may have been filled meanwhile.
 */
export const describeNodeClasses = defineCall('engine.node_classes', {
  request: z.object({ classes: z.array(z.string().min(1).max(200)).min(1).max(200) }),
  reply: z.object({ classes: z.record(z.string(), z.unknown()).nullable() }),
  timeoutMs: 10_000,
});

const modelName = z.string().min(1).max(200);

/**
 * Puts the wish to load a model before the scheduler, which grants it its turn. `done` when it has the GPU already.
 *
 * @throws `model.unknown` when it is not installed, `engine.unavailable`
 */
export const loadEngineModel = defineCall('engine.load_model', {
  request: z.object({ model: modelName }),
  reply: z.object({ state: z.enum(['done', 'accepted']) }),
  timeoutMs: 8_000,
});

/**
 * Takes one model out of the card's memory and answers when it is gone, by the word of Ollama and of the driver. Between
 * swaps, never under a lease: `accepted` when somebody uses it, and it goes as soon as nobody does. A swap that comes
 * meanwhile goes first (`model.in_use`). Nothing is killed for it.
 *
 * @throws `model.unknown`, `model.in_use`, `engine.unavailable`, `engine.stalled` when it would not go in time
 */
export const unloadEngineModel = defineCall('engine.unload_model', {
  request: z.object({ model: modelName }),
  reply: z.object({
    state: z.enum(['done', 'accepted']),
    was_loaded: z.boolean(),
    freed_bytes: z.int().nonnegative(),
    took_ms: z.int().nonnegative(),
  }),
  timeoutMs: 30_000,
});

/**
 * Unloads the model and deletes it from the disk.
 *
 * @throws as `engine.unload_model`; `model.in_use` also while somebody uses it
 */
export const deleteEngineModel = defineCall('engine.delete_model', {
  request: z.object({ model: modelName }),
  reply: z.object({ freed_bytes: z.int().nonnegative(), took_ms: z.int().nonnegative() }),
  timeoutMs: 35_000,
});

/**
 * POST on the process-manager's HTTP address, with the internal secret: downloads a model and answers as Ollama does, line
 * by line (NDJSON). It needs disk and network and not the GPU, so no lease. Closing the connection ends the download; a
 * later one goes on where it was.
 */
export const PULL_PATH = '/internal/models/pull';
export const enginePullBody = z.object({ model: modelName });

/**
 * Ends an engine's process and starts it anew; what runs in it is lost, so its leases are revoked first. An engine that is
 * not ours to stop is `engine.not_ours`.
 */
export const restartEngine = defineCall('engine.restart', {
  request: z.object({ engine: engineName }),
  reply: z.object({ accepted: z.literal(true) }),
  timeoutMs: 5_000,
});

/** The last lines an engine printed, oldest first. For administrators: an engine may print what people wrote to it. */
export const readEngineLogs = defineCall('engine.logs', {
  request: z.object({ engine: engineName, lines: z.int().min(1).max(2_000).default(200) }),
  reply: z.object({ lines: z.array(z.object({ at_ms: z.int(), text: z.string() })) }),
  timeoutMs: 3_000,
});

/** Memory of the card over time, oldest first, for the metrics page. */
export const readCardHistory = defineCall('card.history', {
  request: z.object({}),
  reply: z.object({
    every_ms: z.int().positive(),
    samples: z.array(
      z.object({
        at_ms: z.int(),
        used_mib: z.int().nonnegative(),
        total_mib: z.int().nonnegative(),
        foreign_mib: z.int().nonnegative().nullable(),
        owner: engineName.nullable(),
      }),
    ),
  }),
  timeoutMs: 3_000,
});
