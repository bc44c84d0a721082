import { z } from 'zod';

/** One fault of an engine: what it does, in a sentence, and what can be set about it. */
export interface FaultSpec<Params extends z.ZodRawShape = z.ZodRawShape> {
  readonly says: string;
  readonly params: Params;
}

export type FaultTable = Readonly<Record<string, FaultSpec>>;

/** Declares one row of a fault table. */
export function fault<Params extends z.ZodRawShape>(says: string, params: Params): FaultSpec<Params> {
  return { says, params };
}

type ParamsOf<Spec> = Spec extends FaultSpec<infer Params> ? z.infer<z.ZodObject<Params>> : never;

/** An armed fault as the control endpoint shows it; without `times` it stays until switched off. */
type Armed = Record<string, unknown> & { times?: number | undefined };

/**
 * The faults of one engine, switchable while it runs. In `PUT /__control`, each fault is `true` (permanent, default
 * parameters), an object `{ times?, …parameters }`, or `false` (off).
 */
export class FaultSwitchboard<Table extends FaultTable> {
  readonly schema: z.ZodType<Partial<Record<keyof Table & string, boolean | Armed>>>;
  readonly #table: Table;
  readonly #armed = new Map<string, Armed>();

  constructor(table: Table) {
    this.#table = table;
    const shape: Record<string, z.ZodType> = {};
    for (const [name, spec] of Object.entries(table)) {
      const times = z.int().positive().optional();
      shape[name] = z.union([z.boolean(), z.strictObject({ ...spec.params, times })]).optional();
    }
    this.schema = z.strictObject(shape) as unknown as typeof this.schema;
  }

  /** Takes what `schema` has parsed. Faults that are not named keep their state. */
  set(faults: Partial<Record<string, boolean | Armed>>): void {
    for (const [name, setting] of Object.entries(faults)) {
      const spec = this.#table[name];
      if (!spec || setting === undefined) continue;
      if (setting === false) this.#armed.delete(name);
      else this.#armed.set(name, setting === true ? z.object(spec.params).parse({}) : { ...setting });
    }
  }

  /**
   * The fault's parameters when it is armed, else null. Counts as one time: ask exactly where the fault would
   * strike. `when` looks at the parameters first; a fault it refuses is not used up.
   */
  strike<Name extends keyof Table & string>(
    name: Name,
    when: (params: ParamsOf<Table[Name]>) => boolean = () => true,
  ): ParamsOf<Table[Name]> | null {
    const params = this.peek(name);
    if (params === null || !when(params)) return null;
    const armed = this.#armed.get(name);
    if (armed?.times !== undefined) {
      if (armed.times <= 1) this.#armed.delete(name);
      else this.#armed.set(name, { ...armed, times: armed.times - 1 });
    }
    return params;
  }

  /** Like `strike`, without using the fault up. */
  peek<Name extends keyof Table & string>(name: Name): ParamsOf<Table[Name]> | null {
    const armed = this.#armed.get(name);
    return armed === undefined ? null : (armed as ParamsOf<Table[Name]>);
  }

  /** Every fault with its sentence and its present state, for `GET /__control`. */
  describe(): Record<string, { says: string; armed: false | Armed }> {
    return Object.fromEntries(
      Object.entries(this.#table).map(([name, spec]) => [
        name,
        { says: spec.says, armed: this.#armed.get(name) ?? false },
      ]),
    );
  }
}
