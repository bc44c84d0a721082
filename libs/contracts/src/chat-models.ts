import { z } from 'zod';
import { taskType } from './answer.ts';
import { defineCall } from './call.ts';
import { id } from './chat-service.ts';

/** Model servers, what is installed on them, and comparisons between models. */

const name = z.string().trim().min(1).max(200);

/** `main` is the Ollama of the GPU nodes, `1`, `2`, … those of OLLAMA_URL_1, …, `local` the CPU engine. */
export const serverId = z.string().regex(/^(main|local|\d{1,3})$/, { message: 'must be the id of a server' });

export const serverModel = z
  .object({
    model: z.string(),
    size_bytes: z.int().nonnegative(),
    parameter_size: z.string().nullable(),
    quantization: z.string().nullable(),
    context_length: z.int().positive().nullable(),
    capabilities: z.array(z.string()),
    loaded: z.boolean().nullable().meta({ description: 'In memory now; null while unknown' }),
    loaded_bytes: z.int().nonnegative().nullable(),
  })
  .meta({ id: 'ServerModel' });
export type ServerModel = z.infer<typeof serverModel>;

export const modelServer = z
  .object({
    id: serverId,
    place: z.enum(['gpu', 'elsewhere', 'cpu']).meta({
      description:
        '`gpu`: on a GPU node of Baton, used under a lease; `elsewhere`: has a GPU of its own; `cpu`: here',
    }),
    url: z.string().nullable().meta({ description: 'For administrators only' }),
    state: z.enum(['checking', 'up', 'down']),
    breaker: z.enum(['closed', 'open', 'half_open']),
    checked_at: z.iso.datetime().nullable(),
    error_code: z.string().nullable(),
    simulated: z.boolean(),
    capabilities: z.array(z.string()).meta({ description: 'As configured: what its model is for' }),
    default_model: z.string().nullable(),
    max_concurrent: z.int().positive(),
    running: z.int().nonnegative(),
    waiting: z.int().nonnegative(),
    models: z.array(serverModel),
  })
  .meta({ id: 'ModelServer' });
export type ModelServer = z.infer<typeof modelServer>;

export const serverList = z.object({ servers: z.array(modelServer) }).meta({ id: 'ServerList' });
export const listServers = defineCall('model.servers', {
  request: z.object({ isAdmin: z.boolean() }),
  reply: serverList,
  timeoutMs: 6_000,
});
/** `server_url` must be the address of a configured server; `server` its id. Neither is an address to be fetched. */
export const serverModelsQuery = z
  .strictObject({ server_url: z.string().max(2_000).optional(), server: serverId.optional() })
  .refine((query) => (query.server_url === undefined) !== (query.server === undefined), {
    path: ['server'],
    message: 'name either server or server_url',
  });
/** @throws `server.unknown` */
export const readServerModels = defineCall('model.server_models', {
  request: z.object({ isAdmin: z.boolean(), query: serverModelsQuery }),
  reply: modelServer,
  timeoutMs: 12_000,
});

/** Where; without it the server that has the model, the GPU node's before others. */
export const modelActionQuery = z.strictObject({ server: serverId.optional() });
export const modelAction = z
  .object({
    model: z.string(),
    server: serverId,
    state: z.enum(['done', 'accepted']).meta({ description: '`accepted`: it waits for its turn on the GPU' }),
    freed_bytes: z.int().nonnegative().nullable(),
    took_ms: z.int().nonnegative().nullable(),
    say: z.string().meta({ description: 'What happened, for people' }),
  })
  .meta({ id: 'ModelAction' });
export type ModelAction = z.infer<typeof modelAction>;
const action = z.object({ userId: id, model: name, server: serverId.optional() });
export const loadModel = defineCall('model.load', { request: action, reply: modelAction, timeoutMs: 10_000 });
/** Answers when the memory is really free, or with `accepted` when somebody still uses the model. */
export const unloadModel = defineCall('model.unload', {
  request: action,
  reply: modelAction,
  timeoutMs: 40_000,
});
export const deleteModel = defineCall('model.delete', {
  request: action,
  reply: modelAction,
  timeoutMs: 40_000,
});

