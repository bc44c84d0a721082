import { z } from 'zod';
import { defineCall } from './call.ts';
import { attachment, id, sentMessage } from './chat-service.ts';

export const IMAGE_LIMITS = {
  descriptionChars: 4_000,
  minSide: 256,
  maxSide: 2_048,
  sideMultiple: 16,
  batch: 4,
  searchChars: 200,
  pageSize: 100,
} as const;

const side = z
  .int()
  .min(IMAGE_LIMITS.minSide)
  .max(IMAGE_LIMITS.maxSide)
  .multipleOf(IMAGE_LIMITS.sideMultiple)
  .meta({ description: 'Pixels, a multiple of 16' });
/** Seeds stay inside the numbers that JavaScript keeps exactly. */
const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** What a user may choose of the sampling; cfg stays 1, since Flux.1-dev is guidance-distilled. */
export const wantedSettings = z.strictObject({
  steps: z.int().min(1).max(100).optional(),
  guidance: z.number().min(0).max(20).optional(),
  sampler: z.string().min(1).max(50).optional(),
  scheduler: z.string().min(1).max(50).optional(),
  denoise: z.number().min(0.05).max(1).optional().meta({
    description: 'How far from the reference picture: 0.55 to 0.65 changes colours, more changes shapes',
  }),
});
export type WantedSettings = z.infer<typeof wantedSettings>;

const wishFields = {
  description: z
    .string()
    .trim()
    .min(1)
    .max(IMAGE_LIMITS.descriptionChars)
    .meta({ description: 'In any language' }),
  width: side.optional(),
  height: side.optional(),
  seed: seed
    .optional()
    .meta({ description: 'Of the first variant, the others count on from it; random when left out' }),
  reference_image_id: id
    .optional()
    .meta({ description: 'A picture of yours, uploaded or generated: the new one is made out of it' }),
  reference_message_id: id
    .optional()
    .meta({ description: 'The same, named by the message that shows it (its first picture)' }),
  batch_count: z
    .int()
    .min(1)
    .max(IMAGE_LIMITS.batch)
    .optional()
    .meta({ default: 1, description: 'Variants, each with its own seed' }),
  use_prompt_as_is: z
    .boolean()
    .optional()
    .meta({ default: false, description: 'The description is the prompt: no language model changes it' }),
  settings: wantedSettings.optional(),
};
/** A picture has one origin. */
const ONE_REFERENCE = {
  path: ['reference_message_id'],
  message: 'name either reference_image_id or reference_message_id',
};
function hasOneReference(body: {
  readonly reference_image_id?: number | undefined;
  readonly reference_message_id?: number | undefined;
}): boolean {
  return body.reference_image_id === undefined || body.reference_message_id === undefined;
}

export const generateImageBody = z
  .strictObject({
    chat_id: id.nullable().meta({
      description:
        'null: the picture is in no chat, but among all your pictures (`GET /api/images`), until you delete it',
    }),
    ...wishFields,
  })
  .refine(hasOneReference, ONE_REFERENCE)
  .meta({
    id: 'GenerateImage',
    example: { chat_id: 1, description: 'Белый забор у дома на закате', width: 1024, height: 1024 },
  });
export type GenerateImageBody = z.infer<typeof generateImageBody>;

export const samplerSettings = z.object({
  steps: z.int().min(1).max(100),
  cfg: z.number(),
  guidance: z.number(),
  sampler: z.string(),
  scheduler: z.string(),
  denoise: z.number(),
});
export type SamplerSettings = z.infer<typeof samplerSettings>;

