import type { Schema } from '@baton/platform/database';
import { chatEntity } from '../chats/chat.entity.ts';
import { messageEntity } from '../chats/message.entity.ts';
import { wordEntity } from '../chats/word.entity.ts';
import { experimentEntity } from '../experiments/experiment.entity.ts';
import { CreateChats1795132800000 } from './1795132800000-create-chats.ts';
import { Branches1795219200000 } from './1795219200000-branches.ts';
import { SearchWords1795305600000 } from './1795305600000-search-words.ts';
import { Experiments1795392000000 } from './1795392000000-experiments.ts';

/** The tables that chat-service owns, and how they came to be. */
export const chatSchema: Schema = {
  owner: 'chat-service',
  entities: (dialect) => [
    chatEntity(dialect),
    messageEntity(dialect),
    wordEntity(dialect),
    experimentEntity(),
  ],
  migrations: [
    CreateChats1795132800000,
    Branches1795219200000,
    SearchWords1795305600000,
    Experiments1795392000000,
  ],
};
