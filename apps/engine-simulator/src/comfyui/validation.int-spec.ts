import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { textToImage } from './traces/graphs.ts';
import type { Graph } from './traces/graphs.ts';
import { TriedServer } from './traces/tried-server.ts';

interface Refusal {
  readonly error: { type: string; message: string; details: string; extra_info: Record<string, unknown> };
  readonly node_errors: Record<
    string,
    {
      errors: { type: string; details: string; extra_info: Record<string, unknown> }[];
      dependent_outputs: string[];
      class_type: string;
    }
  >;
}

let server: TriedServer;

beforeAll(async () => {
  server = await TriedServer.start({ control: { speed: 1_000 } });
});

afterAll(() => server.stop());

async function refused(graph: Graph): Promise<Refusal> {
  const answer = await server.post<Refusal>('/prompt', { prompt: graph });
  expect(answer.status).toBe(400);
  return answer.body;
}

/** Posts G1 with some inputs of a node changed and gives the errors of one node. */
async function errorsAfter(
  node: string,
  inputs: Record<string, unknown>,
  blamed = node,
): Promise<Refusal['node_errors'][string]> {
  const { node_errors: errors } = await refused(textToImage({ [node]: inputs }));
  const found = errors[blamed];
  if (found === undefined) throw new Error(`no errors for node ${blamed}: ${JSON.stringify(errors)}`);
  return found;
}

describe('what is wrong with the whole request', () => {
  test('a body without a prompt is no_prompt', async () => {
    const answer = await server.post<Refusal>('/prompt', { client_id: 'x' });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: { type: 'no_prompt' }, node_errors: {} });
  });

  test('a prompt_id that is no lowercase UUID is invalid_prompt_id, and fine for servers before 0.25', async () => {
    const upper = { prompt: textToImage(), prompt_id: '3F0F1CA4-AA67-4B0E-8C0B-1D8B4D3E2A11' };
    const answer = await server.post<Refusal>('/prompt', upper);
    expect(answer.status).toBe(400);
    expect(answer.body.error.type).toBe('invalid_prompt_id');
    await server.control({ settings: { version: '0.24.0' } });
    expect((await server.post('/prompt', upper)).status).toBe(200);
    await server.control({ settings: { version: '0.33.0' } });
  });

  test('an unknown class is missing_node_type and names the node', async () => {
    const { error, node_errors: errors } = await refused({
      5: { class_type: 'Nope', inputs: {}, _meta: { title: 'Mine' } },
    });
    expect(error).toMatchObject({
      type: 'missing_node_type',
      extra_info: { node_id: '5', class_type: 'Nope', node_title: 'Mine' },
    });
    expect(errors).toEqual({});
  });

  test.each([[{}], [{ 1: { class_type: 'EmptyImage', inputs: {} } }]])(
    'a graph without output node is prompt_no_outputs',
    async (graph) => {
      expect((await refused(graph as Graph)).error.type).toBe('prompt_no_outputs');
    },
  );

  test('bad JSON, an empty body and a prompt that is no graph are 500 in plain text', async () => {
    for (const body of ['', '{', '[]', '{"prompt": 3}', '{"prompt": {"1": 3}}']) {
      const answer = await server.post('/prompt', body);
      expect([answer.status, answer.type]).toEqual([500, 'text/plain; charset=utf-8']);
    }
  });
});

