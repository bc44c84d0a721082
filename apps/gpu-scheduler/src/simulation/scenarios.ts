import type { Lane } from '../core/lane-queue.ts';
import type { SwapCosts } from './swap-costs.ts';
import { CHAT_LANES, IMAGE_LANE, type Demand } from './workload.ts';

/** A load, a card, and what a swap costs there. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly demand: Demand;
  readonly costs: SwapCosts;
  readonly slots: number;
  readonly alpha: number;
  readonly resident: Lane | null;
}

/** What N chats at once cost each other; in the middle of 0.12 to 0.25. */
const ALPHA = 0.15;
const SLOTS = 4;

const SOFT: SwapCosts = {
  freeMs: { comfyui: 1_000, ollama: 1_000 },
  loadMs: Object.fromEntries(
    [IMAGE_LANE, ...CHAT_LANES].map(({ key }, at) => [key, [6_000, 4_000, 6_000, 10_000][at] ?? 0]),
  ),
  noise: 0.25,
  failureShare: 0.01,
  hardMs: 25_000,
  isAlwaysHard: false,
};

const DEMAND: Demand = {
  users: 50,
  imagesPerHour: 45,
  chatsPerHour: 200,
  hours: 6,
  models: 3,
  isWorkKnown: true,
  rhythm: 'poisson',
  isSkewed: false,
  followUpShare: 0,
  closed: null,
  flood: null,
  batch: null,
  background: null,
};

function scenario(
  name: string,
  title: string,
  demand: Partial<Demand>,
  over: Partial<Omit<Scenario, 'name' | 'title' | 'demand'>> = {},
): Scenario {
  const usual = { costs: SOFT, slots: SLOTS, alpha: ALPHA, resident: CHAT_LANES[0] ?? null };
  return { name, title, demand: { ...DEMAND, ...demand }, ...usual, ...over };
}

function cheaper(factor: number): SwapCosts {
  const loadMs = Object.fromEntries(Object.entries(SOFT.loadMs).map(([key, ms]) => [key, ms / factor]));
  const freeMs = { comfyui: SOFT.freeMs.comfyui / factor, ollama: SOFT.freeMs.ollama / factor };
  return { ...SOFT, freeMs, loadMs };
}

const A: Partial<Demand> = { users: 5, imagesPerHour: 8, chatsPerHour: 60 };
const C: Partial<Demand> = { users: 150, imagesPerHour: 55, chatsPerHour: 330 };
const F: Partial<Demand> = { users: 50, imagesPerHour: 10, chatsPerHour: 150, hours: 3 };

/** Those that the goals of SCHEDULING.md 4 speak of come first. */
export const SCENARIOS: readonly Scenario[] = [
  scenario('A', '5 users, 8 images/h, 60 chats/h', A),
  scenario('B', '50 users, 45 images/h, 200 chats/h', {}),
  scenario('C', '150 users, 55 images/h, 330 chats/h', C),
  scenario(
    'D',
    '500 users, 35 images/h, 1,100 chats/h, one model, 8 slots',
    { users: 500, imagesPerHour: 35, chatsPerHour: 1_100, models: 1 },
    { slots: 8 },
  ),
  scenario('E', 'bursts: 35 images/h, 160 chats/h', {
    imagesPerHour: 35,
    chatsPerHour: 160,
    rhythm: 'bursts',
  }),
  scenario('F', 'one person asks for 200 images; 10 images/h, 150 chats/h', {
    ...F,
    flood: { images: 200, atMs: 600_000 },
  }),
  scenario(
    'G',
    'hard swaps of 25 s: 35 images/h, 150 chats/h',
    { imagesPerHour: 35, chatsPerHour: 150 },
    { costs: { ...SOFT, isAlwaysHard: true } },
  ),
  scenario('A-batch', 'A with 500 prompts that nobody waits for, for another model', {
    ...A,
    background: { prompts: 500, atMs: 600_000 },
  }),
  scenario('F-calm', 'the same as F without the flood', F),
  scenario('C-1-slot', 'C with one chat at a time: more than the card can do', C, { slots: 1 }),
  scenario('C-swaps-2x', 'C with swaps at half the cost', C, { costs: cheaper(2) }),
  scenario('C-swaps-4x', 'C with swaps at a quarter of the cost', C, { costs: cheaper(4) }),
  scenario(
    'batch',
    '60 images and 240 chats at once, empty card',
    { batch: { images: 60, chats: 240 }, hours: 2 },
    { resident: null },
  ),
  ...[5, 50, 150, 500].map((users) =>
    scenario(`closed-${users}`, `${users} people who think, ask and read`, {
      users,
      hours: 2,
      closed: { imageShare: 0.1 },
    }),
  ),
  scenario('follow-ups', 'B with a title or suggestions after half of the chats', { followUpShare: 0.5 }),
  scenario('blind', 'B when nobody says how much work an image is', { isWorkKnown: false }),
  scenario('skewed', 'B with few people asking most', { isSkewed: true }),
  scenario('day', '24 hours, busy by day: 30 images/h, 150 chats/h', {
    imagesPerHour: 30,
    chatsPerHour: 150,
    hours: 24,
    rhythm: 'day',
  }),
];
