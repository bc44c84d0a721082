/** One node of a prompt in API format. Inputs are values or links. */
export interface PromptNode {
  readonly class_type: string;
  readonly inputs: Record<string, unknown>;
  readonly _meta?: { readonly title?: string };
}

export type Prompt = Readonly<Record<string, PromptNode>>;

/** `[node id, output index]`. */
export type Link = readonly [string, number];

export function isLink(value: unknown): value is Link {
  return (
    Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && typeof value[1] === 'number'
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An exception as the real server would raise it: the class name goes to clients. */
export class PythonError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** Memory of the card ran out inside a node. */
export class TorchOutOfMemory extends PythonError {
  constructor(message: string) {
    super('torch.OutOfMemoryError', message);
  }
}

/** The running prompt noticed the interrupt flag. */
export class Interrupted extends Error {}

/** An exception outside every safety net: it ends the only worker. */
export class WorkerDied extends Error {}
