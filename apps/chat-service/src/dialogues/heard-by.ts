/** Who spoke a turn. */
export interface Voice {
  readonly index: number;
  readonly model: string;
}

/** What of a turn matters here; everything else is passed on. */
export interface SpokenTurn {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly tokens: number | null;
  readonly promptTokens: number | null;
  readonly speaker: Voice | null;
}

/** Said to a speaker whose own turn was the last: models answer a question, and go on from themselves badly. */
const GO_ON = 'Go on: say what you have to add.';

/**
 * A chat between models as one of them hears it, newest first as it came: his own turns are his answers, those of the
 * others are said to him, each with the name of who said it. Without a listener nothing is changed.
 */
export async function* heardBy<T extends SpokenTurn>(
  newestFirst: AsyncIterable<T>,
  listener: Voice | null,
): AsyncGenerator<Pick<T, keyof T>, void, undefined> {
  let isNewest = true;
  for await (const turn of newestFirst) {
    if (listener === null) {
      yield turn;
      continue;
    }
    const isOwn = turn.speaker?.index === listener.index;
    if (isNewest && isOwn) yield { ...turn, ...said(GO_ON) };
    isNewest = false;
    if (isOwn) yield turn;
    else if (turn.speaker === null) yield { ...turn, ...said(turn.content) };
    else yield { ...turn, ...said(`${nameOf(turn.speaker)}: ${turn.content}`) };
  }
}

/** Unambiguous also where a model takes part twice. */
export function nameOf({ index, model }: Voice): string {
  return `Speaker ${index + 1} (${model})`;
}

/** The counts are of the words as they were; with a name before them they are others. */
function said(content: string): Pick<SpokenTurn, 'role' | 'content' | 'tokens' | 'promptTokens' | 'speaker'> {
  return { role: 'user', content, tokens: null, promptTokens: null, speaker: null };
}
