/** A JSON Schema as it comes from a client: anything may stand in it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Finds `#/…` inside the root. `{}` (anything goes) when it points nowhere or outside the document. */
export function resolveRef(root: JsonSchema, ref: string): JsonSchema {
  if (ref === '#') return root;
  if (!ref.startsWith('#/')) return {};
  let found: unknown = root;
  for (const part of ref.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[key] : undefined;
  }
  return isSchema(found) ? found : {};
}

/** One schema that asks for what both ask for; what cannot be combined is taken from `b`. */
export function mergeSchemas(a: JsonSchema, b: JsonSchema): JsonSchema {
  const merged: Record<string, unknown> = { ...a, ...b };
  for (const key of ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'])
    combine(merged, [a, b], key, Math.max);
  for (const key of ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'])
    combine(merged, [a, b], key, Math.min);
  const [mine, theirs]: unknown[] = [a['required'], b['required']];
  if (Array.isArray(mine) && Array.isArray(theirs)) {
    merged['required'] = [...new Set<unknown>(mine.concat(theirs))];
  }
  if (Array.isArray(a['enum']) && Array.isArray(b['enum'])) {
    const others = new Set(b['enum'].map((value) => JSON.stringify(value)));
    merged['enum'] = a['enum'].filter((value) => others.has(JSON.stringify(value)));
  }
  const types = typesOf(a).filter(
    (type) => typesOf(b).includes(type) || (type === 'integer' && typesOf(b).includes('number')),
  );
  if (a['type'] !== undefined && b['type'] !== undefined) {
    merged['type'] =
      types.length > 0
        ? types
        : typesOf(b).filter((type) => type === 'integer' && typesOf(a).includes('number'));
  }
  if (isSchema(a['properties']) && isSchema(b['properties'])) {
    const properties: Record<string, unknown> = { ...a['properties'] };
    for (const [name, schema] of Object.entries(b['properties'])) {
      const mine = properties[name];
      properties[name] = isSchema(mine) && isSchema(schema) ? mergeSchemas(mine, schema) : schema;
    }
    merged['properties'] = properties;
  }
  if (isSchema(a['items']) && isSchema(b['items'])) merged['items'] = mergeSchemas(a['items'], b['items']);
  return merged;
}

/** The types that a schema allows, as its words say or as its keywords suggest; `string` when nothing does. */
export function typesOf(schema: JsonSchema): string[] {
  const { type } = schema;
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) return type.filter((one): one is string => typeof one === 'string');
  if ('properties' in schema || 'required' in schema || 'additionalProperties' in schema) return ['object'];
  if ('items' in schema || 'prefixItems' in schema || 'minItems' in schema) return ['array'];
  if ('minimum' in schema || 'maximum' in schema || 'multipleOf' in schema) return ['number'];
  if ('exclusiveMinimum' in schema || 'exclusiveMaximum' in schema) return ['number'];
  return ['string'];
}

function combine(
  into: Record<string, unknown>,
  [a, b]: [JsonSchema, JsonSchema],
  key: string,
  pick: (x: number, y: number) => number,
): void {
  const [x, y] = [a[key], b[key]];
  if (typeof x === 'number' && typeof y === 'number') into[key] = pick(x, y);
}
