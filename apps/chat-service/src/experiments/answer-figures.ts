/** Injection token of an `AnswerFigures`. */
export const ANSWER_FIGURES = Symbol('ANSWER_FIGURES');

/** What came of one model in one comparison. */
export interface SideFigures {
  readonly experimentId: number;
  readonly model: string;
  readonly chats: number;
  readonly answers: number;
  readonly failed: number;
  readonly up: number;
  readonly down: number;
  /** Null without an answer that somebody measured. */
  readonly meanTokens: number | null;
  readonly meanAnswerMs: number | null;
}

/** Figures of answers that belong to comparisons, from whoever keeps the answers. Models without an answer are left out. */
export interface AnswerFigures {
  bySide(experimentIds: readonly number[]): Promise<SideFigures[]>;
}
