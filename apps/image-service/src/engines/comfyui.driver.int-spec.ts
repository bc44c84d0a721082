import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError, FakeClock, type Clock } from '@baton/kernel';
import { eventually, quietLog } from '@baton/testing';
import { ScriptedComfyui, json, problem, type ScriptedPrompt } from '../testing/scripted-comfyui.ts';
import { hurriedClock } from '../testing/time.ts';
import { ComfyuiDriver } from './comfyui.driver.ts';
import type { EngineDoor } from './engine-door.ts';
import { fillWorkflow } from '../workflows/fill-workflow.ts';
import { fluxTextToImage } from '../workflows/flux-workflows.ts';
import { prepareWorkflow } from '../workflows/read-workflow.ts';
import type { RenderOrder } from './image-engine.ts';

const SETTINGS = {
  model: 'flux1-dev-fp8',
  silenceMs: 300_000,
  isSimulated: true,
  defaultWidth: 1_024,
  defaultHeight: 1_024,
  steps: 4,
  visionModel: 'llava:13b',
  modelSide: 1_024,
};
const FLUX = prepareWorkflow(
  'built in',
  fluxTextToImage({ kind: 'checkpoint', checkpoint: 'flux1-dev-fp8.safetensors' }),
);
const PICTURE = Buffer.from('the bytes of a picture');

