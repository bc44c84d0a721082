import * as api from '@baton/api-client';
import { answerOf } from './answer-of.ts';

export interface GalleryQuestion {
  readonly q?: string;
  readonly favourite?: 'true';
  readonly origin?: 'generated' | 'uploaded';
  readonly cursor?: string;
}

/** Pictures: asked for, brought along, looked at, kept and thrown away. */
export function imageCalls(client: api.Client) {
  const of = (id: number) => ({ client, path: { id } });
  return {
    generateImage: (body: api.GenerateImage) => answerOf(api.imagesGenerate({ client, body })),
    imagesOf: (messageId: number) => answerOf(api.imagesList({ client, path: { message_id: messageId } })),
    uploadImage: (file: File) => answerOf(api.imagesUpload({ client, body: { file } })),
    imageFile: (id: number) => answerOf(api.imagesFile({ ...of(id), parseAs: 'blob' })),
    /** A PNG that says itself how it was made: for programs that read it, and never without being asked for. */
    imageFileWithPrompt: (id: number) =>
      answerOf(api.imagesFile({ ...of(id), query: { metadata: 'true' }, parseAs: 'blob' })),
    imageThumbnail: (id: number) => answerOf(api.imagesThumbnail({ ...of(id), parseAs: 'blob' })),
    imagePreview: (messageId: number) =>
      answerOf(api.imagesPreview({ client, path: { message_id: messageId }, parseAs: 'blob' })),
    gallery: (query: GalleryQuestion) => answerOf(api.imagesGallery({ client, query })),
    changeImage: (id: number, body: api.ChangeImage) => answerOf(api.imagesChange({ ...of(id), body })),
    deleteImage: (id: number) => answerOf(api.imagesDelete(of(id))),
    varyImage: (id: number, body: api.VaryImage) => answerOf(api.imagesVary({ ...of(id), body })),
    upscaleImage: (id: number) => answerOf(api.imagesUpscale(of(id))),
  };
}
