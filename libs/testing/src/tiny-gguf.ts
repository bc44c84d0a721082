import { writeFile } from 'node:fs/promises';

/** What a model says: word after word, then its end, or from the beginning again. */
export interface TinyModel {
  /** Each is one token and stands here once; a leading space is part of the word. `<think>` makes it one that thinks. */
  readonly story: readonly string[];
  /** False: it never ends by itself. */
  readonly ends?: boolean;
  readonly name?: string;
  readonly contextLength?: number;
  /** Numbers in a token's vector: more make it slower and the file larger. A multiple of 16. */
  readonly width?: number;
  readonly layers?: number;
  readonly seed?: number;
}

/** Template marks that are tokens of their own, so that no words of a user can be taken for them. */
const MARKS = ['<|im_start|>', '<|im_end|>', '<think>', '</think>'] as const;

/** ChatML; one that thinks has no line break between messages, or node-llama-cpp takes it for plain ChatML. */
function chatTemplate({ story }: TinyModel): string {
  const gap = story.includes('<think>') ? '' : '\n';
  return [
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>",
    `${gap}' }}{% endfor %}`,
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
  ].join('');
}

/**
 * Writes a GGUF file: a real model of the llama architecture, with a tokenizer that knows every byte, some hundred kB. Its
 * output layer is made so that after each word of the story the next one is by far the likeliest; attention and
 * feed-forward layers are small noise from a seed. At temperature 0 it tells the story.
 */
export async function writeTinyGguf(path: string, model: TinyModel): Promise<void> {
  await writeFile(path, tinyGguf(model));
}

export function tinyGguf(model: TinyModel): Buffer {
  const tokens = vocabulary(model.story);
  const tensors = weights(model, tokens);
  return encode(metadata(model, tokens), tensors);
}

/** As llama.cpp numbers them. */
const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;
/** What SentencePiece writes for a space. */
const SPACE = '\u2581';

interface Token {
  readonly text: string;
  readonly type: number;
}

function vocabulary(story: readonly string[]): Token[] {
  if (new Set(story).size !== story.length) throw new Error('a word of the story stands there twice');
  const words = story.filter((word) => !MARKS.some((mark) => mark === word));
  return [
    { text: '<unk>', type: TOKEN_TYPE.unknown },
    { text: '<s>', type: TOKEN_TYPE.control },
    { text: '</s>', type: TOKEN_TYPE.control },
    ...Array.from({ length: 256 }, (_, byte) => ({ text: byteToken(byte), type: TOKEN_TYPE.byte })),
    ...MARKS.map((text) => ({
      text,
      type: TOKEN_TYPE.control,
    })),
    { text: SPACE, type: TOKEN_TYPE.normal },
    ...words.map((text) => ({ text: text.replaceAll(' ', SPACE), type: TOKEN_TYPE.normal })),
  ];
}

function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const WIDTH = 64;
const LAYERS = 2;
const HEADS = 2;
const NOISE = 0.02;
/** How much likelier the next word of the story is made. */
const CERTAINTY = 2;

function weights(
  { story, ends = true, width = WIDTH, layers = LAYERS, seed = 1 }: TinyModel,
  tokens: readonly Token[],
): Tensor[] {
  const normal = gaussian(seed);
  const filled = (length: number, of: () => number): Float32Array => Float32Array.from({ length }, of);
  const ones = (name: string): Tensor => ({ name, shape: [width], data: filled(width, () => 1) });
  const noise = (name: string, from: number, to: number): Tensor => ({
    name,
    shape: [from, to],
    data: filled(from * to, () => normal() * NOISE),
  });
  const embedding = filled(tokens.length * width, () => normal() / Math.sqrt(width));
  const output = filled(tokens.length * width, () => normal() * NOISE);
  const id = (text: string): number => {
    const found = tokens.findIndex((token) => token.text === text.replaceAll(' ', SPACE));
    if (found < 0) throw new Error(`no token for ${text}`);
    return found;
  };
  const follow = (from: number, to: number): void => {
    for (let at = 0; at < width; at += 1) {
      output[to * width + at] =
        (output[to * width + at] ?? 0) + CERTAINTY * (embedding[from * width + at] ?? 0);
    }
  };
  const told = story.map(id);
  // The line break that ends the template of a chat.
  const chain = [id(byteToken(10)), ...told, ends ? id('<|im_end|>') : (told[0] ?? 0)];
  chain.slice(1).forEach((to, index) => follow(chain[index] ?? 0, to));
  return [
    { name: 'token_embd.weight', shape: [width, tokens.length], data: embedding },
    ...Array.from({ length: layers }, (_, layer) => [
      ones(`blk.${layer}.attn_norm.weight`),
      ...['q', 'k', 'v', 'output'].map((part) => noise(`blk.${layer}.attn_${part}.weight`, width, width)),
      ones(`blk.${layer}.ffn_norm.weight`),
      noise(`blk.${layer}.ffn_gate.weight`, width, width * 2),
      noise(`blk.${layer}.ffn_up.weight`, width, width * 2),
      noise(`blk.${layer}.ffn_down.weight`, width * 2, width),
    ]).flat(),
    ones('output_norm.weight'),
    { name: 'output.weight', shape: [width, tokens.length], data: output },
  ];
}