describe('what is wrong with a node', () => {
  test('a required input is missing although it has a default', async () => {
    const found = await errorsAfter('9', { steps: undefined });
    expect(found).toMatchObject({
      class_type: 'KSampler',
      dependent_outputs: ['11'],
      errors: [{ type: 'required_input_missing', details: 'steps', extra_info: { input_name: 'steps' } }],
    });
  });

  test('a fault upstream leaves the list of details empty', async () => {
    const { error } = await refused(textToImage({ 9: { steps: 0 } }));
    expect(error).toMatchObject({ type: 'prompt_outputs_failed_validation', details: '' });
  });

  test('a fault of the output node itself is in the details', async () => {
    const { error } = await refused(textToImage({ 11: { filename_prefix: undefined } }));
    expect(error.details).toBe('Required input is missing: filename_prefix');
  });

  test.each<[string, Record<string, unknown>, string, Record<string, unknown>]>([
    ['9', { steps: 0 }, 'value_smaller_than_min', { received_value: 0 }],
    ['9', { denoise: 1.5 }, 'value_bigger_than_max', { received_value: 1.5 }],
    ['9', { steps: 'many' }, 'invalid_input_type', { received_value: 'many' }],
    ['9', { steps: null }, 'invalid_input_type', { received_value: null }],
    ['9', { model: ['1'] }, 'bad_linked_input', { received_value: ['1'] }],
    ['9', { model: ['1', 1] }, 'return_type_mismatch', { received_type: 'CLIP', linked_node: ['1', 1] }],
    ['9', { model: ['nowhere', 0] }, 'exception_during_inner_validation', { linked_node: ['9', 0] }],
    ['11', { images: ['nowhere', 0] }, 'exception_during_validation', { exception_type: 'KeyError' }],
  ])('node %s with %j: %s', async (node, inputs, type, extra) => {
    const found = await errorsAfter(node, inputs);
    expect(found.errors[0]).toMatchObject({ type, extra_info: extra });
  });

  test('a choice outside a short list names the list; outside a long one only its length', async () => {
    const short = await errorsAfter('9', { scheduler: 'odd' });
    expect(short.errors[0]?.details).toMatch(/^scheduler: 'odd' not in \['simple', 'sgm_uniform'/);
    const long = await errorsAfter('9', { sampler_name: 'odd' });
    expect(long.errors[0]).toMatchObject({
      type: 'value_not_in_list',
      details: "sampler_name: 'odd' not in (list of length 44)",
      extra_info: { input_config: null },
    });
  });

  test('a picture that was not uploaded is custom_validation_failed', async () => {
    const { node_errors: errors } = await refused({
      1: { class_type: 'LoadImage', inputs: { image: 'x.png' } },
      2: { class_type: 'PreviewImage', inputs: { images: ['1', 0] } },
    });
    expect(errors['1']?.errors[0]).toMatchObject({
      type: 'custom_validation_failed',
      details: 'image - Invalid image file: x.png',
    });
  });

  test('a cycle is a dependency_cycle', async () => {
    const { node_errors: errors } = await refused({
      1: { class_type: 'ImageScaleBy', inputs: { image: ['2', 0], upscale_method: 'area', scale_by: 1 } },
      2: { class_type: 'ImageScaleBy', inputs: { image: ['1', 0], upscale_method: 'area', scale_by: 1 } },
      3: { class_type: 'PreviewImage', inputs: { images: ['1', 0] } },
    });
    expect(Object.values(errors).flatMap((node) => node.errors.map(({ type }) => type))).toContain(
      'dependency_cycle',
    );
  });
});

describe('what is let through', () => {
  test('text that reads as a number is one', async () => {
    const answer = await server.post('/prompt', { prompt: textToImage({ 9: { steps: '3', cfg: '1' } }) });
    expect(answer.body).toMatchObject({ node_errors: {} });
  });

  test('one good output is enough: the broken one is listed under 200', async () => {
    const graph = { ...textToImage(), 12: { class_type: 'SaveImage', inputs: { images: ['10', 0] } } };
    const answer = await server.post('/prompt', { prompt: graph });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ node_errors: { 12: { dependent_outputs: ['12'] } } });
  });

  test('the counter goes on for refused prompts, and a number of the client is kept', async () => {
    const number = async (extra: Record<string, unknown>): Promise<unknown> =>
      (await server.post('/prompt', { prompt: textToImage(), ...extra })).body['number'];
    const first = Number(await number({}));
    await server.post('/prompt', { prompt: {} });
    expect(await number({})).toBe(first + 2);
    expect(await number({ number: 2.5 })).toBe(2.5);
    expect(await number({ front: true })).toBe(-(first + 3));
  });
});
