/** What the first of a pair is told: it plans, and the second one writes by that. */
export const PLANNING_PROMPT =
  'You plan the answer that another model will write. Say in a few short points what the answer must contain, in which ' +
  'order, and what is easily got wrong. Do not write the answer itself.';

/** What the second one is told. */
export function planNote(planner: string, plan: string): string {
  return `${planner} has made a plan for your answer. Follow it where it is right; do not mention it.\n\nThe plan:\n\n${plan}`;
}
