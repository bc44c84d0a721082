import { z } from 'zod';

/** The messages and answers of ComfyUI that a render depends on; fields that we do not need may come and go. */

export const socketMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('executing'),
    // Without a prompt it tells a new connection what runs.
    data: z.object({ prompt_id: z.string().optional(), node: z.string().nullable() }),
  }),
  z.object({
    type: z.literal('progress'),
    data: z
      .object({
        prompt_id: z.string(),
        value: z.int().nonnegative(),
        max: z.int().positive(),
        node: z.string().nullable(),
      })
      .refine(({ value, max }) => value <= max),
  }),
]);
export type SocketMessage = z.infer<typeof socketMessage>;

export const outputFile = z.object({ filename: z.string(), subfolder: z.string(), type: z.string() });
export type OutputFile = z.infer<typeof outputFile>;

/** What other nodes put out is of no interest, whatever its shape. */
const nodeOutput = z.object({ images: z.array(outputFile) });
const historyEntry = z.object({
  outputs: z.record(z.string(), z.union([nodeOutput, z.unknown().transform(() => null)])),
  status: z.object({
    status_str: z.string(),
    messages: z.array(z.tuple([z.string(), z.looseObject({})])),
  }),
});
export type HistoryEntry = z.infer<typeof historyEntry>;
export const history = z.record(z.string(), historyEntry);

/** Queue items are `[number, prompt_id, …]`. */
const queueItem = z.tuple([z.number(), z.string()]).rest(z.unknown());
export const queue = z.object({ queue_running: z.array(queueItem), queue_pending: z.array(queueItem) });

const nodeErrors = z.record(
  z.string(),
  z.object({
    errors: z.array(
      z.object({ type: z.string(), extra_info: z.object({ input_name: z.string().optional() }).optional() }),
    ),
  }),
);
/** `node_errors` names the outputs that will be left out although the prompt was taken. */
export const promptAnswer = z.object({ prompt_id: z.string(), node_errors: nodeErrors });
export const promptRefusal = z.object({ error: z.object({ type: z.string() }), node_errors: nodeErrors });

export const uploadAnswer = z.object({ name: z.string().min(1), subfolder: z.string().default('') });

const METADATA_PREVIEW = 4;
/** Shown to people under this type, so it is one of these and nothing else. */
const previewHeader = z.object({ prompt_id: z.string(), image_type: z.enum(['image/jpeg', 'image/png']) });
/** The latest of each render is kept. 512 pixels, as ComfyUI makes them, take a tenth of it at most. */
const MAX_PREVIEW_BYTES = 4 * 1_048_576;

export interface PreviewFrame {
  readonly promptId: string;
  readonly contentType: string;
  readonly picture: Buffer;
}

/** A preview frame that names its prompt (event 4), or null for every other binary frame. */
export function readPreviewFrame(frame: Buffer): PreviewFrame | null {
  if (frame.length < 8 || frame.readUInt32BE(0) !== METADATA_PREVIEW) return null;
  const end = 8 + frame.readUInt32BE(4);
  if (end > frame.length) return null;
  let header: unknown;
  try {
    header = JSON.parse(frame.toString('utf8', 8, end));
  } catch {
    return null;
  }
  const parsed = previewHeader.safeParse(header);
  if (!parsed.success || frame.length - end > MAX_PREVIEW_BYTES) return null;
  return {
    promptId: parsed.data.prompt_id,
    contentType: parsed.data.image_type,
    picture: frame.subarray(end),
  };
}
