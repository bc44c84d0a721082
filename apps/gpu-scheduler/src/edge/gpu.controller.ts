import {
  readGpuHistory,
  readGpuQueue,
  readGpuStatus,
  switchGpu,
  type GpuStatus,
  type QueueEntry,
  type SwitchOrder,
  type VisitRecord,
} from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import { SchedulerService } from '../loop/scheduler.service.ts';

/** What others may ask the scheduler. Looking changes nothing. */
@Controller()
export class GpuController {
  private readonly scheduler: SchedulerService;

  constructor(scheduler: SchedulerService) {
    this.scheduler = scheduler;
  }

  @HandleCall(readGpuStatus)
  status(): Promise<GpuStatus> {
    return this.scheduler.status();
  }

  @HandleCall(readGpuQueue)
  async queue(): Promise<{ entries: QueueEntry[] }> {
    return { entries: await this.scheduler.queue() };
  }

  @HandleCall(readGpuHistory)
  history({
    before,
    limit,
  }: {
    before?: string | undefined;
    limit: number;
  }): Promise<{ visits: VisitRecord[]; next: string | null }> {
    return this.scheduler.visits(before, limit);
  }

  @HandleCall(switchGpu)
  async switch(order: SwitchOrder): Promise<{ state: 'done' | 'accepted' }> {
    return { state: await this.scheduler.order(order) };
  }
}
