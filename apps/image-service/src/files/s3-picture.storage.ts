import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  type GetObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { AppError } from '@baton/kernel';
import { ConfigError } from '@baton/platform';
import { PICTURE_NAME, type FilePart, type PictureStorage } from './picture-storage.ts';
import { tryOut } from './try-out.ts';

const ATTEMPTS = 3;
const CONNECT_TIMEOUT_MS = 3_000;
/** Without a byte. A picture is some MB, and a server of objects answers in less than a second. */
const SILENCE_TIMEOUT_MS = 5_000;
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
};

export interface S3Settings {
  /** Null is Amazon's own of the region. */
  readonly endpoint: string | null;
  readonly region: string;
  readonly bucket: string;
  /** In front of every name; empty, or with a slash at its end. */
  readonly prefix: string;
  /** Null leaves it to the client: its own variables, files, or the role of the machine. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
  /** The bucket in the path instead of the host's name, as most servers other than Amazon's want it. */
  readonly isPathStyle: boolean;
}

/** Picture files in a bucket. An object appears whole or not at all, so there are no drafts. */
export class S3PictureStorage implements PictureStorage {
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;

  constructor({ endpoint, region, bucket, prefix, credentials, isPathStyle }: S3Settings) {
    this.bucket = bucket;
    this.prefix = prefix;
    this.client = new S3Client({
      region,
      forcePathStyle: isPathStyle,
      maxAttempts: ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SILENCE_TIMEOUT_MS },
      // Newer checksums in trailers are not understood by every compatible server.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(endpoint === null ? {} : { endpoint }),
      ...(credentials === null ? {} : { credentials }),
    });
  }

  async put(name: string, bytes: Buffer): Promise<void> {
    const ContentType = MEDIA_TYPES[name.slice(name.lastIndexOf('.') + 1)];
    const put = new PutObjectCommand({ ...this.at(name), Body: bytes, ContentType });
    await this.attempt('picture.put', () => this.client.send(put));
  }

  async size(name: string): Promise<number | null> {
    try {
      const { ContentLength: size } = await this.client.send(new HeadObjectCommand(this.at(name)));
      return size ?? null;
    } catch (cause) {
      if (!isMissing(cause)) throw unavailable('picture.size', cause);
    }
    // An answer without a body does not say whether the picture is missing or the whole bucket.
    await this.attempt('picture.size', () => this.checkBucket());
    return null;
  }

  async open(name: string, part?: FilePart): Promise<Readable> {
    const { Body: body } = await this.get(name, part);
    if (body instanceof Readable) return body;
    throw unavailable('picture.open', new Error('an answer without a stream'));
  }

  async read(name: string): Promise<Buffer> {
    return this.attempt('picture.read', async () => {
      const { Body: body } = await this.get(name);
      return Buffer.from((await body?.transformToByteArray()) ?? []);
    });
  }

  async remove(name: string): Promise<void> {
    const remove = new DeleteObjectCommand(this.at(name));
    await this.attempt('picture.remove', () => this.client.send(remove)).catch((error: unknown) => {
      if (!(error instanceof AppError && error.code === 'image.not_found')) throw error;
    });
  }

  /** Storing and removing are both needed, and a key may be allowed only one of them. */
  async check(): Promise<void> {
    try {
      await this.checkBucket();
      await tryOut(this);
    } catch (error) {
      const wrong = error instanceof AppError ? wrongSetting(error.cause) : null;
      throw wrong === null ? error : new ConfigError(wrong);
    }
  }

  /** @throws AppError `store.unavailable` when the bucket is not there, or not ours */
  private async checkBucket(): Promise<void> {
    try {
      await this.client.send(new HeadBucketCommand({ Bucket: this.bucket }));
    } catch (cause) {
      throw unavailable('picture.bucket', cause);
    }
  }

  /** Called by Nest. */
  onApplicationShutdown(): void {
    this.client.destroy();
  }

  private get(name: string, part?: FilePart): Promise<GetObjectCommandOutput> {
    const Range = part === undefined ? undefined : `bytes=${part.start}-${part.end}`;
    const get = new GetObjectCommand({ ...this.at(name), Range });
    return this.attempt('picture.get', () => this.client.send(get));
  }

  private at(name: string): { readonly Bucket: string; readonly Key: string } {
    if (!PICTURE_NAME.test(name)) throw new Error('not the name of a picture file');
    return { Bucket: this.bucket, Key: `${this.prefix}${name}` };
  }

  private async attempt<T>(op: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      if (isMissing(cause)) {
        throw new AppError('image.not_found', { reason: 'the file is gone' }, { cause });
      }
      throw unavailable(op, cause);
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && ['NoSuchKey', 'NotFound'].includes(error.name);
}

/** Which variable is to be changed, and why; null when it may be right and the server is away. */
function wrongSetting(cause: unknown): string | null {
  if (cause instanceof Error && cause.name === 'CredentialsProviderError') {
    return 'IMAGE_S3_ACCESS_KEY_ID: is needed; no credentials were found elsewhere either';
  }
  const status = cause instanceof S3ServiceException ? cause.$metadata.httpStatusCode : undefined;
  if (status === 404) return 'IMAGE_S3_BUCKET: there is no such bucket at IMAGE_S3_ENDPOINT';
  if (status === 301 || status === 400) {
    return 'IMAGE_S3_REGION, IMAGE_S3_ENDPOINT, IMAGE_S3_PATH_STYLE: the server wants this bucket asked for otherwise';
  }
  if (status !== 401 && status !== 403) return null;
  return (
    'IMAGE_S3_ACCESS_KEY_ID, IMAGE_S3_SECRET_ACCESS_KEY: the server refuses them for IMAGE_S3_BUCKET; ' +
    'reading, storing and deleting must be allowed'
  );
}

/** Away, denied, no such bucket: the name of the failure is for the log, and no address is in it. */
function unavailable(op: string, cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.name : 'unknown';
  return new AppError('store.unavailable', { op, reason }, { cause });
}
