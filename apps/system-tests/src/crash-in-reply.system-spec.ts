import { crashDuring } from './testing/crash.ts';
import { scenarios } from './testing/scenarios.ts';
import { SERVICES } from './testing/stack.ts';

const { scenario } = scenarios();

for (const service of SERVICES) {
  scenario(`a ${service} killed in the middle of a reply loses nothing`, (stack) =>
    crashDuring(stack, service, 'reply'),
  );
}
