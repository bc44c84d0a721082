import type { Folders } from './folders.ts';
import type { InputSpec, NodeClass } from './nodes/node-class.ts';
import type { Choices } from './nodes/object-info.ts';
import { choicesOf, inputConfig } from './nodes/object-info.ts';
import type { NodeRegistry } from './nodes/registry.ts';
import type { Prompt, PromptNode } from './prompt.ts';
import { isRecord, PythonError } from './prompt.ts';
import { convert, pythonRepr, pythonText } from './python-values.ts';

export interface ValidationError {
  readonly type: string;
  readonly message: string;
  readonly details: string;
  readonly extra_info: Readonly<Record<string, unknown>>;
}

export interface NodeErrors {
  readonly errors: readonly ValidationError[];
  readonly dependent_outputs: string[];
  readonly class_type: string;
}

export type Verdict =
  | {
      readonly accepted: true;
      readonly outputs: readonly string[];
      readonly nodeErrors: Record<string, NodeErrors>;
    }
  | {
      readonly accepted: false;
      readonly error: ValidationError;
      readonly nodeErrors: Record<string, NodeErrors>;
    };

export interface ValidationParts {
  readonly registry: NodeRegistry;
  readonly choices: Choices;
  readonly folders: Folders;
}

const TRACEBACK = [
  '  File "/opt/comfyui/execution.py", line 1042, in validate_prompt\n    m = await validate_inputs(prompt_id, prompt, o, validated)\n',
];
/** Longer lists are not sent back with an error. */
const SHOWN_CHOICES = 20;

/**
 * Judges a graph as the server does before it queues it:
 *   1. every node must have a class that is known;
 *   2. there must be an output node, among the targets when targets are given;
 *   3. every output node is judged with all that it needs; a broken one is left out;
 *   4. with no output node left the graph is refused.
 * Values are converted to their declared type in place. Undeclared inputs are not looked at: that is how a graph
 * gets in that later kills the worker.
 */
export function validatePrompt(
  prompt: Prompt,
  targets: readonly string[] | null,
  parts: ValidationParts,
): Verdict {
  const outputs: string[] = [];
  for (const [id, node] of Object.entries(prompt)) {
    const known = typeof node.class_type === 'string' ? parts.registry.get(node.class_type) : undefined;
    if (known === undefined) return refuse(missingNode(id, node));
    if (known.isOutput === true && (targets === null || targets.includes(id))) outputs.push(id);
  }
  if (outputs.length === 0) return refuse(problem('prompt_no_outputs', 'Prompt has no outputs', ''));
  const nodeErrors: Record<string, NodeErrors> = {};
  const good: string[] = [];
  const own: ValidationError[] = [];
  const inspection = new Inspection(prompt, parts);
  for (const output of outputs) {
    const errors = inspection.judgeOutput(output);
    if (errors === null) {
      good.push(output);
      continue;
    }
    own.push(...errors);
    for (const [id, broken] of inspection.broken()) {
      nodeErrors[id] ??= { errors: broken, dependent_outputs: [], class_type: prompt[id]?.class_type ?? '' };
      nodeErrors[id].dependent_outputs.push(output);
    }
  }
  if (good.length > 0) return { accepted: true, outputs: good, nodeErrors };
  const details = own.map((error) => `${error.message}: ${error.details}`).join('\n');
  const error = problem('prompt_outputs_failed_validation', 'Prompt outputs failed validation', details);
  return { accepted: false, error, nodeErrors };
}

function refuse(error: ValidationError): Verdict {
  return { accepted: false, error, nodeErrors: {} };
}

export function problem(
  type: string,
  message: string,
  details: string,
  extra: Record<string, unknown> = {},
): ValidationError {
  return { type, message, details, extra_info: extra };
}

function missingNode(id: string, node: PromptNode): ValidationError {
  const title = node._meta?.title ?? null;
  // A client may well leave the class out, whatever the type says.
  const named = (node.class_type as string | undefined) ?? null;
  const message =
    named === null
      ? `Node '${title ?? `ID #${id}`}' has no class_type. The workflow may be corrupted or a custom node is missing.`
      : `Node '${title ?? named}' not found. The custom node may not be installed.`;
  const extra = { node_id: id, class_type: named, node_title: title };
  return problem('missing_node_type', message, `Node ID '#${id}'`, extra);
}

