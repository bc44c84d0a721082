import { replyEvent, type EndEvent, type ReplyEvent } from '@baton/contracts';
import { ERRORS, codeOf, isErrorCode } from '@baton/kernel';
import { parseJson } from './parse-json.ts';

/** The last event of a log. A failure of null is success; a cancelled GPU job is what Stop looks like. */
export function endEventOf(failure: unknown, measured: Pick<EndEvent, 'timeline' | 'usage'>): EndEvent {
  const { timeline, usage } = measured;
  if (failure === null) return { type: 'end', state: 'done', code: null, say: null, timeline, usage };
  const code = codeOf(failure);
  if (code === 'gpu.job_cancelled') {
    return { type: 'end', state: 'cancelled', code: null, say: null, timeline, usage };
  }
  return { type: 'end', state: 'failed', code, say: ERRORS[code].say, timeline, usage };
}

/** Why a message failed, as it is stored with it; null when it did not. */
export function errorOf(end: EndEvent): { code: string; say: string } | null {
  if (end.code === null) return null;
  return { code: end.code, say: end.say ?? ERRORS[isErrorCode(end.code) ? end.code : 'internal'].say };
}

/** The events of a whole log, as `ReplyLogWriter.read` gives it. Lines of a newer version are passed over. */
export function parseReplyLog(log: string): ReplyEvent[] {
  return log.split('\n').flatMap((line) => {
    if (line === '') return [];
    const parsed = replyEvent.safeParse(parseJson(line));
    return parsed.success ? [parsed.data] : [];
  });
}
