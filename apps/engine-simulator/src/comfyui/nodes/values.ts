import type { Picture } from '../picture/picture.ts';
import type { Weights } from '../vram.ts';

/** What flows along the links of a graph. Pictures are recipes until an output node paints them. */
export type NodeValue =
  | { readonly is: 'model'; readonly weights: Weights }
  | { readonly is: 'clip'; readonly weights: Weights; readonly onCpu: boolean }
  | { readonly is: 'vae'; readonly weights: Weights }
  | { readonly is: 'conditioning'; readonly text: string; readonly guidance: number | null }
  | Latent
  | { readonly is: 'image'; readonly pictures: readonly Picture[] }
  | { readonly is: 'mask' }
  | { readonly is: 'noise'; readonly seed: number }
  | { readonly is: 'sampler'; readonly name: string }
  | { readonly is: 'sigmas'; readonly scheduler: string; readonly steps: number; readonly denoise: number }
  | {
      readonly is: 'guider';
      readonly weights: Weights;
      readonly text: string;
      readonly guidance: number | null;
    };

/** Size in pixels of the picture it stands for; a null picture is an empty latent. */
export interface Latent {
  readonly is: 'latent';
  readonly width: number;
  readonly height: number;
  readonly pictures: readonly (Picture | null)[];
}

export type ValueOf<Kind extends NodeValue['is']> = Extract<NodeValue, { is: Kind }>;

/** As an error report prints a value that came over a link. */
export function describeValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('is' in value)) return value;
  const known = value as NodeValue;
  switch (known.is) {
    case 'image':
      return `tensor([[[[0., 0., 0.],\n          ...]]]) # ${known.pictures.length} picture(s)`;
    case 'latent':
      return `{'samples': tensor([[[[0., ...]]]])}`;
    case 'conditioning':
      return `[[tensor([[[0., ...]]]), {'pooled_output': tensor([[0., ...]])}]]`;
    default:
      return `<comfy.${known.is} object at 0x7f3c5a1b2d90>`;
  }
}
