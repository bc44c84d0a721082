import { hash } from 'node:crypto';
import { modelKey } from '../models/model-name.ts';

/** A comparison as far as the choice of a model needs it. */
export interface RunningExperiment {
  readonly id: number;
  readonly model: string;
  readonly variant: string;
  /** Percent of the chats that get the variant. */
  readonly share: number;
}

export interface Side {
  readonly experimentId: number;
  /** The model of this side. */
  readonly model: string;
  readonly isVariant: boolean;
}

const RANGE = 2 ** 32;

/**
 * The side of a chat, null when no comparison asks about the model. The same chat is always on the same side of a
 * comparison, whichever process asks; over many chats the variant gets its share, and sides of two comparisons have nothing
 * to do with each other.
 */
export function sideOf(running: readonly RunningExperiment[], chatId: number, model: string): Side | null {
  const key = modelKey(model);
  const experiment = running.find((one) => modelKey(one.model) === key);
  if (experiment === undefined) return null;
  const { id: experimentId, variant, share } = experiment;
  const isVariant = placeOf(experimentId, chatId) < share / 100;
  return { experimentId, model: isVariant ? variant : model, isVariant };
}

/** A number from 0 (inclusive) to 1 (exclusive), spread evenly over the chats of a comparison. */
function placeOf(experimentId: number, chatId: number): number {
  const digest = hash('sha256', `${experimentId}:${chatId}`, 'buffer');
  return digest.readUInt32BE(0) / RANGE;
}
