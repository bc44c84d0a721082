import { z } from 'zod';
import { defineCall } from './call.ts';
import { engineName, lane } from './engine.ts';
import { waitReason } from './reply-log.ts';
import { laneLabel, swapPhase, swapRecord } from './timeline.ts';

/** The only node of a small installation. */
export const DEFAULT_NODE = 'gpu0';

export const nodeName = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/, { error: 'must be the name of a node: lower-case letters, digits, dashes' });

/** Which GPU is meant; without it the first one of the list that the scheduler was given. */
const ofNode = { node: nodeName.optional() };

/** The BullMQ queue of a node: every piece of GPU work is a job in it. */
export function gpuQueueName(node: string): string {
  return `gpu-${node}`;
}

/** Redis keys of a node. They share a hash tag, so that one script may touch several of them in a cluster. */
export function gpuKeys(node: string) {
  const tag = `{gpu:${node}}`;
  return {
    /** String: id of the leading scheduler, with an expiry. */
    leader: `${tag}:leader`,
    /** Counter: grows with every change of leader; each script of the scheduler quotes it. */
    epoch: `${tag}:epoch`,
    /** Counter: grows with every visit; the guard refuses a smaller one than it has seen. */
    fence: `${tag}:fence`,
    /** Sorted set: lease id by expiry (ms, Redis TIME). */
    leases: `${tag}:leases`,
    /** Hash of one lease; fields in `leaseRecord`. */
    lease: (leaseId: string): string => `${tag}:lease:${leaseId}`,
    /** Set: ids of jobs whose cancellation was asked for and not yet carried out. */
    cancels: `${tag}:cancels`,
    /** Stream, holders and submitters to the scheduler: `inboxEntry`. A wake-up; the truth is in the keys above. */
    inbox: `${tag}:inbox`,
    /** Stream, scheduler to everybody: `gpuEvent`. */
    events: `${tag}:events`,
    /** String: the last published `gpuStatus`, for readers that come late. */
    status: `${tag}:status`,
    /** Stream, process-manager to the scheduler: `nodeEvent`. */
    node: `${tag}:node`,
    /** Stream, the scheduler's memory of visits that are over: `visitRecord`. Trimmed. */
    history: `${tag}:history`,
    /** Hash, the visit under way: what a next leader needs to go on with its record. The scheduler's own. */
    visit: `${tag}:visit`,
    /** String: what the scheduler has learned about times, kept for its next term. */
    estimates: `${tag}:estimates`,
    /** String: the `switchOrder` that is not carried out yet. */
    order: `${tag}:order`,
  } as const;
}

/** Every stream entry of this owner has one field of this name that holds JSON. */
export const STREAM_FIELD = 'data';

export const gpuJobKind = z.enum(['reply', 'prompting', 'render']);
export type GpuJobKind = z.infer<typeof gpuJobKind>;

/** How much somebody minds the wait. */
export const gpuUrgency = z.enum(['interactive', 'background', 'chore']);
export type GpuUrgency = z.infer<typeof gpuUrgency>;

/** Data of a GPU job. No prompt and no picture in it: Redis keeps finished jobs for a while. */
export const gpuJob = z.object({
  version: z.literal(1),
  lane,
  kind: gpuJobKind,
  userId: z.int().positive(),
  /** The assistant message that the work is for. */
  messageId: z.int().positive(),
  chatId: z.int().positive(),
  /** Expected time on the GPU, without waiting; from own measurements where there are any. */
  estimateMs: z.int().positive(),
  /** How much work, in units of its kind (an image: steps times megapixels): the scheduler learns the time of one. */
  workUnits: z.number().positive().optional(),
  /**
   * `interactive` (also when absent): somebody waits for it. `background`: batches; they go when nobody interactive waits,
   * and after a bound of their own. `chore`: titles and the like; only on the lane that has the GPU while nobody waits,
   * never the reason of a swap.
   */
  urgency: gpuUrgency.optional(),
  /** Models of the same Ollama that the work uses beside the lane's, its own last: then that one stays in memory. */
  alsoModels: z.array(z.string().min(1)).max(4).optional(),
  submittedAtMs: z.int().positive(),
  correlationId: z.string(),
});
export type GpuJob = z.infer<typeof gpuJob>;

