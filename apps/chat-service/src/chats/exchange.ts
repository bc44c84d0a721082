import type {
  AnswerOptions,
  Attachment,
  EndEvent,
  Message,
  MessageDetails,
  Routing,
  ThinkSetting,
} from '@baton/contracts';
import type { ChatRow } from './chat.entity.ts';

/** A reply that is to be made: everything its maker needs to know, so that nothing has to be read again. */
export interface ReplyTask {
  readonly replyId: number;
  readonly chatId: number;
  readonly userId: number;
  readonly model: string;
  readonly attempt: number;
  readonly temperature: number | null;
  readonly maxTokens: number | null;
  readonly systemPrompt: string | null;
  readonly topP: number | null;
  /** Of this message, else of the chat; null leaves it to the model. */
  readonly think: ThinkSetting | null;
  readonly options: AnswerOptions;
  /** What the row's details said before the answer began: routing, or who speaks in a chat between models. */
  readonly details: MessageDetails;
  /** Why another model answers than the one asked for; null when it is that one. */
  readonly routing: Routing | null;
  readonly kind: ChatRow['kind'];
}

/** What a reply is made with. */
export interface ReplyWish {
  /** By the user's own choice; also becomes the model of the chat. Checked against what is installed. */
  readonly model?: string | undefined;
  /** For this reply only, and taken as it is: whoever chose it (routing, an engine of its own) has checked it. */
  readonly chosen?: { readonly model: string; readonly experimentId?: number | null } | undefined;
  readonly options?: AnswerOptions | undefined;
  /** Known before the answer begins: routing, or who speaks. */
  readonly details?: MessageDetails | undefined;
}

/** Where a message goes: without both, to the end of the shown branch. */
export interface Place {
  /** A message that this one is another version of. */
  readonly replaces?: number | undefined;
  /** The message that this one follows; null begins a branch at the root. */
  readonly parentId?: number | null | undefined;
}

export interface NewExchange extends ReplyWish, Place {
  readonly userId: number;
  readonly chatId: number;
  readonly content: string;
  /** Pictures that the model is shown; whoever asks has checked whose they are. */
  readonly attachments?: readonly Attachment[] | undefined;
  /** A chat that is in no list: public routes never say so. */
  readonly hidden?: boolean | undefined;
}

/** A reply without a question of its own: an item of a batch, a turn in a chat between models. */
export interface NewReply extends ReplyWish {
  readonly userId: number;
  readonly chatId: number;
  readonly parentId: number | null;
  readonly hidden?: boolean | undefined;
  /** `stay`: the shown branch is left as it is. */
  readonly leaf?: 'move' | 'stay' | undefined;
}

export interface AnotherReply extends Pick<ReplyWish, 'model' | 'chosen' | 'details'> {
  readonly userId: number;
  readonly chatId: number;
  readonly messageId: number;
  readonly engine?: AnswerOptions['engine'];
  readonly think?: ThinkSetting | undefined;
}

export interface BegunReply {
  readonly reply: Message;
  readonly task: ReplyTask;
}
export interface BegunExchange extends BegunReply {
  readonly message: Message;
}

export interface EndedReply {
  readonly replyId: number;
  readonly end: EndEvent;
}

/** One thing said in the conversation, as the model is told it. */
export interface Turn {
  readonly messageId: number;
  readonly role: 'user' | 'assistant';
  readonly content: string;
  /** Of an answer: exact number of tokens, where an engine has counted these words and nothing else. */
  readonly tokens: number | null;
  /** Of an answer: all that came before it, system prompt included, as the engine counted it. */
  readonly promptTokens: number | null;
  /** What counted them: other models have other tokens. */
  readonly model: string | null;
  readonly isEdited: boolean;
  /** The user's pictures of this turn. */
  readonly imageIds: readonly number[];
  /** Who spoke, in a chat between models. */
  readonly speaker: NonNullable<MessageDetails['speaker']> | null;
}
