import type { Picture } from '../picture/picture.ts';
import { withTextChunks } from '../picture/png-text.ts';
import type { SavedFile } from '../prompt-queue.ts';
import { isRecord } from '../prompt.ts';
import { isAtLeast } from '../settings.ts';
import type { NodeClass, NodeContext } from './node-class.ts';
import { link, text } from './node-class.ts';

const HIDDEN = { prompt: 'PROMPT', extra_pnginfo: 'EXTRA_PNGINFO' };

interface Target {
  readonly type: 'output' | 'temp';
  readonly prefix: string;
}

/** Paints the pictures, one file each, with the graph inside as the real server does. */
async function save(
  pictures: readonly Picture[],
  { type, prefix }: Target,
  context: NodeContext,
): Promise<SavedFile[]> {
  const { folders, painter, settings } = context;
  const [{ width, height } = { width: 0, height: 0 }] = pictures;
  const slot = await folders.nextSlot(type, prefix, { width, height });
  const saved: SavedFile[] = [];
  for (const [index, picture] of pictures.entries()) {
    const png = withTextChunks(await painter.png(picture), metadata(context));
    const filename = await slot.write(index, png);
    saved.push({
      ...{ filename, subfolder: slot.subfolder, type },
      ...(isAtLeast(settings, '0.38.0')
        ? { metadata: { kind: 'image', width: picture.width, height: picture.height, bytes: png.length } }
        : {}),
    });
  }
  return saved;
}

function metadata({ settings, prompt, extraData }: NodeContext): Record<string, unknown> {
  if (settings.disableMetadata) return {};
  const { extra_pnginfo: extra } = extraData;
  return { prompt, ...(isRecord(extra) ? extra : {}) };
}

const saveImage: NodeClass = {
  name: 'SaveImage',
  displayName: 'Save Image',
  category: 'image',
  module: 'nodes',
  required: { images: link('IMAGE'), filename_prefix: text({ default: 'ComfyUI' }) },
  hidden: HIDDEN,
  outputs: ['IMAGE'],
  isOutput: true,
  async run(inputs, context) {
    const images = inputs.value('images', 'image');
    const target = { type: 'output', prefix: inputs.text('filename_prefix') } as const;
    return { outputs: [images], ui: { images: await save(images.pictures, target, context) } };
  },
};

const previewImage: NodeClass = {
  name: 'PreviewImage',
  displayName: 'Preview Image',
  category: 'image',
  module: 'nodes',
  required: { images: link('IMAGE') },
  hidden: HIDDEN,
  outputs: ['IMAGE'],
  isOutput: true,
  async run(inputs, context) {
    const images = inputs.value('images', 'image');
    const target = { type: 'temp', prefix: context.folders.tempPrefix } as const;
    return { outputs: [images], ui: { images: await save(images.pictures, target, context) } };
  },
};

/** Whole pictures over the socket, as the frames that previews use; nothing on disk, nothing in the history. */
const saveImageWebsocket: NodeClass = {
  name: 'SaveImageWebsocket',
  displayName: 'SaveImageWebsocket',
  category: 'api/image',
  module: 'custom_nodes.websocket_image_save',
  required: { images: link('IMAGE') },
  outputs: [],
  isOutput: true,
  fingerprint: () => 'never',
  async run(inputs, context) {
    const { pictures } = inputs.value('images', 'image');
    for (const [index, picture] of pictures.entries()) {
      const paint = async (): Promise<{ bytes: Buffer; format: 'png' }> => ({
        bytes: await context.painter.png(picture),
        format: 'png',
      });
      await context.progress(index, pictures.length, paint);
    }
    return { outputs: [] };
  },
};

export const OUTPUTS = [saveImage, previewImage, saveImageWebsocket];
