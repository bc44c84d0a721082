import { Injectable } from '@nestjs/common';

export interface Preview {
  readonly userId: number;
  readonly revision: number;
  readonly contentType: string;
  readonly picture: Buffer;
}

/** The latest preview of each render under way. In memory only: a lost preview is followed by the next. */
@Injectable()
export class PreviewShelf {
  private readonly previews = new Map<number, Preview>();

  /** @returns the revision of the new preview, counted from 1 */
  put(messageId: number, preview: Omit<Preview, 'revision'>): number {
    const revision = (this.previews.get(messageId)?.revision ?? 0) + 1;
    this.previews.set(messageId, { ...preview, revision });
    return revision;
  }

  get(messageId: number, userId: number): Preview | undefined {
    const preview = this.previews.get(messageId);
    return preview?.userId === userId ? preview : undefined;
  }

  drop(messageId: number): void {
    this.previews.delete(messageId);
  }
}
