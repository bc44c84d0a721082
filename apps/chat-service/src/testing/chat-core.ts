import { AppError, systemClock, type Clock } from '@baton/kernel';
import type { DataSource } from 'typeorm';
import { BranchesRepository } from '../chats/branches.repository.ts';
import { ChatsRepository } from '../chats/chats.repository.ts';
import { ChatsService } from '../chats/chats.service.ts';
import { ExchangesService } from '../chats/exchanges.service.ts';
import type { MessageEnd } from '../chats/message-end.ts';
import { MessagesRepository } from '../chats/messages.repository.ts';
import { MessagesService } from '../chats/messages.service.ts';
import type { ModelWish, ModelsService } from '../models/models.service.ts';

type Models = Pick<ModelsService, 'choose' | 'accept' | 'refresh'>;

/** Models that are installed, by name; whoever names another is refused. Kinds of work are done by the first. */
export function installedModels(...names: string[]): Models {
  const accept = (model: string | null): string => {
    if (model === null) throw new AppError('chat.model_required');
    if (!names.includes(model)) throw new AppError('model.unknown');
    return model;
  };
  return {
    accept,
    choose: ({ named, usual, taskType }: ModelWish) => {
      const [first = ''] = names;
      if (named === undefined && taskType !== undefined) {
        return { model: first, routing: { asked: taskType, answered: first, because: 'task_type' } };
      }
      return { model: accept(named ?? usual ?? null), routing: null };
    },
    refresh: () => Promise.resolve(false),
  };
}

/** All that chat-service does with stored conversations, without anybody who answers. */
export interface ChatCore {
  readonly repository: ChatsRepository;
  readonly branches: BranchesRepository;
  readonly chats: ChatsService;
  readonly messages: MessagesService;
  readonly exchanges: ExchangesService;
}

export function chatCore(source: DataSource, clock: Clock = systemClock): ChatCore {
  const repository = new ChatsRepository(source);
  const rows = new MessagesRepository(source);
  const branches = new BranchesRepository(source);
  const models = installedModels('gpt-oss:20b', 'llama3:8b');
  return {
    repository,
    branches,
    chats: new ChatsService(repository, rows, branches, models, clock),
    messages: new MessagesService(repository, clock),
    exchanges: new ExchangesService(repository, rows, branches, models, clock),
  };
}

export function answered(content: string, usage: MessageEnd['usage'] = null): MessageEnd {
  return { state: 'done', error: null, content, usage, timeline: [] };
}
