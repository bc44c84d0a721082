import { ollamaLoadOptions } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { Log } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { Ollama } from 'ollama';
import type { EngineDoor } from '../engines/engine-door.ts';
import { PROMPTING_SETTINGS, type PromptingSettings } from '../tokens.ts';
import { PROMPT_FORMAT, PROMPT_INSTRUCTIONS, readPromptAnswer } from './flux-prompt.ts';
import type { PromptWriter, WrittenPrompt } from './prompt-writer.ts';

/** Long enough for the longest prompt and some thinking; a model that rambles is cut off. */
const MAX_TOKENS = 1_000;

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
    const answer = await this.ask(description, model, door);
    const prompt = readPromptAnswer(answer);
    if (prompt !== null) return { prompt, by: 'model' };
    this.log.warn('prompt.nonsense', { model, answerChars: answer.length });
    return { prompt: description, by: 'user' };
  }

  private async ask(description: string, model: string, door: EngineDoor): Promise<string> {
    const deadline = AbortSignal.timeout(this.settings.timeoutMs);
    const signal = AbortSignal.any([door.signal, deadline]);
    const ollama = new Ollama({
      host: door.url,
      headers: { ...door.headers },
      // The package's own abort reaches streams only; closing the connection is what stops Ollama.
      fetch: (input: Parameters<typeof fetch>[0], init?: RequestInit) => fetch(input, { ...init, signal }),
    });
    try {
      const { message } = await ollama.chat({
        model,
        messages: [
          { role: 'system', content: PROMPT_INSTRUCTIONS },
          { role: 'user', content: description },
        ],
        format: PROMPT_FORMAT,
        stream: false,
        options: {
          ...ollamaLoadOptions(this.settings.contextLength),
          temperature: 0.4,
          num_predict: MAX_TOKENS,
        },
      });
      return message.content;
    } catch (error) {
      if (door.signal.aborted) throw door.signal.reason;
      if (deadline.aborted) throw new AppError('engine.stalled', { model }, { cause: error });
      throw asEngineError(error, model);
    }
  }
}

/** Decided by status: the texts change between versions. The guard's own refusals are a lost lease to us. */
function asEngineError(error: unknown, model: string): AppError {
  const status =
    typeof error === 'object' && error !== null && 'status_code' in error ? error.status_code : undefined;
  const details = { model, status };
  const text = error instanceof Error ? error.message : '';
  if (/out[ -]of[ -]memory/i.test(text))
    return new AppError('engine.out_of_memory', details, { cause: error });
  if (status === 404) return new AppError('model.unknown', details, { cause: error });
  if (status === 403 || status === 409) return new AppError('gpu.lease_lost', details, { cause: error });
  if (status === undefined || status === 502 || status === 503 || status === 504) {
    return new AppError('engine.unavailable', details, { cause: error });
  }
  return new AppError('engine.failed', details, { cause: error });
}
