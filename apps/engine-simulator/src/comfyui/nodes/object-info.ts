import type { InputSpec, ModelFiles, NodeClass } from './node-class.ts';

export interface Choices {
  readonly files: ModelFiles;
  /** Names of the top level of the input folder. */
  readonly inputFiles: readonly string[];
}

export function choicesOf(spec: InputSpec, { files, inputFiles }: Choices): readonly string[] | null {
  return spec.choices?.(files, inputFiles) ?? null;
}

/** `[TYPE, {…}]` as `object_info` and the errors of validation show an input. */
export function inputConfig(spec: InputSpec, choices: Choices): readonly unknown[] {
  const options = choicesOf(spec, choices);
  if (options === null) return Object.keys(spec.config).length === 0 ? [spec.type] : [spec.type, spec.config];
  if (spec.shape === 'combo') return ['COMBO', { ...spec.config, options }];
  return [options, spec.config];
}

/** One entry of `GET /object_info`. */
export function objectInfo(node: NodeClass, choices: Choices): Record<string, unknown> {
  const shown = (specs: Readonly<Record<string, InputSpec>>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, inputConfig(spec, choices)]));
  const { required, optional, hidden } = node;
  const types = node.outputs.map((output) => (typeof output === 'string' ? output : output[0]));
  return {
    input: {
      required: shown(required),
      ...(optional === undefined ? {} : { optional: shown(optional) }),
      ...(hidden === undefined ? {} : { hidden }),
    },
    input_order: {
      required: Object.keys(required),
      ...(optional === undefined ? {} : { optional: Object.keys(optional) }),
      ...(hidden === undefined ? {} : { hidden: Object.keys(hidden) }),
    },
    is_input_list: false,
    output: types,
    output_is_list: types.map(() => false),
    output_name: node.outputs.map((output) => (typeof output === 'string' ? output : output[1])),
    name: node.name,
    display_name: node.displayName,
    description: '',
    python_module: node.module,
    category: node.category,
    output_node: node.isOutput === true,
    has_intermediate_output: false,
    ...(node.isDeprecated === true ? { deprecated: true } : {}),
    search_aliases: [],
  };
}