describe('the ComfyUI driver', () => {
  let comfyui: ScriptedComfyui;
  /** What the listener was told, in order. */
  let told: string[];

  beforeAll(async () => {
    comfyui = await ScriptedComfyui.start();
  });
  afterAll(() => comfyui.close());
  beforeEach(() => {
    told = [];
    comfyui.play((prompt) => prompt.succeed(PICTURE));
  });

  function order(): RenderOrder {
    const filled = { prompt: 'A white fence.', width: 1_024, height: 768, seed: 7, steps: 4 };
    const promptId = randomUUID();
    const { sampler, output, graph } = FLUX;
    return { promptId, sampler, output, graph: fillWorkflow(graph, FLUX, filled, `baton/${promptId}`) };
  }

  function door(signal = new AbortController().signal): EngineDoor {
    return { url: comfyui.url, headers: { 'x-baton-lease': 'l1', 'x-baton-fence': '7' }, signal };
  }

  function driver(clock: Clock = hurriedClock, silenceMs = SETTINGS.silenceMs): ComfyuiDriver {
    return new ComfyuiDriver({ ...SETTINGS, silenceMs }, clock, quietLog);
  }

  const listener = {
    progress: (step: number, steps: number) => told.push(`${step}/${steps}`),
    node: () => undefined,
    preview: (picture: Buffer, type: string) => told.push(`${picture.toString()} ${type}`),
  };

  function render(through = door(), clock: Clock = hurriedClock): Promise<Buffer> {
    return driver(clock).render(order(), through, listener);
  }

  /** Socket and polls are separate connections: whoever waits for events gets them before the end. */
  async function succeedOnceTold(prompt: ScriptedPrompt, events: number): Promise<void> {
    await eventually(() => told.length === events);
    prompt.succeed(PICTURE);
  }

  async function nothingIsOpen(): Promise<void> {
    await eventually(() => comfyui.openSockets === 0);
  }

  test('steps and previews are told in order, and the file’s bytes are the result', async () => {
    comfyui.play((prompt) => {
      prompt.tell('execution_start');
      prompt.tell('executing', { node: '9' });
      prompt.step(1, 4);
      prompt.preview(Buffer.from('half'));
      prompt.step(4, 4);
      prompt.tell('from_a_newer_version', { anything: true });
      return succeedOnceTold(prompt, 3);
    });
    await expect(render()).resolves.toEqual(PICTURE);
    expect(told).toEqual(['1/4', 'half image/jpeg', '4/4']);
    await nothingIsOpen();
  });

  test('the order goes in under its own id, with the lease, and previews are asked for', async () => {
    const given = order();
    await driver().render(given, door(), listener);
    expect(comfyui.submitted).toMatchObject([
      { prompt_id: given.promptId, client_id: given.promptId, extra_data: { preview_method: 'auto' } },
    ]);
    for (const headers of comfyui.headers) {
      expect(headers).toMatchObject({ 'x-baton-lease': 'l1', 'x-baton-fence': '7' });
    }
    expect(comfyui.greetings).toEqual([{ type: 'feature_flags', data: { supports_preview_metadata: true } }]);
  });

  test('steps of other nodes and everything of foreign prompts is passed over', async () => {
    comfyui.play((prompt) => {
      const foreign = { prompt_id: randomUUID(), value: 2, max: 4, node: '9' };
      comfyui.send(prompt.id, { type: 'progress', data: foreign });
      comfyui.send(prompt.id, { type: 'executing', data: { node: null, prompt_id: foreign.prompt_id } });
      comfyui.send(prompt.id, { type: 'executing', data: { node: '9' } });
      prompt.preview(Buffer.from('foreign'), foreign.prompt_id);
      prompt.step(1, 2, '10');
      prompt.step(3, 4);
      return succeedOnceTold(prompt, 1);
    });
    await expect(render()).resolves.toEqual(PICTURE);
    expect(told).toEqual(['3/4']);
  });

  describe('the end is what the history says', () => {
    test('a success that is announced before its history is there is waited for', async () => {
      comfyui.play((prompt) => {
        prompt.tell('execution_success');
        setImmediate(() => prompt.succeed(PICTURE));
      });
      await expect(render()).resolves.toEqual(PICTURE);
    });

    test('an end that comes before its history is looked at again', async () => {
      let looks = 0;
      comfyui.play((prompt) => {
        prompt.store(PICTURE);
        prompt.finished();
        const entry = comfyui.history.get(prompt.id);
        comfyui.answer('/history', (response) => {
          looks += 1;
          json(response, looks < 3 ? {} : { [prompt.id]: entry });
        });
        comfyui.queued.add(prompt.id);
      });
      await expect(render()).resolves.toEqual(PICTURE);
      expect(looks).toBe(3);
    });

    test('a socket that goes silent does not matter: polling finds the end', async () => {
      comfyui.play((prompt) => prompt.store(PICTURE));
      await expect(render()).resolves.toEqual(PICTURE);
    });

    test('a socket that is cut in the middle does not matter either', async () => {
      comfyui.play((prompt) => {
        prompt.step(1, 4);
        setImmediate(() => {
          comfyui.cutSockets();
          prompt.succeed(PICTURE);
        });
      });
      await expect(render()).resolves.toEqual(PICTURE);
      await nothingIsOpen();
    });

    test('a result out of ComfyUI’s cache has its old file and no steps', async () => {
      comfyui.play((prompt) => {
        prompt.tell('execution_cached', { nodes: ['1', '9', '11'] });
        prompt.tell('executed', { node: '11', output: { images: [] } });
        prompt.succeed(PICTURE);
      });
      await expect(render()).resolves.toEqual(PICTURE);
      expect(told).toEqual([]);
    });

    test.each<[string, (prompt: ScriptedPrompt) => void, string]>([
      ['an error', (prompt) => prompt.fail('RuntimeError'), 'image.render_failed'],
      ['too little memory', (prompt) => prompt.fail('torch.OutOfMemoryError'), 'engine.out_of_memory'],
      ['an interruption', (prompt) => prompt.interrupt(), 'image.interrupted'],
      ['a prompt that is gone, as after a restart', (prompt) => prompt.vanish(), 'image.interrupted'],
    ])('%s is told apart, and nothing of ComfyUI’s texts goes on', async (_, script, code) => {
      comfyui.play(script);
      const failure = await render().catch((error: unknown) => error);
      expect(failure).toMatchObject({ code });
      expect(JSON.stringify((failure as AppError).details)).not.toContain('secret');
      await nothingIsOpen();
    });

    test('a file that is gone is told', async () => {
      comfyui.play((prompt) => {
        prompt.store(PICTURE);
        comfyui.files.clear();
        prompt.finished();
      });
      await expect(render()).rejects.toMatchObject({ code: 'image.render_failed' });
    });

    test('an execution without a picture is told', async () => {
      comfyui.play((prompt) => {
        prompt.store(PICTURE);
        const entry = comfyui.history.get(prompt.id);
        comfyui.history.set(prompt.id, { ...entry, outputs: {} });
        prompt.finished();
      });
      await expect(render()).rejects.toMatchObject({
        code: 'image.render_failed',
        details: { reason: 'no output' },
      });
    });

    test('answers that fail once or twice while weights are moved do not end a render, three in a row do', async () => {
      let asked = 0;
      comfyui.play((prompt) => {
        comfyui.answer('/history', (response) => {
          asked += 1;
          if (asked === 1) response.destroy();
          else if (asked === 2) problem(response, 503, 'engine.unavailable');
          else json(response, { [prompt.id]: comfyui.history.get(prompt.id) });
        });
        prompt.store(PICTURE);
      });
      await expect(render()).resolves.toEqual(PICTURE);
      comfyui.play(() => comfyui.answer('/history', (response) => response.destroy()));
      await expect(render()).rejects.toMatchObject({ code: 'engine.unavailable' });
    });

    test('an answer of an unknown shape counts as a failed one', async () => {
      comfyui.play(() => comfyui.answer('/history', (response) => json(response, { id: 'what?' })));
      await expect(render()).rejects.toMatchObject({ code: 'engine.failed' });
    });
  });

  describe('the submission', () => {
    test('that is refused is told by kinds of errors, never by their texts', async () => {
      const errors = [
        { type: 'value_not_in_list', message: 'secret', extra_info: { input_name: 'ckpt_name' } },
      ];
      comfyui.answer('/prompt', (response) =>
        json(
          response,
          { error: { type: 'prompt_outputs_failed_validation' }, node_errors: { '1': { errors } } },
          400,
        ),
      );
      await expect(render()).rejects.toMatchObject({
        code: 'image.workflow_rejected',
        details: { problems: ['prompt_outputs_failed_validation', '1: value_not_in_list ckpt_name'] },
      });
      await nothingIsOpen();
    });

    test('that is taken in part only is refused by us', async () => {
      const errors = [{ type: 'required_input_missing', message: 'secret' }];
      comfyui.answer('/prompt', (response) =>
        json(response, { prompt_id: randomUUID(), node_errors: { '11': { errors } } }),
      );
      await expect(render()).rejects.toMatchObject({
        code: 'image.workflow_rejected',
        details: { problems: ['11: required_input_missing'] },
      });
    });

    test('whose answer is lost may have been taken: then it is followed and not given twice', async () => {
      const given = order();
      comfyui.answer('/prompt', (response) => {
        comfyui.take(given.promptId).store(PICTURE);
        response.destroy();
      });
      await expect(driver().render(given, door(), listener)).resolves.toEqual(PICTURE);
    });

    test('that never arrived is told', async () => {
      comfyui.answer('/prompt', (response) => response.destroy());
      await expect(render()).rejects.toMatchObject({ code: 'engine.unavailable' });
    });

    test.each([
      ['gpu.stale_fence', 409, 'gpu.lease_lost'],
      ['gpu.lease_required', 403, 'gpu.lease_lost'],
      ['engine.unavailable', 503, 'engine.unavailable'],
      ['request.too_large', 413, 'request.too_large'],
    ])('that the guard refuses as %s is told as what it means to a holder', async (code, status, ours) => {
      comfyui.answer('/prompt', (response) => problem(response, status, code));
      await expect(render()).rejects.toMatchObject({ code: ours });
    });
  });

  describe('the socket', () => {
    test.each([
      ['409 Conflict\r\ncontent-type: application/problem+json', 'gpu.stale_fence', 'gpu.lease_lost'],
      ['502 Bad Gateway\r\ncontent-type: text/plain', 'anything', 'engine.unavailable'],
    ])('that is refused by %s fails before anything is submitted', async (head, code, ours) => {
      const body = JSON.stringify({ code });
      comfyui.answerUpgrade(
        () => `HTTP/1.1 ${head}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      );
      await expect(render()).rejects.toMatchObject({ code: ours });
      expect(comfyui.submitted).toEqual([]);
    });

    test('of a server that is not there fails clearly', async () => {
      const nowhere = { ...door(), url: 'http://127.0.0.1:1' };
      await expect(render(nowhere)).rejects.toMatchObject({ code: 'engine.unavailable' });
    });

    test('that is cut is opened again: progress goes on, and a long render is not taken for a stalled one', async () => {
      const clock = new FakeClock();
      let prompt: ScriptedPrompt | undefined;
      comfyui.play((taken) => {
        prompt = taken;
        taken.step(1, 4);
      });
      const picture = driver(clock, 9_000).render(order(), door(), listener);
      await eventually(() => told.length === 1);
      for (const step of [2, 3, 4]) {
        comfyui.cutSockets();
        await eventually(async () => {
          await clock.advance(500);
          return comfyui.greetings.length === step;
        });
        await clock.advance(5_000);
        prompt?.step(step, 4);
        await eventually(() => told.length === step);
      }
      prompt?.succeed(PICTURE);
      await expect(picture).resolves.toEqual(PICTURE);
      expect(clock.pendingTimers).toBe(0);
      await nothingIsOpen();
    });

    test('that ComfyUI closes whenever it is opened does not keep anybody busy', async () => {
      let upgrades = 0;
      comfyui.play((prompt) => {
        comfyui.cutSockets();
        comfyui.answerUpgrade(() => {
          upgrades += 1;
          if (upgrades === 3) prompt.store(PICTURE);
          return 'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
        });
      });
      await expect(render()).resolves.toEqual(PICTURE);
      expect(upgrades).toBe(3);
    });

    test('whose peer has died without a word is given up and opened again', async () => {
      let prompt: ScriptedPrompt | undefined;
      comfyui.play((taken) => {
        prompt = taken;
        comfyui.freezeSockets();
      });
      const picture = render();
      await eventually(() => prompt);
      await eventually(() => comfyui.greetings.length === 2);
      prompt?.store(PICTURE);
      await expect(picture).resolves.toEqual(PICTURE);
    });
  });

  test('silence for too long is a stalled engine, and leaves nothing open', async () => {
    const clock = new FakeClock();
    comfyui.play((prompt) => prompt.step(1, 4));
    const failure = expect(render(door(), clock)).rejects.toMatchObject({ code: 'engine.stalled' });
    await eventually(() => told.length === 1);
    await clock.advance(SETTINGS.silenceMs);
    await failure;
    expect(clock.pendingTimers).toBe(0);
    await nothingIsOpen();
  });

  test('any event of the engine breaks the silence', async () => {
    const clock = new FakeClock();
    let prompt: ScriptedPrompt | undefined;
    comfyui.play((taken) => {
      prompt = taken;
      taken.step(1, 4);
    });
    const picture = driver(clock, 9_000).render(order(), door(), listener);
    await eventually(() => told.length === 1);
    await clock.advance(8_000);
    prompt?.step(2, 4);
    await eventually(() => told.length === 2);
    await clock.advance(1_500);
    prompt?.succeed(PICTURE);
    await expect(picture).resolves.toEqual(PICTURE);
    expect(clock.pendingTimers).toBe(0);
  });

  describe('an abort', () => {
    const stages: [string, (reached: () => void) => void][] = [
      [
        'while the socket opens',
        (reached) =>
          comfyui.answerUpgrade(() => {
            reached();
            return null;
          }),
      ],
      ['while the order is being given', (reached) => comfyui.answer('/prompt', () => reached())],
      ['while it is rendered', (reached) => comfyui.play(() => reached())],
      [
        'while the end is looked for',
        (reached) =>
          comfyui.play((prompt) => {
            comfyui.answer('/history', () => reached());
            prompt.finished();
          }),
      ],
      [
        'while the file is fetched',
        (reached) =>
          comfyui.play((prompt) => {
            comfyui.answer('/view', () => reached());
            prompt.succeed(PICTURE);
          }),
      ],
    ];
    test('before anything asks the engine for nothing', async () => {
      const reason = new AppError('gpu.lease_lost');
      await expect(render(door(AbortSignal.abort(reason)))).rejects.toBe(reason);
      expect(comfyui.headers).toEqual([]);
    });

    test.each(stages)(
      '%s ends it at once with its reason, and leaves no socket and no timer',
      async (_, arrange) => {
        const clock = new FakeClock();
        const stop = new AbortController();
        const reached = Promise.withResolvers<undefined>();
        arrange(() => reached.resolve(undefined));
        const reason = new AppError('gpu.lease_lost');
        const failure = expect(render(door(stop.signal), clock)).rejects.toBe(reason);
        await reached.promise;
        stop.abort(reason);
        await failure;
        expect(clock.pendingTimers).toBe(0);
        await nothingIsOpen();
      },
    );
  });

  describe('an order that was given earlier', () => {
    test('and runs is followed, with its events, and not given again', async () => {
      const given = order();
      const { promptId } = given;
      const prompt = comfyui.take(promptId);
      await expect(driver().has(promptId, door())).resolves.toBe(true);
      const picture = driver().follow(given, door(), listener);
      await eventually(() => comfyui.greetings.length === 1);
      prompt.step(3, 4);
      await succeedOnceTold(prompt, 1);
      await expect(picture).resolves.toEqual(PICTURE);
      expect(told).toEqual(['3/4']);
      expect(comfyui.submitted).toEqual([]);
    });

    test('and has ended is there with its picture', async () => {
      const given = order();
      const { promptId } = given;
      comfyui.take(promptId).store(PICTURE);
      await expect(driver().has(promptId, door())).resolves.toBe(true);
      await expect(driver().follow(given, door(), listener)).resolves.toEqual(PICTURE);
    });

    test('and was interrupted, failed or is unknown is of no use', async () => {
      const [interrupted, failed] = [order().promptId, order().promptId];
      comfyui.take(interrupted).interrupt();
      comfyui.take(failed).fail('RuntimeError');
      for (const promptId of [interrupted, failed, order().promptId]) {
        await expect(driver().has(promptId, door())).resolves.toBe(false);
      }
    });
  });
});