/** Natural order of BullMQ (smaller is sooner), shown by dashboards; the policy decides for itself. 0 is never used. */
export const GPU_JOB_PRIORITY = { comfyui: 10, ollama: 20 } as const;
const BEHIND_EVERYBODY = { interactive: 0, background: 100, chore: 200 } as const;

export function gpuJobPriority({ lane: { engine }, urgency }: Pick<GpuJob, 'lane' | 'urgency'>): number {
  return GPU_JOB_PRIORITY[engine] + BEHIND_EVERYBODY[urgency ?? 'interactive'];
}

export const leaseOutcome = z.enum(['completed', 'failed', 'cancelled']);
export type LeaseOutcome = z.infer<typeof leaseOutcome>;

/** Why it was this job's turn. */
export const grantReason = z.enum([
  /** Its lane has the GPU and nobody else waits for another. */
  'visit_open',
  /** A visit serves at least one job. */
  'minimum_service',
  /** It had arrived before the gate was closed. */
  'owed',
  /** A place was free while others finish, and it fits into that time. */
  'rides_along',
  /** It has waited so long that age goes before fairness. */
  'aged',
]);
export type GrantReason = z.infer<typeof grantReason>;

/** Fields of a lease hash, all strings in Redis. */
export const leaseRecord = z.object({
  leaseId: z.string(),
  jobId: z.string(),
  lane: z.string().transform((text) => lane.parse(JSON.parse(text))),
  fence: z.coerce.number().int().positive(),
  userId: z.coerce.number().int().positive(),
  kind: gpuJobKind,
  messageId: z.coerce.number().int().positive(),
  chatId: z.coerce.number().int().positive(),
  /** BullMQ lock token: whoever leads finishes the job with it. */
  lockToken: z.string(),
  grantedAtMs: z.coerce.number().int().positive(),
  /** `live` until the holder releases or the scheduler revokes. */
  state: z.enum(['live', 'released', 'revoked']),
  outcome: leaseOutcome.optional(),
  /** For the history of a next leader; absent in leases of before 2026-11-21. */
  reason: grantReason.optional(),
  submittedAtMs: z.coerce.number().int().positive().optional(),
  estimateMs: z.coerce.number().int().positive().optional(),
  /** Absent: interactive. */
  urgency: gpuUrgency.optional(),
});
export type LeaseRecord = z.infer<typeof leaseRecord>;

export const LEASE_TTL_MS = 5_000;
export const LEASE_HEARTBEAT_MS = 1_000;
/** A holder that could not renew stops using the engine by itself this long before the expiry. */
export const LEASE_SAFETY_MS = 1_000;

/**
 * A switch by hand. It waits its turn like somebody's job, or with `force` ends the visit that is under way: leases in it
 * are taken back (`visit_over`). `model` null for Ollama: the model that was resident last.
 */
export const switchOrder = z.object({
  id: z.string(),
  engine: engineName,
  model: z.string().min(1).nullable(),
  force: z.boolean(),
});
export type SwitchOrder = z.infer<typeof switchOrder>;

export const inboxEntry = z.discriminatedUnion('type', [
  /** `job` spares the scheduler a look at the queue; written only after the job is in it. */
  z.object({ type: z.literal('submitted'), jobId: z.string(), job: gpuJob.optional() }),
  z.object({ type: z.literal('cancel'), jobId: z.string() }),
  z.object({ type: z.literal('released'), leaseId: z.string(), jobId: z.string(), outcome: leaseOutcome }),
  /** From `POST /switch` of the process-manager: the same as the call `gpu.switch`. */
  z.object({ type: z.literal('order'), order: switchOrder }),
]);
export type InboxEntry = z.infer<typeof inboxEntry>;

export const revokeReason = z.enum(['expired', 'cancelled', 'engine_lost', 'visit_over', 'node_lost']);
export type RevokeReason = z.infer<typeof revokeReason>;

