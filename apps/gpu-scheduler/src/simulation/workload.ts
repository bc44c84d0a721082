import type { Lane } from '../core/lane-queue.ts';
import type { JobClass, SimJob } from './job.ts';
import { Random } from './random.ts';

export const IMAGE_LANE: Lane = { key: 'comfyui', engine: 'comfyui' };
export const CHAT_LANES: readonly Lane[] = ['small', 'middle', 'large'].map((model) => ({
  key: `ollama:${model}`,
  engine: 'ollama',
}));
/** How the chats spread over the models when there are three. */
const MODEL_SHARES = [0.7, 0.2, 0.1];

/** Service times in ms, SCHEDULING.md 3; sigma of the chats so that half of them take 4 to 9 s. */
const SERVICE = {
  image: { medianMs: 20_000, sigma: 0.7, lowMs: 5_000, highMs: 120_000 },
  chat: { medianMs: 6_000, sigma: 0.6, lowMs: 2_000, highMs: 20_000 },
} as const;

/** Steps times pixels say how long an image takes, give or take this much (standard deviation of the logarithm). */
const WORK_SIGMA = 0.2;

export interface Demand {
  readonly users: number;
  readonly imagesPerHour: number;
  readonly chatsPerHour: number;
  readonly hours: number;
  readonly models: 1 | 3;
  /** Images say how much work they are (steps times pixels); otherwise only the mean of their kind is known. */
  readonly isWorkKnown: boolean;
  /** `poisson`: evenly. `bursts`: 120 s of five times the rate, 480 s of nothing. `day`: busy by day, quiet by night. */
  readonly rhythm: 'poisson' | 'bursts' | 'day';
  /** Few people ask most: the user is the square of a uniform number. */
  readonly isSkewed: boolean;
  /** This share of chats is followed by a title or suggestions on the same model. */
  readonly followUpShare: number;
  /** People who think, ask, read the answer and think again, instead of rates. */
  readonly closed: { readonly imageShare: number } | null;
  /** So many images by one more person at one instant. */
  readonly flood: { readonly images: number; readonly atMs: number } | null;
  /** Everything at once at the start, instead of rates. */
  readonly batch: { readonly images: number; readonly chats: number } | null;
  /** So many prompts of one more person at one instant, for a model that few use, which nobody sits and waits for. */
  readonly background: { readonly prompts: number; readonly atMs: number } | null;
}

export interface Workload {
  readonly arrivals: readonly SimJob[];
  readonly afterEnd: (job: SimJob, endedMs: number) => readonly SimJob[];
}

const HOUR_MS = 3_600_000;
/** Behind the last one and whoever floods. */
const BATCH_USER = 2;
const THINK_SIGMA = 0.8;
const THINK_MS = { chat: 40_000, image: 120_000 } as const;
const BURST = { onMs: 120_000, offMs: 480_000 };
/** Relative load by hour of the day; the mean is 1. */
const DAY = [
  0.3, 0.2, 0.1, 0.1, 0.1, 0.2, 0.4, 0.8, 1.2, 1.4, 1.5, 1.4, 1.2, 1.3, 1.4, 1.4, 1.3, 1.2, 1.4, 1.8, 2, 1.7,
  1, 0.6,
];

/** The same seed gives the same work, whatever policy serves it. */
export function makeWorkload(demand: Demand, seed: number): Workload {
  const random = new Random(seed).fork('workload');
  const maker = new JobMaker(demand, random.fork('jobs'));
  if (demand.closed !== null) return closedWorkload(demand, demand.closed.imageShare, random);
  const arrivals: SimJob[] = [];
  if (demand.batch !== null) {
    const { images, chats } = demand.batch;
    for (let at = 0; at < images; at += 1) arrivals.push(maker.make('image', 0));
    for (let at = 0; at < chats; at += 1) arrivals.push(maker.make('chat', 0));
    shuffle(arrivals, random.fork('order'));
  } else {
    const rates = { image: demand.imagesPerHour, chat: demand.chatsPerHour };
    for (const kind of ['image', 'chat'] as const) {
      const rate = rateOf(demand, random.fork(`rhythm of ${kind}`));
      for (const atMs of arrivalTimes(rates[kind], rate, demand.hours * HOUR_MS, random.fork(kind))) {
        arrivals.push(maker.make(kind, atMs));
      }
    }
  }
  if (demand.flood !== null) {
    const flooder = demand.users + 1;
    for (let at = 0; at < demand.flood.images; at += 1)
      arrivals.push(maker.make('image', demand.flood.atMs, flooder));
  }
  if (demand.background !== null) {
    const { prompts, atMs } = demand.background;
    const lane = CHAT_LANES[1] ?? IMAGE_LANE;
    for (let at = 0; at < prompts; at += 1) {
      const prompt = maker.make('chat', atMs, demand.users + BATCH_USER);
      arrivals.push({ ...prompt, lane, urgency: 'background' });
    }
  }
  arrivals.sort((a, b) => a.arrivalMs - b.arrivalMs);
  return { arrivals, afterEnd: followUps(demand, seed) };
}

/** The share of its peak that the load has at a time; and the peak, over the mean. */
interface Rate {
  readonly peak: number;
  readonly at: (ms: number) => number;
}

