import { useState } from 'react';
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

  const upload = async (file: File, before: () => Reference | null): Promise<void> => {
    // Another one may have taken its place by then.
    const ifStill = (change: (wish: ImageWish) => ImageWish): void =>
      onWish((wish) => (wish.reference?.file === file ? change(wish) : wish));
    try {
      const { id } = await client.uploadImage(file);
      ifStill((wish) => ({ ...wish, reference: { imageId: id, file } }));
    } catch (error) {
      const old = before();
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
      // One that is still on its way has nobody any more who would tell of its arrival.
      before = wish.reference?.imageId === null ? null : wish.reference;
      return withReference(wish, { imageId: null, file });
    });
    void upload(file, () => before);
  };

  return { take, problem };
}