export const image = z
  .object({
    id,
    message_id: id,
    chat_id: id.nullable().meta({ description: 'null: it was made without a chat' }),
    kind: z
      .enum(['text', 'image', 'upscale'])
      .meta({ description: 'Made from words, out of a picture, or enlarged' }),
    variant: z.int().nonnegative(),
    batch_count: z.int().positive(),
    description: z.string(),
    prompt: z.string().meta({ description: 'What the language model made of the description' }),
    prompt_by: z.enum(['model', 'user']).meta({ description: '`user`: the description was used as it is' }),
    reference_image_id: id.nullable(),
    reference_description: z
      .string()
      .nullable()
      .meta({ description: 'What the vision model sees in the reference picture' }),
    seed,
    width: z.int().positive(),
    height: z.int().positive(),
    settings: samplerSettings,
    settings_by: z
      .enum(['model', 'user', 'default'])
      .meta({ description: '`default`: nobody chose, or the model’s choice made no sense' }),
    model: z.string(),
    workflow: z
      .object({ name: z.string(), hash: z.string() })
      .nullable()
      .meta({ description: 'Which graph made it; null for pictures of before 2026-11-21' }),
    timings: z.record(z.string(), z.int().nonnegative()).nullable().meta({
      description:
        'Milliseconds of each phase over all variants: vision, prompt (with the settings), upload, render (until its file is here), store',
    }),
    favourite: z.boolean(),
    media_type: z.enum(['image/png', 'image/jpeg']),
    size_bytes: z.int().positive(),
    url: z.string().meta({ description: 'The PNG; needs the owner’s token' }),
    thumbnail_url: z.string(),
    simulated: z.boolean(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Image' });
export type Image = z.infer<typeof image>;

/** Another picture of the same request (`vary`), or a larger one (`upscale`). */
export const varyBody = z
  .strictObject({ batch_count: z.int().min(1).max(IMAGE_LIMITS.batch).default(1), seed: seed.optional() })
  .meta({ id: 'VaryImage', example: { batch_count: 2 } });

export type VaryBody = z.infer<typeof varyBody>;

export const galleryQuery = z.strictObject({
  q: z.string().trim().min(1).max(IMAGE_LIMITS.searchChars).optional(),
  favourite: z.enum(['true']).optional(),
  origin: z.enum(['generated', 'uploaded']).optional(),
  limit: z.coerce.number().int().min(1).max(IMAGE_LIMITS.pageSize).default(40),
  cursor: z.string().max(200).optional(),
});
export const galleryEntry = z
  .object({
    id,
    origin: z.enum(['generated', 'uploaded']),
    message_id: id.nullable(),
    chat_id: id.nullable().meta({ description: 'null: brought along, or made without a chat' }),
    prompt: z.string().nullable(),
    width: z.int().positive(),
    height: z.int().positive(),
    size_bytes: z.int().positive(),
    favourite: z.boolean(),
    simulated: z.boolean(),
    url: z.string(),
    thumbnail_url: z.string(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'GalleryEntry' });
export type GalleryEntry = z.infer<typeof galleryEntry>;
export const gallery = z
  .object({
    images: z.array(galleryEntry),
    next_cursor: z.string().nullable(),
    storage: z.object({ used_bytes: z.int().nonnegative(), limit_bytes: z.int().positive().nullable() }),
  })
  .meta({ id: 'Gallery' });
export const changeImageBody = z
  .strictObject({ favourite: z.boolean() })
  .meta({ id: 'ChangeImage', example: { favourite: true } });
export const imageFileQuery = z.strictObject({
  metadata: z.enum(['true', 'false']).default('false').meta({
    description: '`true`: prompt, seed, settings and model are written into a PNG that was made here',
  }),
});
/** A short-lived address that needs no token: for an `<img>` or to hand on. */
export const imageLinkBody = z
  .strictObject({
    kind: z.enum(['file', 'thumbnail']).default('file'),
    seconds: z.int().min(10).max(86_400).default(300),
  })
  .meta({ id: 'NewImageLink', example: { kind: 'file', seconds: 300 } });
export const imageLink = z
  .object({ url: z.string(), expires_at: z.iso.datetime() })
  .meta({ id: 'ImageLink' });

export const imageList = z
  .object({
    message_id: id,
    images: z.array(image),
    can_upscale: z
      .boolean()
      .meta({ description: 'Whether a workflow for larger pictures is configured here' }),
  })
  .meta({ id: 'ImageList' });

export const listGallery = defineCall('image.gallery', {
  request: z.object({
    userId: id,
    q: z.string().optional(),
    isFavourite: z.boolean().optional(),
    origin: z.enum(['generated', 'uploaded']).optional(),
    limit: z.int().min(1).max(IMAGE_LIMITS.pageSize),
    cursor: z.string().optional(),
  }),
  reply: gallery,
  timeoutMs: 5_000,
});
export const changeImage = defineCall('image.change', {
  request: z.object({ userId: id, imageId: id, body: changeImageBody }),
  reply: galleryEntry,
  timeoutMs: 5_000,
});
/** The file goes too; the message keeps its words. */
export const deleteImage = defineCall('image.delete', {
  request: z.object({ userId: id, imageId: id }),
  reply: z.object({ deleted: z.literal(true) }),
  timeoutMs: 10_000,
});
/** The same prompt and settings with other seeds, as a new request in the same chat. */
export const varyImage = defineCall('image.vary', {
  request: z.object({ userId: id, imageId: id, body: varyBody }),
  reply: sentMessage,
  timeoutMs: 10_000,
});
/** @throws `image.no_upscaler` without a workflow for it */
export const upscaleImage = defineCall('image.upscale', {
  request: z.object({ userId: id, imageId: id }),
  reply: sentMessage,
  timeoutMs: 10_000,
});

/** Stores the request and its two chat messages, then asks for the GPU. */
export const generateImage = defineCall('image.generate', {
  request: z.object({ userId: id, body: generateImageBody }),
  reply: sentMessage,
  timeoutMs: 10_000,
});
export const cancelImage = defineCall('image.cancel', {
  request: z.object({ userId: id, messageId: id }),
  reply: z.object({ accepted: z.literal(true) }),
  timeoutMs: 10_000,
});
/** Stops what is being made for a chat, or without one all that is being made for a user. */
export const cancelChatImages = defineCall('image.cancel_chat', {
  request: z.object({ userId: id, chatId: id.optional() }),
  reply: z.object({ accepted: z.literal(true) }),
  timeoutMs: 10_000,
});
/** A picture that somebody brought along: decoded and encoded anew, without what cameras write beside it. */
export const uploadedImage = z
  .object({
    id,
    width: z.int().positive(),
    height: z.int().positive(),
    media_type: z.enum(['image/png', 'image/jpeg']),
    size_bytes: z.int().positive(),
    url: z.string().meta({ description: 'Needs the owner’s token' }),
    thumbnail_url: z.string(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'UploadedImage' });
export type UploadedImage = z.infer<typeof uploadedImage>;

/** For chat-service: whether a user may show these pictures to a model. @throws `image.not_found` for the first that is not theirs */
export const checkImages = defineCall('image.check', {
  request: z.object({ userId: id, imageIds: z.array(id).min(1).max(16) }),
  reply: z.object({ images: z.array(attachment) }),
  timeoutMs: 5_000,
});

/** The images of a message with their metadata; empty while none is finished. */
export const getImages = defineCall('image.get', {
  request: z.object({ userId: id, messageId: id }),
  reply: imageList,
  timeoutMs: 5_000,
});

/**
 * Picture bytes travel over HTTP, not over calls: image-service serves them to the gateway only, which quotes the
 * internal secret and the owner's id. 404 for everybody else's pictures.
 */
export const imageFilePaths = {
  file: (imageId: number): string => `/internal/images/${imageId}/file`,
  /** The file with prompt, seed, settings and model written into it, where it is a PNG that was made here. */
  annotated: (imageId: number): string => `/internal/images/${imageId}/annotated`,
  thumbnail: (imageId: number): string => `/internal/images/${imageId}/thumbnail`,
  /** As a model is shown it: JPEG, not larger than it can make use of. */
  forModel: (imageId: number): string => `/internal/images/${imageId}/model`,
  /** Takes the raw bytes of an upload (`application/octet-stream`); answers `uploadedImage` or a problem. */
  upload: '/internal/images',
  preview: (messageId: number): string => `/internal/messages/${messageId}/preview`,
} as const;
export const INTERNAL_HEADERS = { secret: 'x-baton-internal', userId: 'x-baton-user' } as const;
