import { LEASE_HEARTBEAT_MS, LEASE_SAFETY_MS, LEASE_TTL_MS } from '@baton/contracts';
import { describe, expect, test } from '@jest/globals';
import { JOB_LOCK_MS } from '../queue/job.store.ts';
import { LEADERSHIP_RENEW_MS, LEADERSHIP_TTL_MS } from './leadership.ts';

describe('a lease', () => {
  test('survives two lost heartbeats', () => {
    expect(LEASE_HEARTBEAT_MS).toBeLessThanOrEqual(LEASE_TTL_MS / 3);
  });

  test('is given up by a holder that cannot renew it before anybody else may take it, and not at the first miss', () => {
    expect(LEASE_SAFETY_MS).toBeGreaterThan(0);
    expect(LEASE_TTL_MS - LEASE_SAFETY_MS).toBeGreaterThan(2 * LEASE_HEARTBEAT_MS);
  });
});

describe('the leadership', () => {
  test('survives two lost renewals', () => {
    expect(LEADERSHIP_RENEW_MS).toBeLessThanOrEqual(LEADERSHIP_TTL_MS / 3);
  });

  test('changes hands while the leases of the old leader still live', () => {
    expect(LEADERSHIP_TTL_MS + LEADERSHIP_RENEW_MS).toBeLessThan(LEASE_TTL_MS - LEASE_SAFETY_MS);
  });
});

test('the lock of a job outlives the lease that works on it', () => {
  expect(JOB_LOCK_MS).toBeGreaterThan(2 * LEASE_TTL_MS);
});