function rateOf(demand: Demand, random: Random): Rate {
  if (demand.rhythm === 'day') {
    const peak = Math.max(...DAY);
    return { peak, at: (ms) => (DAY[Math.floor(ms / HOUR_MS) % DAY.length] ?? 1) / peak };
  }
  if (demand.rhythm === 'poisson') return { peak: 1, at: () => 1 };
  const edgesMs: number[] = [];
  for (let ms = 0; ms < demand.hours * HOUR_MS;) {
    edgesMs.push((ms += random.exponential(BURST.offMs)), (ms += random.exponential(BURST.onMs)));
  }
  // Asked in the order of time: the number of edges passed is odd during a burst.
  let passed = 0;
  const at = (ms: number): number => {
    while (ms >= (edgesMs[passed] ?? Number.POSITIVE_INFINITY)) passed += 1;
    return passed % 2;
  };
  return { peak: (BURST.onMs + BURST.offMs) / BURST.onMs, at };
}

/** A Poisson process at the peak rate, thinned to the rate of the moment. */
function arrivalTimes(perHour: number, rate: Rate, untilMs: number, random: Random): number[] {
  const times: number[] = [];
  if (perHour <= 0) return times;
  const gapMs = HOUR_MS / (perHour * rate.peak);
  for (let ms = random.exponential(gapMs); ms < untilMs; ms += random.exponential(gapMs)) {
    if (random.next() < rate.at(ms)) times.push(Math.round(ms));
  }
  return times;
}

function shuffle(jobs: SimJob[], random: Random): void {
  for (let at = jobs.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random.next() * (at + 1));
    const [a, b] = [jobs[at], jobs[other]];
    if (a === undefined || b === undefined) return;
    jobs[at] = b;
    jobs[other] = a;
  }
}

/** A job's follow-up is drawn from the job's own name, so that it is the same under every policy. */
function followUps(demand: Demand, seed: number): Workload['afterEnd'] {
  return (job, endedMs) => {
    if (demand.followUpShare === 0 || job.lane.engine !== 'ollama' || job.id.endsWith('+')) return [];
    const random = new Random(seed).fork(job.id);
    if (random.next() >= demand.followUpShare) return [];
    const arrivalMs = Math.round(endedMs + random.between(1_000, 3_000));
    const serviceMs = Math.round(random.between(1_000, 3_000));
    return [{ ...job, id: `${job.id}+`, arrivalMs, serviceMs, estimateMs: 2_000 }];
  };
}

function closedWorkload(demand: Demand, imageShare: number, random: Random): Workload {
  const makers = new Map<number, { readonly maker: JobMaker; readonly random: Random }>();
  const ask = (userId: number, afterMs: number, thinkMs: number): SimJob[] => {
    const user = makers.get(userId);
    const arrivalMs = Math.round(afterMs + thinkMs);
    if (user === undefined || arrivalMs >= demand.hours * HOUR_MS) return [];
    const kind = user.random.next() < imageShare ? 'image' : 'chat';
    return [user.maker.make(kind, arrivalMs, userId)];
  };
  const arrivals: SimJob[] = [];
  for (let userId = 1; userId <= demand.users; userId += 1) {
    const own = random.fork(`user ${userId}`);
    makers.set(userId, { maker: new JobMaker(demand, own.fork('jobs'), `u${userId}-`), random: own });
    arrivals.push(...ask(userId, 0, own.between(0, 2 * THINK_MS.chat)));
  }
  arrivals.sort((a, b) => a.arrivalMs - b.arrivalMs);
  const afterEnd = (job: SimJob, endedMs: number): SimJob[] => {
    const user = makers.get(job.userId);
    if (user === undefined) return [];
    const thinkMs = job.lane.engine === 'comfyui' ? THINK_MS.image : THINK_MS.chat;
    return ask(job.userId, endedMs, user.random.logNormal(thinkMs, THINK_SIGMA));
  };
  return { arrivals, afterEnd };
}

class JobMaker {
  private readonly demand: Demand;
  private readonly random: Random;
  private readonly prefix: string;
  private made = 0;

  constructor(demand: Demand, random: Random, prefix = '') {
    this.demand = demand;
    this.random = random;
    this.prefix = prefix;
  }

  make(kind: JobClass, arrivalMs: number, userId = this.drawUser()): SimJob {
    this.made += 1;
    const { medianMs, sigma, lowMs, highMs } = SERVICE[kind];
    const drawnMs = this.random.logNormal(medianMs, sigma);
    const serviceMs = Math.round(Math.min(highMs, Math.max(lowMs, drawnMs)));
    const drawnUnits = this.random.logNormal(serviceMs / 1_000, WORK_SIGMA);
    return {
      id: `${this.prefix}${kind}-${this.made}`,
      lane: kind === 'image' ? IMAGE_LANE : this.drawModel(),
      userId,
      arrivalMs,
      serviceMs,
      estimateMs: Math.round(meanServiceMs(kind)),
      workUnits: kind === 'image' && this.demand.isWorkKnown ? drawnUnits : null,
    };
  }

  private drawUser(): number {
    const drawn = this.random.next();
    return 1 + Math.floor(this.demand.users * (this.demand.isSkewed ? drawn * drawn : drawn));
  }

  private drawModel(): Lane {
    const at = this.demand.models === 1 ? 0 : this.random.weighted(MODEL_SHARES);
    const lane = CHAT_LANES[at];
    if (lane === undefined) throw new Error('more shares than models');
    return lane;
  }
}

/** Of the log-normal without its clamps, which shift it by a few per cent: a submitter would not know better. */
function meanServiceMs(kind: JobClass): number {
  const { medianMs, sigma } = SERVICE[kind];
  return medianMs * Math.exp(sigma ** 2 / 2);
}
