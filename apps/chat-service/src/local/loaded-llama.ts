import type {
  ChatHistoryItem,
  ChatWrapper,
  GbnfJsonSchema,
  Llama,
  LlamaContext,
  LlamaContextSequence,
  LlamaGrammar,
  LlamaModel,
} from 'node-llama-cpp';
import { LocalTroubleError, loadLibrary, openLlama, openModel, type LlamaLibrary } from './llama-library.ts';
import type { LocalModelSettings, LocalQuestion, LocalUsage } from './local-wire.ts';

/** An answer that cannot be given; the model is as good as before. */
export class QuestionError extends Error {
  readonly reason: 'too_long' | 'bad_format' | 'failed';

  constructor(reason: QuestionError['reason'], cause?: unknown) {
    super(cause instanceof Error ? cause.message : reason, { cause });
    this.reason = reason;
  }
}

export interface AnswerSink {
  text(piece: string): void;
  thinking(piece: string): void;
}

export interface LocalEnd {
  readonly reason: 'stop' | 'length';
  readonly usage: LocalUsage;
}

/** llama.cpp gives a file no settings of its own, and without any it would always take the likeliest token. */
const USUAL_SAMPLING = { temperature: 0.7, topP: 0.95 };
const TOP_K = 40;
/** Tokens at the end of the context that stay free: at the very end the library would begin to forget the beginning. */
const SPARE_TOKENS = 4;
/** What a schema may begin with; the library takes anything else for `null`. */
const SCHEMA_ROOTS = ['enum', 'const', 'oneOf', '$ref'];
const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
/** This part of the context is for the answer, whatever was said before. */
const ANSWER_SHARE = 0.25;

/** The weights in memory, with a context for each answer that may be under way. */
export class LoadedLlama {
  private readonly library: LlamaLibrary;
  private readonly llama: Llama;
  private readonly model: LlamaModel;
  private readonly context: LlamaContext;
  private readonly free: LlamaContextSequence[] = [];
  private readonly wrappers: { readonly usual: ChatWrapper; readonly quiet: ChatWrapper };

  private constructor(library: LlamaLibrary, llama: Llama, model: LlamaModel, context: LlamaContext) {
    this.library = library;
    this.llama = llama;
    this.model = model;
    this.context = context;
    this.wrappers = {
      usual: library.resolveChatWrapper(model, { warningLogs: false }),
      quiet: library.resolveChatWrapper(model, {
        warningLogs: false,
        customWrapperSettings: { qwen: { thoughts: 'discourage' }, jinjaTemplate: { reasoning: false } },
      }),
    };
  }

  /** @throws LocalTroubleError */
  static async load({
    modelPath,
    contextLength,
    threads,
    sequences,
  }: LocalModelSettings): Promise<LoadedLlama> {
    const library = await loadLibrary();
    const llama = await openLlama(library, threads);
    const model = await openModel(library, llama, { modelPath, vocabOnly: false });
    try {
      const contextSize = Math.min(contextLength, model.trainContextSize);
      const context = await model.createContext({ contextSize, sequences, threads });
      return new LoadedLlama(library, llama, model, context);
    } catch (cause) {
      const isMemory = cause instanceof library.InsufficientMemoryError;
      throw new LocalTroubleError(isMemory ? 'no_memory' : 'failed', cause);
    }
  }

  /**
   * Answers; pieces go to the sink as they come.
   *
   * @throws QuestionError; the signal's reason when it was aborted
   */
  async answer(question: LocalQuestion, sink: AnswerSink, signal: AbortSignal): Promise<LocalEnd> {
    const sequence = this.free.pop() ?? this.newSequence();
    try {
      const end = await this.generate(sequence, question, sink, signal);
      this.free.push(sequence);
      return end;
    } catch (error) {
      // What is in it is not certain: the next answer gets a fresh one.
      await sequence.dispose();
      throw signal.aborted || error instanceof QuestionError ? error : new QuestionError('failed', error);
    }
  }

  private newSequence(): LlamaContextSequence {
    if (this.context.sequencesLeft === 0)
      throw new QuestionError('failed', new Error('every context is in use'));
    return this.context.getSequence();
  }

