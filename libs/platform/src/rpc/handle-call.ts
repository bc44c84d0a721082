import { MessagePattern } from '@nestjs/microservices';
import { AppError } from '@baton/kernel';
import type { CallContract } from '@baton/contracts';
import { z } from 'zod';

/** What travels with every call. */
export const callEnvelope = z.object({
  secret: z.string(),
  correlationId: z.string(),
  payload: z.unknown(),
});
export type CallEnvelope = z.infer<typeof callEnvelope>;

/**
 * Answers a call: the method gets the request as the contract parsed it, and its answer is checked before it leaves, so
 * that a service cannot promise one shape and send another.
 *
 * @throws AppError `call.refused` when the request does not fit the contract (the asker's code is of another version)
 */
export function HandleCall<Request extends z.ZodType, Reply extends z.ZodType>(
  contract: CallContract<Request, Reply>,
) {
  return <Method extends (request: z.output<Request>) => Promise<z.input<Reply>>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    const answer = descriptor.value;
    if (answer === undefined) throw new Error(`@HandleCall(${contract.name}) belongs on a method`);
    const wrapped = async function (this: unknown, envelope: CallEnvelope): Promise<unknown> {
      const request = contract.request.safeParse(envelope.payload);
      if (!request.success) {
        throw new AppError(
          'call.refused',
          { call: contract.name, side: 'request' },
          { cause: request.error },
        );
      }
      const reply = contract.reply.safeParse(await answer.call(this, request.data));
      if (!reply.success) {
        throw new AppError('call.refused', { call: contract.name, side: 'reply' }, { cause: reply.error });
      }
      return reply.data;
    };
    Object.defineProperty(wrapped, 'name', { value: String(key) });
    descriptor.value = wrapped as unknown as Method;
    MessagePattern(contract.name)(target, key, descriptor);
  };
}
