import { INTERNAL_HEADERS, checkImages, imageFilePaths, type Attachment } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { INTERNAL_SECRET, correlationId, type CallClient } from '@baton/platform';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent } from 'undici';
import { IMAGE_SERVICE, IMAGE_SERVICE_URL } from '../tokens.ts';

/** image-service reduces a picture for a model; a body beyond this is none of its. */
const MAX_PICTURE_BYTES = 16 * 1_048_576;
const TIMEOUT_MS = 15_000;

/** Pictures of a user, from image-service: whose they are, and their bytes for a model. */
@Injectable()
export class PicturesClient implements OnApplicationShutdown {
  private readonly calls: Pick<CallClient, 'call'>;
  private readonly origin: string;
  private readonly secret: string;
  private readonly agent = new Agent({
    connectTimeout: 2_000,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    maxResponseSize: MAX_PICTURE_BYTES,
    connections: 8,
  });

  constructor(
    @Inject(IMAGE_SERVICE) calls: Pick<CallClient, 'call'>,
    @Inject(IMAGE_SERVICE_URL) origin: string,
    @Inject(INTERNAL_SECRET) secret: string,
  ) {
    this.calls = calls;
    this.origin = origin;
    this.secret = secret;
  }

  /** @throws AppError `image.not_found` for the first picture that is not this user's */
  async check(userId: number, imageIds: readonly number[]): Promise<Attachment[]> {
    const { images } = await this.calls.call(checkImages, { userId, imageIds: [...imageIds] });
    return images;
  }

  /** As a model takes it: base64 without a prefix. @throws AppError `image.not_found`, `call.unreachable` */
  async base64(userId: number, imageId: number): Promise<string> {
    const { statusCode, body } = await this.fetch(userId, imageId);
    if (statusCode !== 200) {
      await body.dump();
      if (statusCode === 404) throw new AppError('image.not_found', { imageId });
      throw new AppError('call.unreachable', { imageId, status: statusCode });
    }
    const bytes = await body.arrayBuffer().catch((cause: unknown) => {
      throw new AppError('call.unreachable', { imageId }, { cause });
    });
    return Buffer.from(bytes).toString('base64');
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  private async fetch(userId: number, imageId: number) {
    try {
      return await this.agent.request({
        origin: this.origin,
        path: imageFilePaths.forModel(imageId),
        method: 'GET',
        headers: {
          [INTERNAL_HEADERS.secret]: this.secret,
          [INTERNAL_HEADERS.userId]: String(userId),
          'x-correlation-id': correlationId(),
        },
      });
    } catch (cause) {
      throw new AppError('call.unreachable', { imageId }, { cause });
    }
  }
}
