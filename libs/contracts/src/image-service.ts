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

export const generateImageBody = z
  .strictObject({
    chat_id: id,
    description: z
      .string()
      .trim()
      .min(1)
      .max(IMAGE_LIMITS.descriptionChars)
      .meta({ description: 'In any language' }),
    width: side.optional(),
    height: side.optional(),
    seed: seed.optional().meta({ description: 'Random when left out' }),
  })
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
    chat_id: id,
    description: z.string(),
    prompt: z.string().meta({ description: 'What the language model made of the description' }),
    prompt_by: z.enum(['model', 'user']).meta({ description: '`user`: the description was used as it is' }),
    seed,
    width: z.int().positive(),
    height: z.int().positive(),
    settings: samplerSettings,
    model: z.string(),
    size_bytes: z.int().positive(),
    url: z.string().meta({ description: 'The PNG; needs the owner’s token' }),
    thumbnail_url: z.string(),
    simulated: z.boolean(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Image' });
export type Image = z.infer<typeof image>;

export const imageList = z.object({ message_id: id, images: z.array(image) }).meta({ id: 'ImageList' });

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
/** Stops what is being made for a chat: it was deleted, so nobody will ever see it. */
export const cancelChatImages = defineCall('image.cancel_chat', {
  request: z.object({ userId: id, chatId: id }),
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
  thumbnail: (imageId: number): string => `/internal/images/${imageId}/thumbnail`,
  /** As a model is shown it: JPEG, not larger than it can make use of. */
  forModel: (imageId: number): string => `/internal/images/${imageId}/model`,
  /** Takes the raw bytes of an upload (`application/octet-stream`); answers `uploadedImage` or a problem. */
  upload: '/internal/images',
  preview: (messageId: number): string => `/internal/messages/${messageId}/preview`,
} as const;
export const INTERNAL_HEADERS = { secret: 'x-baton-internal', userId: 'x-baton-user' } as const;
