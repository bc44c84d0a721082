import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import { withoutReference, withReference, type ImageWish, type Reference } from './image-wish.ts';
import { sayRefusedUpload } from './refused-upload.ts';

/**
 * Takes a picture as the reference of a wish: it is uploaded at once. One that is refused goes, with a sentence, and the
 * one that it was to replace is there again.
 */
export function useReference(onWish: (change: (wish: ImageWish) => ImageWish) => void) {
  const { t } = useTranslation();
  const { client } = useGateway();
  const [problem, setProblem] = useState<string | null>(null);
  /** What became of the files, also of those in whose place another one was by then. */
  const uploads = useRef(new WeakMap<File, { readonly imageId: number | null }>());

  /** The one of before as it is by now; null when it was refused meanwhile. */
  const asItIsNow = (old: Reference | null): Reference | null => {
    const settled = old?.file == null ? undefined : uploads.current.get(old.file);
    if (old === null || settled === undefined) return old;
    return settled.imageId === null ? null : { ...old, imageId: settled.imageId };
  };

  const upload = async (file: File, before: () => Reference | null): Promise<void> => {
    // Another one may have taken its place by then.
    const ifStill = (change: (wish: ImageWish) => ImageWish): void =>
      onWish((wish) => (wish.reference?.file === file ? change(wish) : wish));
    try {
      const { id } = await client.uploadImage(file);
      uploads.current.set(file, { imageId: id });
      ifStill((wish) => ({ ...wish, reference: { imageId: id, file } }));
    } catch (error) {
      uploads.current.set(file, { imageId: null });
      const old = asItIsNow(before());
      ifStill((wish) => (old === null ? withoutReference(wish) : withReference(wish, old)));
      setProblem(t('chat.attach_failed', { name: file.name, sentence: sayRefusedUpload(error, t) }));
    }
  };

  const take = (files: readonly File[]): void => {
    const [file, ...more] = files;
    if (file === undefined) return;
    setProblem(more.length > 0 ? t('picture.one_reference') : null);
    let before: Reference | null = null;
    onWish((wish) => {
      before = wish.reference;
      return withReference(wish, { imageId: null, file });
    });
    void upload(file, () => before);
  };

  return { take, problem };
}
