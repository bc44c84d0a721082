import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { textForPattern } from './pattern.ts';
import type { Question } from './question.ts';
import { answerSchema } from './schema-answer.ts';
import type { JsonSchema } from './schema-merge.ts';

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);

function ask(text: string): Question {
  return { text, systemPrompt: '', turns: 1, model: 'phi3:latest', seed: -1, images: [] };
}

function answered(schema: JsonSchema, text = 'a red fox in the snow'): unknown {
  const value: unknown = JSON.parse(JSON.stringify(answerSchema(schema, ask(text))));
  const validate = ajv.compile(schema);
  if (!validate(value)) {
    throw new Error(
      `${JSON.stringify(value)} does not satisfy ${JSON.stringify(schema)}: ${ajv.errorsText(validate.errors)}`,
    );
  }
  return value;
}

/** Schemas that somebody could write and that can be satisfied. */
const { schema: anySchema } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc
      .record({ minLength: fc.nat(20), extra: fc.nat(60), format: fc.constant(undefined) })
      .map(({ minLength, extra }) => ({
        type: 'string',
        minLength,
        maxLength: minLength + extra,
      })),
    fc
      .constantFrom('date', 'date-time', 'time', 'email', 'uri', 'uuid', 'ipv4', 'ipv6', 'hostname')
      .map((format) => ({
        type: 'string',
        format,
      })),
    fc
      .constantFrom('^[a-z]{3,8}$', '^(cat|dog)-\\d+$', '^\\d{4}-\\d{2}$', '^#[0-9a-fA-F]{6}$', '[A-Z]\\w*')
      .map((pattern) => ({
        type: 'string',
        pattern,
      })),
    fc
      .record({ minimum: fc.integer({ min: -1_000, max: 1_000 }), span: fc.nat(500) })
      .map(({ minimum, span }) => ({
        type: 'integer',
        minimum,
        maximum: minimum + span,
      })),
    fc
      .record({ exclusiveMinimum: fc.integer({ min: -50, max: 50 }), span: fc.integer({ min: 2, max: 90 }) })
      .map(({ exclusiveMinimum, span }) => ({
        type: 'number',
        exclusiveMinimum,
        exclusiveMaximum: exclusiveMinimum + span,
      })),
    fc
      .record({ step: fc.constantFrom(8, 64, 0.5, 0.1), low: fc.integer({ min: -10, max: 100 }) })
      .map(({ step, low }) => ({
        type: 'number',
        multipleOf: step,
        minimum: low,
        maximum: low + 200,
      })),
    fc
      .uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)), {
        minLength: 1,
        maxLength: 5,
      })
      .map((values) => ({
        enum: values,
      })),
    fc.oneof(fc.string(), fc.integer(), fc.boolean()).map((value) => ({ const: value })),
    fc.constantFrom<JsonSchema>({ type: 'boolean' }, { type: 'null' }, { type: ['string', 'null'] }, {}),
    fc
      .record({ items: tie('schema'), minItems: fc.nat(4), extra: fc.nat(3) })
      .map(({ items, minItems, extra }) => ({
        type: 'array',
        items,
        minItems,
        maxItems: minItems + extra,
      })),
    fc
      .record({ prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) })
      .map(({ prefixItems }) => ({
        type: 'array',
        prefixItems,
        items: false,
        minItems: prefixItems.length,
      })),
    fc
      .record({
        properties: fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), tie('schema'), { maxKeys: 5 }),
        share: fc.integer({ min: 0, max: 5 }),
        further: fc.boolean(),
      })
      .map(({ properties, share, further }) => ({
        type: 'object',
        properties,
        required: Object.keys(properties).slice(0, share),
        additionalProperties: further,
      })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    tie('schema')
      .map((schema) => ({ $ref: '#/$defs/it', $defs: { it: schema } }))
      .filter(hasNoOuterRefs),
  ),
}));

