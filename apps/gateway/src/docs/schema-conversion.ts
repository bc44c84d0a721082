import { z } from 'zod';

interface Converted {
  readonly schema: Record<string, unknown>;
  readonly components: Record<string, Record<string, unknown>>;
}

/**
 * A zod schema as OpenAPI 3.1. Schemas that carry an `id` become components under it. What a document for people and
 * for client generators does not need is left out: the pattern behind `date-time`, the limits of exact integers, and
 * (in answers) the ban on further fields, so that a later version may add some.
 */
export function toOpenApiSchema(schema: z.ZodType, direction: 'input' | 'output'): Converted {
  const json = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: direction,
    override: ({ jsonSchema }) => {
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (direction === 'output' && jsonSchema.additionalProperties === false)
        delete jsonSchema.additionalProperties;
    },
  });
  // Within one schema zod points at its own definitions; in a document they stand among the components.
  const moved = JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/');
  const { $defs, ...root } = jsonObject.parse(JSON.parse(moved));
  delete root['$schema'];
  return { schema: root, components: z.record(z.string(), jsonObject).default({}).parse($defs) };
}

const jsonObject = z.record(z.string(), z.unknown());

/** The hook of `@nestjs/swagger` for schemas in decorators. */
export function standardSchemaConverter(
  schema: unknown,
  { schemaType }: { readonly schemaType: 'input' | 'output' },
): Converted | undefined {
  return schema instanceof z.ZodType ? toOpenApiSchema(schema, schemaType) : undefined;
}