/** Normally distributed numbers, always the same for one seed. */
function gaussian(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

type Value =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly f32s: readonly number[] }
  | { readonly i32s: readonly number[] };

function metadata(model: TinyModel, tokens: readonly Token[]): [string, Value][] {
  const { name = 'Tiny', contextLength = 4_096, width = WIDTH, layers = LAYERS } = model;
  const id = (text: string): Value => ({ u32: tokens.findIndex((token) => token.text === text) });
  return [
    ['general.architecture', { text: 'llama' }],
    ['general.name', { text: name }],
    ['general.file_type', { u32: 0 }],
    ['llama.context_length', { u32: contextLength }],
    ['llama.embedding_length', { u32: width }],
    ['llama.block_count', { u32: layers }],
    ['llama.feed_forward_length', { u32: width * 2 }],
    ['llama.attention.head_count', { u32: HEADS }],
    ['llama.attention.head_count_kv', { u32: HEADS }],
    ['llama.attention.layer_norm_rms_epsilon', { f32: 1e-5 }],
    ['llama.rope.dimension_count', { u32: width / HEADS }],
    ['llama.vocab_size', { u32: tokens.length }],
    ['tokenizer.ggml.model', { text: 'llama' }],
    ['tokenizer.ggml.tokens', { texts: tokens.map(({ text }) => text) }],
    ['tokenizer.ggml.scores', { f32s: tokens.map((_, index) => -index) }],
    ['tokenizer.ggml.token_type', { i32s: tokens.map(({ type }) => type) }],
    ['tokenizer.ggml.bos_token_id', id('<s>')],
    ['tokenizer.ggml.eos_token_id', id('<|im_end|>')],
    ['tokenizer.ggml.unknown_token_id', id('<unk>')],
    ['tokenizer.ggml.add_bos_token', { bool: false }],
    ['tokenizer.ggml.add_space_prefix', { bool: false }],
    ['tokenizer.chat_template', { text: chatTemplate(model) }],
  ];
}

const GGUF_VERSION = 3;
const ALIGNMENT = 32;
const F32_TENSOR = 0;
const KIND = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8, array: 9 } as const;

function encode(values: readonly (readonly [string, Value])[], tensors: readonly Tensor[]): Buffer {
  const parts: Buffer[] = [Buffer.from('GGUF'), u32(GGUF_VERSION), u64(tensors.length), u64(values.length)];
  for (const [key, value] of values) parts.push(text(key), encodeValue(value));
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    parts.push(text(name), u32(shape.length), ...shape.map(u64), u32(F32_TENSOR), u64(offset));
    offset += aligned(data.byteLength);
  }
  const head = Buffer.concat(parts);
  parts.push(Buffer.alloc(aligned(head.length) - head.length));
  for (const { data } of tensors) {
    parts.push(Buffer.from(data.buffer), Buffer.alloc(aligned(data.byteLength) - data.byteLength));
  }
  return Buffer.concat(parts);
}

function encodeValue(value: Value): Buffer {
  if ('u32' in value) return Buffer.concat([u32(KIND.u32), u32(value.u32)]);
  if ('f32' in value) return Buffer.concat([u32(KIND.f32), f32(value.f32)]);
  if ('bool' in value) return Buffer.concat([u32(KIND.bool), Buffer.from([value.bool ? 1 : 0])]);
  if ('text' in value) return Buffer.concat([u32(KIND.text), text(value.text)]);
  if ('texts' in value) return list(KIND.text, value.texts.map(text));
  if ('f32s' in value) return list(KIND.f32, value.f32s.map(f32));
  return list(KIND.i32, value.i32s.map(u32));
}

function list(kind: number, entries: readonly Buffer[]): Buffer {
  return Buffer.concat([u32(KIND.array), u32(kind), u64(entries.length), ...entries]);
}

function text(content: string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}

function u64(number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(number));
  return bytes;
}

function f32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(number);
  return bytes;
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
