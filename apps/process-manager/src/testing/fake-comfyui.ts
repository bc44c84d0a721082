import { setTimeout as pause } from 'node:timers/promises';
import type { FakeCard } from './fake-card.ts';
import { FakeEngine } from './fake-engine.ts';

const WEIGHTS_MIB = 12_000;
const CONTEXT_MIB = 500;

/** ComfyUI's queue and its deferred freeing. A prompt runs until it is interrupted. */
export class FakeComfyui extends FakeEngine {
  running: string[] = [];
  pending: string[] = [];
  /** How many interrupts from now on are lost. */
  lostInterrupts = 0;
  /** Prompts of its history that have failed. */
  failures: { readonly timestamp: number; readonly exception_type: string }[] = [];
  /** The worker has died: HTTP answers, nothing happens. */
  isZombie = false;
  private readonly card: FakeCard;
  private heldMib = 0;

  constructor(card: FakeCard) {
    super();
    this.card = card;
  }

  /** As after a render. */
  loadWeights(): void {
    this.heldMib = WEIGHTS_MIB;
    this.card.used.set('comfyui', WEIGHTS_MIB + CONTEXT_MIB);
  }

  protected async reply(method: string, path: string, body: unknown): Promise<unknown> {
    switch (`${method} ${path}`) {
      case 'GET /system_stats':
        return { devices: [{ type: 'cuda', torch_vram_total: this.heldMib * 1_048_576 }] };
      case 'GET /queue':
        return {
          queue_running: this.running.map((id) => [0, id]),
          queue_pending: this.pending.map((id) => [1, id]),
        };
      case 'GET /history':
        return Object.fromEntries(
          this.failures.map((about, at) => [
            `p${at}`,
            { status: { messages: [['execution_error', about]] } },
          ]),
        );
      case 'POST /prompt':
        return this.submit((body as { prompt_id: string }).prompt_id);
      case 'POST /interrupt':
        this.interrupt((body as { prompt_id: string }).prompt_id);
        return undefined;
      case 'POST /queue':
        this.pending = this.pending.filter((id) => !(body as { delete: string[] }).delete.includes(id));
        return undefined;
      case 'POST /free':
        if (!this.isZombie) void this.free();
        return undefined;
      default:
        return null;
    }
  }

  private submit(id: string): unknown {
    if (this.running.length === 0) this.running.push(id);
    else this.pending.push(id);
    this.loadWeights();
    return { prompt_id: id, number: 0, node_errors: {} };
  }

  private interrupt(id: string): void {
    if (this.isZombie) return;
    this.lostInterrupts -= 1;
    if (this.lostInterrupts < 0) this.running = this.running.filter((running) => running !== id);
  }

  private async free(): Promise<void> {
    await pause(5);
    this.heldMib = 0;
    this.card.used.set('comfyui', CONTEXT_MIB);
  }
}
