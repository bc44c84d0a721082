import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import { withoutReference, withReference, type ImageWish } from './image-wish.ts';
import { sayRefusedUpload } from './refused-upload.ts';

/** Takes a picture as the reference of a wish: it is uploaded at once, and one that is refused goes, with a sentence. */
export function useReference(onWish: (change: (wish: ImageWish) => ImageWish) => void) {
  const { t } = useTranslation();
  const { client } = useGateway();
  const [problem, setProblem] = useState<string | null>(null);

  const upload = async (file: File): Promise<void> => {
    // Another one may have taken its place by then.
    const ifStill = (change: (wish: ImageWish) => ImageWish): void =>
      onWish((wish) => (wish.reference?.file === file ? change(wish) : wish));
    try {
      const { id } = await client.uploadImage(file);
      ifStill((wish) => ({ ...wish, reference: { imageId: id, file } }));
    } catch (error) {
      ifStill(withoutReference);
      setProblem(t('chat.attach_failed', { name: file.name, sentence: sayRefusedUpload(error, t) }));
    }
  };

  const take = (files: readonly File[]): void => {
    const [file, ...more] = files;
    if (file === undefined) return;
    setProblem(more.length > 0 ? t('picture.one_reference') : null);
    onWish((wish) => withReference(wish, { imageId: null, file }));
    void upload(file);
  };

  return { take, problem };
}
