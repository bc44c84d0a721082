import type { HistoryEntry, Message, PromptQueue, QueueItem, SavedFile } from './prompt-queue.ts';
import { isRecord } from './prompt.ts';

const STATUSES = ['pending', 'in_progress', 'completed', 'failed', 'cancelled'] as const;

export type JobStatus = (typeof STATUSES)[number];

/** A job as `/api/jobs` lists it; absent fields are left out. */
export type Job = {
  readonly id: string;
  readonly status: JobStatus;
  readonly create_time: number;
} & Readonly<Record<string, unknown>>;

export interface JobQuery {
  readonly statuses: readonly JobStatus[] | null;
  readonly workflowId: string | null;
  readonly sortBy: 'created_at' | 'execution_duration';
  readonly isDescending: boolean;
  readonly limit: number | null;
  readonly offset: number;
}

/** Reads a query string; a text says what is wrong with it. */
export function readJobQuery(query: URLSearchParams): JobQuery | string {
  const statuses =
    query
      .get('status')
      ?.split(',')
      .map((status) => status.trim().toLowerCase()) ?? null;
  const strange = statuses?.find((status) => !isStatus(status));
  if (strange !== undefined)
    return `Invalid status value(s): ${strange}. Valid values: ${STATUSES.join(', ')}`;
  const sortBy = query.get('sort_by') ?? 'created_at';
  if (sortBy !== 'created_at' && sortBy !== 'execution_duration') {
    return 'sort_by must be one of: created_at, execution_duration';
  }
  const order = query.get('sort_order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') return "sort_order must be 'asc' or 'desc'";
  const limit = wholeNumber(query.get('limit'));
  if (limit === 'wrong' || limit === 0) return 'limit must be a positive integer';
  const offset = wholeNumber(query.get('offset'));
  if (offset === 'wrong') return 'offset must be a non-negative integer';
  return {
    statuses: statuses?.filter(isStatus) ?? null,
    workflowId: query.get('workflow_id'),
    sortBy,
    isDescending: order === 'desc',
    limit,
    offset: offset ?? 0,
  };
}

export function listJobs(queue: PromptQueue, query: JobQuery): Record<string, unknown> {
  const matching = allJobs(queue)
    .filter(({ status }) => query.statuses === null || query.statuses.includes(status))
    .filter((job) => query.workflowId === null || job['workflow_id'] === query.workflowId)
    .sort((a, b) => (sortKey(a, query) - sortKey(b, query)) * (query.isDescending ? -1 : 1));
  const { offset, limit } = query;
  const jobs = matching.slice(offset, limit === null ? undefined : offset + limit);
  const pagination = {
    offset,
    limit,
    total: matching.length,
    has_more: offset + jobs.length < matching.length,
  };
  return { jobs, pagination };
}

/** One job with all there is to it, or null when the id is unknown. */
export function findJob(queue: PromptQueue, id: string): Record<string, unknown> | null {
  const entry = queue.history(id);
  if (queue.running?.[1] === id) return withWorkflow(waitingJob(queue.running, 'in_progress'), queue.running);
  const pending = queue.pending.find((item) => item[1] === id);
  if (pending !== undefined) return withWorkflow(waitingJob(pending, 'pending'), pending);
  if (entry === undefined) return null;
  const { outputs, status } = entry;
  return withWorkflow({ ...finishedJob(entry), outputs, execution_status: status }, entry.prompt);
}

function allJobs(queue: PromptQueue): Job[] {
  const { running } = queue;
  return [
    ...(running === null ? [] : [waitingJob(running, 'in_progress')]),
    ...queue.pending.map((item) => waitingJob(item, 'pending')),
    ...[...queue.allHistory()].map(finishedJob),
  ];
}

function waitingJob(item: QueueItem, status: 'pending' | 'in_progress'): Job {
  return compact({ ...headOf(item), status, outputs_count: 0, ...workflowId(item) });
}

function finishedJob({ prompt, outputs, status }: HistoryEntry): Job {
  const start = status.messages.find(([event]) => event === 'execution_start')?.[1];
  const [lastEvent, last]: Message | [null, Message[1]] = status.messages.at(-1) ?? [null, {}];
  const files = Object.entries(outputs).flatMap(([nodeId, ui]) =>
    ui.images.map((file) => ({ nodeId, mediaType: 'images', file })),
  );
  const shown = files.find(({ file }) => file.type === 'output') ?? files[0];
  return compact({
    ...headOf(prompt),
    status: verdictOf(status.status_str, lastEvent),
    execution_start_time: start?.['timestamp'],
    execution_end_time: last['timestamp'],
    execution_error: lastEvent === 'execution_error' ? last : null,
    outputs_count: files.length,
    previewable_outputs_count: files.length,
    preview_output: shown && { ...bare(shown.file), nodeId: shown.nodeId, mediaType: shown.mediaType },
    ...workflowId(prompt),
  });
}

function verdictOf(verdict: 'success' | 'error', lastEvent: string | null): JobStatus {
  if (verdict === 'success') return 'completed';
  return lastEvent === 'execution_interrupted' ? 'cancelled' : 'failed';
}

function bare({ filename, subfolder, type }: SavedFile): SavedFile {
  return { filename, subfolder, type };
}

function headOf([priority, id, , extraData]: QueueItem): {
  id: string;
  priority: number;
  create_time: number;
} {
  return { id, priority, create_time: Number(extraData['create_time'] ?? 0) };
}

function workflowId([, , , extraData]: QueueItem): { workflow_id?: unknown } {
  const { extra_pnginfo: info } = extraData;
  const workflow = isRecord(info) ? info['workflow'] : undefined;
  return isRecord(workflow) ? { workflow_id: workflow['id'] } : {};
}

function withWorkflow(job: Job, [, , prompt, extraData]: QueueItem): Record<string, unknown> {
  return { ...job, workflow: { prompt, extra_data: extraData } };
}

/** Leaves out what is null. */
function compact(job: Job): Job {
  const kept = Object.entries(job).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(kept) as Job;
}

function sortKey(job: Job, { sortBy }: JobQuery): number {
  if (sortBy === 'created_at') return job.create_time;
  const { execution_start_time: start, execution_end_time: end } = job;
  return typeof start === 'number' && typeof end === 'number' ? end - start : 0;
}

function isStatus(status: string): status is JobStatus {
  return (STATUSES as readonly string[]).includes(status);
}

function wholeNumber(text: string | null): number | 'wrong' | null {
  if (text === null) return null;
  return /^\d+$/.test(text) ? Number(text) : 'wrong';
}