  private async generate(
    sequence: LlamaContextSequence,
    question: LocalQuestion,
    sink: AnswerSink,
    signal: AbortSignal,
  ): Promise<LocalEnd> {
    const { temperature, topP, seed, format, think } = question;
    // A grammar holds for every token, so that there is no room for thoughts.
    const isQuiet = think === false || format !== null;
    const wrapper = isQuiet ? this.wrappers.quiet : this.wrappers.usual;
    const { history, promptTokens } = this.fit(question, wrapper, sequence.contextSize);
    const room = sequence.contextSize - promptTokens - SPARE_TOKENS;
    const grammar = format === null ? null : await this.grammar(format);
    const chat = new this.library.LlamaChat({ contextSequence: sequence, chatWrapper: wrapper });
    const watch = new AnswerWatch(sink);
    const before = sequence.tokenMeter.getState();
    try {
      const { metadata } = await chat.generateResponse(history, {
        signal,
        maxTokens: Math.min(question.maxTokens ?? room, room),
        temperature: temperature ?? USUAL_SAMPLING.temperature,
        topP: topP ?? USUAL_SAMPLING.topP,
        topK: TOP_K,
        ...(seed === null ? {} : { seed }),
        ...(grammar === null ? {} : { grammar, repeatPenalty: false }),
        ...(isQuiet ? { budgets: { thoughtTokens: 0 } } : {}),
        onResponseChunk: ({ type, segmentType, text }) => {
          if (type === undefined) watch.text(text);
          else if (segmentType === 'thought') watch.thinking(text);
        },
      });
      const completionTokens = sequence.tokenMeter.diff(before).usedOutputTokens;
      return {
        reason: metadata.stopReason === 'maxTokens' ? 'length' : 'stop',
        usage: { promptTokens, completionTokens, ...watch.timings() },
      };
    } finally {
      chat.dispose({ disposeSequence: false });
    }
  }

  /** What was said, without its oldest parts where it is too long by the model's own count. */
  private fit(
    { messages, maxTokens }: LocalQuestion,
    wrapper: ChatWrapper,
    contextSize: number,
  ): { readonly history: ChatHistoryItem[]; readonly promptTokens: number } {
    const forAnswer = Math.floor(Math.min(maxTokens ?? Infinity, contextSize * ANSWER_SHARE));
    const kept = messages.map(historyItem);
    for (;;) {
      const history: ChatHistoryItem[] = [...kept, { type: 'model', response: [] }];
      const { contextText } = wrapper.generateContextState({ chatHistory: history });
      const promptTokens = contextText.tokenize(this.model.tokenizer).length;
      if (promptTokens + forAnswer + SPARE_TOKENS <= contextSize) return { history, promptTokens };
      const oldest = kept.findIndex(({ type }) => type !== 'system');
      if (oldest < 0 || oldest >= kept.length - 1) throw new QuestionError('too_long');
      kept.splice(oldest, 1);
    }
  }

  private async grammar(format: NonNullable<LocalQuestion['format']>): Promise<LlamaGrammar> {
    if (format === 'json') return this.llama.getGrammarFor('json');
    const isUnderstood =
      SCHEMA_ROOTS.some((word) => word in format) || TYPES.some((type) => type === format['type']);
    if (!isUnderstood) throw new QuestionError('bad_format', new Error('no type that the library knows'));
    try {
      return await this.llama.createGrammarForJsonSchema<GbnfJsonSchema>(format as GbnfJsonSchema);
    } catch (cause) {
      throw new QuestionError('bad_format', cause);
    }
  }
}

function historyItem({ role, content }: LocalQuestion['messages'][number]): ChatHistoryItem {
  if (role === 'system') return { type: 'system', text: content };
  return role === 'user' ? { type: 'user', text: content } : { type: 'model', response: [content] };
}

/** Passes pieces on, without the line breaks that templates put before an answer, and measures. */
class AnswerWatch {
  private readonly sink: AnswerSink;
  private readonly startedAt = performance.now();
  private firstAt: number | null = null;
  private hasText = false;

  constructor(sink: AnswerSink) {
    this.sink = sink;
  }

  text(piece: string): void {
    const text = this.hasText ? piece : piece.trimStart();
    this.firstAt ??= performance.now();
    if (text === '') return;
    this.hasText = true;
    this.sink.text(text);
  }

  thinking(piece: string): void {
    if (piece === '') return;
    this.firstAt ??= performance.now();
    this.sink.thinking(piece);
  }

  timings(): { readonly promptMs: number; readonly answerMs: number } {
    const now = performance.now();
    const firstAt = this.firstAt ?? now;
    return { promptMs: Math.round(firstAt - this.startedAt), answerMs: Math.round(now - firstAt) };
  }
}
