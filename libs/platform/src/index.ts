export * from './config/index.ts';
export {
  acceptCorrelationId,
  correlationId,
  currentCorrelationId,
  runWithCorrelation,
} from './logging/correlation.ts';
export { Log, createLogger, describeError, type LogFields } from './logging/log.ts';
export { HandleCall, callEnvelope, type CallEnvelope } from './rpc/handle-call.ts';
export { CallClient, provideCallClient, type CallClientOptions } from './rpc/call-client.ts';
export { CallInterceptor, type CallFailure } from './rpc/call.interceptor.ts';
export { PROBLEM_CONTENT_TYPE, toProblem } from './http/problem.ts';
export { ProblemFilter } from './http/problem.filter.ts';
export { unroutedAnswers } from './http/unrouted.ts';
export { createValidationPipe, toIssues } from './http/validation.pipe.ts';
export { RedisConnections } from './redis/redis-connections.ts';
export { readStream, type StreamEntry, type StreamReaderOptions } from './redis/stream-reader.ts';
export { HealthChecks, type HealthReport } from './health/health-checks.ts';
export { Metrics } from './metrics/metrics.ts';
export { endEventOf, errorOf, parseReplyLog } from './reply-log/reply-end.ts';
export { ReplyLogWriter, type ReplyLog } from './reply-log/writer.ts';
export { ReplyLogReader, type FollowOptions, type LoggedEvent } from './reply-log/reader.ts';
export { RedisScript, luaScript } from './redis/lua.ts';
export { PlatformModule, type PlatformOptions } from './platform.module.ts';
export {
  bootstrapService,
  startService,
  type Listen,
  type ReadyMessage,
  type ServiceOptions,
  type StartedService,
} from './bootstrap.ts';
export { CLOCK, INTERNAL_SECRET, SERVICE_NAME } from './tokens.ts';
