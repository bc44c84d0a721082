import { AppError } from '@baton/kernel';
import type { SchedulerService } from './scheduler.service.ts';

/** The schedulers of this process: one loop for each GPU, which know nothing of each other. */
export class Schedulers {
  private readonly byNode: ReadonlyMap<string, SchedulerService>;

  /** The first one is meant when somebody names none. */
  constructor(byNode: ReadonlyMap<string, SchedulerService>) {
    this.byNode = byNode;
  }

  get nodes(): string[] {
    return [...this.byNode.keys()];
  }

  /** @throws AppError `request.invalid` for a GPU that is not ours */
  of(node: string | undefined): SchedulerService {
    const scheduler = this.byNode.get(node ?? this.nodes[0] ?? '');
    if (scheduler !== undefined) return scheduler;
    const issue = { path: 'node', message: `must be one of ${this.nodes.join(', ')}` };
    throw new AppError('request.invalid', { node }, { issues: [issue] });
  }

  start(): void {
    for (const scheduler of this.byNode.values()) scheduler.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.byNode.values()].map((scheduler) => scheduler.stop()));
  }
}
