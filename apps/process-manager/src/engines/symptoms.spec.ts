import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '@baton/kernel';
import { FakeCard } from '../testing/fake-card.ts';
import { FakeComfyui } from '../testing/fake-comfyui.ts';
import { FakeEngine } from '../testing/fake-engine.ts';
import { EngineHttp } from './engine-http.ts';
import { comfyuiSymptom, ollamaSymptom } from './symptoms.ts';

const SIGNAL = new AbortController().signal;
let http: EngineHttp;
beforeEach(() => {
  http = new EngineHttp();
});
afterEach(() => http.close());

describe('ComfyUI', () => {
  test('with prompts that nobody takes has no worker; with one that runs it may only be busy', async () => {
    const engine = await new FakeComfyui(new FakeCard()).listen();
    const probe = comfyuiSymptom(http);
    expect(await probe(engine.url, SIGNAL)).toBeNull();
    engine.pending = ['b', 'a'];
    expect(await probe(engine.url, SIGNAL)).toEqual({
      what: 'nobody takes the waiting prompts a b',
      isCertain: true,
    });
    engine.running = ['x'];
    expect(await probe(engine.url, SIGNAL)).toEqual({ what: 'the prompt does not end x', isCertain: false });
    await engine.close();
  });
});

class FakePs extends FakeEngine {
  models: { name: string; expires_at: string }[] = [];

  protected async reply(): Promise<unknown> {
    return { models: this.models.length === 0 ? null : this.models };
  }
}

describe('Ollama', () => {
  test('with a model whose time is over and that stays may hang; one that is to stay is well', async () => {
    const clock = new FakeClock(Date.UTC(2026, 10, 21, 12));
    const engine = await new FakePs().listen();
    const probe = ollamaSymptom(http, clock);
    expect(await probe(engine.url, SIGNAL)).toBeNull();
    engine.models = [
      { name: 'fresh', expires_at: '2026-11-21T12:30:00.123456789Z' },
      { name: 'for-ever', expires_at: '2318-01-01T00:00:00Z' },
    ];
    expect(await probe(engine.url, SIGNAL)).toBeNull();
    engine.models.push({ name: 'stopping', expires_at: '2026-11-21T13:59:00.5+02:00' });
    expect(await probe(engine.url, SIGNAL)).toEqual({
      what: 'a model does not go stopping',
      isCertain: false,
    });
    await engine.close();
  });
});
