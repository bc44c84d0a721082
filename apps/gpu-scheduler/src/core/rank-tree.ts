/**
 * The users who wait for a lane, least served first. A balanced search tree (treap) that is never changed in place: each
 * change returns a new root and shares the rest, so keeping an old one is a copy that costs nothing. Each node also knows
 * the smallest arrival number and the earliest `sinceMs` below it; so "the least served of those who had arrived by then",
 * "who came first" and "who has been passed over longest" are all answered on one path from the root.
 */
export interface Ranked {
  readonly userId: number;
  /** GPU time on the user's account; the smallest is next. */
  readonly virtual: number;
  /** Arrival number of the user's first job here: breaks ties, and gates compare with it. */
  readonly seq: number;
  /** Since when the user has waited here without being served. */
  readonly sinceMs: number;
}

export type RankTree = RankNode | null;

interface RankNode {
  readonly item: Ranked;
  readonly weight: number;
  readonly minSeq: number;
  readonly minSinceMs: number;
  readonly left: RankTree;
  readonly right: RankTree;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Any fixed mixing will do: it keeps the tree balanced whatever the accounts are, and the same on every machine. */
function weightOf(userId: number): number {
  let mixed = Math.imul(userId ^ 0x9e3779b9, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 1;
}

function isBefore(one: Ranked, other: Ranked): boolean {
  return one.virtual === other.virtual ? one.seq < other.seq : one.virtual < other.virtual;
}

function node(item: Ranked, weight: number, left: RankTree, right: RankTree): RankNode {
  return {
    item,
    weight,
    minSeq: Math.min(item.seq, left?.minSeq ?? NEVER, right?.minSeq ?? NEVER),
    minSinceMs: Math.min(item.sinceMs, left?.minSinceMs ?? NEVER, right?.minSinceMs ?? NEVER),
    left,
    right,
  };
}

export function insertRanked(tree: RankTree, item: Ranked): RankNode {
  return insertWeighed(tree, item, weightOf(item.userId));
}

function insertWeighed(tree: RankTree, item: Ranked, weight: number): RankNode {
  if (tree === null || weight > tree.weight) {
    const [left, right] = split(tree, item);
    return node(item, weight, left, right);
  }
  return isBefore(item, tree.item)
    ? node(tree.item, tree.weight, insertWeighed(tree.left, item, weight), tree.right)
    : node(tree.item, tree.weight, tree.left, insertWeighed(tree.right, item, weight));
}

function split(tree: RankTree, at: Ranked): [RankTree, RankTree] {
  if (tree === null) return [null, null];
  if (isBefore(tree.item, at)) {
    const [left, right] = split(tree.right, at);
    return [node(tree.item, tree.weight, tree.left, left), right];
  }
  const [left, right] = split(tree.left, at);
  return [left, node(tree.item, tree.weight, right, tree.right)];
}

/** `item` is what was put in: the same account and arrival number. */
export function removeRanked(tree: RankTree, item: Ranked): RankTree {
  if (tree === null) return null;
  if (tree.item.seq === item.seq && tree.item.virtual === item.virtual) return merge(tree.left, tree.right);
  return isBefore(item, tree.item)
    ? node(tree.item, tree.weight, removeRanked(tree.left, item), tree.right)
    : node(tree.item, tree.weight, tree.left, removeRanked(tree.right, item));
}

function merge(left: RankTree, right: RankTree): RankTree {
  if (left === null) return right;
  if (right === null) return left;
  return left.weight > right.weight
    ? node(left.item, left.weight, left.left, merge(left.right, right))
    : node(right.item, right.weight, merge(left, right.left), right.right);
}

/** The least served user whose first job had arrived by `throughSeq`. */
export function leastServed(tree: RankTree, throughSeq: number): Ranked | null {
  let at = tree;
  while (at !== null && at.minSeq <= throughSeq) {
    if (at.left !== null && at.left.minSeq <= throughSeq) at = at.left;
    else if (at.item.seq <= throughSeq) return at.item;
    else at = at.right;
  }
  return null;
}

/** The user who has been passed over longest. */
export function longestWaiting(tree: RankTree): Ranked | null {
  let at = tree;
  while (at !== null) {
    if (at.item.sinceMs === at.minSinceMs) return at.item;
    at = at.left !== null && at.left.minSinceMs === at.minSinceMs ? at.left : at.right;
  }
  return null;
}

/** The user whose job arrived first. */
export function firstArrived(tree: RankTree): Ranked | null {
  let at = tree;
  while (at !== null) {
    if (at.item.seq === at.minSeq) return at.item;
    at = at.left !== null && at.left.minSeq === at.minSeq ? at.left : at.right;
  }
  return null;
}

/** Smallest arrival number in the tree; infinite when it is empty. */
export function smallestSeq(tree: RankTree): number {
  return tree?.minSeq ?? NEVER;
}