/** The state of judging one graph: which nodes were looked at, and what was wrong with them. */
class Inspection {
  readonly #prompt: Prompt;
  readonly #parts: ValidationParts;
  /** Null: fine. A list: invalid, empty when the fault lies upstream. */
  readonly #judged = new Map<string, readonly ValidationError[] | null>();
  readonly #path: string[] = [];

  constructor(prompt: Prompt, parts: ValidationParts) {
    this.#prompt = prompt;
    this.#parts = parts;
  }

  broken(): [string, readonly ValidationError[]][] {
    return [...this.#judged].flatMap(([id, errors]) =>
      errors === null || errors.length === 0 ? [] : [[id, errors]],
    );
  }

  judgeOutput(id: string): readonly ValidationError[] | null {
    try {
      return this.#judge(id);
    } catch (cause) {
      const { type, message } = asPython(cause);
      const extra = { exception_type: type, traceback: TRACEBACK };
      const errors = [
        problem('exception_during_validation', 'Exception when validating node', message, extra),
      ];
      this.#path.length = 0;
      this.#judged.set(id, errors);
      return errors;
    }
  }

  #judge(id: string): readonly ValidationError[] | null {
    const before = this.#judged.get(id);
    if (before !== undefined) return before;
    if (this.#path.includes(id)) {
      const cycle = [...this.#path.slice(this.#path.indexOf(id)), id];
      const errors = [
        problem('dependency_cycle', 'Dependency cycle detected', cycle.join(' -> '), { cycle_nodes: cycle }),
      ];
      this.#judged.set(id, errors);
      return errors;
    }
    const node = this.#prompt[id];
    const nodeClass = node && this.#parts.registry.get(node.class_type);
    if (node === undefined || nodeClass === undefined) throw new PythonError('KeyError', pythonRepr(id));
    if (!isRecord(node.inputs)) throw new PythonError('KeyError', "'inputs'");
    this.#path.push(id);
    const { errors, isUpstreamFine } = this.#judgeInputs(node, nodeClass);
    this.#path.pop();
    const own = this.#judged.get(id);
    // A cycle that ends here has left its own verdict already.
    const all = [...(own ?? []), ...errors];
    const verdict = all.length === 0 && isUpstreamFine ? null : all;
    this.#judged.set(id, verdict);
    return verdict;
  }

