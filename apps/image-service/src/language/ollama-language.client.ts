import { alwaysThinks, ollamaLoadOptions } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { Log } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { ChatRequest } from 'ollama';
import { z } from 'zod';
import type { EngineDoor } from '../engines/engine-door.ts';
import { EngineHttp } from '../engines/engine-http.ts';
import type { Refusal } from '../engines/engine-refusal.ts';
import { LANGUAGE_SETTINGS, type LanguageSettings } from '../tokens.ts';
import {
  CHANGE_FORMAT,
  DESCRIPTION_FORMAT,
  PROMPT_FORMAT,
  readDescription,
  readPrompt,
  readSettings,
} from './answers.ts';
import { SEE_INSTRUCTIONS, instructionsFor, questionOf } from './instructions.ts';
import type { PictureLanguage, Wish, WrittenPrompt } from './picture-language.ts';

/** Long enough for the longest prompt, and for models that cannot help thinking first (gpt-oss); one that rambles is cut off. */
const MAX_TOKENS = 2_500;

const answer = z.object({ message: z.object({ content: z.string() }) });

interface Question {
  readonly model: string;
  readonly messages: NonNullable<ChatRequest['messages']>;
  readonly format: NonNullable<ChatRequest['format']>;
  readonly timeoutMs: number;
}

/** Asks models of Ollama, with structured output. */
@Injectable()
export class OllamaLanguage implements PictureLanguage {
  private readonly settings: LanguageSettings;
  private readonly log: Log;

  constructor(@Inject(LANGUAGE_SETTINGS) settings: LanguageSettings, log: Log) {
    this.settings = settings;
    this.log = log;
  }

  async describe(picture: Buffer, model: string, door: EngineDoor): Promise<string | null> {
    const images = [picture.toString('base64')];
    const messages = [{ role: 'user', content: SEE_INSTRUCTIONS, images }];
    const timeoutMs = this.settings.visionTimeoutMs;
    const text = await this.ask({ model, messages, format: DESCRIPTION_FORMAT, timeoutMs }, door);
    const seen = readDescription(text);
    if (seen === null) this.log.warn('vision.nonsense', { model, answerChars: text.length });
    return seen;
  }

  async write(wish: Wish, model: string, door: EngineDoor): Promise<WrittenPrompt> {
    const messages = [
      { role: 'system', content: instructionsFor(wish) },
      { role: 'user', content: questionOf(wish) },
    ];
    const format = wish.isChange ? CHANGE_FORMAT : PROMPT_FORMAT;
    const { timeoutMs } = this.settings;
    const text = await this.ask({ model, messages, format, timeoutMs }, door);
    const settings = wish.isChange ? readSettings(text) : null;
    const prompt = readPrompt(text);
    if (prompt !== null) return { prompt, by: 'model', settings };
    this.log.warn('prompt.nonsense', { model, answerChars: text.length });
    return { prompt: wish.description, by: 'user', settings };
  }

  /** Closing the connection is what stops Ollama, so everything that ends this closes it. */
  private async ask({ timeoutMs, ...question }: Question, door: EngineDoor): Promise<string> {
    const { contextLength, keepAlive } = this.settings;
    const deadline = new AbortController();
    const { model } = question;
    const timer = setTimeout(() => deadline.abort(new AppError('engine.stalled', { model })), timeoutMs);
    const http = new EngineHttp(door, AbortSignal.any([door.signal, deadline.signal]), readRefusal);
    const request: ChatRequest = {
      ...question,
      stream: false,
      // Models that can think do so unless told otherwise, and some do so whatever they are told.
      think: alwaysThinks(model) ? 'low' : false,
      keep_alive: keepAlive,
      options: { ...ollamaLoadOptions(contextLength), temperature: 0.4, num_predict: MAX_TOKENS },
    };
    try {
      const { message } = await http.json(answer, { method: 'POST', url: '/api/chat', data: request });
      return message.content;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Decided by status where that is possible: the texts change between versions. */
function readRefusal({ status, body }: Refusal, details: Readonly<Record<string, unknown>>): AppError | null {
  if (/out[ -]of[ -]memory|requires more (system|gpu) memory/i.test(body)) {
    return new AppError('engine.out_of_memory', details);
  }
  return status === 404 ? new AppError('model.unknown', details) : null;
}