/** Where a waiting job stands. */
export const waitingView = z.object({
  jobId: z.string(),
  stage: z.enum(['queued', 'swapping', 'loading']),
  position: z.int().positive().nullable(),
  reason: waitReason,
  etaP50Ms: z.int().nonnegative().nullable(),
  etaP90Ms: z.int().nonnegative().nullable(),
  /** Set while the hand-over that this job waits for is under way. */
  swap: z.object({ from: laneLabel.nullable(), to: laneLabel.nullable(), phase: swapPhase }).nullable(),
});
export type WaitingView = z.infer<typeof waitingView>;

export const engineState = z.enum(['stopped', 'starting', 'ready', 'stopping', 'failed', 'unreachable']);
export type EngineState = z.infer<typeof engineState>;

export const cardView = z
  .object({
    name: z.string(),
    total_mib: z.int().nonnegative(),
    used_mib: z.int().nonnegative(),
    /** Of that, in use by programs that are none of this node's engines; null when the driver does not tell. */
    foreign_mib: z.int().nonnegative().nullable().default(null),
    simulated: z.boolean(),
  })
  .meta({ id: 'Card' });
export type CardView = z.infer<typeof cardView>;

export const engineView = z
  .object({
    engine: engineName,
    state: engineState,
    simulated: z.boolean(),
    /** `attached`: it was running before us and is never stopped by us. `child`: started and stopped by us. */
    driver: z.enum(['attached', 'child', 'systemd', 'docker', 'kubernetes', 'external']),
    loaded_models: z.array(z.string()),
  })
  .meta({ id: 'EngineView' });
export type EngineView = z.infer<typeof engineView>;

/** Who holds the GPU, what happens to it, who waits. People's requests are counted here, never named. */
export const gpuStatus = z
  .object({
    node: z.string(),
    phase: z.enum(['idle', 'serving', 'draining', 'swapping', 'unavailable']),
    holder: laneLabel.nullable().meta({ description: 'Whose turn it is; null while nobody owns the GPU' }),
    holder_since_ms: z.int().nullable(),
    swap: z
      .object({
        id: z.string(),
        from: laneLabel.nullable(),
        to: laneLabel.nullable(),
        phase: swapPhase,
        started_at_ms: z.int(),
      })
      .nullable(),
    last_swap: swapRecord.nullable(),
    running: z.int().nonnegative(),
    waiting: z.int().nonnegative(),
    card: cardView.nullable(),
    engines: z.array(engineView),
    at_ms: z.int(),
  })
  .meta({ id: 'GpuStatus' });
export type GpuStatus = z.infer<typeof gpuStatus>;

/** What the scheduler tells the world. */
export const gpuEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('job.waiting'), jobs: z.array(waitingView) }),
  z.object({
    type: z.literal('lease.granted'),
    jobId: z.string(),
    leaseId: z.string(),
    fence: z.int().positive(),
    lane,
    ttlMs: z.int().positive(),
    /** The hand-over that the job waited for, if it did. */
    swap: swapRecord.nullable(),
  }),
  z.object({
    type: z.literal('lease.revoked'),
    jobId: z.string(),
    leaseId: z.string(),
    reason: revokeReason,
  }),
  z.object({
    type: z.literal('job.ended'),
    jobId: z.string(),
    outcome: leaseOutcome,
    /** An error code of the kernel's table, for `failed`. */
    code: z.string().nullable(),
    /** For a job that was not let into the queue: how long it would have had to wait. */
    expectedWaitMs: z.int().nonnegative().optional(),
    /** False: the engine would not let go of the lease's work in time and has to be cleared. Absent: it has nothing of it. */
    quiet: z.boolean().optional(),
  }),
  z.object({ type: z.literal('gpu.status'), status: gpuStatus }),
]);
export type GpuEvent = z.infer<typeof gpuEvent>;

/** One entry of the queue as the scheduler knows it; the gateway redacts what is not the asker's own. */
export const queueEntry = z.object({
  jobId: z.string(),
  userId: z.int().positive(),
  chatId: z.int().positive(),
  messageId: z.int().positive(),
  kind: gpuJobKind,
  lane: laneLabel,
  running: z.boolean(),
  /** Absent: interactive. */
  urgency: gpuUrgency.optional(),
  submittedAtMs: z.int(),
  view: waitingView.nullable(),
});
export type QueueEntry = z.infer<typeof queueEntry>;

