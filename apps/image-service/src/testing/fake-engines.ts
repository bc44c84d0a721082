import type { EngineDoor } from '../engines/engine-door.ts';
import type { ImageEngine, RenderListener, RenderOrder } from '../engines/image-engine.ts';
import type { PromptWriter, WrittenPrompt } from '../prompting/prompt-writer.ts';

/** Rejects with the signal's reason, as every engine does that is left. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

type Writing = (description: string, model: string) => WrittenPrompt | Promise<WrittenPrompt>;

/** Writes what a test says. */
export class FakePromptWriter implements PromptWriter {
  readonly asked: string[] = [];
  writing: Writing = (description) => ({ prompt: `A picture of ${description}.`, by: 'model' });

  async write(description: string, model: string, door: EngineDoor): Promise<WrittenPrompt> {
    this.asked.push(model);
    return Promise.race([aborted(door.signal), Promise.resolve(this.writing(description, model))]);
  }
}

/** What the engine does with one order; it ends with the picture's bytes. */
type Rendering = (listener: RenderListener, order: RenderOrder | null) => Buffer | Promise<Buffer>;

/** Makes what a test says. It knows the orders that a test calls known, and follows those. */
export class FakeImageEngine implements ImageEngine {
  readonly orders: RenderOrder[] = [];
  readonly followed: string[] = [];
  readonly known = new Set<string>();
  rendering: Rendering;

  constructor(rendering: Rendering) {
    this.rendering = rendering;
  }

  async has(promptId: string): Promise<boolean> {
    return this.known.has(promptId);
  }

  render(order: RenderOrder, door: EngineDoor, listener: RenderListener): Promise<Buffer> {
    this.orders.push(order);
    return this.run(door, listener, order);
  }

  follow(promptId: string, door: EngineDoor, listener: RenderListener): Promise<Buffer> {
    this.followed.push(promptId);
    return this.run(door, listener, null);
  }

  private run(door: EngineDoor, listener: RenderListener, order: RenderOrder | null): Promise<Buffer> {
    return Promise.race([
      aborted(door.signal),
      Promise.resolve().then(() => this.rendering(listener, order)),
    ]);
  }
}

/** An engine that goes on until it is left. */
export function forEver(): Promise<never> {
  return new Promise(() => undefined);
}
