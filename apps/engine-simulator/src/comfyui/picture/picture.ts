export type Kernel = 'nearest-exact' | 'bilinear' | 'area' | 'bicubic' | 'lanczos';

/** What a scene tells about itself in its caption. */
export interface Caption {
  readonly text: string;
  readonly seed: number;
  /** Place in the batch: the noise is drawn for the whole batch, so each place gives another picture. */
  readonly index: number;
  readonly steps: number;
  readonly sampler: string;
  readonly scheduler: string;
  readonly guidance: number | null;
}

/** A recipe for a picture; nothing is painted until somebody wants the pixels. Width and height are its result's. */
export type Picture = { readonly width: number; readonly height: number } & (
  | { readonly is: 'solid'; readonly color: number }
  | { readonly is: 'file'; readonly bytes: Buffer }
  | { readonly is: 'scaled'; readonly of: Picture; readonly kernel: Kernel; readonly crop: 'none' | 'center' }
  | { readonly is: 'cut'; readonly of: Picture }
  | {
      readonly is: 'scene';
      readonly caption: Caption;
      readonly base: Picture | null;
      /** How much of the base is painted over, 0 to 1. */
      readonly denoise: number;
    }
);