/** A reference is read from the root, so a schema that brings its own definitions cannot stand inside another. */
function hasNoOuterRefs(schema: JsonSchema): boolean {
  return JSON.stringify(schema).split('"$ref"').length === 2;
}

const rootedSchema = anySchema.filter(
  (schema) => '$ref' in schema || !JSON.stringify(schema).includes('"$ref"'),
);

describe('an answer to a schema', () => {
  test('satisfies it, whatever it asks for and whatever was said', () => {
    fc.assert(
      fc.property(rootedSchema, fc.string({ unit: 'grapheme' }), (schema, text) => {
        answered(schema, text);
      }),
      { numRuns: 300 },
    );
  });

  test('keeps numbers near what their names mean, inside the range', () => {
    const schema = {
      type: 'object',
      properties: {
        steps: { type: 'integer', minimum: 4, maximum: 50 },
        cfg: { type: 'number', minimum: 1, maximum: 20 },
        width: { type: 'integer', minimum: 256, maximum: 2_048, multipleOf: 64 },
        denoise: { type: 'number', minimum: 0, maximum: 1 },
        height: { type: 'integer', minimum: 64, maximum: 512 },
      },
      required: ['steps', 'cfg', 'width', 'denoise', 'height'],
    };
    expect(answered(schema)).toEqual({ steps: 20, cfg: 7, width: 1_024, denoise: 0.6, height: 288 });
  });

  test('writes an English image prompt with the person’s own words, and a negative one', () => {
    const schema = {
      type: 'object',
      properties: { prompt: { type: 'string' }, negative_prompt: { type: 'string' } },
      required: ['prompt'],
    };
    const value = answered(schema, 'Write the prompt.\nDescription: рыжая лиса');
    expect(value).toMatchObject({
      prompt: expect.stringMatching(/^A detailed picture of рыжая лиса, .*sharp focus/),
      negative_prompt: expect.stringContaining('blurry'),
    });
  });

  test('takes the choice that the person names', () => {
    const schema = { type: 'string', enum: ['euler', 'dpmpp_2m', 'heun'] };
    expect(answered(schema, 'use the heun sampler')).toBe('heun');
  });

  test('of a schema that contains itself comes to an end', () => {
    const schema = {
      $ref: '#/$defs/node',
      $defs: {
        node: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            children: { type: 'array', items: { $ref: '#/$defs/node' } },
          },
          required: ['name', 'children'],
        },
      },
    };
    expect(answered(schema)).toHaveProperty('children.0.children.0.name');
  });

  test('joins allOf and the branch of anyOf with what stands beside them', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'integer', minimum: 3 } },
      allOf: [{ properties: { a: { maximum: 4 }, b: { type: 'string' } }, required: ['b'] }],
      anyOf: [{ required: ['a'] }, { required: ['c'] }],
    };
    expect(answered(schema)).toMatchObject({ a: expect.any(Number), b: expect.any(String) });
  });

  test('gives different items where they must be', () => {
    const unique = {
      type: 'array',
      items: { enum: ['a', 'b', 'c'] },
      minItems: 3,
      maxItems: 3,
      uniqueItems: true,
    };
    expect(new Set(answered(unique) as string[]).size).toBe(3);
    const numbers = {
      type: 'array',
      items: { type: 'integer', minimum: 1, maximum: 9 },
      minItems: 4,
      uniqueItems: true,
    };
    expect(new Set(answered(numbers) as number[]).size).toBeGreaterThanOrEqual(4);
  });
});

test.each([
  '^[A-Z][a-z]+$',
  '^\\w+@\\w+\\.(com|org)$',
  '^(\\+7|8)\\d{10}$',
  '^[^\\s]{5,}$',
  '^v?\\d+\\.\\d+$',
])('a text is found for the pattern %s', (pattern) => {
  expect(textForPattern(pattern, 0)).toMatch(new RegExp(pattern, 'u'));
});

test.each(['(?=a)b', '(a)\\1', '['])('no text is invented for the pattern %s', (pattern) => {
  expect(textForPattern(pattern, 0)).toBeNull();
});
