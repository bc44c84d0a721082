import { AppError } from '@baton/kernel';
import axios, { AxiosError, type AxiosInstance } from 'axios';
import { history, promptAnswer, queue, type HistoryEntry, type OutputFile } from './comfyui-messages.ts';
import type { EngineDoor } from './engine-door.ts';
import type { Workflow } from './flux-workflow.ts';

const REQUEST_TIMEOUT_MS = 15_000;
/** A PNG of the largest size that we ask for stays far below. */
const MAX_FILE_BYTES = 128 * 1_048_576;

export interface Submission {
  readonly promptId: string;
  readonly clientId: string;
  readonly workflow: Workflow;
}

/** ComfyUI's HTTP side, through the guard. Bodies of its errors hold paths and prompts and go nowhere. */
export class ComfyuiClient {
  private readonly http: AxiosInstance;
  private readonly signal: AbortSignal;

  constructor(door: EngineDoor) {
    this.signal = door.signal;
    this.http = axios.create({
      baseURL: door.url,
      headers: { ...door.headers },
      signal: door.signal,
      timeout: REQUEST_TIMEOUT_MS,
      proxy: false,
      maxRedirects: 0,
      maxContentLength: MAX_FILE_BYTES,
    });
  }

  /**
   * @throws AppError `image.workflow_rejected` also when ComfyUI took the workflow but would skip part of it
   */
  async submit({ promptId, clientId, workflow }: Submission): Promise<void> {
    const body = {
      prompt: workflow,
      prompt_id: promptId,
      client_id: clientId,
      extra_data: { preview_method: 'auto' },
    };
    const answer = promptAnswer.parse(await this.request(() => this.http.post<unknown>('/prompt', body)));
    const broken = Object.keys(answer.node_errors);
    if (broken.length > 0) throw new AppError('image.workflow_rejected', { nodes: broken });
  }

  /** Null while the prompt has not ended, or when ComfyUI never heard of it. */
  async history(promptId: string): Promise<HistoryEntry | null> {
    const found = history.parse(await this.request(() => this.http.get<unknown>(`/history/${promptId}`)));
    return found[promptId] ?? null;
  }

  async isQueued(promptId: string): Promise<boolean> {
    const { queue_running: running, queue_pending: pending } = queue.parse(
      await this.request(() => this.http.get<unknown>('/queue')),
    );
    return [...running, ...pending].some(([, id]) => id === promptId);
  }

  async fetchFile(file: OutputFile): Promise<Buffer> {
    const bytes = await this.request(() =>
      this.http.get<ArrayBuffer>('/view', { params: file, responseType: 'arraybuffer' }),
    );
    return Buffer.from(bytes);
  }

  private async request<T>(send: () => Promise<{ readonly data: T }>): Promise<T> {
    try {
      return (await send()).data;
    } catch (error) {
      if (this.signal.aborted) throw this.signal.reason;
      throw translate(error);
    }
  }
}

/** Which of our errors an HTTP failure is; the answer's body stays out of the log. */
function translate(error: unknown): AppError {
  if (!(error instanceof AxiosError)) return new AppError('engine.failed', {}, { cause: error });
  const status = error.response?.status;
  const details = { status, method: error.config?.method, path: error.config?.url, reason: error.code };
  if (status === 403 || status === 409) return new AppError('gpu.lease_lost', details);
  if (status === 400) return new AppError('image.workflow_rejected', details);
  if (status === undefined || status === 502 || status === 503 || status === 504) {
    return new AppError('engine.unavailable', details);
  }
  return new AppError('engine.failed', details);
}
