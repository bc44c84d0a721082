import { AppError } from '@baton/kernel';

/** @throws AppError `request.invalid` that names the header; a browser sends an empty one before the first event */
export function parseLastEventId(header: string | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  if (/^\d{1,15}$/.test(header)) return Number(header);
  throw new AppError(
    'request.invalid',
    {},
    { issues: [{ path: 'Last-Event-ID', message: 'must be the id of an event of this reply' }] },
  );
}
