import { problem, type Problem } from '@baton/contracts';

/** The gateway said no (`problem` is its answer), or could not be asked at all (`status` 0, `problem` null). */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly status: number;
  readonly problem: Problem | null;

  constructor(status: number, answer: Problem | null, options: ErrorOptions = {}) {
    super(answer?.title ?? `The gateway could not be asked (${status}).`, options);
    this.status = status;
    this.problem = answer;
  }

  get code(): string | null {
    return this.problem?.code ?? null;
  }

  /** True when asking the same thing again a little later may help. */
  get isPassing(): boolean {
    return this.status === 0 || this.status >= 500 || this.problem?.retry === 'later';
  }
}

/** The problem in a failed answer's body; null when something else (a proxy in between) has answered. */
export function failureIn(body: unknown): Problem | null {
  return problem.safeParse(body).data ?? null;
}
