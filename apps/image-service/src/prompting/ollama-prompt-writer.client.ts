import { ollamaLoadOptions } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { Log } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { ChatRequest } from 'ollama';
import { z } from 'zod';
import type { EngineDoor } from '../engines/engine-door.ts';
import { EngineHttp } from '../engines/engine-http.ts';
import type { Refusal } from '../engines/engine-refusal.ts';
import { PROMPTING_SETTINGS, type PromptingSettings } from '../tokens.ts';
import { PROMPT_FORMAT, PROMPT_INSTRUCTIONS, readPromptAnswer } from './flux-prompt.ts';
import type { PromptWriter, WrittenPrompt } from './prompt-writer.ts';

/** Long enough for the longest prompt and some thinking; a model that rambles is cut off. */
const MAX_TOKENS = 1_000;

const answer = z.object({ message: z.object({ content: z.string() }) });

/** Has the prompt written by a model of Ollama, with structured output. */
@Injectable()
export class OllamaPromptWriter implements PromptWriter {
  private readonly settings: PromptingSettings;
  private readonly log: Log;

  constructor(@Inject(PROMPTING_SETTINGS) settings: PromptingSettings, log: Log) {
    this.settings = settings;
    this.log = log;
  }

  async write(description: string, model: string, door: EngineDoor): Promise<WrittenPrompt> {
    const text = await this.ask(description, model, door);
    const prompt = readPromptAnswer(text);
    if (prompt !== null) return { prompt, by: 'model' };
    this.log.warn('prompt.nonsense', { model, answerChars: text.length });
    return { prompt: description, by: 'user' };
  }

  /** Closing the connection is what stops Ollama, so everything that ends this closes it. */
  private async ask(description: string, model: string, door: EngineDoor): Promise<string> {
    const { contextLength, keepAlive, timeoutMs } = this.settings;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new AppError('engine.stalled', { model })), timeoutMs);
    const http = new EngineHttp(door, AbortSignal.any([door.signal, deadline.signal]), readRefusal);
    const request: ChatRequest = {
      model,
      messages: [
        { role: 'system', content: PROMPT_INSTRUCTIONS },
        { role: 'user', content: description },
      ],
      format: PROMPT_FORMAT,
      stream: false,
      // Models that can think do so unless told otherwise.
      think: false,
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
