import type { Schema } from '@baton/platform/database';
import { fileDraftEntity } from '../files/file-draft.entity.ts';
import { imageRequestEntity } from '../images/image-request.entity.ts';
import { imageEntity } from '../images/image.entity.ts';
import { CreateImages1795132800000 } from './1795132800000-create-images.ts';
import { BroughtAlong1795219200000 } from './1795219200000-brought-along.ts';
import { WithoutChat1795305600000 } from './1795305600000-without-chat.ts';
import { FileDrafts1795392000000 } from './1795392000000-file-drafts.ts';

/** The tables that image-service owns, and how they came to be. */
export const imageSchema: Schema = {
  owner: 'image-service',
  entities: (dialect) => [imageRequestEntity(dialect), imageEntity(dialect), fileDraftEntity()],
  migrations: [
    CreateImages1795132800000,
    BroughtAlong1795219200000,
    WithoutChat1795305600000,
    FileDrafts1795392000000,
  ],
};
