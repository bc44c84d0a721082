import { languageOf, personsWords } from './question.ts';
import type { Question } from './question.ts';
import { isSchema, mergeSchemas, resolveRef, typesOf } from './schema-merge.ts';
import type { JsonSchema } from './schema-merge.ts';
import { numberFor, stringFor } from './schema-values.ts';
import { hash } from './tokens.ts';

/** Beyond this depth only what is required is filled in, so that schemas which contain themselves come to an end. */
const DEPTH_WITH_OPTIONALS = 5;
/** A required self-reference has no finite answer; it is cut here. */
const DEPTH_LIMIT = 24;

/** A JSON value for `format: "json"`, where no schema says more. */
export function freeJson(question: Question): unknown {
  return {
    note:
      languageOf(question.text) === 'ru'
        ? 'Ответ симулятора движков Baton: модель не запущена.'
        : 'An answer of Baton’s engine simulator: no model is running.',
    request: personsWords(question.text),
    words: question.text.split(/\s+/).filter(Boolean).length,
    ...(question.images.length > 0 && { images: question.images.map((look) => look.say.en) }),
  };
}

/**
 * A JSON value that satisfies the schema, filled with what the question offers. The keywords understood are those
 * that Ollama's own grammar enforces and some more: type, enum, const, object and array keywords, ranges, lengths,
 * `pattern`, `format`, `$ref` inside the document, `allOf`, `anyOf`, `oneOf` (its first branch).
 */
export function answerSchema(schema: JsonSchema, question: Question): unknown {
  return new SchemaWalk(schema, question).value(schema, [], 0);
}

class SchemaWalk {
  readonly #root: JsonSchema;
  readonly #question: Question;

  constructor(root: JsonSchema, question: Question) {
    this.#root = root;
    this.#question = question;
  }

