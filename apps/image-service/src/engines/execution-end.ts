import { AppError } from '@baton/kernel';
import type { HistoryEntry, OutputFile } from './comfyui-messages.ts';

/**
 * The file that an ended execution has made: the output node's, or, of an order that an older graph was used for, any.
 *
 * @throws AppError `image.interrupted`, `engine.out_of_memory`, `image.render_failed`
 */
export function fileOf(entry: HistoryEntry, output: string): OutputFile {
  if (!isSuccess(entry)) throw failureOf(entry);
  const outputs = [entry.outputs[output], ...Object.values(entry.outputs)];
  const file = outputs.flatMap((node) => node?.images ?? [])[0];
  if (file === undefined) throw new AppError('image.render_failed', { reason: 'no output' });
  return file;
}

export function isSuccess(entry: HistoryEntry): boolean {
  return entry.status.status_str === 'success';
}

/** An interruption has the status of an error too: the last message tells them apart. */
function failureOf({ status }: HistoryEntry): AppError {
  const [name, data] = status.messages.at(-1) ?? [];
  if (name === 'execution_interrupted') return new AppError('image.interrupted', { reason: 'interrupted' });
  const details = { exceptionType: data?.['exception_type'], nodeType: data?.['node_type'] };
  const isMemory = String(details.exceptionType).includes('OutOfMemory');
  return new AppError(isMemory ? 'engine.out_of_memory' : 'image.render_failed', details);
}
