import { queueView, replyEvent, stateEvent, waitReason } from '@baton/contracts';
import { z } from 'zod';

/**
 * A newer gateway may name a reason for waiting that this page does not know. The rest of what it says still holds, so
 * such a reason counts as none told, for which there is a sentence that is always true.
 */
const knownReason = waitReason.nullable().catch(null);

const [queuedEvent] = stateEvent.options;

/** An event of a reply log, as far as this page understands it. */
export const seenReplyEvent = z.union([queuedEvent.extend({ reason: knownReason }), replyEvent]);

/** The queue, as far as this page understands it. */
export const seenQueue = queueView.extend({
  entries: z.array(queueView.shape.entries.element.extend({ reason: knownReason })),
});