  /** `path` names the place, from the root: it makes strings fit and lists vary. */
  value(raw: unknown, path: readonly string[], depth: number): unknown {
    if (!isSchema(raw) || depth > DEPTH_LIMIT) return null;
    const schema = this.#flatten(raw, 0);
    if ('const' in schema) return schema['const'];
    if (Array.isArray(schema['enum']) && schema['enum'].length > 0) return this.#pick(schema['enum'], path);
    const types = typesOf(schema);
    switch (types.find((type) => type !== 'null')) {
      case 'object':
        return this.#object(schema, path, depth);
      case 'array':
        return this.#array(schema, path, depth);
      case 'integer':
      case 'number':
        return numberFor(schema, path.at(-1) ?? '', this.#question);
      case 'boolean':
        return typeof schema['default'] === 'boolean' ? schema['default'] : true;
      case undefined:
        return null;
      default:
        return stringFor(schema, path, this.#question);
    }
  }

  /** Follows `$ref`, joins `allOf` and takes one branch of `anyOf` and `oneOf`. */
  #flatten(schema: JsonSchema, followed: number): JsonSchema {
    if (followed > DEPTH_LIMIT) return {};
    const { $ref, allOf, anyOf, oneOf, ...own } = schema;
    let merged: JsonSchema = own;
    const join = (other: JsonSchema): void => {
      merged = mergeSchemas(merged, this.#flatten(other, followed + 1));
    };
    if (typeof $ref === 'string') join(resolveRef(this.#root, $ref));
    if (Array.isArray(allOf)) allOf.filter(isSchema).forEach(join);
    for (const branches of [anyOf, oneOf]) {
      if (!Array.isArray(branches)) continue;
      const schemas = branches.filter(isSchema);
      const branch = schemas.find((one) => one['type'] !== 'null' && one['const'] !== null) ?? schemas[0];
      if (branch) join(branch);
    }
    return merged;
  }

  #object(schema: JsonSchema, path: readonly string[], depth: number): Record<string, unknown> {
    const properties = isSchema(schema['properties']) ? schema['properties'] : {};
    const required = new Set(Array.isArray(schema['required']) ? schema['required'].map(String) : []);
    const most = typeof schema['maxProperties'] === 'number' ? schema['maxProperties'] : Infinity;
    const names = Object.keys(properties).sort((a, b) => Number(required.has(b)) - Number(required.has(a)));
    const wanted = new Set(
      names.filter((name, index) => required.has(name) || (depth < DEPTH_WITH_OPTIONALS && index < most)),
    );
    const object: Record<string, unknown> = {};
    // In the order of the schema, as a grammar would write them.
    for (const [name, property] of Object.entries(properties)) {
      if (wanted.has(name)) define(object, name, this.value(property, [...path, name], depth + 1));
    }
    const further = schema['additionalProperties'];
    const least = typeof schema['minProperties'] === 'number' ? schema['minProperties'] : 0;
    const missing = [...required].filter((name) => !Object.hasOwn(object, name));
    for (let extra = 1; Object.keys(object).length + missing.length < least; extra += 1)
      missing.push(`field${extra}`);
    for (const name of missing) {
      define(
        object,
        name,
        this.value(isSchema(further) ? further : { type: 'string' }, [...path, name], depth + 1),
      );
    }
    return object;
  }

  #array(schema: JsonSchema, path: readonly string[], depth: number): unknown[] {
    const least = typeof schema['minItems'] === 'number' ? schema['minItems'] : 0;
    const most = typeof schema['maxItems'] === 'number' ? schema['maxItems'] : Infinity;
    const prefix = Array.isArray(schema['prefixItems']) ? schema['prefixItems'] : [];
    const usual =
      depth < DEPTH_WITH_OPTIONALS ? Math.max(prefix.length, schema['items'] === false ? 0 : 2) : 0;
    const length = Math.max(least, Math.min(most, usual));
    const items: unknown[] = [];
    for (let index = 0; index < length; index += 1) {
      const item: unknown =
        prefix[index] ?? (schema['items'] === undefined ? { type: 'string' } : schema['items']);
      if (item === false) break;
      const value = this.value(
        item === true ? { type: 'string' } : item,
        [...path, String(index + 1)],
        depth + 1,
      );
      const isRepeated = items.some((other) => JSON.stringify(other) === JSON.stringify(value));
      if (!isRepeated || schema['uniqueItems'] !== true) items.push(value);
      else {
        const other = this.#different(item, items);
        if (other === undefined) break;
        items.push(other);
      }
    }
    return items;
  }

  /** Another value of the item's schema that the list does not hold yet, where simple means find one. */
  #different(item: unknown, taken: readonly unknown[]): unknown {
    if (!isSchema(item)) return undefined;
    const schema = this.#flatten(item, 0);
    const used = new Set(taken.map((value) => JSON.stringify(value)));
    const candidates: unknown[] = Array.isArray(schema['enum']) ? schema['enum'] : [];
    if (typesOf(schema).includes('boolean')) candidates.push(true, false);
    if (typesOf(schema).some((type) => type === 'integer' || type === 'number')) {
      for (let step = 1; step <= taken.length + 1; step += 1) {
        for (const minimum of taken.filter((value) => typeof value === 'number')) {
          const above = numberFor(mergeSchemas(schema, { minimum: minimum + step }), '', this.#question);
          const below = numberFor(mergeSchemas(schema, { maximum: minimum - step }), '', this.#question);
          if (isWithin(schema, above)) candidates.push(above);
          if (isWithin(schema, below)) candidates.push(below);
        }
      }
    }
    return candidates.find((value) => !used.has(JSON.stringify(value)));
  }

  /** A choice that the question names wins; else one by the question's hash. Null only when nothing else is there. */
  #pick(choices: readonly unknown[], path: readonly string[]): unknown {
    const text = this.#question.text.toLowerCase();
    const real = choices.filter((choice) => choice !== null);
    const named = real.find(
      (choice) => typeof choice === 'string' && choice.length > 2 && text.includes(choice.toLowerCase()),
    );
    if (named !== undefined) return named;
    return real.length === 0 ? null : real[hash(`${path.join('.')}|${text}`) % real.length];
  }
}

/** A plain assignment would lose the name `__proto__`. */
function define(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

function isWithin(schema: JsonSchema, value: number): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  return (
    (typeof minimum !== 'number' || value >= minimum) &&
    (typeof maximum !== 'number' || value <= maximum) &&
    (typeof exclusiveMinimum !== 'number' || value > exclusiveMinimum) &&
    (typeof exclusiveMaximum !== 'number' || value < exclusiveMaximum)
  );
}
