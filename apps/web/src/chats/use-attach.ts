import { ANSWER_LIMITS } from '@baton/contracts';
import { useState, type Dispatch, type SetStateAction } from 'react';
import { useTranslation } from 'react-i18next';
import { useGateway } from '../api/gateway-context.ts';
import { sayRefusedUpload } from '../images/refused-upload.ts';
import type { Attached, Draft } from './draft.ts';

/** Takes pictures into a draft: each is uploaded at once, and one that the gateway refuses goes, with a sentence. */
export function useAttach(draft: Draft, onDraft: Dispatch<SetStateAction<Draft>>) {
  const { t } = useTranslation();
  const { client } = useGateway();
  const [problem, setProblem] = useState<string | null>(null);

  const change = (key: string, to: (picture: Attached) => readonly Attached[]): void =>
    onDraft((current) => ({
      ...current,
      pictures: current.pictures.flatMap((one) => (one.key === key ? to(one) : one)),
    }));

  const upload = async ({ key, file }: Attached): Promise<void> => {
    try {
      const { id } = await client.uploadImage(file);
      change(key, (one) => [{ ...one, imageId: id }]);
    } catch (error) {
      change(key, () => []);
      setProblem(t('chat.attach_failed', { name: file.name, sentence: sayRefusedUpload(error, t) }));
    }
  };

  const attach = (files: readonly File[]): void => {
    const room = ANSWER_LIMITS.imagesPerMessage - draft.pictures.length;
    const taken = files.slice(0, room).map((file) => ({ key: newKey(), file, imageId: null }));
    setProblem(files.length > room ? t('chat.attach_limit', { most: ANSWER_LIMITS.imagesPerMessage }) : null);
    onDraft((current) => ({ ...current, pictures: [...current.pictures, ...taken] }));
    for (const picture of taken) void upload(picture);
  };

  return { attach, remove: (key: string) => change(key, () => []), problem };
}

let keys = 0;
function newKey(): string {
  keys += 1;
  return `picture-${keys}`;
}

/** The pictures in what was dropped or pasted. */
export function picturesIn(data: DataTransfer | null): readonly File[] {
  return [...(data?.files ?? [])].filter(({ type }) => type.startsWith('image/'));
}
