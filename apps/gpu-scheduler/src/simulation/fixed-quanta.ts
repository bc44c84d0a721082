import type { Lane } from '../core/lane-queue.ts';
import { RulePolicy, serve, type Books, type Rule } from './baselines.ts';
import type { SimJob } from './job.ts';
import type { Order, PolicyKind } from './policy.ts';

/** The lengths of a visit that are tried for each engine: 0 is one job, the longest is nearly "until nobody is left". */
const QUANTA_S = [0, 15, 30, 60, 120, 240, 480];

/** All 49 pairs of fixed quanta. The best of them for a scenario, known only afterwards, is the bar to measure against. */
export const FIXED_QUANTA: readonly PolicyKind[] = QUANTA_S.flatMap((imageS) =>
  QUANTA_S.map((chatS) => fixedQuanta(imageS, chatS)),
);

export function fixedQuanta(imageS: number, chatS: number): PolicyKind {
  const quantumMs = { comfyui: imageS * 1_000, ollama: chatS * 1_000 };
  return {
    name: `quanta ${imageS}/${chatS}`,
    create: (options) => new RulePolicy(options, new FixedQuanta(quantumMs)),
  };
}

/**
 * Visits of a fixed length, a tour of the chat models between two visits of images. Of several ways to fill in the
 * details this is the one whose best pair came out best. Checked in this order:
 *   1. a visit serves at least one job;
 *   2. it goes on while it lasts, or while nobody else waits;
 *   3. then the other engine, if its oldest job came before that of the models still to be visited in this tour;
 *   4. then those models; then the other engine; then any other model.
 */
class FixedQuanta implements Rule {
  private readonly quantumMs: Readonly<Record<Lane['engine'], number>>;
  private readonly visited = new Set<string>();
  private visitStartedMs = 0;
  private served = 0;

  constructor(quantumMs: Readonly<Record<Lane['engine'], number>>) {
    this.quantumMs = quantumMs;
  }

  next(books: Books): Order | null {
    const order = serve(books, this.choose(books));
    if (order?.do === 'grant') this.served += 1;
    if (order?.do === 'swap' && order.to !== null) {
      if (order.to.engine !== books.resident?.engine) this.visited.clear();
      this.visited.add(order.to.key);
      this.visitStartedMs = books.nowMs;
      this.served = 0;
    }
    return order;
  }

  private choose({ nowMs, waiting, resident }: Books): SimJob | undefined {
    if (resident === null) return waiting[0];
    const oldest = (isOne: (lane: Lane) => boolean): SimJob | undefined =>
      waiting.find(({ lane }) => isOne(lane));
    const here = oldest(({ key }) => key === resident.key);
    const otherEngine = oldest(({ engine }) => engine !== resident.engine);
    const otherModel = oldest(({ engine, key }) => engine === resident.engine && key !== resident.key);
    const isOver = nowMs >= this.visitStartedMs + this.quantumMs[resident.engine];
    const mayGoOn = this.served === 0 || !isOver || (otherEngine ?? otherModel) === undefined;
    if (here !== undefined && mayGoOn) return here;
    const owed = oldest(
      ({ engine, key }) => engine === resident.engine && key !== resident.key && !this.visited.has(key),
    );
    if (owed !== undefined && (otherEngine === undefined || owed.arrivalMs <= otherEngine.arrivalMs))
      return owed;
    return otherEngine ?? owed ?? otherModel ?? here;
  }
}
