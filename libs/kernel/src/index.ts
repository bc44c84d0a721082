export {
  AppError,
  ERRORS,
  codeOf,
  isErrorCode,
  type AppErrorOptions,
  type ErrorCode,
  type ErrorSpec,
  type FieldIssue,
  type Retry,
} from './errors.ts';
export { FakeClock, pause, systemClock, type Clock } from './clock.ts';
export { exhaustive } from './exhaustive.ts';
export { foldText } from './fold-text.ts';
export { untilItWorks, type Persistence } from './persist.ts';
export { unlessAborted } from './unless-aborted.ts';
