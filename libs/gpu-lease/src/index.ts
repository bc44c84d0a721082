export { GpuLeases, type GpuLeasesContext } from './gpu-leases.ts';
export { GpuLeaseModule, type GpuLeaseModuleOptions } from './gpu-lease.module.ts';
export type { Lease, LeaseRequest } from './lease.ts';
export { WaitingState, waitingEvent, type StateEvent } from './waiting-state.ts';
