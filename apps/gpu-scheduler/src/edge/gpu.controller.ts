import { readGpuQueue, readGpuStatus, type GpuStatus, type QueueEntry } from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { SchedulerService } from '../loop/scheduler.service.ts';

/** What others may ask the scheduler. Looking changes nothing. */
@Controller()
export class GpuController {
  private readonly scheduler: SchedulerService;

  constructor(scheduler: SchedulerService) {
    this.scheduler = scheduler;
  }

  @HandleCall(readGpuStatus)
  status(_nothing: z.output<typeof readGpuStatus.request>): Promise<GpuStatus> {
    return this.scheduler.status();
  }

  @HandleCall(readGpuQueue)
  async queue(_nothing: z.output<typeof readGpuQueue.request>): Promise<{ entries: QueueEntry[] }> {
    return { entries: await this.scheduler.queue() };
  }
}