/** Which GPUs there are, in the order of the configuration. */
export const readGpuNodes = defineCall('gpu.nodes', {
  request: z.object({}),
  reply: z.object({ nodes: z.array(z.string()).min(1) }),
  timeoutMs: 2_000,
});
export const readGpuStatus = defineCall('gpu.status', {
  request: z.object(ofNode),
  reply: gpuStatus,
  timeoutMs: 2_000,
});
export const readGpuQueue = defineCall('gpu.queue', {
  request: z.object(ofNode),
  reply: z.object({ entries: z.array(queueEntry) }),
  timeoutMs: 2_000,
});

/** Why the GPU is handed over. */
export const swapCause = z.enum([
  /** Nobody else was served: somebody waits for the other lane. */
  'job_waiting',
  /** The engine's turn is over and the other engine has somebody waiting. */
  'turn_over',
  /** The next model of Ollama's tour, before the images have their turn. */
  'tour',
  /** Waiting for another model has cost as much as the change costs. */
  'worth_it',
  'return_home',
  'engine_not_quiet',
  /** An administrator asked for it. */
  'by_hand',
]);
export type SwapCause = z.infer<typeof swapCause>;

/** One lease of a visit, as history keeps it. */
export const leaseHistory = z
  .object({
    lease_id: z.string(),
    job_id: z.string(),
    user_id: z.int().positive(),
    kind: gpuJobKind,
    message_id: z.int().positive(),
    reason: grantReason,
    submitted_at_ms: z.int(),
    granted_at_ms: z.int(),
    /** Null while it is held. */
    ended_at_ms: z.int().nullable(),
    outcome: leaseOutcome.nullable(),
    code: z.string().nullable(),
    estimate_ms: z.int().positive(),
    /** Absent: interactive. */
    urgency: gpuUrgency.optional(),
  })
  .meta({ id: 'LeaseHistory' });
export type LeaseHistory = z.infer<typeof leaseHistory>;

/** One visit with the hand-over that began it and every lease in it. Without a lane: the card was cleared, or the swap failed. */
export const visitRecord = z
  .object({
    node: z.string(),
    fence: z.int().positive(),
    lane: laneLabel.nullable(),
    /** Null for a visit that a new leader found. */
    cause: swapCause.nullable(),
    swap: swapRecord.nullable(),
    /** An error code, when the swap failed. */
    failed: z.string().nullable(),
    /** When the lane had the GPU; while the hand-over lasts, and when it failed, its beginning. */
    opened_at_ms: z.int(),
    /** Null while it lasts. */
    closed_at_ms: z.int().nullable(),
    leases: z.array(leaseHistory),
    /** A long visit is kept in parts, from 1 on; only the first one has cause and swap. Absent: it has one part. */
    part: z.int().positive().optional(),
  })
  .meta({ id: 'VisitRecord' });
export type VisitRecord = z.infer<typeof visitRecord>;

/** Position in the history: an id of its stream. */
export const historyCursor = z
  .string()
  .regex(/^\d{1,16}-\d{1,10}$/, { error: 'must be the next of an answer' });

/**
 * Visits, newest first; `before` is the `next` of an earlier answer. Without it the visit under way comes first, beside
 * the `limit`.
 */
export const readGpuHistory = defineCall('gpu.history', {
  request: z.object({
    ...ofNode,
    before: historyCursor.optional(),
    limit: z.int().min(1).max(200).default(50),
  }),
  reply: z.object({ visits: z.array(visitRecord), next: z.string().nullable() }),
  timeoutMs: 5_000,
});

export const switchGpu = defineCall('gpu.switch', {
  request: switchOrder.extend(ofNode),
  /** `done`: that lane has the GPU already. `accepted`: it will, and the status and the history show when. */
  reply: z.object({ state: z.enum(['done', 'accepted']) }),
  timeoutMs: 3_000,
});