export const pullBody = z
  .strictObject({ model: name, server: serverId.optional() })
  .meta({ id: 'PullModel', example: { model: 'qwen3:8b' } });
/** One download. Its events are a reply log under the key `pull-<id>`. */
export const pull = z
  .object({
    id: z.uuid(),
    model: z.string(),
    server: serverId,
    state: z.enum(['running', 'done', 'failed', 'cancelled']),
    status: z.string(),
    completed_bytes: z.int().nonnegative(),
    total_bytes: z.int().nonnegative(),
    error_code: z.string().nullable(),
    started_at: z.iso.datetime(),
  })
  .meta({ id: 'Pull' });
export type Pull = z.infer<typeof pull>;
export const startPull = defineCall('model.pull', {
  request: z.object({ userId: id, body: pullBody }),
  reply: pull,
  timeoutMs: 10_000,
});
export const listPulls = defineCall('model.pulls', {
  request: z.object({}),
  reply: z.object({ pulls: z.array(pull) }),
  timeoutMs: 5_000,
});
export const cancelPull = defineCall('model.cancel_pull', {
  request: z.object({ pullId: z.uuid() }),
  reply: pull,
  timeoutMs: 10_000,
});

/** What answers a task type now, and the pair for planning and writing (seed 003). */
export const taskModels = z
  .object({
    models: z.array(
      z.object({
        model: z.string(),
        server: serverId,
        capabilities: z.array(z.string()),
        max_concurrent: z.int().positive(),
        available: z.boolean(),
      }),
    ),
    tasks: z.array(z.object({ task_type: taskType, model: z.string(), fallback: z.boolean() })),
    pair: z.object({ planning: z.string(), generation: z.string() }),
  })
  .meta({ id: 'TaskModels' });
export type TaskModels = z.infer<typeof taskModels>;
export const readTaskModels = defineCall('model.tasks', {
  request: z.object({}),
  reply: taskModels,
  timeoutMs: 12_000,
});

/** Of the chats that ask for `model`, `share` percent are answered by `variant`; a chat stays on its side. */
export const experimentBody = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    model: name,
    variant: name,
    share: z
      .int()
      .min(1)
      .max(99)
      .default(50)
      .meta({ description: 'Percent of the chats that get the variant' }),
  })
  .refine((body) => body.model !== body.variant, { path: ['variant'], message: 'must be another model' })
  .meta({
    id: 'NewExperiment',
    example: { name: 'qwen or llama', model: 'llama3:8b', variant: 'qwen3:8b', share: 50 },
  });
export const experimentSide = z.object({
  model: z.string(),
  chats: z.int().nonnegative(),
  answers: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  up: z.int().nonnegative(),
  down: z.int().nonnegative(),
  mean_tokens: z.number().nonnegative().nullable(),
  mean_answer_ms: z
    .number()
    .nonnegative()
    .nullable()
    .meta({ description: 'From the engine taking the question to the last token, without waiting' }),
});
export const experiment = z
  .object({
    id,
    name: z.string(),
    model: z.string(),
    variant: z.string(),
    share: z.int(),
    state: z.enum(['running', 'ended']),
    sides: z.array(experimentSide),
    created_at: z.iso.datetime(),
    ended_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Experiment' });
export type Experiment = z.infer<typeof experiment>;
export const listExperiments = defineCall('experiment.list', {
  request: z.object({}),
  reply: z.object({ experiments: z.array(experiment) }),
  timeoutMs: 10_000,
});
/** @throws `experiment.model_taken` when a running one asks about the same model */
export const createExperiment = defineCall('experiment.create', {
  request: z.object({ userId: id, body: experimentBody }),
  reply: experiment,
  timeoutMs: 10_000,
});
export const endExperiment = defineCall('experiment.end', {
  request: z.object({ experimentId: id }),
  reply: experiment,
  timeoutMs: 10_000,
});
