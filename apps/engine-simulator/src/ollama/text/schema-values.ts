import { textForPattern } from './pattern.ts';
import { languageOf, personsWords, shorten } from './question.ts';
import type { Question } from './question.ts';
import { typesOf } from './schema-merge.ts';
import type { JsonSchema } from './schema-merge.ts';
import { hash } from './tokens.ts';

/** Numbers that mean something under these names; taken when the schema allows them. */
const USUAL_NUMBERS: readonly [RegExp, number][] = [
  [/^(width|height)$/i, 1_024],
  [/steps?$/i, 20],
  [/(^|_)cfg|guidance/i, 7],
  [/denois|strength/i, 0.6],
  [/(batch|count|number|amount)/i, 1],
  [/confiden|score|probab/i, 0.75],
];

/** A number that the schema allows: the default, else what its name suggests, else the middle of its range. */
export function numberFor(schema: JsonSchema, name: string, question: Question): number {
  const isWhole = typesOf(schema).includes('integer') && !typesOf(schema).includes('number');
  const step = typeof schema['multipleOf'] === 'number' ? schema['multipleOf'] : isWhole ? 1 : null;
  const { low, high } = rangeOf(schema, isWhole);
  const usual = [
    schema['default'],
    /seed/i.test(name) ? hash(question.text) : undefined,
    USUAL_NUMBERS.find(([pattern]) => pattern.test(name))?.[1],
  ];
  const allowed = (value: number): boolean =>
    value >= low && value <= high && (!isWhole || Number.isInteger(value));
  for (const value of usual) {
    if (typeof value === 'number' && allowed(value) && (step === null || isMultiple(value, step)))
      return value;
  }
  const middle = middleOf(low, high);
  if (step === null) return allowed(Number(middle.toPrecision(6))) ? Number(middle.toPrecision(6)) : middle;
  const whole = Math.round(middle / step);
  for (let distance = 0; distance <= 200; distance += 1) {
    for (const factor of [whole + distance, whole - distance]) {
      const value = Number((factor * step).toPrecision(15));
      if (allowed(value) && isMultiple(value, step)) return value;
    }
  }
  return Number.isFinite(low) ? low : high;
}

/** A string that the schema allows: by format, by pattern, else by what the field's name asks for. */
export function stringFor(schema: JsonSchema, path: readonly string[], question: Question): string {
  const least = typeof schema['minLength'] === 'number' ? schema['minLength'] : 0;
  const most = typeof schema['maxLength'] === 'number' ? schema['maxLength'] : Infinity;
  if (
    typeof schema['default'] === 'string' &&
    schema['default'] !== '' &&
    typeof schema['pattern'] !== 'string'
  ) {
    return fitted(schema['default'], least, most);
  }
  if (typeof schema['pattern'] === 'string') {
    const plain = fitted(sentenceFor(path, question), least, most);
    if (matches(schema['pattern'], plain)) return plain;
    return textForPattern(schema['pattern'], least) ?? plain;
  }
  const formatted = FORMATS[String(schema['format'])];
  if (formatted !== undefined) return formatted(hash(`${question.text}|${path.join('.')}`));
  return fitted(sentenceFor(path, question), least, most);
}

const FORMATS: Readonly<Record<string, (seed: number) => string>> = {
  date: (seed) => new Date(Date.UTC(2026, 0, 1 + (seed % 365))).toISOString().slice(0, 10),
  'date-time': (seed) => new Date(Date.UTC(2026, 0, 1 + (seed % 365), seed % 24)).toISOString(),
  time: (seed) => `${String(seed % 24).padStart(2, '0')}:${String(seed % 60).padStart(2, '0')}:00Z`,
  duration: (seed) => `PT${1 + (seed % 59)}M`,
  email: (seed) => `person${seed % 100}@example.org`,
  hostname: (seed) => `host${seed % 100}.example.org`,
  uri: (seed) => `https://example.org/${seed % 1_000}`,
  ipv4: (seed) => `192.0.2.${1 + (seed % 254)}`,
  ipv6: (seed) => `2001:db8::${(1 + (seed % 0xfff)).toString(16)}`,
  uuid: (seed) =>
    `${seed.toString(16).padStart(8, '0')}-0000-4000-8000-${seed.toString(16).padStart(12, '0')}`,
};

/** A sentence that suits the place's name. Image prompts are English, as image models want them. */
function sentenceFor(path: readonly string[], question: Question): string {
  const name = path.findLast((part) => !/^\d+$/.test(part)) ?? '';
  const index = /^\d+$/.test(path.at(-1) ?? '') ? ` (${path.at(-1) ?? ''})` : '';
  const words = shorten(personsWords(question.text), 300).replace(/[.…\s]+$/u, '') || 'an empty request';
  const looks = question.images.map((look) => look.say.en).join(' ');
  if (/negative/i.test(name)) return 'blurry, low quality, distorted, extra limbs, watermark, text';
  if (/prompt|positive/i.test(name)) {
    const reference = question.images[0]
      ? `, in the colours ${question.images[0].colours.map(({ name: colour }) => colour).join(', ')}`
      : '';
    return `A detailed picture of ${words}${reference}, soft natural light, sharp focus, balanced composition${index}`;
  }
  if (/colou?r/i.test(name)) {
    const colours = question.images.flatMap((look) => look.colours.map(({ name: colour }) => colour));
    return colours[(Number(path.at(-1)) || 1) - 1] ?? colours[0] ?? 'grey';
  }
  if (/^lang(uage)?$/i.test(name)) return languageOf(question.text);
  if (/title|name|label|tag|keyword|topic/i.test(name)) return shorten(words, 48) + index;
  if (looks !== '' && /descri|caption|image|scene|subject|content|summary/i.test(name)) return looks + index;
  if (/reason|explan|note|comment/i.test(name)) {
    return `Chosen by Baton’s engine simulator, which runs no model, for: ${shorten(words, 120)}${index}`;
  }
  return words + index;
}

function fitted(text: string, least: number, most: number): string {
  const padded = text === '' ? '-' : text;
  const characters = Array.from(
    text.length >= least ? text : padded.repeat(Math.ceil(least / padded.length)),
  );
  while (characters.length < least) characters.push('.');
  return characters.slice(0, most).join('');
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return false;
  }
}

function rangeOf(schema: JsonSchema, isWhole: boolean): { low: number; high: number } {
  const nudge = (value: number, direction: 1 | -1): number => {
    if (isWhole) return direction === 1 ? Math.floor(value) + 1 : Math.ceil(value) - 1;
    return value + direction * Math.max(Number.EPSILON * Math.abs(value) * 4, 1e-9);
  };
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const lows = [
    ...(typeof minimum === 'number' ? [isWhole ? Math.ceil(minimum) : minimum] : []),
    ...(typeof exclusiveMinimum === 'number' ? [nudge(exclusiveMinimum, 1)] : []),
  ];
  const highs = [
    ...(typeof maximum === 'number' ? [isWhole ? Math.floor(maximum) : maximum] : []),
    ...(typeof exclusiveMaximum === 'number' ? [nudge(exclusiveMaximum, -1)] : []),
  ];
  return { low: Math.max(-Infinity, ...lows), high: Math.min(Infinity, ...highs) };
}

function middleOf(low: number, high: number): number {
  if (Number.isFinite(low) && Number.isFinite(high)) return low + (high - low) / 2;
  if (Number.isFinite(low)) return Math.max(low, 1);
  return Number.isFinite(high) ? Math.min(high, 1) : 1;
}

function isMultiple(value: number, step: number): boolean {
  return Number.isInteger(value / step);
}