  #judgeInputs(
    node: PromptNode,
    nodeClass: NodeClass,
  ): { errors: ValidationError[]; isUpstreamFine: boolean } {
    const errors: ValidationError[] = [];
    let isUpstreamFine = true;
    const declared = [
      ...Object.entries(nodeClass.required).map(([name, spec]) => ({ name, spec, isRequired: true })),
      ...Object.entries(nodeClass.optional ?? {}).map(([name, spec]) => ({ name, spec, isRequired: false })),
    ];
    for (const { name, spec, isRequired } of declared) {
      if (!(name in node.inputs)) {
        const missing = problem('required_input_missing', 'Required input is missing', name, {
          input_name: name,
        });
        if (isRequired) errors.push(missing);
        continue;
      }
      const value = node.inputs[name];
      if (Array.isArray(value)) {
        const found = this.#judgeLink(name, spec, value);
        if (found === 'upstream') isUpstreamFine = false;
        else if (found !== null) errors.push(found);
        continue;
      }
      const found = this.#judgeValue(
        node.inputs,
        name,
        spec,
        nodeClass.check?.inputs.includes(name) === true,
      );
      if (found !== null) errors.push(found);
    }
    if (nodeClass.check !== undefined) errors.push(...this.#customCheck(node, nodeClass.check));
    return { errors, isUpstreamFine };
  }

  #judgeLink(name: string, spec: InputSpec, value: readonly unknown[]): ValidationError | 'upstream' | null {
    const extra = { input_name: name, input_config: inputConfig(spec, this.#parts.choices) };
    if (value.length !== 2) {
      const message = 'Bad linked input, must be a length-2 list of [node_id, slot_index]';
      return problem('bad_linked_input', message, name, { ...extra, received_value: value });
    }
    const [id, slot] = [String(value[0]), Number(value[1])];
    const source = this.#prompt[id];
    const sourceClass = source && this.#parts.registry.get(source.class_type);
    if (sourceClass === undefined) throw new PythonError('KeyError', pythonRepr(value[0]));
    const output = sourceClass.outputs[slot];
    if (output === undefined) throw new PythonError('IndexError', 'tuple index out of range');
    const received = typeof output === 'string' ? output : output[0];
    if (received !== spec.type) {
      const details = `${name}, received_type(${received}) mismatch input_type(${spec.type})`;
      const message = 'Return type mismatch between linked nodes';
      return problem('return_type_mismatch', message, details, {
        ...{ ...extra, received_type: received },
        linked_node: value,
      });
    }
    try {
      return this.#judge(id) === null ? null : 'upstream';
    } catch (cause) {
      this.#judged.set(id, [innerFailure(cause, value, extra)]);
      return 'upstream';
    }
  }

  #judgeValue(
    inputs: Record<string, unknown>,
    name: string,
    spec: InputSpec,
    isJudgedByNode: boolean,
  ): ValidationError | null {
    const extra = { input_name: name, input_config: inputConfig(spec, this.#parts.choices) };
    let value = inputs[name];
    if (isRecord(value) && '__value__' in value) value = value['__value__'];
    try {
      value = convert(spec.type, value);
    } catch (cause) {
      const reason = asPython(cause).message;
      const message = `Failed to convert an input value to a ${spec.type} value`;
      const about = { ...extra, received_value: value, exception_message: reason };
      return problem('invalid_input_type', message, `${name}, ${pythonText(value)}, ${reason}`, about);
    }
    inputs[name] = value;
    return isJudgedByNode ? null : this.#judgeRange(value, name, spec);
  }

  #judgeRange(value: unknown, name: string, spec: InputSpec): ValidationError | null {
    const config = inputConfig(spec, this.#parts.choices);
    const extra = { input_name: name, input_config: config, received_value: value };
    const { min, max } = spec.config;
    if (typeof value === 'number' && typeof min === 'number' && value < min) {
      return problem('value_smaller_than_min', `Value ${value} smaller than min of ${min}`, name, extra);
    }
    if (typeof value === 'number' && typeof max === 'number' && value > max) {
      return problem('value_bigger_than_max', `Value ${value} bigger than max of ${max}`, name, extra);
    }
    const options = choicesOf(spec, this.#parts.choices);
    if (options === null || (typeof value === 'string' && options.includes(value))) return null;
    const isLong = options.length > SHOWN_CHOICES;
    const list = isLong ? `(list of length ${options.length})` : pythonRepr(options);
    const details = `${name}: '${pythonText(value)}' not in ${list}`;
    const shown = { ...extra, input_config: isLong ? null : config };
    return problem('value_not_in_list', 'Value not in list', details, shown);
  }

  #customCheck(node: PromptNode, check: NonNullable<NodeClass['check']>): ValidationError[] {
    // A linked input is not known yet, so the node cannot judge it.
    const given = check.inputs.filter((name) => name in node.inputs && !Array.isArray(node.inputs[name]));
    if (given.length === 0) return [];
    const reason = check.verdict(node.inputs, this.#parts.folders);
    if (reason === null) return [];
    return given.map((name) =>
      problem('custom_validation_failed', 'Custom validation failed for node', `${name} - ${reason}`, {
        input_name: name,
      }),
    );
  }
}

function innerFailure(
  cause: unknown,
  linked: readonly unknown[],
  extra: Record<string, unknown>,
): ValidationError {
  const { type, message } = asPython(cause);
  return problem('exception_during_inner_validation', 'Exception when validating inner node', message, {
    ...extra,
    exception_message: message,
    exception_type: type,
    traceback: TRACEBACK,
    linked_node: linked,
  });
}

function asPython(cause: unknown): PythonError {
  if (cause instanceof PythonError) return cause;
  throw cause;
}
