import type { EngineDoor } from '../engines/engine-door.ts';
import type { GivenOrder, ImageEngine, RenderListener, RenderOrder } from '../engines/image-engine.ts';
import type { PictureLanguage, Wish, WrittenPrompt } from '../language/picture-language.ts';
import type { ObjectInfo } from '../workflows/check-workflow.ts';

/** Rejects with the signal's reason, as every engine does that is left. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

const LINKS = [
  ...['clip', 'conditioning', 'image', 'images', 'latent_image', 'model', 'negative'],
  ...['pixels', 'positive', 'samples', 'upscale_model', 'vae'],
];

type Writing = (description: string, wish: Wish) => WrittenPrompt | Promise<WrittenPrompt>;
type Seeing = (picture: Buffer) => string | null | Promise<string | null>;

/** Writes and sees what a test says. */
export class FakePictureLanguage implements PictureLanguage {
  /** Models that were asked, in order. */
  readonly asked: string[] = [];
  readonly wishes: Wish[] = [];
  writing: Writing = (description) => ({
    prompt: `A picture of ${description}.`,
    by: 'model',
    settings: null,
  });
  seeing: Seeing = () => 'A red fence.';

  async describe(picture: Buffer, model: string, door: EngineDoor): Promise<string | null> {
    this.asked.push(model);
    return Promise.race([aborted(door.signal), Promise.resolve(this.seeing(picture))]);
  }

  async write(wish: Wish, model: string, door: EngineDoor): Promise<WrittenPrompt> {
    this.asked.push(model);
    this.wishes.push(wish);
    return Promise.race([aborted(door.signal), Promise.resolve(this.writing(wish.description, wish))]);
  }
}

/** What the engine does with one order; it ends with the picture's bytes. */
type Rendering = (listener: RenderListener, order: RenderOrder | null) => Buffer | Promise<Buffer>;

/** Makes what a test says. It knows the orders that a test calls known, and follows those. */
export class FakeImageEngine implements ImageEngine {
  readonly orders: RenderOrder[] = [];
  readonly followed: string[] = [];
  readonly known = new Set<string>();
  readonly brought: { readonly name: string; readonly bytes: Buffer }[] = [];
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

  follow({ promptId }: GivenOrder, door: EngineDoor, listener: RenderListener): Promise<Buffer> {
    this.followed.push(promptId);
    return this.run(door, listener, null);
  }

  async bring(picture: { readonly name: string; readonly bytes: Buffer }): Promise<string> {
    this.brought.push(picture);
    return `baton/${picture.name}`;
  }

  /** Has every class, with every link that a graph of the tests has. */
  async describe(classes: readonly string[]): Promise<ObjectInfo> {
    const optional = Object.fromEntries(LINKS.map((name) => [name, ['*']]));
    const described = { input: { required: {}, optional }, output: [1, 2, 3], output_node: false };
    return Object.fromEntries(classes.map((name) => [name, described]));
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
