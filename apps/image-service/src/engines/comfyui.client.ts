import { AppError } from '@baton/kernel';
import {
  history,
  promptAnswer,
  promptRefusal,
  queue,
  uploadAnswer,
  type HistoryEntry,
  type OutputFile,
} from './comfyui-messages.ts';
import type { EngineDoor } from './engine-door.ts';
import { EngineHttp } from './engine-http.ts';
import { parseJson, type Refusal } from './engine-refusal.ts';
import { objectInfo, type ObjectInfo } from '../workflows/check-workflow.ts';
import type { Workflow } from '../workflows/workflow.ts';

const REQUEST_TIMEOUT_MS = 15_000;
/** Pictures of ours lie in a folder of their own inside ComfyUI's. */
const UPLOAD_FOLDER = 'baton';

export interface Submission {
  readonly promptId: string;
  readonly clientId: string;
  readonly workflow: Workflow;
}

/** ComfyUI's HTTP side, through the guard. */
export class ComfyuiClient {
  private readonly http: EngineHttp;

  /** @param signal ends every request; its reason is what they throw then */
  constructor(door: Pick<EngineDoor, 'url' | 'headers'>, signal: AbortSignal) {
    this.http = new EngineHttp(door, signal, readRefusal);
  }

  /** @throws AppError `image.workflow_rejected` also when ComfyUI took the workflow but would skip part of it */
  async submit({ promptId, clientId, workflow }: Submission): Promise<void> {
    const answer = await this.http.json(promptAnswer, {
      method: 'POST',
      url: '/prompt',
      timeout: REQUEST_TIMEOUT_MS,
      data: {
        prompt: workflow,
        prompt_id: promptId,
        client_id: clientId,
        extra_data: { preview_method: 'auto' },
      },
    });
    const problems = problemsOf(answer.node_errors);
    if (problems.length > 0) throw new AppError('image.workflow_rejected', { problems });
  }

  /** Null while the prompt has not ended, or when ComfyUI never heard of it. */
  async history(promptId: string): Promise<HistoryEntry | null> {
    const url = `/history/${promptId}`;
    const found = await this.http.json(history, { url, timeout: REQUEST_TIMEOUT_MS });
    return found[promptId] ?? null;
  }

  async isQueued(promptId: string): Promise<boolean> {
    const { queue_running: running, queue_pending: pending } = await this.http.json(queue, {
      url: '/queue',
      timeout: REQUEST_TIMEOUT_MS,
    });
    return [...running, ...pending].some(([, id]) => id === promptId);
  }

  /** Resolves with the name by which `LoadImage` finds the picture: ComfyUI may choose another than the one we gave. */
  async upload({ name, bytes }: { readonly name: string; readonly bytes: Buffer }): Promise<string> {
    const form = new FormData();
    form.append('image', new Blob([new Uint8Array(bytes)], { type: 'image/png' }), name);
    form.append('type', 'input');
    form.append('subfolder', UPLOAD_FOLDER);
    const stored = await this.http.json(uploadAnswer, {
      method: 'POST',
      url: '/upload/image',
      timeout: REQUEST_TIMEOUT_MS,
      data: form,
    });
    return stored.subfolder === '' ? stored.name : `${stored.subfolder}/${stored.name}`;
  }

  /** Empty for a class that this ComfyUI does not have. */
  objectInfo(nodeClass: string): Promise<ObjectInfo> {
    return this.http.json(objectInfo, {
      url: `/object_info/${encodeURIComponent(nodeClass)}`,
      timeout: REQUEST_TIMEOUT_MS,
    });
  }

  /** @throws AppError `image.render_failed` when the file is gone */
  fetchFile({ filename, subfolder, type }: OutputFile): Promise<Buffer> {
    return this.http.bytes({
      url: '/view',
      params: { filename, subfolder, type },
      timeout: REQUEST_TIMEOUT_MS,
    });
  }
}

function readRefusal({ status, body }: Refusal, details: Readonly<Record<string, unknown>>): AppError | null {
  if (status === 404 && details['path'] === '/view') {
    return new AppError('image.render_failed', { ...details, reason: 'the file is gone' });
  }
  if (status !== 400) return null;
  const refusal = promptRefusal.safeParse(parseJson(body));
  const problems = refusal.success
    ? [refusal.data.error.type, ...problemsOf(refusal.data.node_errors)]
    : undefined;
  return new AppError('image.workflow_rejected', { ...details, problems });
}

/** `node: kind of error, input`. The texts beside them hold paths and prompts and stay out of our log. */
function problemsOf(errors: (typeof promptAnswer)['_output']['node_errors']): string[] {
  return Object.entries(errors).flatMap(([node, { errors: list }]) =>
    list.map(({ type, extra_info: extra }) => `${node}: ${type} ${extra?.input_name ?? ''}`.trim()),
  );
}
